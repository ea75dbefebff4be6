// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The list of values that were folded into a tensor has the names of torch's
// operators, `permute` and `exp`, as far as the model wrote them. What an
// operator's own decomposition made is called `val_7`; then the operator that
// reads it tells: a linear layer transposes its weight and does nothing else.

#include "Undo/MoveKind.h"
#include "Undo/FxNames.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include <set>

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::StringRef;

using Names = std::set<std::string>;

/// The values that went in by more than their shapes.
static std::vector<std::string> getSources(const ExportedModel &model,
                                           StringRef tensor) {
  std::vector<std::string> sources;
  for (const std::string &value : model.foldedOf(tensor)->from)
    if (!model.isMade(value) && !model.isCall(value) && !model.isInput(value))
      sources.push_back(value);
  return sources;
}

std::vector<std::string> onnximport::getMakers(const ExportedModel &model,
                                               StringRef tensor) {
  Names names{model.foldedOf(tensor)->name};
  for (const std::string &value : getSources(model, tensor))
    if (!model.isParameter(value) && !model.isBuffer(value))
      names.insert(value);
  return {names.begin(), names.end()};
}

std::vector<std::string> onnximport::getOperators(const ExportedModel &model,
                                                  StringRef tensor) {
  Names names;
  for (const std::string &value : getMakers(model, tensor))
    if (!isUnnamed(value))
      names.insert(baseName(value).str());
  return {names.begin(), names.end()};
}

static bool areOf(const std::vector<std::string> &operators, unsigned classes,
                  llvm::ArrayRef<StringRef> others = {}) {
  return llvm::all_of(operators, [&](const std::string &op) {
    return (classify(op) & classes) || llvm::is_contained(others, op);
  });
}

static bool isAnyOf(const std::vector<std::string> &operators,
                    unsigned classes) {
  return llvm::any_of(
      operators, [&](const std::string &op) { return classify(op) & classes; });
}

static bool areWithin(const Names &names, llvm::ArrayRef<StringRef> others) {
  return llvm::all_of(names, [&](const std::string &name) {
    return llvm::is_contained(others, name);
  });
}

namespace {
/// The calls that read a tensor.
struct Readers {
  Names operators;
  bool areProducts = true; ///< is it the weight of a product everywhere?
  bool haveFactor = false; ///< has any a keyword `value`?
};
} // namespace

static Readers getReaders(const ExportedModel &model, StringRef tensor) {
  Readers readers;
  for (Slot slot : model.readers(tensor)) {
    const Node &node = model.node(slot.node);
    readers.areProducts &= node.type == "MatMul" || node.type == "Gemm" ||
                           node.type == "Transpose";
    if (std::optional<FxCall> call = parseFxCall(node.fxNode)) {
      readers.operators.insert(call->op);
      readers.haveFactor |= call->keywords.count("value") != 0;
    }
  }
  return readers;
}

/// A tensor that only the decomposition of its readers made.
static MoveKind findByReaders(const ExportedModel &model, StringRef tensor,
                              const Readers &readers) {
  std::vector<std::string> sources = getSources(model, tensor);
  if (sources.size() == 1 &&
      areWithin(readers.operators, {"linear", "addmm", "matmul", "mm"}) &&
      model.find(tensor)->shape.size() == 2)
    return MoveKind::Transposed;
  if (areWithin(readers.operators,
                {"prelu", "_prelu_kernel", "group_norm", "native_group_norm",
                 "batch_norm", "instance_norm",
                 "_native_batch_norm_legit_no_training"}))
    return MoveKind::Reshaped;
  // A product with a buffer, or a weight that is none of a product any more.
  bool hasBuffer = llvm::any_of(
      sources, [&](const std::string &name) { return model.isBuffer(name); });
  if (hasBuffer ||
      (readers.operators == Names{"linear"} && !readers.areProducts))
    return MoveKind::Computed;
  return MoveKind::Moved;
}

/// How many values pick at positions that are data.
static size_t numLookUps(const ExportedModel &model, StringRef tensor) {
  return llvm::count_if(getMakers(model, tensor), [](const std::string &name) {
    return (classify(baseName(name)) & LooksUp) != 0;
  });
}

static MoveKind findByOperators(const ExportedModel &model, StringRef tensor,
                                const std::vector<std::string> &operators) {
  if (areOf(operators, Moves)) {
    if (areOf(operators, Transposes))
      return model.find(tensor)->shape.size() == 2 ? MoveKind::Transposed
                                                   : MoveKind::Moved;
    return isAnyOf(operators, Transposes) ? MoveKind::Moved
                                          : MoveKind::Reshaped;
  }
  if (areOf(operators, Moves, {"neg"}))
    return MoveKind::Negated;
  // `1 + w` has a constant among its sources, `w + w` has none; where a move
  // brought one of its own, as in `w - w.flip(0)`, it says nothing.
  bool hasConstant = llvm::any_of(getSources(model, tensor), isUnnamed);
  if (areOf(operators, 0, {"add", "sub", "_to_copy", "to", "clone", "alias"}) &&
      hasConstant)
    return MoveKind::Shifted;
  if (isAnyOf(operators, Picks) && areOf(operators, Moves | Picks))
    return MoveKind::Picked;
  // With one look-up, made of positions, the arithmetic is the positions'.
  unsigned computed = Moves | Picks | Repeats | Makes | Indexes;
  if (numLookUps(model, tensor) == 1 && isAnyOf(operators, Makes)) {
    if (areOf(operators, computed))
      return MoveKind::Picked;
    if (areOf(operators, computed | Positions))
      return MoveKind::Doubted;
  }
  return areOf(operators, Moves | Picks | Repeats) ? MoveKind::Repeated
                                                   : MoveKind::Computed;
}

MoveKind onnximport::findKind(const ExportedModel &model, StringRef tensor) {
  std::vector<std::string> operators = getOperators(model, tensor);
  if (llvm::is_contained(operators, "detach"))
    return MoveKind::Detached;
  Readers readers = getReaders(model, tensor);
  if (model.partsOf(tensor).size() > 1)
    return !operators.empty() && areOf(operators, Moves | Joins)
               ? MoveKind::Joined
               : MoveKind::Computed;
  // `value * tensor1` of addcmul, where the value is 1.
  if (llvm::is_contained(operators, "tmp") && !readers.haveFactor &&
      readers.operators == Names{"addcmul"} &&
      areOf(operators, Moves, {"tmp", "value", "value_cast"}))
    return MoveKind::Reshaped;
  if (operators.empty())
    return findByReaders(model, tensor, readers);
  return findByOperators(model, tensor, operators);
}
