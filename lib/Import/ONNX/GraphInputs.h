// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the inputs of a graph are read: one object that knows all of them,
// because what one array tells holds for others too.

#ifndef NTK_LIB_IMPORT_ONNX_GRAPHINPUTS_H
#define NTK_LIB_IMPORT_ONNX_GRAPHINPUTS_H

#include "GraphImporter.h"

namespace mlir::ntk::onnximport {

/// A position of the batch axis, or none.
using AxisOrNone = std::optional<int64_t>;

/// An input while it is being read.
struct Reading {
  ValueInfo info;
  /// What the command line has for it.
  const Array *array = nullptr;
  /// By --input: all examples share it.
  bool isGiven = false;
  /// Positions that the batch axis may have, the likeliest first.
  SmallVector<AxisOrNone, 2> candidates;
  AxisOrNone batchAxis;
  bool isShared = false;

  ArrayRef<Dimension> shape() const { return info.shape; }
  int64_t rank() const { return info.shape.size(); }
};

/// The size of a symbol, and who said so.
struct KnownSize {
  int64_t size;
  std::string origin;
};

/// Reads all inputs, step by step in the order of the functions.
class InputReader {
public:
  InputReader(const Model &model, const OnnxImportOptions &options,
              OnnxImport &result)
      : model(model), options(options), result(result) {}

  llvm::Error collect(ArrayRef<size_t> liveNodes);
  llvm::Error findArrays();
  void findBatchAxes();
  llvm::Error matchArrays();
  llvm::Error bindSizes();
  llvm::Error fillSizes();
  llvm::Expected<std::vector<GraphInput>> finish();

private:
  void findOutputSymbols();
  void findSymbolsBesideBatch();
  bool isSurelyBatch(llvm::StringRef symbol) const;
  AxisOrNone chooseAxis(const Reading &input, ArrayRef<int64_t> axes) const;
  AxisOrNone findBatchAxis(const Reading &input) const;
  void countExamples();
  bool fitsExamples(const Reading &input, AxisOrNone batchAxis) const;
  bool fitsShared(const Reading &input, AxisOrNone batchAxis) const;
  bool match(Reading &input) const;
  llvm::Error bindArray(Reading &input);
  llvm::Error bind(Reading &input, int64_t axis, int64_t size,
                   const Twine &origin);
  bool isBatchSymbol(StringRef symbol) const;
  llvm::Error checkGivenSizes() const;
  llvm::Error fill(Reading &input, int64_t axis);
  llvm::Error checkSizes(const Reading &input, OnnxInterface &interface);

  const Model &model;
  const OnnxImportOptions &options;
  OnnxImport &result;
  std::vector<Reading> inputs;
  /// Symbols of first axes of outputs, and of sizes beside the batch.
  llvm::StringSet<> outputBatch, besideBatch;
  llvm::StringMap<KnownSize> sizes;
  std::optional<int64_t> numExamples;
};

/// Some exporters write symbols that stand for whatever is open.
bool isAnonymous(StringRef symbol);

/// An error about one input.
llvm::Error inputError(const Reading &input, const Twine &message);

/// "[n, 2, length]"; "n" stands for the examples unless the value is shared.
std::string describeShape(const Reading &input, bool isShared);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_GRAPHINPUTS_H
