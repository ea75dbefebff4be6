// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A network with its parameters, and examples to run it on: what the command
// line names, read and checked against each other.

#ifndef NTK_DRIVER_MODEL_H
#define NTK_DRIVER_MODEL_H

#include "dialects/NTK/IR/NTKOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "ntk/Driver/Options.h"
#include "ntk/Driver/ParameterChoice.h"
#include "ntk/Driver/ParameterStore.h"

namespace mlir::ntk {

/// An argument of the network that is part of the example.
struct NetworkInput {
  std::string name;
  unsigned argument;     ///< its number among the network's arguments
  RankedTensorType type; ///< of one example
};

/// What the command line gives for the inputs.
struct GivenArrays {
  /// The arrays of `--x1`; empty if there is none.
  std::vector<NamedArray> x1;
  /// `--input`: values that all examples share.
  std::vector<NamedArray> shared;
};

/// Reads the files that the options name. Errors name the option.
llvm::Expected<GivenArrays> readGivenArrays(const RunOptions &options);

struct Model {
  /// Holds the network and nothing else.
  OwningOpRef<ModuleOp> module;
  NetworkOp network;
  std::vector<NetworkInput> inputs;
  /// Inputs of the file that are none of the network: values that all examples
  /// share, as Float64, Int64 or Bool, and inputs that no output needs.
  std::vector<NamedArray> shared;
  std::vector<std::string> unused;
  /// Files that the model's file refers to.
  std::vector<std::string> dataFiles;
  /// A tensor of the right shape for each parameter and buffer of the network.
  ParameterStore store;
  /// The parameters to differentiate by, in the network's order.
  std::vector<std::string> wrt;
  /// Examples in the batch, if that is the network's one example.
  std::optional<int64_t> batchSize;
  /// What the model's tensors are, and which are parameters.
  std::vector<ParameterChoice> choices;
  std::vector<std::string> notes, warnings;

  /// f32 or f64.
  FloatType getRealType();
};

/// Reads the model that the options name, with `--params`, `--wrt`, `--frozen`
/// and `--dtype`; with `needsValues` every parameter has to have its values.
/// Errors name the file and the node, parameter or option.
/// The arrays tell which sizes an ONNX file leaves open and what is shared.
llvm::Expected<Model> loadModel(MLIRContext &context, const RunOptions &options,
                                const GivenArrays &given,
                                bool needsValues = true);

/// The same of a network in MLIR that parseModule has read.
llvm::Expected<Model> loadModel(OwningOpRef<ModuleOp> module,
                                const RunOptions &options, bool needsValues);

/// Parses the MLIR file that the options name.
llvm::Expected<OwningOpRef<ModuleOp>> parseModule(MLIRContext &context,
                                                  const RunOptions &options);

/// A bound of the ids that a gather reads its table with, if the input is one:
/// they are from -bound to bound - 1. 0: the input has no bound.
int64_t getIdBound(Model &model, const NetworkInput &input);

/// Examples for all inputs of a network, in the element types it computes in.
struct Examples {
  std::vector<Array> inputs; ///< [n, shape of the input], one for each
  int64_t count = 0;         ///< n

  bool operator==(const Examples &other) const;
};

/// The option and the file that examples are from, for messages.
struct ExampleSource {
  llvm::StringRef option, path;
};

/// Checks the arrays of `--x1` or `--x2` against the network: names, ranks,
/// sizes, element types, ids within their tables, and that values are finite
/// unless that is allowed. A whole batch is one example. An array of one
/// example's shape, or a value of `--input`, is repeated for all.
llvm::Expected<Examples> readExamples(Model &model, ExampleSource source,
                                      ArrayRef<NamedArray> arrays,
                                      ArrayRef<NamedArray> shared,
                                      bool allowNonFinite);

/// `array` in the element type and the shape of an argument of the network.
/// Floats of another width are converted, floats for integers and the reverse
/// refused; `where` begins an error.
llvm::Expected<Array> convertTo(const Array &array, Type element,
                                const llvm::Twine &where);

} // namespace mlir::ntk

#endif // NTK_DRIVER_MODEL_H
