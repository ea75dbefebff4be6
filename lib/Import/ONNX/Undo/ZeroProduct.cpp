// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A recurrent layer begins with a state of zeros, and the exporter computes
// what its first step makes of them in advance:
//
//   linear(zeros, w) = 0        linear(zeros, w, b) = b, for each example
//
// The derivative by w is zero as the state is, so that nothing is lost of it.

#include "Undo/ZeroProduct.h"
#include "Undo/ByValue.h"
#include "Undo/FxNames.h"
#include "Undo/MoveKind.h"
#include "Undo/Tensors.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::Expected;
using llvm::StringRef;

static bool makesZeros(StringRef op) {
  return op == "zeros" || op == "zeros_like" || op == "new_zeros";
}

static bool isProduct(StringRef op) {
  return op == "linear" || op == "matmul" || op == "mm" || op == "bmm" ||
         op == "mul";
}

static bool addsBias(StringRef op) {
  return op == "linear" || op == "addmm" || op == "baddbmm";
}

/// Were zeros made, multiplied, and moved, and nothing else done?
static bool isOfZeros(const ExportedModel &model, StringRef tensor) {
  const Folded &folded = *model.foldedOf(tensor);
  std::vector<std::string> operators = getOperators(model, tensor);
  bool isKnown = llvm::all_of(operators, [](StringRef op) {
    bool moves = classify(op) & (Moves | Repeats | Picks);
    bool looksUp = classify(op) & LooksUp;
    return makesZeros(op) || isProduct(op) || addsBias(op) ||
           (moves && !looksUp);
  });
  return isKnown && !isUnnamed(folded.name) &&
         llvm::any_of(operators, makesZeros) &&
         llvm::none_of(folded.from,
                       [&](StringRef value) { return model.isBuffer(value); });
}

/// The values of a parameter, as the file or --params has them.
static const Array *findValues(const ExportedModel &model,
                               const Findings &findings, StringRef name) {
  auto given = findings.given.find(name);
  if (given != findings.given.end())
    return &given->second;
  return model.isUnchanged(name) ? model.find(name) : nullptr;
}

/// Nodes that make the tensor of a bias: its elements for each row.
static Expected<std::optional<std::vector<Node>>>
makeOfBias(ExportedModel &model, StringRef bias, const Array &from,
           StringRef tensor) {
  const Array values = *model.find(tensor);
  bool isRow = from.shape.size() == 1 && !values.shape.empty() &&
               values.shape.back() == from.shape[0] &&
               from.kind == values.kind && values.size() > 0;
  size_t width = from.bytes().size();
  for (size_t at = 0; isRow && at < values.bytes().size(); at += width)
    isRow = values.bytes().slice(at, width) == from.bytes();
  if (!isRow)
    return findMove(model, bias, from, values, tensor);
  std::string shape = model.makeName((tensor + ".shape").str());
  Expected<Array> sizes =
      makeIndices(values.shape, {int64_t(values.shape.size())});
  if (!sizes)
    return sizes.takeError();
  model.addTensor(shape, std::move(*sizes));
  return std::optional(std::vector<Node>{
      model.makeNode("Expand", {bias.str(), shape}, {tensor.str()})});
}

/// Of a weight and a bias, the one of which the tensor is made. Zeros may be of
/// either; then the weight must be seen to be none.
static Expected<bool> restoreBias(ExportedModel &model, Findings &findings,
                                  StringRef tensor,
                                  llvm::ArrayRef<std::string> parts) {
  for (size_t i = 0; i < 2; ++i) {
    const Array *weight = findValues(model, findings, parts[1 - i]);
    const Array *found = findValues(model, findings, parts[i]);
    bool isMatrix = weight && weight->shape.size() == 2 && !isZero(*weight);
    if (!found || found->shape.size() != 1 ||
        (isZero(*model.find(tensor)) && !isMatrix))
      continue;
    Array bias = *found;
    auto nodes = makeOfBias(model, parts[i], bias, tensor);
    if (!nodes)
      return nodes.takeError();
    if (!*nodes)
      continue;
    if (!model.find(parts[i]))
      model.addTensor(parts[i], std::move(bias));
    model.computeTensor(tensor, std::move(**nodes));
    return true;
  }
  return false;
}

Expected<bool> onnximport::restoreZeroProduct(ExportedModel &model,
                                              Findings &findings,
                                              StringRef tensor) {
  std::vector<std::string> parts = model.partsOf(tensor);
  std::vector<std::string> operators = getOperators(model, tensor);
  if (!isOfZeros(model, tensor))
    return false;
  if (parts.size() == 1) {
    if (!isZero(*model.find(tensor)) || llvm::none_of(operators, isProduct))
      return false;
  } else if (parts.size() == 2 && llvm::any_of(operators, addsBias)) {
    Expected<bool> done = restoreBias(model, findings, tensor, parts);
    if (!done || !*done)
      return done;
  } else {
    return false;
  }
  for (const std::string &part : parts)
    model.placed.insert(part);
  ++findings.restored;
  return true;
}
