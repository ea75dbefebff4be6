// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reverse and forward mode over a straight-line graph. A cotangent of a value
// is the sum over its uses of (dy/dx)ᵀ c_y; the tangent of a value comes from
// the tangents of its op's operands. What is built is named after the value
// that it belongs to, for readers of emitted source.

#include "dialects/NTK/IR/Names.h"
#include "dialects/NTK/IR/Sums.h"
#include "ntk/Derive/Derive.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// The location of the `role` of a value: "relu1.cotangent" for the value named
/// relu1; that of `op` if it has no name.
static Location nameAfter(Value value, const Twine &role, Operation *op) {
  StringRef name = getLocationName(value.getLoc());
  return name.empty() ? op->getLoc()
                      : nameLocation(op->getContext(), name + "." + role);
}

/// The op behind which `builder` inserts, or null at the start of its block.
static Operation *getOpBefore(OpBuilder &builder) {
  Block::iterator at = builder.getInsertionPoint();
  return at == builder.getInsertionBlock()->begin() ? nullptr : &*std::prev(at);
}

/// What `value` is a reshape of.
static Value getSource(Value value) {
  while (auto reshape = value.getDefiningOp<ReshapeOp>())
    value = reshape.getInput();
  return value;
}

/// Gives all ops that `builder` has inserted behind `last` a location: `result`
/// is what `loc` names, the others are inside of it; `what` they all do.
static void setLocations(OpBuilder &builder, Operation *last, Value result,
                         Location loc, const Twine &what) {
  Operation *source = result ? getSource(result).getDefiningOp() : nullptr;
  for (Operation *op = getOpBefore(builder); op != last;
       op = op->getPrevNode()) {
    bool isResult = op == source || isa<ReshapeOp>(op);
    op->setLoc(describeLocation(
        isResult ? loc : nameInside(loc, op->getName().stripDialect()), what));
  }
}

/// "back through `relu1`", the op that computes relu1.
static std::string describeWay(StringRef direction, Operation *op) {
  return (direction + " through `" + getLayerName(op->getLoc()) + "`").str();
}

//===----------------------------------------------------------------------===//
// Reverse mode
//===----------------------------------------------------------------------===//

/// How often the graph uses each value: as many ways lead back to it.
static DenseMap<Value, unsigned> countUses(const Forward &forward) {
  DenseMap<Value, unsigned> uses;
  for (Operation *op : forward.ops)
    for (Value operand : op->getOperands())
      ++uses[operand];
  return uses;
}

/// A parameter's cotangent is its gradient.
static StringRef getRole(Value value) {
  return isa<BlockArgument>(value) ? "gradient" : "cotangent";
}

namespace {
/// The cotangents of a graph: sums over all ways that lead back to a value.
class Cotangents {
public:
  explicit Cotangents(OpBuilder &builder) : builder(builder) {}

  void add(Value value, Value term) { terms[value].push_back(term); }

  /// The cotangent of `value`, of which all terms are there, or null.
  Value get(Value value) {
    auto found = terms.find(value);
    if (found == terms.end())
      return Value();
    SmallVector<Value> &parts = found->second;
    if (parts.size() > 1) {
      Operation *last = parts.back().getDefiningOp();
      Location loc =
          last ? nameAfter(value, getRole(value), last) : parts.back().getLoc();
      parts = {createSum(builder, loc, parts)};
    }
    return parts.front();
  }

  DenseMap<Value, Value> takeAll() {
    DenseMap<Value, Value> sums;
    for (const auto &entry : terms)
      sums[entry.first] = get(entry.first);
    return sums;
  }

private:
  OpBuilder &builder;
  llvm::MapVector<Value, SmallVector<Value>> terms;
};
} // namespace

DenseMap<Value, Value> mlir::ntk::buildVjp(OpBuilder &builder,
                                           const Forward &forward,
                                           ArrayRef<Value> seeds,
                                           const DenseSet<Value> &needed) {
  Cotangents cotangents(builder);
  DenseMap<Value, unsigned> uses = countUses(forward);
  for (auto [result, seed] : llvm::zip_equal(forward.results, seeds))
    if (seed && needed.contains(result))
      cotangents.add(result, seed);
  for (Operation *op : llvm::reverse(forward.ops)) {
    Value cotangent = cotangents.get(op->getResult(0));
    auto rule = dyn_cast<DifferentiableOpInterface>(op);
    if (!cotangent || !rule)
      continue;
    for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
      if (!needed.contains(operand) || !rule.isDifferentiableIn(i))
        continue;
      Operation *last = getOpBefore(builder);
      Value term = rule.buildVjp(builder, i, cotangent);
      // Of several ways back each gives a part, named after the way.
      std::string role = getRole(operand).str();
      if (uses[operand] > 1)
        role += (".via." + getLayerName(op->getLoc())).str();
      setLocations(builder, last, term, nameAfter(operand, role, op),
                   describeWay("back", op));
      if (term)
        cotangents.add(operand, term);
    }
  }
  return cotangents.takeAll();
}

//===----------------------------------------------------------------------===//
// Forward mode
//===----------------------------------------------------------------------===//

SmallVector<Value> mlir::ntk::buildJvp(OpBuilder &builder,
                                       const Forward &forward,
                                       DenseMap<Value, Value> tangents) {
  for (Operation *op : forward.ops) {
    auto rule = dyn_cast<DifferentiableOpInterface>(op);
    if (!rule || rule.getLinearity() == Linearity::Constant)
      continue;
    SmallVector<Value> operandTangents;
    for (auto [i, operand] : llvm::enumerate(op->getOperands()))
      operandTangents.push_back(
          rule.isDifferentiableIn(i) ? tangents.lookup(operand) : Value());
    if (llvm::none_of(operandTangents, [](Value t) { return bool(t); }))
      continue;
    Operation *last = getOpBefore(builder);
    Value result = op->getResult(0);
    tangents[result] = rule.buildJvp(builder, operandTangents);
    setLocations(builder, last, tangents[result],
                 nameAfter(result, "tangent", op), describeWay("forward", op));
  }
  SmallVector<Value> results;
  for (Value result : forward.results)
    results.push_back(tangents.lookup(result));
  return results;
}
