// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads an ONNX file as an `ntk.network` of one example. The importer follows
// the batch axis through every node, so that the network it makes is proved to
// treat examples one by one; weights go to a ParameterStore, never into the IR.

#ifndef NTK_IMPORT_ONNX_H
#define NTK_IMPORT_ONNX_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "ntk/Data/ParameterChoice.h"
#include "ntk/Data/ParameterStore.h"
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace mlir::ntk {

struct OnnxImportOptions {
  /// The open file, which could be a pipe; null if the path is to be opened.
  std::shared_ptr<InputFile> file;
  /// Bytes that tensors of other files may take.
  int64_t memoryLimit = std::numeric_limits<int64_t>::max();
  /// Element type of the network: f32, or f64 if set. Inputs and weights of
  /// another width are converted by whoever runs it.
  bool doublePrecision = false;
  /// Globs over names of initializers, as applyGlobs takes them.
  std::vector<std::string> wrt, frozen;
  /// Globs over names of outputs, all if empty. What only the others need is
  /// not imported.
  std::vector<std::string> outputs;
  /// The whole batch is the one example. Sizes that the file leaves open are
  /// those of the inputs' arrays, by name, and else the batch axis has
  /// `batchSize` examples.
  bool wholeBatch = false;
  std::optional<int64_t> batchSize;
  /// The arrays of `--x1`: sizes beside the batch that the file leaves open are
  /// theirs, and what has the shape of an input without examples is shared by
  /// all of them.
  std::vector<NamedArray> examples;
  /// Values of inputs that all examples share, by name.
  std::vector<NamedArray> shared;
  /// Sizes beside the batch that the file leaves open, by the name of the axis
  /// or as INPUT.AXIS.
  std::vector<std::pair<std::string, int64_t>> sizes;
  /// Tensors by name that replace those of the file, where kind and shape fit.
  std::vector<NamedArray> values;
  /// Take the file as it is where an exporter's changes of parameters cannot
  /// be undone, instead of an error.
  bool acceptExport = false;
};

/// An input or output as the file has it.
struct OnnxInterface {
  std::string name;
  ElementKind kind;
  /// Sizes of one example: the file's axes without the batch axis.
  std::vector<int64_t> shape;
  /// Position of the batch axis among the file's axes; none if it has none.
  std::optional<int64_t> batchAxis;
};

struct OnnxImport {
  /// Holds one `ntk.network`. Its arguments are the inputs in the file's order,
  /// then parameters and buffers; each has its name as location. Integer
  /// inputs are i32 as such, i64 for all other widths; booleans are i1.
  OwningOpRef<ModuleOp> module;
  ParameterStore store;
  std::vector<OnnxInterface> inputs, outputs;
  /// Inputs that are no arguments: values that all examples share, in the shape
  /// they have for one example, and inputs that no output needs.
  std::vector<NamedArray> shared;
  std::vector<std::string> unused;
  /// Files beside the model that hold tensors, without links.
  std::vector<std::string> dataFiles;
  /// Batch size that the file fixes, if it does.
  std::optional<int64_t> batchSize;
  /// Examples in a whole batch, if that is the one example: the size of the
  /// batch axis of the first input.
  std::optional<int64_t> wholeBatchSize;
  /// All float initializers, and which of them are parameters.
  std::vector<ParameterChoice> choices;
  /// What may have changed the kernel on the way into the file, and what was
  /// chosen on doubt.
  std::vector<std::string> warnings;
  /// What was taken and left, and what less weighs.
  std::vector<std::string> notes;
};

/// Imports the file at `path`. Errors are one line and name the file and, where
/// there is one, the node with its operator. Loads the dialect into `context`.
llvm::Expected<OnnxImport> importOnnx(llvm::StringRef path,
                                      MLIRContext &context,
                                      const OnnxImportOptions &options);

/// An operator that the importer knows.
struct OnnxOperator {
  /// Empty for the standard one.
  llvm::StringRef domain;
  llvm::StringRef name;
  /// Versions of the operator set, both included.
  int64_t since, until;
  /// How many inputs must be there, and how many there may be.
  unsigned minInputs, maxInputs;
};

/// All operators, by domain, name and version.
std::vector<OnnxOperator> listOnnxOperators();

/// Prints a line for each operator: name, outside the standard domain as
/// "domain::Name", first and last version of the operator set, least and most
/// inputs ("-" is any number).
void printOnnxOperators(llvm::raw_ostream &stream);

} // namespace mlir::ntk

#endif // NTK_IMPORT_ONNX_H
