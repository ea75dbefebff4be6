// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reverse and forward mode over a straight-line graph. A cotangent of a value
// is the sum over its uses of (dy/dx)ᵀ c_y; the tangent of a value comes from
// the tangents of its op's operands. What is built is named after the value
// that it belongs to, for readers of emitted source.

#include "ntk/Derive/Derive.h"

using namespace mlir;
using namespace mlir::ntk;

static void accumulate(OpBuilder &builder, DenseMap<Value, Value> &cotangents,
                       Value value, Value cotangent) {
  Value &sum = cotangents[value];
  sum = sum ? createOp<AddOp>(builder, cotangent.getLoc(), sum, cotangent)
            : cotangent;
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

/// The location of the `role` of a value: "relu1.cotangent" for the value named
/// relu1; that of `op` if it has no name.
static Location nameAfter(Value value, StringRef role, Operation *op) {
  auto name = value.getLoc()->findInstanceOf<NameLoc>();
  if (!name)
    return op->getLoc();
  return NameLoc::get(StringAttr::get(op->getContext(),
                                      name.getName().getValue() + "." + role));
}

/// The op behind which `builder` inserts, or null at the start of its block.
static Operation *getOpBefore(OpBuilder &builder) {
  Block::iterator at = builder.getInsertionPoint();
  return at == builder.getInsertionBlock()->begin() ? nullptr : &*std::prev(at);
}

/// Gives all ops that `builder` has inserted behind `last` a location.
static void setLocations(OpBuilder &builder, Operation *last, Location loc) {
  for (Operation *op = getOpBefore(builder); op != last; op = op->getPrevNode())
    op->setLoc(loc);
}

//===----------------------------------------------------------------------===//
// Reverse mode
//===----------------------------------------------------------------------===//

DenseMap<Value, Value> mlir::ntk::buildVjp(OpBuilder &builder,
                                           const Forward &forward,
                                           ArrayRef<Value> seeds,
                                           const DenseSet<Value> &needed) {
  DenseMap<Value, Value> cotangents;
  for (auto [result, seed] : llvm::zip_equal(forward.results, seeds))
    if (needed.contains(result))
      accumulate(builder, cotangents, result, seed);
  for (Operation *op : llvm::reverse(forward.ops)) {
    Value cotangent = cotangents.lookup(op->getResult(0));
    auto rule = dyn_cast<DifferentiableOpInterface>(op);
    if (!cotangent || !rule)
      continue;
    for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
      if (!needed.contains(operand) || !rule.isDifferentiableIn(i))
        continue;
      Operation *last = getOpBefore(builder);
      Value term = rule.buildVjp(builder, i, cotangent);
      StringRef role = isa<BlockArgument>(operand) ? "gradient" : "cotangent";
      setLocations(builder, last, nameAfter(operand, role, op));
      if (term)
        accumulate(builder, cotangents, operand, term);
    }
  }
  return cotangents;
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
    setLocations(builder, last, nameAfter(result, "tangent", op));
  }
  SmallVector<Value> results;
  for (Value result : forward.results)
    results.push_back(tangents.lookup(result));
  return results;
}
