// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Derivative rules against the Jacobian by dual numbers.

#include "OpCheck.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::opcheck;

/// The operands that the op is differentiable in.
static SmallVector<unsigned> getActive(Operation *op) {
  SmallVector<unsigned> active;
  if (auto rule = dyn_cast<DifferentiableOpInterface>(op))
    for (unsigned i = 0; i < op->getNumOperands(); ++i)
      if (rule.isDifferentiableIn(i))
        active.push_back(i);
  return active;
}

/// An op without a derivative in an operand has the derivative zero there.
static LogicalResult checkIsConstant(const Point &point) {
  SmallVector<unsigned> active = getActive(point.op);
  for (unsigned operand = 0; operand < point.op->getNumOperands(); ++operand) {
    if (llvm::is_contained(active, operand) ||
        !isa<FloatType>(getElementTypeOrSelf(point.op->getOperand(operand))))
      continue;
    Matrix jacobian = point.getJacobian(operand);
    for (int64_t i = 0; i < jacobian.rows; ++i)
      for (int64_t j = 0; j < jacobian.columns; ++j)
        if (jacobian.at(i, j) != 0)
          return point.op->emitOpError("expected the derivative 0 in operand ")
                 << operand << ", but got " << jacobian.at(i, j);
  }
  return success();
}

LogicalResult opcheck::checkVjp(const Point &point) {
  if (failed(checkIsConstant(point)))
    return failure();
  for (unsigned operand : getActive(point.op)) {
    Matrix jacobian = point.getJacobian(operand);
    Scratch scratch(point.op);
    auto type = cast<RankedTensorType>(point.op->getResult(0).getType());
    Value cotangent = scratch.addArgument(type);
    Value built = cast<DifferentiableOpInterface>(scratch.getOp())
                      .buildVjp(scratch.getBuilder(), operand, cotangent);
    if (built.getType() != point.op->getOperand(operand).getType())
      return point.op->emitOpError(
                 "expected a cotangent of the operand's type, "
                 "but got ")
             << built.getType();
    std::vector<DualTensor> arguments = point.operands;
    arguments.push_back(point.getRandom(type.getShape()));
    FailureOr<DualTensor> found = scratch.evaluate(arguments, built);
    if (failed(found))
      return failure();
    SmallVector<double> expected(jacobian.columns, 0);
    for (int64_t i = 0; i < jacobian.rows; ++i)
      for (int64_t j = 0; j < jacobian.columns; ++j)
        expected[j] += jacobian.at(i, j) * arguments.back()[i].value;
    if (failed(expectEqual(point.op, "VJP in operand " + Twine(operand),
                           getValues(*found), expected)))
      return failure();
  }
  return success();
}

/// Tangents of the operands in `active`, none of the others.
static LogicalResult checkJvpOf(const Point &point, ArrayRef<unsigned> active) {
  Scratch scratch(point.op);
  std::vector<DualTensor> arguments = point.operands;
  SmallVector<Value> tangents(point.op->getNumOperands());
  SmallVector<double> expected(
      cast<RankedTensorType>(point.op->getResult(0).getType()).getNumElements(),
      0);
  for (unsigned operand : active) {
    auto type = cast<RankedTensorType>(point.op->getOperand(operand).getType());
    tangents[operand] = scratch.addArgument(type);
    arguments.push_back(point.getRandom(type.getShape()));
    Matrix jacobian = point.getJacobian(operand);
    for (int64_t i = 0; i < jacobian.rows; ++i)
      for (int64_t j = 0; j < jacobian.columns; ++j)
        expected[i] += jacobian.at(i, j) * arguments.back()[j].value;
  }
  Value built = cast<DifferentiableOpInterface>(scratch.getOp())
                    .buildJvp(scratch.getBuilder(), tangents);
  FailureOr<DualTensor> found = scratch.evaluate(arguments, built);
  if (failed(found))
    return failure();
  return expectEqual(point.op, "JVP in " + Twine(active.size()) + " operands",
                     getValues(*found), expected);
}

LogicalResult opcheck::checkJvp(const Point &point) {
  SmallVector<unsigned> active = getActive(point.op);
  for (unsigned operand : active)
    if (failed(checkJvpOf(point, operand)))
      return failure();
  return active.size() > 1 ? checkJvpOf(point, active) : success();
}
