// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The importer's entry: reads the file, chooses parameters, imports the graph
// and says what it took.

#include "GraphImporter.h"
#include "LinearModels.h"
#include "Parameters.h"
#include "Undo/Undo.h"
#include "mlir/IR/Verifier.h"
#include "ntk/Import/ONNX.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// A symbol from the file's name: "cnn.small.onnx" gives "cnn_small".
static std::string networkName(StringRef path) {
  std::string name = llvm::sys::path::stem(path).str();
  for (char &letter : name)
    if (!llvm::isAlnum(letter))
      letter = '_';
  if (name.empty() || llvm::isDigit(name.front()))
    name.insert(0, "net_");
  return name;
}

/// Imports the graph into a new module. The first diagnostic is the error.
static llvm::Error importGraph(const Model &model, ArrayRef<GraphInput> inputs,
                               const llvm::StringSet<> &trainable,
                               ArrayRef<size_t> liveNodes, StringRef name,
                               bool doublePrecision, Batch batch,
                               MLIRContext &context, OnnxImport &result) {
  context.loadDialect<NTKDialect>();
  OpBuilder builder(&context);
  Location location = NameLoc::get(builder.getStringAttr(name));
  result.module = ModuleOp::create(location);
  builder.setInsertionPointToEnd(result.module->getBody());
  auto network = builder.create<NetworkOp>(location, name,
                                           builder.getFunctionType({}, {}));
  FloatType real =
      doublePrecision ? builder.getF64Type() : builder.getF32Type();
  GraphImporter importer(model, inputs, trainable, network, real, batch,
                         result);
  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    if (message.empty() &&
        diagnostic.getSeverity() == DiagnosticSeverity::Error)
      message = importer.currentNode() + diagnostic.str();
    return success();
  });
  if (failed(importer.run(liveNodes)) || failed(verify(*result.module)))
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
/// Notes and warnings about the choice.
static void describeChoices(OnnxImport &result) {
  Doubts doubts = describeDoubts(result.choices);
  result.notes.push_back(summarize(result.choices));
  std::vector<std::string> shared;
  for (const NamedArray &input : result.shared)
    shared.push_back(input.name);
  if (!shared.empty())
    result.notes.push_back("all examples share " +
                           quoteNames(shared, shared.size()));
  llvm::append_range(result.notes, doubts.notes);
  llvm::append_range(result.warnings, doubts.warnings);
}

static llvm::StringSet<> getTaken(ArrayRef<ParameterChoice> choices) {
  llvm::StringSet<> names;
  for (const ParameterChoice &choice : choices)
    if (choice.taken)
      names.insert(choice.name);
  return names;
}

/// Finds the tensors that no output depends on.
static void findUnused(const Model &model, ArrayRef<size_t> liveNodes,
                       const ParameterStore &store,
                       std::vector<ParameterChoice> &choices) {
  llvm::StringSet<> read;
  for (size_t position : liveNodes)
    forEachRead(model.nodes[position],
                [&](const std::string &name) { read.insert(name); });
  for (const ValueInfo &output : model.outputs)
    read.insert(output.name);
  for (ParameterChoice &choice : choices)
    choice.used &= read.contains(choice.name) &&
                   (!choice.taken || store.find(choice.name));
}

static llvm::Expected<OnnxImport> importFile(StringRef path,
                                             MLIRContext &context,
                                             const OnnxImportOptions &options) {
  ExportMetadata metadata;
  llvm::Expected<Model> model = readModel(path, metadata);
  if (!model)
    return model.takeError();
  if (llvm::Error error = inlineFunctions(*model))
    return std::move(error);
  separateMerged(*model);
  if (llvm::Error error = hoistWeights(*model))
    return std::move(error);
  adoptConstants(*model);
  OnnxImport result;
  llvm::StringSet<> standIns;
  if (llvm::Error error =
          undoExport(*model, metadata, options, result, standIns))
    return std::move(error);
  if (llvm::Error error = selectOutputs(*model, options))
    return std::move(error);
  llvm::Expected<std::vector<size_t>> liveNodes = findLiveNodes(*model);
  if (!liveNodes)
    return liveNodes.takeError();
  llvm::Expected<std::vector<GraphInput>> inputs =
      readInputs(*model, *liveNodes, options, result);
  if (!inputs)
    return inputs.takeError();
  llvm::Expected<std::vector<ParameterChoice>> choices =
      chooseParameters(*model, standIns, options);
  if (!choices)
    return choices.takeError();
  llvm::StringSet<> trainable = getTaken(*choices);
  std::vector<std::string> warnings = std::move(result.warnings);
  llvm::append_range(warnings, findWarnings(*model, trainable));
  setValues(*model, options.values);
  auto importTo = [&](OnnxImport &result, ArrayRef<GraphInput> inputs,
                      Batch batch) {
    result.store = ParameterStore();
    result.inputs.clear();
    result.outputs.clear();
    result.warnings.clear();
    return importGraph(*model, inputs, trainable, *liveNodes,
                       networkName(path), options.doublePrecision, batch,
                       context, result);
  };
  auto import = [&](Batch batch) { return importTo(result, *inputs, batch); };
  auto canBeWhole = [&]() {
    OnnxImport whole;
    OnnxImportOptions asWhole = options;
    asWhole.wholeBatch = true;
    llvm::Expected<std::vector<GraphInput>> wholeInputs =
        readInputs(*model, *liveNodes, asWhole, whole);
    return !llvm::errorToBool(wholeInputs
                                  ? importTo(whole, *wholeInputs, Batch::Apart)
                                  : wholeInputs.takeError());
  };
  if (llvm::Error error = import(Batch::Apart)) {
    // With one example in the file, what mixes examples mixes nothing.
    bool isOpen = !result.batchSize && !options.wholeBatch;
    if (result.batchSize && result.batchSize != 1 && canBeWhole())
      return explainGuess(std::move(error), *inputs, *result.batchSize);
    if (result.batchSize != 1 && !isOpen)
      return std::move(error);
    std::string reason = llvm::toString(std::move(error));
    if (isOpen)
      result.batchSize = 1;
    llvm::Error ofOne = import(Batch::OfOne);
    if (isOpen) {
      bool wouldDo = !ofOne;
      llvm::consumeError(std::move(ofOne));
      return llvm::createStringError(
          reason + (wouldDo ? "; if each output depends on its own example "
                              "alone, export the model for a batch of one"
                            : ""));
    }
    if (ofOne)
      return std::move(ofOne);
    result.warnings.push_back("the file fixes the batch size to 1, and the "
                              "network may be another for larger batches: " +
                              reason);
  }
  llvm::append_range(result.warnings, warnings);
  findUnused(*model, *liveNodes, result.store, *choices);
  result.choices = std::move(*choices);
  describeChoices(result);
  return result;
}

llvm::Expected<OnnxImport>
mlir::ntk::importOnnx(StringRef path, MLIRContext &context,
                      const OnnxImportOptions &options) {
  llvm::Expected<OnnxImport> result = importFile(path, context, options);
  if (!result)
    return llvm::createStringError(path + ": " +
                                   llvm::toString(result.takeError()));
  return result;
}
