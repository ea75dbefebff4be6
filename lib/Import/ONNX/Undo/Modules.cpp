// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Nodes without a call: a rewrite of the optimizer made them, as the Split of
// the joined projections of an attention. If equal parameters were merged,
// such a node may read one for another, or one node may serve two modules. The
// paths of the modules around its readers tell whose parameter is meant.

#include "Undo/Findings.h"
#include <map>

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::StringRef;

/// The parameter of the innermost module around the node that is called like
/// `parameter` there, or `parameter` itself.
static std::string findOwn(const ExportedModel &model, size_t node,
                           StringRef parameter) {
  std::string last = parameter.rsplit('.').second.str();
  std::string own = parameter.str();
  for (const std::string &scope : model.scopesOf(node))
    if (model.isParameter(scope + "." + last))
      own = scope + "." + last;
  return own;
}

/// A parameter of which nothing is left in the file and that no call names.
static bool isUnseen(const ExportedModel &model, StringRef parameter) {
  return !model.named.contains(parameter) && !model.isRead(parameter) &&
         !model.placed.contains(parameter) &&
         llvm::none_of(model.foldedNames(), [&](const std::string &tensor) {
           return llvm::is_contained(model.partsOf(tensor), parameter);
         });
}

/// A copy of the node that reads another parameter, for some of its readers.
static void cloneFor(ExportedModel &model, Slot slot, StringRef parameter,
                     const std::vector<size_t> &readers) {
  Node copy = model.node(slot.node);
  copy.name += "." + parameter.str();
  copy.inputs[slot.input] = parameter.str();
  for (std::string &output : copy.outputs) {
    std::string name = model.makeName(output + "." + parameter.str());
    for (Slot read : std::vector<Slot>(model.readers(output)))
      if (llvm::is_contained(readers, read.node))
        model.setInput(read, name);
    output = name;
  }
  model.insertBehind(slot.node, std::move(copy));
}

static void splitSlot(ExportedModel &model, Findings &findings, Slot slot) {
  std::string tensor = model.valueAt(slot).str();
  std::map<std::string, std::vector<size_t>> owners;
  for (const std::string &output : model.node(slot.node).outputs)
    for (Slot read : model.readers(output))
      if (!model.scopesOf(read.node).empty())
        owners[findOwn(model, read.node, tensor)].push_back(read.node);
  for (const auto &[parameter, readers] : owners) {
    if (parameter == tensor || !isUnseen(model, parameter))
      continue;
    model.addTensor(parameter, *model.find(tensor));
    model.placed.insert(parameter);
    ++findings.restored;
    if (owners.size() == 1)
      model.setInput(slot, parameter);
    else
      cloneFor(model, slot, parameter, readers);
  }
}

void onnximport::splitByModule(ExportedModel &model, Findings &findings) {
  for (size_t index : model.getUnmarked())
    for (unsigned i = 0; i < model.node(index).inputs.size(); ++i)
      if (model.isParameter(model.valueAt({index, i})) &&
          model.find(model.valueAt({index, i})))
        splitSlot(model, findings, {index, i});
}
