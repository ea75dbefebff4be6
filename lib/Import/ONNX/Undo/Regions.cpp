// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Regions without gradients, as far as they show.

#include "Undo/Findings.h"
#include "Undo/Sources.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::StringRef;

Sources onnximport::findSources(const ExportedModel &model, const Node &node,
                                llvm::StringMap<Sources> &known) {
  Sources sources;
  forEachRead(node, [&](const std::string &value) {
    std::vector<std::string> parts = model.partsOf(value);
    sources.insert(parts.begin(), parts.end());
    if (model.isParameter(value) ||
        (model.isFloatTensor(value) && !model.isBuffer(value) && parts.empty()))
      sources.insert(value);
    Sources before = known.lookup(value);
    sources.insert(before.begin(), before.end());
  });
  for (const std::string &output : node.outputs)
    known[output] = sources;
  return sources;
}

/// A region that torch traced again, as one of autocast, has new names for what
/// comes from outside: `linear.default(arg4_1, arg0_1)`.
static bool isTracedAgain(StringRef stackTrace) {
  for (StringRef rest = stackTrace; !rest.empty();) {
    rest = rest.split("arg").second;
    StringRef number = rest.take_while(llvm::isDigit);
    if (!number.empty() && rest.drop_front(number.size()).starts_with("_"))
      return true;
  }
  return false;
}

/// torch.no_grad() becomes a graph of its own, whose nodes come from no line of
/// a model; so does an autocast region, so that it is no proof. Without a
/// parameter in front of it there is no gradient to stop.
void onnximport::findGradientlessRegions(const ExportedModel &model,
                                         Findings &findings) {
  llvm::StringMap<Sources> known;
  Sources stopped;
  std::vector<std::string> values, retraced;
  llvm::StringMap<bool> regions;
  for (size_t i = 0; i < model.numNodes(); ++i) {
    Sources sources = findSources(model, model.node(i), known);
    StringRef trace = model.stackTraceOf(i);
    if (!trace.starts_with("File \"<eval_with_key>"))
      continue;
    bool &again = regions[trace.split(',').first];
    again |= isTracedAgain(trace);
    if (sources.empty())
      continue;
    (again ? retraced : values).push_back(model.node(i).displayName().str());
    if (!again)
      stopped.insert(sources.begin(), sources.end());
  }
  if (!retraced.empty())
    findings.doubts.push_back(
        "nodes " + quoteNames(retraced) +
        " come from a region such as torch.no_grad(), which the file does not "
        "tell from others: if gradients stop there, use .detach() instead");
  if (!values.empty())
    findings.lose("nodes " + quoteNames(values) +
                      " come from a region such as torch.no_grad(), where "
                      "gradients stop: write .detach() behind it, or leave the "
                      "parameters by --frozen",
                  {stopped.begin(), stopped.end()});
}
