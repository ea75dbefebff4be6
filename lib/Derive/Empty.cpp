// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values without elements. They carry nothing and no derivative, so a forward
// pass does without them: what is computed from nothing has no elements either,
// or is an empty sum, zero. The rules of the ops then never see them.

#include "ntk/Derive/Forward.h"

using namespace mlir;
using namespace mlir::ntk;

bool mlir::ntk::isEmpty(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.hasStaticShape() && type.getNumElements() == 0;
}

/// Is the result zero if operands are empty? A sum of products is; a joint
/// function of one value is linear in it.
static bool isEmptySum(Operation *op) {
  auto rule = dyn_cast<DifferentiableOpInterface>(op);
  if (!rule)
    return false;
  int64_t floats = 0, emptyFloats = 0;
  for (Value operand : op->getOperands()) {
    if (!isa<FloatType>(getElementTypeOrSelf(operand)))
      continue;
    ++floats;
    emptyFloats += isEmpty(operand);
  }
  if (rule.getLinearity() == Linearity::Multi)
    return emptyFloats > 0;
  return rule.getLinearity() == Linearity::Joint && floats > 0 &&
         emptyFloats == floats;
}

/// What stands for the result of `op`, of which a value is empty; null where it
/// has to be computed as it stands.
static Value replaceEmpty(OpBuilder &builder, Operation *op) {
  Location loc = op->getLoc();
  Value result = op->getResult(0);
  auto type = cast<RankedTensorType>(result.getType());
  if (isEmpty(result))
    return createOp<ConstantOp>(
        builder, loc, DenseElementsAttr::get(type, ArrayRef<Attribute>()));
  if (isEmptySum(op))
    return createSplat(builder, loc, type, 0);
  if (auto concat = dyn_cast<ConcatOp>(op)) {
    auto parts = llvm::to_vector(llvm::make_filter_range(
        concat->getOperands(), [](Value part) { return !isEmpty(part); }));
    return createOp<ConcatOp>(builder, loc, parts, concat.getAxisAttr());
  }
  return Value();
}

void mlir::ntk::dropEmpty(OpBuilder &builder, Forward &forward) {
  OpBuilder::InsertionGuard guard(builder);
  SmallVector<Operation *> kept;
  for (Operation *op : forward.ops) {
    kept.push_back(op);
    Value result = op->getResult(0);
    if (isa<ConstantOp>(op) ||
        (!isEmpty(result) && llvm::none_of(op->getOperands(), isEmpty)))
      continue;
    builder.setInsertionPoint(op);
    Value replacement = replaceEmpty(builder, op);
    if (!replacement)
      continue;
    result.replaceAllUsesWith(replacement);
    std::replace(forward.results.begin(), forward.results.end(), result,
                 replacement);
    kept.back() = replacement.getDefiningOp();
    op->erase();
  }
  forward.ops = std::move(kept);
}
