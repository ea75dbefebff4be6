// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The rules in the order that works, and the verdict.

#include "Undo/Undo.h"
#include "Undo/Findings.h"
#include "Undo/GivenState.h"
#include "Undo/MergedCalls.h"
#include "Undo/OlderExporter.h"
#include "llvm/Support/GlobPattern.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::Error;
using llvm::StringRef;

//===----------------------------------------------------------------------===//
// Rules
//===----------------------------------------------------------------------===//

/// A parameter whose tensor is not marked as one has other values than it had.
static void findChanged(const ExportedModel &model, const ExportMetadata &file,
                        Findings &findings) {
  if (!model.marksParameters())
    return;
  for (const std::string &name : model.getParameters()) {
    auto origin = file.values.find(name);
    bool isChanged = model.find(name) && model.isRead(name) &&
                     origin != file.values.end() && origin->second.kind.empty();
    if (isChanged && !findings.isLost(name) && !findings.given.count(name))
      findings.losses.push_back(
          {"the exporter changed the values of", "'" + name + "'", {name}});
  }
}

/// A tool that rewrote the nodes left names alone. Then a tensor that the
/// signature does not list holds a parameter if one was folded into it, or if
/// some parameter is gone and the file does not say what was folded.
static void judgeByNames(const ExportedModel &model, const Model &file,
                         Findings &findings) {
  bool isComplete = llvm::all_of(
      model.getParameters(), [&](StringRef name) { return model.find(name); });
  bool saysOrigins = !model.foldedNames().empty();
  std::vector<std::string> guessed;
  for (const NamedTensor &tensor : file.initializers) {
    StringRef name = tensor.name;
    if (!isFloat(tensor.values.kind) || !model.isRead(name) ||
        model.isParameter(name) || model.isBuffer(name))
      continue;
    bool isGuess = !saysOrigins && !isComplete && tensor.values.size() > 1;
    if (isGuess)
      guessed.push_back(name.str());
    if (isGuess || !model.partsOf(name).empty())
      findings.standIns.insert(name);
  }
  if (!guessed.empty())
    findings.doubts.push_back(
        "took " + quoteNames(guessed) +
        " as parameters on doubt, the file does not tell what they were folded "
        "of; --frozen leaves them");
}

/// Files of torch's exporter, which have a signature.
static Error undoTorch(Model &file, const ExportMetadata &metadata,
                       Findings &findings) {
  findings.isOwnState = isOwnState(ExportedModel(file, metadata), findings);
  separateCalls(file, metadata, findings);
  ExportedModel model(file, metadata);
  if (model.getCalls().empty()) {
    judgeByNames(model, file, findings);
    return Error::success();
  }
  findGradientlessRegions(model, findings);
  if (Error error = unfoldBatchNorms(model, findings))
    return error;
  findChanged(model, metadata, findings);
  if (Error error = restoreRecurrent(model, findings))
    return error;
  if (Error error = resolveArguments(model, findings))
    return error;
  splitByModule(model, findings);
  splitFolded(model, findings);
  splitViews(model, findings);
  if (Error error = restoreMoved(model, findings))
    return error;
  findMissing(model, findings);
  if (Error error = obeyPadding(model))
    return error;
  for (const std::string &bias : findings.openBiases)
    findings.losses.push_back(
        {"the exporter removed zeros of which nothing tells the size,",
         "'" + bias + "'",
         {bias},
         /*isDecidable=*/true});
  model.finish();
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Verdict
//===----------------------------------------------------------------------===//

static bool matches(llvm::ArrayRef<std::string> globs, StringRef name) {
  return llvm::any_of(globs, [&](StringRef text) {
    text.consume_front("+");
    llvm::Expected<llvm::GlobPattern> glob = llvm::GlobPattern::create(text);
    if (!glob) {
      consumeError(glob.takeError());
      return false;
    }
    return name == text || glob->match(name);
  });
}

/// Would the kernel contain any of the lost parameters? A loss that names none
/// may touch all.
static bool concerns(const Loss &loss, const OnnxImportOptions &options) {
  // Globs that begin with "+" add to what is taken without them.
  bool isLimited = llvm::any_of(
      options.wrt, [](StringRef text) { return !text.starts_with("+"); });
  return loss.parameters.empty() ||
         llvm::any_of(loss.parameters, [&](const std::string &name) {
           return (!isLimited || matches(options.wrt, name)) &&
                  !matches(options.frozen, name);
         });
}

/// "batch norm is folded into '0.weight', '3.weight'; 'mul' is computed …".
static std::string describe(llvm::ArrayRef<Loss> losses) {
  std::vector<std::pair<std::string, std::vector<std::string>>> kinds;
  for (const Loss &loss : losses) {
    auto kind = llvm::find_if(
        kinds, [&](const auto &entry) { return entry.first == loss.kind; });
    if (kind == kinds.end())
      kind = kinds.insert(kinds.end(), {loss.kind, {}});
    if (!loss.subject.empty())
      kind->second.push_back(loss.subject);
  }
  std::string text;
  for (const auto &[kind, subjects] : llvm::ArrayRef(kinds).take_front(3)) {
    text += (text.empty() ? "" : "; ") + kind;
    for (const std::string &subject : llvm::ArrayRef(subjects).take_front(3))
      text += (subject == subjects.front() ? " " : ", ") + subject;
    if (subjects.size() > 3)
      text += " and " + std::to_string(subjects.size() - 3) + " more";
  }
  if (kinds.size() > 3)
    text += "; and " + std::to_string(kinds.size() - 3) + " more such";
  return text;
}

static Error makeError(llvm::ArrayRef<Loss> losses, size_t numParameters) {
  // The older exporter has settings of its own.
  llvm::StringRef settings = numParameters
                                 ? "optimize=False"
                                 : "dynamo=False, do_constant_folding=False, "
                                   "training=torch.onnx.TrainingMode.PRESERVE";
  std::vector<std::string> lost;
  bool isDecidable = false;
  for (const Loss &loss : losses) {
    isDecidable |= loss.isDecidable;
    for (const std::string &name : loss.parameters)
      if (!llvm::is_contained(lost, name))
        lost.push_back(name);
  }
  std::string count =
      lost.empty() ? ""
                   : ": lost are " + std::to_string(lost.size()) +
                         (numParameters ? " of " + std::to_string(numParameters)
                                        : std::string()) +
                         " parameters, " + quoteNames(lost);
  return llvm::createStringError(
      "the kernel of this file is not that of the model" + count + " (" +
      describe(losses) + "); export with torch.onnx.export(model.eval(), …, " +
      settings.str() + "), " +
      (isDecidable ? "give the model's state_dict by --params, " : "") +
      "or take the file as it is with --accept-export");
}

Error onnximport::undoExport(Model &model, const ExportMetadata &metadata,
                             const OnnxImportOptions &options,
                             OnnxImport &result, llvm::StringSet<> &standIns) {
  bool isTorch = !model.signature.empty();
  if (!isTorch && model.producer != "pytorch")
    return Error::success();
  Findings findings;
  for (const NamedArray &entry : options.values) {
    llvm::Expected<Array> array = entry.array.load();
    if (!array)
      return array.takeError();
    findings.given[entry.name] = std::move(*array);
    findings.givenOrder.push_back(entry.name);
  }
  for (const std::vector<std::string> *globs : {&options.wrt, &options.frozen})
    for (StringRef text : *globs) {
      text.consume_front("+");
      findings.asked.insert(text);
    }
  size_t numParameters = StringRef(model.signature).count(": PARAMETER ");
  if (Error error = isTorch ? undoTorch(model, metadata, findings)
                            : undoOlderExporter(model, metadata, findings))
    return error;
  standIns = findings.standIns;
  llvm::append_range(result.warnings, findings.doubts);
  std::vector<Loss> losses;
  llvm::copy_if(findings.losses, std::back_inserter(losses),
                [&](const Loss &loss) { return concerns(loss, options); });
  if (losses.empty() || options.acceptExport)
    return Error::success();
  return makeError(losses, numParameters);
}
