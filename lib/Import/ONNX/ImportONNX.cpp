// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The importer's entry: reads the file, chooses parameters, imports the graph
// and says what it took.

#include "BatchChoice.h"
#include "GraphImporter.h"
#include "LinearModels.h"
#include "Parameters.h"
#include "Undo/Undo.h"
#include "ntk-rt/InputFile.h"
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

/// Reads the file, with what its exporter changed undone; `standIns` are
/// initializers that hold parameters in another form.
static llvm::Expected<Model> readOriginal(const InputFile &file,
                                          const OnnxImportOptions &options,
                                          OnnxImport &result,
                                          llvm::StringSet<> &standIns) {
  ExportMetadata metadata;
  llvm::Expected<Model> model =
      readModel(file, options.memoryLimit, metadata, result.dataFiles);
  if (!model)
    return model.takeError();
  if (llvm::Error error = inlineFunctions(*model))
    return std::move(error);
  separateMerged(*model);
  if (llvm::Error error = hoistWeights(*model))
    return std::move(error);
  adoptConstants(*model);
  if (llvm::Error error =
          undoExport(*model, metadata, options, result, standIns))
    return std::move(error);
  if (llvm::Error error = selectOutputs(*model, options))
    return std::move(error);
  return model;
}

static llvm::Expected<OnnxImport> importFile(const InputFile &file,
                                             MLIRContext &context,
                                             const OnnxImportOptions &options) {
  OnnxImport result;
  llvm::StringSet<> standIns;
  llvm::Expected<Model> model = readOriginal(file, options, result, standIns);
  if (!model)
    return model.takeError();
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
  if (llvm::Error error = setValues(*model, options.values))
    return std::move(error);
  GraphSource source{*model, *liveNodes, trainable, networkName(file.name()),
                     options};
  if (llvm::Error error = importGraph(source, *inputs, context, result))
    return std::move(error);
  llvm::append_range(result.warnings, warnings);
  findUnused(*model, *liveNodes, result.store, *choices);
  result.choices = std::move(*choices);
  describeChoices(result);
  return result;
}

llvm::Expected<OnnxImport>
mlir::ntk::importOnnx(StringRef path, MLIRContext &context,
                      const OnnxImportOptions &options) {
  std::shared_ptr<InputFile> file = options.file;
  if (!file) {
    llvm::Expected<std::shared_ptr<InputFile>> opened = openInput(path);
    if (!opened)
      return opened.takeError();
    file = std::move(*opened);
  }
  llvm::Expected<OnnxImport> result = importFile(*file, context, options);
  if (!result)
    return llvm::createStringError(path + ": " +
                                   llvm::toString(result.takeError()));
  return result;
}
