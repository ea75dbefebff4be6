// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A parameter that was moved in advance, as `scale.view(-1, 1, 1)` of ones, and
// then merged with another parameter of equal values. The call names `view_1`,
// of which nothing is left, and its node reads a parameter that the call does
// not name. The module of the node, or the next one around it that has a
// parameter which stands nowhere, tells whose it was; if none has, the one that
// is read was moved itself.

#include "Undo/Findings.h"
#include "Undo/FxNames.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::StringRef;

namespace {
class ViewSplitter {
public:
  ViewSplitter(ExportedModel &model, Findings &findings)
      : model(model), findings(findings) {}
  void run();

private:
  std::vector<std::string> findGone(const FxCall &call) const;
  std::vector<std::string> findOwners(Slot slot) const;
  void split(Slot slot, std::vector<std::string> &gone);
  void give(Slot slot, StringRef wanted, const std::string &owner);

  ExportedModel &model;
  Findings &findings;
  /// Parameters that stand nowhere, and those that this gave a place.
  std::vector<std::string> unseen, restored;
};
} // namespace

/// The module that a parameter is in; empty for the model itself.
static StringRef moduleOf(StringRef parameter) {
  return parameter.contains('.') ? parameter.rsplit('.').first : StringRef();
}

/// Values that the call names, that may be parameters in another form, and of
/// which nothing is left.
std::vector<std::string> ViewSplitter::findGone(const FxCall &call) const {
  std::vector<std::string> gone;
  for (const std::string &value : call.references)
    if (!model.isKnown(value) && !model.isOrigin(value) &&
        classify(baseName(value)) & (Moves | Picks | Repeats | Joins) &&
        !llvm::is_contained(gone, value))
      gone.push_back(value);
  return gone;
}

/// Whose form may stand in the slot: by the innermost module that has any.
std::vector<std::string> ViewSplitter::findOwners(Slot slot) const {
  StringRef present = model.valueAt(slot);
  std::vector<std::string> scopes = model.scopesOf(slot.node);
  scopes.insert(scopes.begin(), "");
  for (StringRef scope : llvm::reverse(scopes)) {
    auto isInside = [&](StringRef name) { return moduleOf(name) == scope; };
    for (const std::vector<std::string> *names : {&unseen, &restored}) {
      std::vector<std::string> owners;
      llvm::copy_if(*names, std::back_inserter(owners), isInside);
      if (!owners.empty())
        return owners;
    }
    if (isInside(present))
      return {};
  }
  return {};
}

void ViewSplitter::give(Slot slot, StringRef wanted, const std::string &owner) {
  model.addTensor(wanted, *model.find(model.valueAt(slot)));
  model.setFolded(wanted, {wanted.str(), {owner}});
  model.setInput(slot, wanted);
  model.placed.insert(owner);
  if (llvm::is_contained(unseen, owner)) {
    llvm::erase(unseen, owner);
    restored.push_back(owner);
  }
  ++findings.restored;
}

void ViewSplitter::split(Slot slot, std::vector<std::string> &gone) {
  std::vector<std::string> owners = findOwners(slot);
  if (owners.empty())
    return;
  auto moved = llvm::find_if(gone, [](const std::string &value) {
    return classify(baseName(value)) & Moves;
  });
  // Parameters of one value that wait for a place are alike; those that have
  // one already are not.
  bool isClear = owners.size() == 1 || llvm::is_contained(unseen, owners[0]);
  if (moved == gone.end() || !isClear) {
    findings.lose("'" + model.valueAt(slot).str() + "' stands for '" +
                      gone.front() +
                      "' of the model, which may be made of others",
                  owners);
    return;
  }
  std::string wanted = *moved;
  gone.erase(moved);
  give(slot, wanted, owners.front());
}

void ViewSplitter::run() {
  unseen = findUnseen(model, findings);
  if (unseen.empty())
    return;
  for (const CallNodes &nodes : model.getCalls()) {
    std::vector<std::string> gone = findGone(nodes.call);
    for (Slot slot : model.tensorSlots(nodes)) {
      StringRef tensor = model.valueAt(slot);
      bool isNamed = llvm::any_of(nodes.call.references, [&](StringRef value) {
        return model.parameterOf(value) == tensor;
      });
      if (!gone.empty() && model.isParameter(tensor) && !isNamed)
        split(slot, gone);
    }
  }
}

void onnximport::splitViews(ExportedModel &model, Findings &findings) {
  ViewSplitter(model, findings).run();
}
