// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementwise arithmetic of two operands: add, sub, mul, div, max, min.

#include "dialects/NTK/IR/OpHelpers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// What they share
//===----------------------------------------------------------------------===//

static FailureOr<RankedTensorType>
inferArithmetic(ArrayRef<RankedTensorType> operands, ErrorFunction emitError) {
  if (operands[0].getElementType().isInteger(1) ||
      operands[1].getElementType().isInteger(1))
    return emitError() << "expected numbers, but got " << operands[0] << " and "
                       << operands[1];
  if (failed(checkSameType(operands[0], operands[1], emitError)))
    return failure();
  return operands[0];
}

/// Lowers to one arith op, by the kind of the elements.
template <typename FloatOp, typename IntegerOp>
static Value lowerArithmetic(Lowering &lowering, Operation *op,
                             ValueRange operands) {
  return lowering.createElementwise(
      op, operands,
      [](OpBuilder &builder, Location loc, ValueRange x) -> Value {
        if (isa<FloatType>(x[0].getType()))
          return builder.create<FloatOp>(loc, x[0], x[1]);
        return builder.create<IntegerOp>(loc, x[0], x[1]);
      });
}

template <typename F>
static void evaluateArithmetic(ArrayRef<const DualTensor *> operands,
                               DualTensor &result, F &&function) {
  FixedFlops flops(result.size());
  for (int64_t i = 0; i < result.size(); ++i)
    result[i] = function((*operands[0])[i], (*operands[1])[i]);
}

static bool isInteger(Operation *op) {
  return !isa<FloatType>(getElementTypeOrSelf(op->getResult(0)));
}

#define NTK_ARITHMETIC(OP, FLOAT_OP, INTEGER_OP, FORMULA)                      \
  FailureOr<RankedTensorType> OP::inferCoreType(                               \
      ArrayRef<RankedTensorType> operands, Adaptor, ErrorFunction emitError) { \
    return inferArithmetic(operands, emitError);                               \
  }                                                                            \
  FailureOr<Value> OP::lower(Lowering &lowering, ValueRange operands) {        \
    return lowerArithmetic<FLOAT_OP, INTEGER_OP>(lowering, *this, operands);   \
  }                                                                            \
  void OP::evaluate(ArrayRef<const DualTensor *> operands,                     \
                    DualTensor &result) {                                      \
    evaluateArithmetic(operands, result,                                       \
                       [&](const Dual &a, const Dual &b) { return FORMULA; }); \
  }

NTK_ARITHMETIC(AddOp, arith::AddFOp, arith::AddIOp, a + b)
NTK_ARITHMETIC(SubOp, arith::SubFOp, arith::SubIOp, a - b)
NTK_ARITHMETIC(MulOp, arith::MulFOp, arith::MulIOp, a *b)
NTK_ARITHMETIC(DivOp, arith::DivFOp, arith::DivSIOp,
               isInteger(*this) ? Dual(std::trunc(a.value / b.value)) : a / b)
NTK_ARITHMETIC(MaxOp, arith::MaximumFOp, arith::MaxSIOp, max(a, b))
NTK_ARITHMETIC(MinOp, arith::MinimumFOp, arith::MinSIOp, min(a, b))

//===----------------------------------------------------------------------===//
// Derivatives
//===----------------------------------------------------------------------===//

Value AddOp::buildVjp(OpBuilder &, unsigned, Value cotangent) {
  return cotangent;
}

std::optional<JacobianStructure> AddOp::getJacobianStructure(OpBuilder &,
                                                             unsigned operand) {
  return getElementwiseStructure(getShape(getOperand(operand)));
}

Value SubOp::buildVjp(OpBuilder &builder, unsigned operand, Value cotangent) {
  return operand == 0 ? cotangent
                      : createOp<NegOp>(builder, getLoc(), cotangent);
}

std::optional<JacobianStructure> SubOp::getJacobianStructure(OpBuilder &,
                                                             unsigned operand) {
  JacobianStructure structure =
      getElementwiseStructure(getShape(getOperand(operand)));
  structure.scale = operand == 0 ? 1 : -1;
  return structure;
}

Value MulOp::buildVjp(OpBuilder &builder, unsigned operand, Value cotangent) {
  return createOp<MulOp>(builder, getLoc(), cotangent, getOperand(1 - operand));
}

std::optional<JacobianStructure> MulOp::getJacobianStructure(OpBuilder &,
                                                             unsigned operand) {
  return getElementwiseStructure(getShape(getOperand(operand)),
                                 getOperand(1 - operand));
}

/// c / b for a, −c y / b for b: tangents and cotangents alike.
Value DivOp::buildVjp(OpBuilder &builder, unsigned operand, Value cotangent) {
  Value quotient = createOp<DivOp>(builder, getLoc(), cotangent, getRhs());
  if (operand == 0)
    return quotient;
  Value product = createOp<MulOp>(builder, getLoc(), quotient, getResult());
  return createOp<NegOp>(builder, getLoc(), product);
}

std::optional<JacobianStructure> DivOp::getJacobianStructure(OpBuilder &builder,
                                                             unsigned operand) {
  if (operand != 0)
    return std::nullopt;
  Value inverse = createOp<ReciprocalOp>(builder, getLoc(), getRhs());
  return getElementwiseStructure(getShape(getLhs()), inverse);
}

/// The part of `c` that goes through an operand of max or min: all where it
/// wins, half where both are equal.
static Value shareAmongWinners(OpBuilder &builder, Location loc,
                               Comparison wins, Value self, Value other,
                               Value c) {
  Value won = createCompare(builder, loc, wins, self, other);
  Value tied = createCompare(builder, loc, Comparison::EQ, self, other);
  Value half = createOp<ScaleOp>(builder, loc, c, builder.getF64FloatAttr(0.5));
  return createOp<SelectOp>(builder, loc, won, c,
                            createOp<MaskOp>(builder, loc, tied, half));
}

Value MaxOp::buildVjp(OpBuilder &builder, unsigned operand, Value cotangent) {
  return shareAmongWinners(builder, getLoc(), Comparison::GT,
                           getOperand(operand), getOperand(1 - operand),
                           cotangent);
}

Value MinOp::buildVjp(OpBuilder &builder, unsigned operand, Value cotangent) {
  return shareAmongWinners(builder, getLoc(), Comparison::LT,
                           getOperand(operand), getOperand(1 - operand),
                           cotangent);
}

/// The Jacobian in each operand is diagonal, so a tangent goes through it as a
/// cotangent does.
template <typename OpTy>
static Value sumOfDiagonalJvps(OpBuilder &builder, OpTy op,
                               ValueRange tangents) {
  Value sum;
  for (auto [i, tangent] : llvm::enumerate(tangents)) {
    if (!tangent)
      continue;
    Value term = op.buildVjp(builder, i, tangent);
    sum = sum ? createOp<AddOp>(builder, op.getLoc(), sum, term) : term;
  }
  return sum;
}

/// Where tangents are 0 the divisor may be, too.
Value DivOp::buildJvp(OpBuilder &builder, ValueRange tangents) {
  Value sum;
  for (auto [i, tangent] : llvm::enumerate(tangents)) {
    if (!tangent)
      continue;
    Value term = zeroWhereZero(builder, getLoc(), tangent,
                               buildVjp(builder, i, tangent));
    sum = sum ? createOp<AddOp>(builder, getLoc(), sum, term) : term;
  }
  return sum;
}
Value MaxOp::buildJvp(OpBuilder &builder, ValueRange tangents) {
  return sumOfDiagonalJvps(builder, *this, tangents);
}
Value MinOp::buildJvp(OpBuilder &builder, ValueRange tangents) {
  return sumOfDiagonalJvps(builder, *this, tangents);
}
