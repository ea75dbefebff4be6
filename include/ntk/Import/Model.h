// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A network with its parameters, read from files and checked against each
// other.

#ifndef NTK_IMPORT_MODEL_H
#define NTK_IMPORT_MODEL_H

#include "dialects/NTK/IR/NTKOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "ntk/Data/ParameterChoice.h"
#include "ntk/Data/ParameterStore.h"
#include "ntk/Support/Bytes.h"

namespace mlir::ntk {

struct OnnxImportOptions;

/// An argument of the network that is part of the example.
struct NetworkInput {
  std::string name;
  unsigned argument;     ///< its number among the network's arguments
  RankedTensorType type; ///< of one example
};

/// Which model, and what of it is wanted.
struct ModelOptions {
  std::string model;  ///< the path of the .onnx or .mlir
  std::string params; ///< parameters by name, may be empty
  /// The model, if it is open or in memory; `model` is its name then.
  std::shared_ptr<InputFile> file;
  /// The arrays of `params`, if they are in memory.
  std::optional<std::vector<NamedArray>> values;
  std::string x1; ///< examples, may be empty
  /// Values of inputs that all examples share, as NAME=VALUE.
  std::vector<std::string> inputs;
  /// Sizes that the model leaves open, by the name of the axis.
  std::vector<std::pair<std::string, int64_t>> sizes;
  std::optional<int64_t> n1; ///< examples, where there is no x1
  /// Element type of the computation; without it that of the model.
  std::optional<bool> doublePrecision;
  std::vector<std::string> wrt, frozen; ///< globs over parameter names
  std::vector<std::string> outputs;     ///< globs over outputs; none: all
  bool wholeBatch = false;              ///< the batch is the one example
  bool acceptExport = false;            ///< see OnnxImportOptions
  bool reference = false; ///< for the reference interpreter: in f64
  bool allowNonFinite = false;
  bool listParameters = false; ///< the choice of parameters, and nothing else
  bool partialParameters = false;     ///< `params` need not have all of them
  std::optional<int64_t> memoryLimit; ///< bytes, also of the run

  /// Bytes that may be used: those given, or the default.
  MemoryLimit getMemoryLimit() const {
    return memoryLimit ? MemoryLimit{*memoryLimit, true}
                       : MemoryLimit{getDefaultMemoryLimit(), false};
  }
};

/// What the command line gives for the inputs.
struct GivenArrays {
  /// The arrays of `--x1`; empty if there is none.
  std::vector<NamedArray> x1;
  /// `--input`: values that all examples share.
  std::vector<NamedArray> shared;
};

/// Reads the files that the options name. Errors name the option.
llvm::Expected<GivenArrays> readGivenArrays(const ModelOptions &options);

/// What the options and arrays say to the importer of ONNX files.
OnnxImportOptions getImportOptions(const ModelOptions &options,
                                   const GivenArrays &given);

struct Model {
  std::string path; ///< of its file, for messages
  /// Holds the network and nothing else.
  OwningOpRef<ModuleOp> module;
  NetworkOp network;
  std::vector<NetworkInput> inputs;
  std::vector<std::string> outputs; ///< names; none for a network in MLIR
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
  /// What the `ntk.kernel` of an MLIR file decides, and where it stands; what
  /// else it asks for is the command line's to say.
  Schedule schedule;
  std::optional<Location> scheduleLoc;
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
llvm::Expected<Model> loadModel(MLIRContext &context,
                                const ModelOptions &options,
                                const GivenArrays &given,
                                bool needsValues = true);

/// The same of a network in MLIR that parseModule has read.
llvm::Expected<Model> loadModel(OwningOpRef<ModuleOp> module,
                                const ModelOptions &options, bool needsValues);

/// Parses the MLIR file that the options name.
llvm::Expected<OwningOpRef<ModuleOp>> parseModule(MLIRContext &context,
                                                  const ModelOptions &options);

/// The parameters and buffers of `model`, with the values of `arrays` instead
/// of its own; all that are state of the model, as a state_dict has it, have to
/// be there unless `isPartial`. `where` begins an error.
llvm::Expected<ParameterStore> takeValues(const Model &model,
                                          ArrayRef<NamedArray> arrays,
                                          llvm::StringRef where, bool isPartial,
                                          bool allowNonFinite);

/// An error if a parameter or buffer of the network has no value in `store`;
/// `where` begins it.
llvm::Error checkComplete(const Model &model, const ParameterStore &store,
                          llvm::StringRef where);

/// `array` in the element type and the shape of an argument of the network.
/// Floats of another width are converted, floats for integers and the reverse
/// refused; `where` begins an error.
llvm::Expected<Array> convertTo(const Array &array, Type element,
                                const llvm::Twine &where);

} // namespace mlir::ntk

#endif // NTK_IMPORT_MODEL_H
