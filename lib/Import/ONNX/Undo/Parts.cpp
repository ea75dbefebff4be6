// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Slices of one parameter, `w[:5]` and `w[5:]`, are tensors of their own in the
// file. They may overlap; where they began and ended is not written, but equal
// values tell, unless all are equal.

#include "Undo/Parts.h"
#include "Undo/ByValue.h"
#include "Undo/FxNames.h"
#include "Undo/MoveKind.h"
#include "Undo/Tensors.h"
#include "llvm/ADT/StringExtras.h"
#include <cstring>

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

/// Were all tensors made by moves, and at least one by taking a part?
static bool areParts(const ExportedModel &model,
                     const std::vector<std::string> &tensors) {
  bool anyPick = false;
  for (const std::string &tensor : tensors)
    for (const std::string &op : getOperators(model, tensor)) {
      unsigned classes = classify(op);
      anyPick |= (classes & Picks) != 0;
      if (op == "detach" || !(classes & (Moves | Picks | Indexes)))
        return false;
    }
  return anyPick;
}

/// All of them from the values that --params has; false if one does not fit.
static Expected<bool> placeGiven(ExportedModel &model, Findings &findings,
                                 StringRef parameter,
                                 const std::vector<std::string> &tensors) {
  auto given = findings.given.find(parameter);
  if (given == findings.given.end())
    return false;
  std::vector<std::vector<Node>> moves;
  for (const std::string &tensor : tensors) {
    auto nodes =
        findMove(model, parameter, given->second, *model.find(tensor), tensor);
    if (!nodes)
      return nodes.takeError();
    if (!*nodes)
      return false;
    moves.push_back(std::move(**nodes));
  }
  model.addTensor(parameter, given->second);
  for (auto [tensor, nodes] : llvm::zip(tensors, moves))
    model.computeTensor(tensor, std::move(nodes));
  ++findings.restored;
  return true;
}

static Error joinTensors(ExportedModel &model, Findings &findings,
                         StringRef parameter,
                         const std::vector<std::string> &tensors) {
  model.placed.insert(parameter);
  Expected<bool> isPlaced = placeGiven(model, findings, parameter, tensors);
  if (!isPlaced)
    return isPlaced.takeError();
  if (*isPlaced)
    return Error::success();
  ElementKind kind = model.find(tensors.front())->kind;
  DistinctRows elements(byteWidth(kind));
  std::vector<std::vector<int64_t>> positions;
  int64_t total = 0;
  for (const std::string &tensor : tensors) {
    positions.push_back(elements.number(*model.find(tensor)));
    total += positions.back().size();
  }
  bool isGiven = findings.given.count(parameter);
  std::string reason =
      quoteNames(tensors) + " are parts of '" + parameter.str() + "'";
  if (elements.size() == total || elements.size() < 2 || isGiven) {
    for (const std::string &tensor : tensors)
      findings.standIns.insert(tensor);
    if (elements.size() < 2)
      findings.lose(reason + ", and all their values are equal: which are one "
                             "is not in the file",
                    {parameter.str()});
    else if (isGiven)
      findings.lose(reason + ", and --params has other values",
                    {parameter.str()});
    return Error::success();
  }
  std::string bytes = llvm::join(elements.getRows(), "");
  llvm::MutableArrayRef<char> target;
  Expected<Array> distinct = Array::allocate(kind, {elements.size()}, target);
  if (!distinct)
    return distinct.takeError();
  std::memcpy(target.data(), bytes.data(), bytes.size());
  for (auto [tensor, at] : llvm::zip(tensors, positions)) {
    Expected<Node> node =
        makeGather(model, parameter, at, model.find(tensor)->shape, tensor);
    if (!node)
      return node.takeError();
    model.computeTensor(tensor, {std::move(*node)});
  }
  model.addTensor(parameter, std::move(*distinct));
  findings.doubts.push_back(reason + ", joined by their values");
  ++findings.restored;
  return Error::success();
}

Error onnximport::joinParts(ExportedModel &model, Findings &findings) {
  std::map<std::string, std::vector<std::string>> byParameter;
  for (const std::string &tensor : model.foldedNames()) {
    std::vector<std::string> parts = model.partsOf(tensor);
    if (parts.size() == 1 && model.isRead(tensor) &&
        !model.isParameter(tensor) && !findings.standIns.contains(tensor))
      byParameter[parts.front()].push_back(tensor);
  }
  for (const auto &[parameter, tensors] : byParameter)
    if (tensors.size() > 1 && !model.find(parameter) &&
        areParts(model, tensors))
      if (Error error = joinTensors(model, findings, parameter, tensors))
        return error;
  return Error::success();
}
