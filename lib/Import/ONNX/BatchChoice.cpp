// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is the batch? The axis that the file leaves open, or, where it leaves
// none open, a guess. If the graph cannot be imported by it, other readings are
// tried: to take one of them, or to say which export would be taken.

#include "BatchChoice.h"
#include "GraphImporter.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// Imports the graph in one way. The first diagnostic is the error.
static llvm::Error importAs(Batch batch, const GraphSource &source,
                            ArrayRef<GraphInput> inputs, MLIRContext &context,
                            OnnxImport &result) {
  result.store = ParameterStore();
  result.inputs.clear();
  result.outputs.clear();
  result.warnings.clear();
  context.loadDialect<NTKDialect>();
  OpBuilder builder(&context);
  Location location = NameLoc::get(builder.getStringAttr(source.name));
  result.module = ModuleOp::create(location);
  builder.setInsertionPointToEnd(result.module->getBody());
  auto network = builder.create<NetworkOp>(location, source.name,
                                           builder.getFunctionType({}, {}));
  FloatType real = source.options.doublePrecision ? builder.getF64Type()
                                                  : builder.getF32Type();
  GraphImporter importer(source.model, inputs, source.trainable, network, real,
                         batch, result);
  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (message.empty() &&
        diagnostic.getSeverity() == DiagnosticSeverity::Error)
      message = importer.currentNode() + diagnostic.str();
    return success();
  });
  if (failed(importer.run(source.liveNodes)) || failed(verify(*result.module)))
    return llvm::createStringError(message);
  return llvm::Error::success();
}

/// "axis 0 of 'x' [16, 3, 32, 32]", of the first input with a batch axis.
static std::string describeBatch(ArrayRef<GraphInput> inputs, int64_t size) {
  for (const auto &[input, shared] : inputs) {
    if (!input.batchAxis || shared)
      continue;
    std::vector<int64_t> shape = input.shape;
    shape.insert(shape.begin() + *input.batchAxis, size);
    std::string text = "axis " + std::to_string(*input.batchAxis) + " of '" +
                       input.name + "' [";
    llvm::raw_string_ostream os(text);
    llvm::interleaveComma(shape, os);
    return text + "]";
  }
  return "";
}

/// Where the file leaves no axis open, which one is the batch was a guess. If
/// all of the input as one example can be imported, `error` may come of that.
static llvm::Error explainGuess(llvm::Error error, ArrayRef<GraphInput> inputs,
                                int64_t batchSize) {
  std::string reason = llvm::toString(std::move(error));
  if (StringRef(reason).contains("--whole-batch"))
    return llvm::createStringError(reason);
  StringRef found = reason;
  found.consume_back(": the network mixes examples");
  return llvm::createStringError(
      found + "; the batch was taken to be " +
      describeBatch(inputs, batchSize) +
      ", since the file leaves no size open: if it was exported for one "
      "example or for a batch of one size, export it with an open batch axis "
      "(dynamic_shapes, dynamic_axes); if examples depend on each other, see "
      "--whole-batch");
}

/// Can the graph be imported with all of the input as one example?
static bool canBeWhole(const GraphSource &source, MLIRContext &context) {
  OnnxImport whole;
  OnnxImportOptions options = source.options;
  options.wholeBatch = true;
  llvm::Expected<std::vector<GraphInput>> inputs =
      readInputs(source.model, source.liveNodes, options, whole);
  return !llvm::errorToBool(
      inputs ? importAs(Batch::Apart, source, *inputs, context, whole)
             : inputs.takeError());
}

/// Where an open batch cannot be taken apart, a file of one example may do.
static llvm::Error suggestBatchOfOne(llvm::Error error,
                                     const GraphSource &source,
                                     ArrayRef<GraphInput> inputs,
                                     MLIRContext &context) {
  std::string reason = llvm::toString(std::move(error));
  OnnxImport ofOne;
  ofOne.batchSize = 1;
  bool wouldDo = !llvm::errorToBool(
      importAs(Batch::OfOne, source, inputs, context, ofOne));
  return llvm::createStringError(
      reason + (wouldDo ? "; if each output depends on its own example alone, "
                          "export the model for a batch of one"
                        : ""));
}

llvm::Error onnximport::importGraph(const GraphSource &source,
                                    ArrayRef<GraphInput> inputs,
                                    MLIRContext &context, OnnxImport &result) {
  llvm::Error error = importAs(Batch::Apart, source, inputs, context, result);
  if (!error)
    return error;
  if (!result.batchSize)
    return source.options.wholeBatch
               ? std::move(error)
               : suggestBatchOfOne(std::move(error), source, inputs, context);
  if (result.batchSize != 1)
    return canBeWhole(source, context)
               ? explainGuess(std::move(error), inputs, *result.batchSize)
               : std::move(error);
  // With one example in the file, what mixes examples mixes nothing.
  std::string reason = llvm::toString(std::move(error));
  if (llvm::Error error =
          importAs(Batch::OfOne, source, inputs, context, result))
    return error;
  StringRef found = reason;
  found.consume_back(": the network mixes examples");
  result.warnings.push_back(
      "the file is of one example, and each is taken by itself; whether the "
      "model does so with a batch, the file does not tell (" +
      found.str() + ")");
  return llvm::Error::success();
}
