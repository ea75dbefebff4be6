// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Folded tensors become moves of the parameters that they were made of, under
// the parameters' own names. Which of two permutations it was does not matter
// to the kernel; that each element of the parameter is one, however often it is
// read, does. What was computed from parameters by arithmetic is a loss.

#include "Undo/ByValue.h"
#include "Undo/Expansion.h"
#include "Undo/Findings.h"
#include "Undo/FxNames.h"
#include "Undo/Inverse.h"
#include "Undo/Joins.h"
#include "Undo/MoveKind.h"
#include "Undo/Parts.h"
#include "Undo/Recompute.h"
#include "Undo/Repeats.h"
#include "Undo/Tensors.h"
#include "Undo/ZeroProduct.h"
#include "llvm/ADT/StringExtras.h"
#include <cmath>
#include <cstring>

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

namespace {

/// One folded tensor of one parameter.
class MoveRestorer {
public:
  MoveRestorer(ExportedModel &model, Findings &findings, StringRef tensor,
               StringRef parameter)
      : model(model), findings(findings), tensor(tensor), name(parameter),
        values(*model.find(tensor)) {}

  Error run(MoveKind kind);

private:
  Expected<std::optional<std::vector<Node>>> findMoveOf(const Array &parameter,
                                                        MoveKind kind);
  Expected<bool> restoreGiven(MoveKind kind);
  Expected<bool> restoreShifted(const Array &given);
  Error restoreTied(MoveKind kind);
  Error restoreByKind(MoveKind kind);
  Expected<std::optional<size_t>>
  findAxis(llvm::ArrayRef<std::string> operators) const;
  bool isExpandedToken(llvm::ArrayRef<std::string> operators) const;
  Expected<bool> joinRepeated(MoveKind kind);
  void finish(Array parameter, std::vector<Node> nodes);
  void lose(const std::string &reason, bool isDecidable = false);

  ExportedModel &model;
  Findings &findings;
  std::string tensor, name;
  const Array values;
};

} // namespace

/// Do they pick at positions that are data?
static bool looksUp(llvm::ArrayRef<std::string> operators) {
  return llvm::any_of(
      operators, [](StringRef op) { return (classify(op) & LooksUp) != 0; });
}

void MoveRestorer::lose(const std::string &reason, bool isDecidable) {
  findings.standIns.insert(tensor);
  findings.lose("'" + tensor + "' " + reason, {name}, isDecidable);
}

/// The parameter is a tensor again, and the nodes make the folded one of it.
void MoveRestorer::finish(Array parameter, std::vector<Node> nodes) {
  if (!model.find(name))
    model.addTensor(name, std::move(parameter));
  model.computeTensor(tensor, std::move(nodes));
  ++findings.restored;
}

/// The sum of a parameter and one number.
Expected<bool> MoveRestorer::restoreShifted(const Array &given) {
  Expected<Array> before = convertFloat(given, ElementKind::Float64);
  Expected<Array> after = convertFloat(values, ElementKind::Float64);
  if (!before || !after) {
    consumeError(before.takeError());
    return after.takeError();
  }
  if (given.shape != values.shape || values.size() == 0)
    return false;
  auto w = before->as<double>(), v = after->as<double>();
  double constant = std::round((v[0] - w[0]) * 1024) / 1024;
  for (auto [a, b] : llvm::zip(w, v))
    if (std::abs(a + constant - b) > 1e-6 * (std::abs(a) + std::abs(constant)))
      return false;
  llvm::MutableArrayRef<char> bytes;
  Expected<Array> number = Array::allocate(ElementKind::Float64, {}, bytes);
  if (!number)
    return number.takeError();
  std::memcpy(bytes.data(), &constant, sizeof constant);
  Expected<Array> converted = convertFloat(*number, values.kind);
  if (!converted)
    return converted.takeError();
  std::string added = model.makeName(tensor + ".added");
  model.addTensor(added, std::move(*converted));
  finish(given, {model.makeNode("Add", {name, added}, {tensor})});
  return true;
}

/// The nodes that make the tensor of the parameter, by its values, or by its
/// shape where it was repeated and the values say nothing. Of equal numbers
/// every part is as good as another.
Expected<std::optional<std::vector<Node>>>
MoveRestorer::findMoveOf(const Array &parameter, MoveKind kind) {
  auto nodes = findMove(model, name, parameter, values, tensor);
  bool isPart = kind == MoveKind::Picked && !model.find(name) &&
                values.size() < parameter.size() && isUniform(parameter) &&
                isUniform(values) && !looksUp(getOperators(model, tensor));
  if (nodes && !*nodes && isPart) {
    auto part = makePart(model, name, 0, values.shape, tensor);
    if (!part)
      return part.takeError();
    return std::optional(std::move(*part));
  }
  if (!nodes || *nodes || kind != MoveKind::Repeated)
    return nodes;
  return findExpansion(model, name, parameter.shape, values.shape,
                       getOperators(model, tensor), tensor);
}

/// With the parameter's own values at hand, the move is found by them; values
/// of another training tell no more than the shape.
Expected<bool> MoveRestorer::restoreGiven(MoveKind kind) {
  auto found = findings.given.find(name);
  if (found == findings.given.end() || found->second.kind != values.kind)
    return false;
  const Array given = found->second;
  if (kind == MoveKind::Shifted)
    return restoreShifted(given);
  if (kind == MoveKind::Negated)
    return false;
  auto nodes = findMoveOf(given, kind);
  if (!nodes)
    return nodes.takeError();
  if (*nodes) {
    finish(given, std::move(**nodes));
    return true;
  }
  bool isMove = kind == MoveKind::Reshaped || kind == MoveKind::Moved;
  if (!isMove || given.size() != values.size())
    return false;
  Expected<Node> node = makeReshape(model, name, values.shape, tensor);
  if (!node)
    return node.takeError();
  finish(reshape(values, given.shape), {std::move(*node)});
  return true;
}

/// The parameter stands in the file too: this is a tie.
Error MoveRestorer::restoreTied(MoveKind kind) {
  if (kind == MoveKind::Shifted) {
    lose("is '" + name + "' plus a constant, beside '" + name + "'");
    return Error::success();
  }
  auto nodes = findMoveOf(*model.find(name), kind);
  if (!nodes)
    return nodes.takeError();
  if (*nodes)
    finish({}, std::move(**nodes));
  else
    lose("is tied to '" + name + "' in a way that its values do not tell");
  return Error::success();
}

/// The axis along which rows of the parameter lie, if rows were looked up. An
/// embedding's is the last one; else the values tell.
Expected<std::optional<size_t>>
MoveRestorer::findAxis(llvm::ArrayRef<std::string> operators) const {
  if (values.shape.size() < 2 || !looksUp(operators))
    return std::nullopt;
  bool keepsRows = llvm::all_of(operators, [](StringRef op) {
    return op == "embedding" || op == "unsqueeze" || op == "clone" ||
           (classify(op) & Repeats) || !(classify(op) & Moves);
  });
  if (llvm::is_contained(operators, "embedding") && keepsRows)
    return values.shape.size() - 1;
  return findRowAxis(values);
}

/// All elements of a tensor are equal. Is it a token that was expanded over the
/// examples of a file of one? A second axis may be one of positions that share
/// the token.
bool MoveRestorer::isExpandedToken(
    llvm::ArrayRef<std::string> operators) const {
  return values.shape.size() > 1 && values.shape.front() == 1 &&
         llvm::count_if(values.shape, [](int64_t n) { return n != 1; }) < 2 &&
         llvm::all_of(operators, [](StringRef op) {
           return op.starts_with("expand") || op == "broadcast_to" ||
                  (classify(op) & Moves);
         });
}

/// Entries that repeat are one, told by their values.
Expected<bool> MoveRestorer::joinRepeated(MoveKind kind) {
  std::vector<std::string> operators = getOperators(model, tensor);
  if ((kind != MoveKind::Repeated && !looksUp(operators)) || values.size() == 0)
    return false;
  Expected<std::optional<size_t>> axis = findAxis(operators);
  if (!axis)
    return axis.takeError();
  Expected<DistinctTable> table = findDistinct(values, *axis);
  if (!table)
    return table.takeError();
  if (!table->hasRepeats())
    return false;
  if (isUniform(values)) {
    if (!isExpandedToken(operators)) {
      lose("repeats entries of '" + name +
               "', and all its values are equal: which are one is not in the "
               "file",
           isExpansion(operators) && !findings.given.count(name));
      return true;
    }
    findings.doubts.push_back(
        "'" + tensor + "' is '" + name +
        "', all equal, and taken to have each element once");
    return false;
  }
  auto nodes =
      gatherRows(model, name, table->positions, values.shape, *axis, tensor);
  if (!nodes)
    return nodes.takeError();
  if (table->hasZeros())
    findings.doubts.push_back("'" + tensor + "' repeats entries of '" + name +
                              "', which are told apart by their values");
  finish(std::move(table->rows), std::move(*nodes));
  return true;
}

Error MoveRestorer::restoreByKind(MoveKind kind) {
  if (kind == MoveKind::Doubted && findings.given.count(name)) {
    lose("is not picked from '" + name + "' of --params");
    return Error::success();
  }
  if (kind == MoveKind::Doubted)
    findings.doubts.push_back(
        "'" + tensor + "' is taken as picked from '" + name +
        "' at positions that the model computes (" +
        llvm::join(getOperators(model, tensor), ", ") +
        "): if it computed with what it picked, the kernel is another; "
        "optimize=False tells");
  if (kind == MoveKind::Picked || kind == MoveKind::Doubted ||
      kind == MoveKind::Repeated) {
    Expected<bool> joined = joinRepeated(kind);
    if (!joined)
      return joined.takeError();
    if (*joined)
      return Error::success();
  }
  if (kind == MoveKind::Transposed || kind == MoveKind::Negated) {
    bool turns = kind == MoveKind::Transposed;
    Expected<Array> before = turns ? transpose(values) : negate(values);
    if (!before)
      return before.takeError();
    finish(std::move(*before),
           {turns ? makeTranspose(model, name, {1, 0}, tensor)
                  : model.makeNode("Neg", {name}, {tensor})});
    return Error::success();
  }
  if (kind == MoveKind::Shifted && findings.given.count(name)) {
    lose("is '" + name + "' plus a constant that --params does not tell");
    return Error::success();
  }
  finish(values, {model.makeNode("Identity", {name}, {tensor})});
  return Error::success();
}

Error MoveRestorer::run(MoveKind kind) {
  model.placed.insert(name);
  if (model.find(name))
    return restoreTied(kind);
  Expected<bool> done = restoreGiven(kind);
  if (!done)
    return done.takeError();
  return *done ? Error::success() : restoreByKind(kind);
}

//===----------------------------------------------------------------------===//
// All tensors
//===----------------------------------------------------------------------===//

static Error restoreTensor(ExportedModel &model, Findings &findings,
                           StringRef tensor) {
  std::vector<std::string> parts = model.partsOf(tensor);
  switch (MoveKind kind = findKind(model, tensor)) {
  case MoveKind::Detached:
    for (const std::string &part : parts)
      model.placed.insert(part);
    return Error::success();
  case MoveKind::Joined:
    return restoreJoined(model, findings, tensor);
  case MoveKind::Computed: {
    for (auto rule : {restoreZeroProduct, recompute}) {
      Expected<bool> done = rule(model, findings, tensor);
      if (!done || *done)
        return done.takeError();
    }
    Expected<bool> done =
        restoreInverse(model, findings, tensor, [&](StringRef inner) {
          return restoreTensor(model, findings, inner);
        });
    if (!done || *done)
      return done.takeError();
    std::string by = llvm::join(getOperators(model, tensor), ", ");
    findings.standIns.insert(tensor);
    findings.lose("'" + tensor.str() + "' is computed from " +
                      quoteNames(parts) + (by.empty() ? "" : " by " + by),
                  parts, /*isDecidable=*/findings.given.empty());
    return Error::success();
  }
  default:
    if (findings.asked.contains(tensor) && !model.find(parts.front())) {
      model.placed.insert(parts.front());
      findings.standIns.insert(tensor);
      return Error::success();
    }
    return MoveRestorer(model, findings, tensor, parts.front()).run(kind);
  }
}

Error onnximport::restoreMoved(ExportedModel &model, Findings &findings) {
  if (Error error = joinParts(model, findings))
    return error;
  for (const std::string &tensor : model.foldedNames()) {
    bool isLeft = model.find(tensor) && model.isRead(tensor) &&
                  !model.isParameter(tensor) &&
                  !findings.standIns.contains(tensor) &&
                  !model.partsOf(tensor).empty();
    if (isLeft)
      if (Error error = restoreTensor(model, findings, tensor))
        return error;
  }
  return Error::success();
}
