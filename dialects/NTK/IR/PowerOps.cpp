// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Powers of two values, remainders, and the bits that two integers share.

#include "dialects/NTK/IR/PowerOps.h"
#include "dialects/NTK/IR/Assembly.h"
#include "dialects/NTK/IR/OpHelpers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::ntk;

#define GET_OP_CLASSES
#include "dialects/NTK/IR/PowerOps.cpp.inc"

/// Two operands of one type, whose elements are not masks.
static FailureOr<RankedTensorType>
inferNumbers(ArrayRef<RankedTensorType> operands, ErrorFunction emitError) {
  if (operands[0].getElementType().isInteger(1))
    return emitError() << "expected numbers, but got " << operands[0];
  if (failed(checkSameType(operands[0], operands[1], emitError)))
    return failure();
  return operands[0];
}

/// The Jacobian in each operand is diagonal, so a tangent goes through it as a
/// cotangent does.
template <typename OpTy>
static Value sumOfDiagonals(OpBuilder &builder, OpTy op, ValueRange tangents) {
  Value sum;
  for (auto [i, tangent] : llvm::enumerate(tangents)) {
    if (!tangent)
      continue;
    Value term = op.buildVjp(builder, i, tangent);
    sum = sum ? createOp<AddOp>(builder, op.getLoc(), sum, term) : term;
  }
  return sum;
}

//===----------------------------------------------------------------------===//
// power
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
PowerOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor,
                       ErrorFunction emitError) {
  if (!isa<FloatType>(operands[0].getElementType()))
    return emitError() << "expected floats, but got " << operands[0];
  return inferNumbers(operands, emitError);
}

FailureOr<Value> PowerOp::lower(Lowering &lowering, ValueRange operands) {
  return lowering.createElementwise(
      *this, operands,
      [](OpBuilder &builder, Location loc, ValueRange x) -> Value {
        return builder.create<math::PowFOp>(loc, x[0], x[1]);
      });
}

/// A power of a by the number b, and what b adds to its derivative.
static Dual evaluatePower(const Dual &a, const Dual &b) {
  Dual result = pow(a, b.value);
  bool isFlat = a.value == 0 && b.value >= 0;
  double slope = isFlat ? 0 : result.value * std::log(a.value);
  for (int k = 0; k < Dual::directions; ++k)
    if (b.tangent[k] != 0)
      result.tangent[k] += slope * b.tangent[k];
  return result;
}

void PowerOp::evaluate(ArrayRef<const DualTensor *> operands,
                       DualTensor &result) {
  FixedFlops flops(result.size());
  for (int64_t i = 0; i < result.size(); ++i)
    result[i] = evaluatePower((*operands[0])[i], (*operands[1])[i]);
}

/// b a^(b−1), which 0^(−1) must not spoil where b = 0, and y log a.
Value PowerOp::buildVjp(OpBuilder &builder, unsigned operand, Value cotangent) {
  Location loc = getLoc();
  Value base = getLhs(), exponent = getRhs();
  Value zero = createSplatLike(builder, loc, base, 0);
  auto compare = [&](Comparison predicate, Value x) {
    return createCompare(builder, loc, predicate, x, zero);
  };
  Value slope;
  if (operand == 0) {
    Value lower =
        createOp<ShiftOp>(builder, loc, exponent, builder.getF64FloatAttr(-1));
    Value power = createOp<PowerOp>(builder, loc, base, lower);
    slope = createOp<SelectOp>(builder, loc, compare(Comparison::EQ, exponent),
                               zero,
                               createOp<MulOp>(builder, loc, exponent, power));
  } else {
    Value isZero = compare(Comparison::EQ, base);
    Value isFlat = createOp<SelectOp>(
        builder, loc, isZero, compare(Comparison::GE, exponent), isZero);
    Value logarithm = createOp<LogOp>(builder, loc, base);
    slope = createOp<SelectOp>(
        builder, loc, isFlat, zero,
        createOp<MulOp>(builder, loc, getResult(), logarithm));
  }
  return createOp<MulOp>(builder, loc, cotangent, slope);
}

Value PowerOp::buildJvp(OpBuilder &builder, ValueRange tangents) {
  return sumOfDiagonals(builder, *this, tangents);
}

//===----------------------------------------------------------------------===//
// remainder
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
RemainderOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor,
                           ErrorFunction emitError) {
  return inferNumbers(operands, emitError);
}

FailureOr<Value> RemainderOp::lower(Lowering &lowering, ValueRange operands) {
  return lowering.createElementwise(
      *this, operands,
      [](OpBuilder &builder, Location loc, ValueRange x) -> Value {
        if (isa<FloatType>(x[0].getType()))
          return builder.create<arith::RemFOp>(loc, x[0], x[1]);
        return builder.create<arith::RemSIOp>(loc, x[0], x[1]);
      });
}

/// The derivative is that of the formula with the quotient held fixed.
static Dual evaluateRemainder(const Dual &a, const Dual &b) {
  double value = std::fmod(a.value, b.value);
  Dual rest = a - Dual(std::round((a.value - value) / b.value)) * b;
  rest.value = value;
  return rest;
}

void RemainderOp::evaluate(ArrayRef<const DualTensor *> operands,
                           DualTensor &result) {
  FixedFlops flops(result.size());
  for (int64_t i = 0; i < result.size(); ++i)
    result[i] = evaluateRemainder((*operands[0])[i], (*operands[1])[i]);
}

/// c in a, −trunc(a / b) c in b: the quotient is (a − y) / b, a whole number
/// but for what the division rounds.
Value RemainderOp::buildVjp(OpBuilder &builder, unsigned operand,
                            Value cotangent) {
  if (operand == 0)
    return cotangent;
  Location loc = getLoc();
  Value whole = createOp<SubOp>(builder, loc, getLhs(), getResult());
  Value quotient = createOp<DivOp>(builder, loc, whole, getRhs());
  return createOp<NegOp>(builder, loc,
                         createOp<MulOp>(builder, loc, cotangent, quotient));
}

Value RemainderOp::buildJvp(OpBuilder &builder, ValueRange tangents) {
  return sumOfDiagonals(builder, *this, tangents);
}

//===----------------------------------------------------------------------===//
// bit_and
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
BitAndOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor,
                        ErrorFunction emitError) {
  return inferNumbers(operands, emitError);
}

FailureOr<Value> BitAndOp::lower(Lowering &lowering, ValueRange operands) {
  return lowering.createElementwise(
      *this, operands,
      [](OpBuilder &builder, Location loc, ValueRange x) -> Value {
        return builder.create<arith::AndIOp>(loc, x[0], x[1]);
      });
}

void BitAndOp::evaluate(ArrayRef<const DualTensor *> operands,
                        DualTensor &result) {
  auto bits = [](const Dual &x) { return static_cast<int64_t>(x.value); };
  for (int64_t i = 0; i < result.size(); ++i)
    result[i] = Dual(
        static_cast<double>(bits((*operands[0])[i]) & bits((*operands[1])[i])));
}
