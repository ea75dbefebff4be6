// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the functions of the table have in common, see UnaryOps.h.

#include "dialects/NTK/IR/UnaryOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::ntk;

SmallVector<double> mlir::ntk::getFloatAttributes(Operation *op) {
  SmallVector<double> values;
  for (StringAttr name : op->getName().getAttributeNames())
    if (auto value = op->getAttrOfType<FloatAttr>(name))
      values.push_back(value.getValueAsDouble());
  return values;
}

Value mlir::ntk::multiplyByDerivative(OpBuilder &builder, Operation *op,
                                      const UnaryFunction &function,
                                      ArrayRef<double> constants, Value c) {
  if (function.linear) {
    IRMapping mapping;
    mapping.map(op->getOperand(0), c);
    return builder.clone(*op, mapping)->getResult(0);
  }
  Location loc = op->getLoc();
  Value derivative =
      function.derivative(Tensor(builder, loc, op->getOperand(0)),
                          Tensor(builder, loc, op->getResult(0)), constants);
  if (!derivative) // it is 1
    return c;
  if (getTensorType(derivative).getElementType().isInteger(1))
    return createOp<MaskOp>(builder, loc, derivative, c);
  return createOp<MulOp>(builder, loc, c, derivative);
}

/// Is the derivative infinite somewhere, at 0 or at −1?
static bool hasPole(const UnaryFunction &function, ArrayRef<double> constants) {
  FixedFlops none(0);
  return llvm::any_of(ArrayRef<double>{0, -1}, [&](double at) {
    Dual x(at);
    x.tangent[0] = 1;
    return std::isinf(function.evaluate(x, constants).tangent[0]);
  });
}

Value mlir::ntk::pushForward(OpBuilder &builder, Operation *op,
                             const UnaryFunction &function,
                             ArrayRef<double> constants, Value tangent) {
  Value product =
      multiplyByDerivative(builder, op, function, constants, tangent);
  return function.linear || !hasPole(function, constants)
             ? product
             : zeroWhereZero(builder, op->getLoc(), tangent, product);
}

JacobianStructure mlir::ntk::getUnaryStructure(OpBuilder &builder,
                                               Operation *op,
                                               const UnaryFunction &function,
                                               ArrayRef<double> constants) {
  Location loc = op->getLoc();
  Value x = op->getOperand(0);
  JacobianStructure structure = getElementwiseStructure(getShape(x));
  if (function.linear) {
    FixedFlops none(0);
    structure.scale = function.evaluate(Dual(1), constants).value;
    return structure;
  }
  Value derivative =
      function.derivative(Tensor(builder, loc, x),
                          Tensor(builder, loc, op->getResult(0)), constants);
  if (!derivative) // it is 1
    return structure;
  return getElementwiseStructure(getShape(x), derivative);
}

void mlir::ntk::evaluateUnary(const UnaryFunction &function,
                              ArrayRef<double> constants,
                              const DualTensor &input, DualTensor &result) {
  FixedFlops flops(function.flops * result.size());
  for (int64_t i = 0; i < result.size(); ++i)
    result[i] = function.evaluate(input[i], constants);
}
