// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The methods that all elementwise functions of one variable share. A row of
// the table, `NTK_UNARY_FUNCTION(ReluOp, {…})`, holds the function; the macro
// adds its op's methods, which read the row and nothing else.

#ifndef NTK_DIALECTS_NTK_IR_UNARYOPS_H
#define NTK_DIALECTS_NTK_IR_UNARYOPS_H

#include "dialects/NTK/IR/OpHelpers.h"

namespace mlir::ntk {

/// c ∘ f'(x): a cotangent back through `op`, with input x and result y.
Value multiplyByDerivative(OpBuilder &builder, Operation *op,
                           const UnaryFunction &function,
                           ArrayRef<double> constants, Value c);

/// The tangent of y. Where that of x is 0 it is 0, also at poles of f'.
Value pushForward(OpBuilder &builder, Operation *op,
                  const UnaryFunction &function, ArrayRef<double> constants,
                  Value tangent);

/// J[y, x] = f'(x), a number where it is the same everywhere.
JacobianStructure getUnaryStructure(OpBuilder &builder, Operation *op,
                                    const UnaryFunction &function,
                                    ArrayRef<double> constants);

/// y = f(x) for every element, counting the FLOPs of the row.
void evaluateUnary(const UnaryFunction &function, ArrayRef<double> constants,
                   const DualTensor &input, DualTensor &result);

} // namespace mlir::ntk

#define NTK_UNARY_FUNCTION(OP, ...)                                            \
  const UnaryFunction &OP::function() {                                        \
    static const UnaryFunction row = __VA_ARGS__;                              \
    return row;                                                                \
  }                                                                            \
  FailureOr<RankedTensorType> OP::inferCoreType(                               \
      ArrayRef<RankedTensorType> operands, Adaptor, ErrorFunction) {           \
    return operands[0];                                                        \
  }                                                                            \
  Value OP::buildJvp(OpBuilder &builder, ValueRange tangents) {                \
    return pushForward(builder, *this, function(), getConstants(),             \
                       tangents[0]);                                           \
  }                                                                            \
  Value OP::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {          \
    return multiplyByDerivative(builder, *this, function(), getConstants(),    \
                                cotangent);                                    \
  }                                                                            \
  std::optional<JacobianStructure> OP::getJacobianStructure(                   \
      OpBuilder &builder, unsigned) {                                          \
    return getUnaryStructure(builder, *this, function(), getConstants());      \
  }                                                                            \
  int64_t OP::getCoreFlops() {                                                 \
    return function().flops * getCoreResultType(*this).getNumElements();       \
  }                                                                            \
  FailureOr<Value> OP::lower(Lowering &lowering, ValueRange operands) {        \
    return lowering.createElementwise(                                         \
        *this, operands, [&](OpBuilder &builder, Location loc, ValueRange x) { \
          Scalar scalar(builder, loc, x[0]);                                   \
          return Value(function().lower(scalar, getConstants()));              \
        });                                                                    \
  }                                                                            \
  void OP::evaluate(ArrayRef<const DualTensor *> operands,                     \
                    DualTensor &result) {                                      \
    evaluateUnary(function(), getConstants(), *operands[0], result);           \
  }

#endif // NTK_DIALECTS_NTK_IR_UNARYOPS_H
