// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reverse and forward mode over a straight-line graph. A cotangent of a value
// is the sum over its uses of (dy/dx)ᵀ c_y; the tangent of a value comes from
// the tangents of its op's operands.

#include "ntk/Derive/Derive.h"

using namespace mlir;
using namespace mlir::ntk;

static void accumulate(OpBuilder &builder, DenseMap<Value, Value> &cotangents,
                       Value value, Value cotangent) {
  Value &sum = cotangents[value];
  sum = sum ? createOp<AddOp>(builder, cotangent.getLoc(), sum, cotangent)
            : cotangent;
}

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
      if (Value term = rule.buildVjp(builder, i, cotangent))
        accumulate(builder, cotangents, operand, term);
    }
  }
  return cotangents;
}

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
    if (llvm::any_of(operandTangents, [](Value t) { return bool(t); }))
      tangents[op->getResult(0)] = rule.buildJvp(builder, operandTangents);
  }
  SmallVector<Value> results;
  for (Value result : forward.results)
    results.push_back(tangents.lookup(result));
  return results;
}
