// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Masks and what they choose: compare, select, mask; conversions between
// element types; and the value that is not differentiated.

#include "dialects/NTK/IR/OpHelpers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace mlir::ntk;

static LogicalResult checkMaskShape(RankedTensorType mask,
                                    RankedTensorType value,
                                    ErrorFunction emitError) {
  if (mask.getShape() == value.getShape())
    return success();
  return emitError() << "expected a mask of shape "
                     << printShape(value.getShape()) << ", but got "
                     << printShape(mask.getShape());
}

//===----------------------------------------------------------------------===//
// compare
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
CompareOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor adaptor,
                         ErrorFunction emitError) {
  if (failed(checkSameType(operands[0], operands[1], emitError)))
    return failure();
  return RankedTensorType::get(operands[0].getShape(),
                               IntegerType::get(operands[0].getContext(), 1));
}

static arith::CmpFPredicate getFloatPredicate(Comparison comparison) {
  switch (comparison) {
  case Comparison::EQ:
    return arith::CmpFPredicate::OEQ;
  case Comparison::NE:
    return arith::CmpFPredicate::UNE;
  case Comparison::LT:
    return arith::CmpFPredicate::OLT;
  case Comparison::LE:
    return arith::CmpFPredicate::OLE;
  case Comparison::GT:
    return arith::CmpFPredicate::OGT;
  case Comparison::GE:
    return arith::CmpFPredicate::OGE;
  }
  llvm_unreachable("a comparison is one of six");
}

/// Of signed integers, or of masks, where false < true.
static arith::CmpIPredicate getIntegerPredicate(Comparison comparison,
                                                bool isMask) {
  switch (comparison) {
  case Comparison::EQ:
    return arith::CmpIPredicate::eq;
  case Comparison::NE:
    return arith::CmpIPredicate::ne;
  case Comparison::LT:
    return isMask ? arith::CmpIPredicate::ult : arith::CmpIPredicate::slt;
  case Comparison::LE:
    return isMask ? arith::CmpIPredicate::ule : arith::CmpIPredicate::sle;
  case Comparison::GT:
    return isMask ? arith::CmpIPredicate::ugt : arith::CmpIPredicate::sgt;
  case Comparison::GE:
    return isMask ? arith::CmpIPredicate::uge : arith::CmpIPredicate::sge;
  }
  llvm_unreachable("a comparison is one of six");
}

FailureOr<Value> CompareOp::lower(Lowering &lowering, ValueRange operands) {
  return lowering.createElementwise(
      *this, operands,
      [&](OpBuilder &builder, Location loc, ValueRange x) -> Value {
        Type type = x[0].getType();
        if (isa<FloatType>(type))
          return builder.create<arith::CmpFOp>(
              loc, getFloatPredicate(getPredicate()), x[0], x[1]);
        return builder.create<arith::CmpIOp>(
            loc, getIntegerPredicate(getPredicate(), type.isInteger(1)), x[0],
            x[1]);
      });
}

static bool compares(Comparison comparison, double a, double b) {
  switch (comparison) {
  case Comparison::EQ:
    return a == b;
  case Comparison::NE:
    return a != b;
  case Comparison::LT:
    return a < b;
  case Comparison::LE:
    return a <= b;
  case Comparison::GT:
    return a > b;
  case Comparison::GE:
    return a >= b;
  }
  llvm_unreachable("a comparison is one of six");
}

void CompareOp::evaluate(ArrayRef<const DualTensor *> operands,
                         DualTensor &result) {
  FixedFlops flops(result.size());
  for (int64_t i = 0; i < result.size(); ++i)
    result[i] = Dual(compares(getPredicate(), (*operands[0])[i].value,
                              (*operands[1])[i].value));
}

//===----------------------------------------------------------------------===//
// select
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
SelectOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor adaptor,
                        ErrorFunction emitError) {
  if (failed(checkSameType(operands[1], operands[2], emitError)) ||
      failed(checkMaskShape(operands[0], operands[1], emitError)))
    return failure();
  return operands[1];
}

/// `c` where the operand (1 or 2) is chosen, 0 elsewhere.
static Value keepWhereChosen(OpBuilder &builder, SelectOp op, unsigned operand,
                             Value c) {
  Location loc = op.getLoc();
  if (operand == 1)
    return createOp<MaskOp>(builder, loc, op.getCondition(), c);
  return createOp<SelectOp>(builder, loc, op.getCondition(),
                            createSplatLike(builder, loc, c, 0), c);
}

Value SelectOp::buildJvp(OpBuilder &builder, ValueRange tangents) {
  if (!tangents[1] || !tangents[2]) {
    unsigned operand = tangents[1] ? 1 : 2;
    return keepWhereChosen(builder, *this, operand, tangents[operand]);
  }
  return createOp<SelectOp>(builder, getLoc(), getCondition(), tangents[1],
                            tangents[2]);
}

Value SelectOp::buildVjp(OpBuilder &builder, unsigned operand,
                         Value cotangent) {
  return keepWhereChosen(builder, *this, operand, cotangent);
}

std::optional<JacobianStructure>
SelectOp::getJacobianStructure(OpBuilder &builder, unsigned operand) {
  Value isChosen = getCondition();
  if (operand == 2)
    isChosen = createCompare(builder, getLoc(), Comparison::EQ, isChosen,
                             createSplatLike(builder, getLoc(), isChosen, 0));
  return getElementwiseStructure(getShape(getResult()), isChosen);
}

FailureOr<Value> SelectOp::lower(Lowering &lowering, ValueRange operands) {
  return lowering.createElementwise(
      *this, operands,
      [](OpBuilder &builder, Location loc, ValueRange x) -> Value {
        return builder.create<arith::SelectOp>(loc, x[0], x[1], x[2]);
      });
}

void SelectOp::evaluate(ArrayRef<const DualTensor *> operands,
                        DualTensor &result) {
  FixedFlops flops(result.size());
  for (int64_t i = 0; i < result.size(); ++i)
    result[i] = (*operands[(*operands[0])[i].value != 0 ? 1 : 2])[i];
}

//===----------------------------------------------------------------------===//
// mask
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
MaskOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor adaptor,
                      ErrorFunction emitError) {
  if (failed(checkMaskShape(operands[0], operands[1], emitError)))
    return failure();
  return operands[1];
}

Value MaskOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  return createOp<MaskOp>(builder, getLoc(), getCondition(), cotangent);
}

std::optional<JacobianStructure> MaskOp::getJacobianStructure(OpBuilder &,
                                                              unsigned) {
  return getElementwiseStructure(getShape(getResult()), getCondition());
}

FailureOr<Value> MaskOp::lower(Lowering &lowering, ValueRange operands) {
  return lowering.createElementwise(
      *this, operands,
      [](OpBuilder &builder, Location loc, ValueRange x) -> Value {
        Value zero = builder.create<arith::ConstantOp>(
            loc, builder.getZeroAttr(x[1].getType()));
        return builder.create<arith::SelectOp>(loc, x[0], x[1], zero);
      });
}

void MaskOp::evaluate(ArrayRef<const DualTensor *> operands,
                      DualTensor &result) {
  FixedFlops flops(result.size());
  for (int64_t i = 0; i < result.size(); ++i)
    if ((*operands[0])[i].value != 0)
      result[i] = (*operands[1])[i];
}

//===----------------------------------------------------------------------===//
// convert
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
ConvertOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor adaptor,
                         ErrorFunction emitError) {
  Type type = adaptor.getElement();
  if (!type.isF32() && !type.isF64() && !type.isInteger(1) &&
      !type.isInteger(32) && !type.isInteger(64))
    return emitError() << "expected element type f32, f64, i1, i32 or i64, "
                          "but got "
                       << type;
  return RankedTensorType::get(operands[0].getShape(), type);
}

Linearity ConvertOp::getLinearity() {
  bool isReal = isa<FloatType>(getElementTypeOrSelf(getInput())) &&
                isa<FloatType>(getElement());
  return isReal ? Linearity::Joint : Linearity::Constant;
}

Value ConvertOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  return createOp<ConvertOp>(builder, getLoc(), cotangent,
                             TypeAttr::get(getElementTypeOrSelf(getInput())));
}

static Value convertFromFloat(OpBuilder &builder, Location loc, Value x,
                              Type to) {
  unsigned from = x.getType().getIntOrFloatBitWidth();
  if (to.isInteger(1)) {
    Value zero = builder.create<arith::ConstantOp>(
        loc, builder.getZeroAttr(x.getType()));
    return builder.create<arith::CmpFOp>(loc, arith::CmpFPredicate::UNE, x,
                                         zero);
  }
  if (isa<IntegerType>(to))
    return builder.create<arith::FPToSIOp>(loc, to, x);
  if (to.getIntOrFloatBitWidth() > from)
    return builder.create<arith::ExtFOp>(loc, to, x);
  return builder.create<arith::TruncFOp>(loc, to, x);
}

static Value convertFromInteger(OpBuilder &builder, Location loc, Value x,
                                Type to) {
  bool isMask = x.getType().isInteger(1);
  if (isa<FloatType>(to)) {
    if (isMask)
      return builder.create<arith::UIToFPOp>(loc, to, x);
    return builder.create<arith::SIToFPOp>(loc, to, x);
  }
  if (to.isInteger(1)) {
    Value zero = builder.create<arith::ConstantOp>(
        loc, builder.getZeroAttr(x.getType()));
    return builder.create<arith::CmpIOp>(loc, arith::CmpIPredicate::ne, x,
                                         zero);
  }
  if (isMask)
    return builder.create<arith::ExtUIOp>(loc, to, x);
  if (to.getIntOrFloatBitWidth() > x.getType().getIntOrFloatBitWidth())
    return builder.create<arith::ExtSIOp>(loc, to, x);
  return builder.create<arith::TruncIOp>(loc, to, x);
}

FailureOr<Value> ConvertOp::lower(Lowering &lowering, ValueRange operands) {
  Type to = getElement();
  return lowering.createElementwise(
      *this, operands,
      [&](OpBuilder &builder, Location loc, ValueRange x) -> Value {
        if (x[0].getType() == to)
          return x[0];
        if (isa<FloatType>(x[0].getType()))
          return convertFromFloat(builder, loc, x[0], to);
        return convertFromInteger(builder, loc, x[0], to);
      });
}

void ConvertOp::evaluate(ArrayRef<const DualTensor *> operands,
                         DualTensor &result) {
  FixedFlops flops(result.size());
  for (int64_t i = 0; i < result.size(); ++i) {
    const Dual &x = (*operands[0])[i];
    if (getElement().isInteger(1))
      result[i] = Dual(x.value != 0);
    else if (isa<IntegerType>(getElement()))
      result[i] = Dual(std::trunc(x.value));
    else
      result[i] = x;
  }
}

//===----------------------------------------------------------------------===//
// stop_gradient
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
StopGradientOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor,
                              ErrorFunction) {
  return operands[0];
}

FailureOr<Value> StopGradientOp::lower(Lowering &, ValueRange operands) {
  return operands[0];
}

void StopGradientOp::evaluate(ArrayRef<const DualTensor *> operands,
                              DualTensor &result) {
  for (int64_t i = 0; i < result.size(); ++i)
    result[i] = Dual((*operands[0])[i].value);
}
