// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Folded tensors that were merged with each other: the join of the zero biases
// of one block is that of another. A call names `cat_4` and reads `cat`. If
// parameters that nobody names fit, the tensor gets a twin that is made of
// them; if there are none, one parameter was moved twice, and one tensor is
// right. So with one tensor that a call reads twice for two of its arguments,
// as a recurrent layer does with initial states of zeros.

#include "Undo/Findings.h"
#include "Undo/FxNames.h"
#include "Undo/Tensors.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::StringRef;

namespace {
class TwinSplitter {
public:
  TwinSplitter(ExportedModel &model, Findings &findings)
      : model(model), findings(findings) {}
  void run();

private:
  void split(const CallNodes &nodes, Slot slot, StringRef wanted);
  void splitByName(const CallNodes &nodes, llvm::ArrayRef<std::string> gone);
  void splitByPlace(const CallNodes &nodes, llvm::ArrayRef<std::string> gone);
  std::vector<std::string> findParts(Slot slot,
                                     const std::vector<std::string> &parts);

  ExportedModel &model;
  Findings &findings;
  std::vector<std::string> unseen;
};
} // namespace

/// The unseen parameters that play the roles of `parts` in the module of the
/// slot's node; empty if they do not fit.
std::vector<std::string>
TwinSplitter::findParts(Slot slot, const std::vector<std::string> &parts) {
  std::vector<std::string> twins;
  for (const std::string &part : parts) {
    std::string last = StringRef(part).rsplit('.').second.str();
    std::string twin;
    for (const std::string &scope : model.scopesOf(slot.node))
      if (llvm::is_contained(unseen, scope + "." + last))
        twin = scope + "." + last;
    if (!twin.empty())
      twins.push_back(std::move(twin));
  }
  if (twins.size() == parts.size())
    return twins;
  // A weight and a bias of one module; its scope is the innermost.
  std::vector<std::string> inner;
  for (const std::string &scope : model.scopesOf(slot.node)) {
    std::vector<std::string> own;
    llvm::copy_if(unseen, std::back_inserter(own), [&](StringRef name) {
      return name.rsplit('.').first == scope;
    });
    if (!own.empty())
      inner = std::move(own);
  }
  if (inner.size() == parts.size())
    return inner;
  return unseen.size() == parts.size() ? unseen : std::vector<std::string>();
}

void TwinSplitter::split(const CallNodes &nodes, Slot slot, StringRef wanted) {
  std::string tensor = model.valueAt(slot).str();
  std::vector<std::string> parts = model.partsOf(tensor);
  std::vector<std::string> twins = findParts(slot, parts);
  unsigned is = classify(baseName(wanted));
  unsigned was = classify(baseName(model.foldedOf(tensor)->name));
  if (twins.empty() && !unseen.empty() && !(is & Repeats)) {
    findings.lose("'" + tensor + "' stands for '" + wanted.str() +
                      "' of the model, which may be made of others",
                  unseen);
    return;
  }
  if (twins.empty()) {
    // Unlike rows say where they were picked; both were picked there.
    if ((is & was & Picks) && isUniform(*model.find(tensor)))
      findings.lose("'" + tensor + "' and '" + wanted.str() +
                        "' are parts of one parameter, and one tensor since "
                        "their values are equal",
                    parts);
    return;
  }
  Folded folded{wanted.str(), twins};
  for (const std::string &value : model.foldedOf(tensor)->from)
    if (!llvm::is_contained(parts, value))
      folded.from.push_back(value);
  model.addTensor(wanted, *model.find(tensor));
  model.setFolded(wanted, std::move(folded));
  model.setInput(slot, wanted);
  for (const std::string &twin : twins) {
    llvm::erase(unseen, twin);
    model.placed.insert(twin);
    ++findings.restored;
  }
}

/// The tensor has the name of another value of the same operator.
void TwinSplitter::splitByName(const CallNodes &nodes,
                               llvm::ArrayRef<std::string> gone) {
  for (Slot slot : model.tensorSlots(nodes)) {
    StringRef tensor = model.valueAt(slot);
    if (model.partsOf(tensor).empty() ||
        llvm::is_contained(nodes.call.references, tensor))
      continue;
    std::string name = model.foldedOf(tensor)->name;
    if (isUnnamed(name))
      continue;
    auto like = llvm::find_if(gone, [&](const std::string &value) {
      return baseName(value) == baseName(name) && !model.find(value);
    });
    if (like != gone.end())
      split(nodes, slot, *like);
    else if (gone.size() == 1 && !model.find(gone.front()))
      split(nodes, slot, gone.front());
  }
}

/// The tensor stands in two inputs, and was made of one of two arguments that
/// the same operator made.
void TwinSplitter::splitByPlace(const CallNodes &nodes,
                                llvm::ArrayRef<std::string> gone) {
  llvm::StringSet<> seen;
  for (Slot slot : model.tensorSlots(nodes)) {
    std::string tensor = model.valueAt(slot).str();
    if (model.partsOf(tensor).empty() || seen.insert(tensor).second)
      continue;
    std::vector<std::string> made = model.foldedOf(tensor)->from;
    made.push_back(model.foldedOf(tensor)->name);
    auto other = llvm::find_if(gone, [&](const std::string &value) {
      return !isUnnamed(value) && !llvm::is_contained(made, value) &&
             llvm::any_of(made, [&](const std::string &from) {
               return llvm::is_contained(nodes.call.references, from) &&
                      baseName(from) == baseName(value);
             });
    });
    if (other != gone.end())
      split(nodes, slot, *other);
  }
}

void TwinSplitter::run() {
  unseen = findUnseen(model, findings);
  for (const CallNodes &nodes : model.getCalls()) {
    std::vector<std::string> gone;
    for (const std::string &value : nodes.call.references)
      if (!model.isKnown(value) && !llvm::is_contained(gone, value))
        gone.push_back(value);
    if (gone.empty())
      continue;
    splitByName(nodes, gone);
    splitByPlace(nodes, gone);
  }
}

void onnximport::splitFolded(ExportedModel &model, Findings &findings) {
  TwinSplitter(model, findings).run();
}
