// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Concat, slice, pad and reverse: ops that move boxes of elements.

#include "dialects/NTK/IR/LoweringHelpers.h"
#include "dialects/NTK/IR/OpHelpers.h"

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// concat
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
ConcatOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor adaptor,
                        ErrorFunction emitError) {
  if (operands.empty())
    return emitError() << "expected at least one operand, but got none";
  RankedTensorType first = operands[0];
  int64_t axis = adaptor.getAxis();
  if (failed(checkAxis(axis, first.getRank(), emitError)))
    return failure();
  SmallVector<int64_t> shape(first.getShape());
  for (RankedTensorType type : operands.drop_front()) {
    SmallVector<int64_t> expected(first.getShape());
    if (type.getRank() == first.getRank())
      expected[axis] = type.getDimSize(axis);
    if (ArrayRef<int64_t>(expected) != type.getShape() ||
        type.getElementType() != first.getElementType())
      return emitError() << "expected operands that differ in axis " << axis
                         << " alone, but got " << first << " and " << type;
    shape[axis] += type.getDimSize(axis);
  }
  return RankedTensorType::get(shape, first.getElementType());
}

/// Where operand `i` begins along the axis, which is counted from the last one:
/// leading axes of an operand may be a batch.
static int64_t getConcatOffset(ConcatOp op, unsigned operand) {
  size_t fromLast = getCoreResultType(op).getRank() - op.getAxis();
  int64_t offset = 0;
  for (Value before : op->getOperands().take_front(operand)) {
    ArrayRef<int64_t> shape = getShape(before);
    offset += shape[shape.size() - fromLast];
  }
  return offset;
}

Value ConcatOp::buildVjp(OpBuilder &builder, unsigned operand,
                         Value cotangent) {
  ArrayRef<int64_t> sizes = getShape(getOperand(operand));
  SmallVector<int64_t> starts(sizes.size(), 0), strides(sizes.size(), 1);
  starts[getAxis()] = getConcatOffset(*this, operand);
  return createOp<SliceOp>(builder, getLoc(), cotangent,
                           builder.getDenseI64ArrayAttr(starts),
                           builder.getDenseI64ArrayAttr(sizes),
                           builder.getDenseI64ArrayAttr(strides));
}

/// The part of y that begins at the operand's offset.
std::optional<JacobianStructure>
ConcatOp::getJacobianStructure(OpBuilder &, unsigned operand) {
  JacobianStructure structure =
      getElementwiseStructure(getShape(getOperand(operand)));
  structure.result.shape = llvm::to_vector(getShape(getResult()));
  for (int64_t size : structure.operand.shape)
    structure.result.spans.push_back(Span::whole(size));
  structure.result.spans[getAxis()].start = getConcatOffset(*this, operand);
  return structure;
}

FailureOr<Value> ConcatOp::lower(Lowering &lowering, ValueRange operands) {
  SmallVector<Value> parts;
  std::string batch = getResultBatch(*this); // of all operands: found once
  for (auto [i, operand] : llvm::enumerate(operands))
    parts.push_back(broadcastBatch(lowering, *this, i, operand, batch));
  return joinBoxes(lowering, *this, parts, getAxis());
}

void ConcatOp::evaluate(ArrayRef<const DualTensor *> operands,
                        DualTensor &result) {
  int64_t offset = 0;
  for (const DualTensor *operand : operands) {
    forEachIndex(operand->shape, [&](ArrayRef<int64_t> index) {
      SmallVector<int64_t> target(index);
      target[getAxis()] += offset;
      result.at(target) = operand->at(index);
    });
    offset += operand->shape[getAxis()];
  }
}

//===----------------------------------------------------------------------===//
// slice
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
SliceOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor adaptor,
                       ErrorFunction emitError) {
  int64_t rank = operands[0].getRank();
  if (failed(checkNumbers("starts", adaptor.getStarts(), rank, 0, emitError)) ||
      failed(checkNumbers("sizes", adaptor.getSizes(), rank, 1, emitError)) ||
      failed(checkNumbers("strides", adaptor.getStrides(), rank, 1, emitError)))
    return failure();
  for (int64_t axis = 0; axis < rank; ++axis) {
    int64_t last = adaptor.getStarts()[axis] +
                   (adaptor.getSizes()[axis] - 1) * adaptor.getStrides()[axis];
    if (last >= operands[0].getDimSize(axis))
      return emitError() << "expected positions below "
                         << operands[0].getDimSize(axis) << " in axis " << axis
                         << ", but got " << last;
  }
  return RankedTensorType::get(adaptor.getSizes(),
                               operands[0].getElementType());
}

Value SliceOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  SmallVector<int64_t> high, interior;
  for (auto [axis, size] : llvm::enumerate(getShape(getInput()))) {
    int64_t stride = getStrides()[axis];
    high.push_back(size - 1 - getStarts()[axis] -
                   (getSizes()[axis] - 1) * stride);
    interior.push_back(stride - 1);
  }
  return createOp<PadOp>(builder, getLoc(), cotangent, getStartsAttr(),
                         builder.getDenseI64ArrayAttr(high),
                         builder.getDenseI64ArrayAttr(interior));
}

std::optional<JacobianStructure> SliceOp::getJacobianStructure(OpBuilder &,
                                                               unsigned) {
  JacobianStructure structure = getElementwiseStructure(getSizes());
  structure.operand.shape = llvm::to_vector(getShape(getInput()));
  for (auto [start, stride, size] :
       llvm::zip_equal(getStarts(), getStrides(), getSizes()))
    structure.operand.spans.push_back({start, stride, size});
  return structure;
}

FailureOr<Value> SliceOp::lower(Lowering &lowering, ValueRange operands) {
  return extractBox(lowering, getLoc(), operands[0],
                    getOperandBatch(*this, 0).size(), getStarts(), getSizes(),
                    getStrides());
}

void SliceOp::evaluate(ArrayRef<const DualTensor *> operands,
                       DualTensor &result) {
  forEachIndex(result.shape, [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> source(index);
    for (auto [axis, position] : llvm::enumerate(source))
      position = getStarts()[axis] + position * getStrides()[axis];
    result.at(index) = operands[0]->at(source);
  });
}

OpFoldResult SliceOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? getInput() : Value();
}

//===----------------------------------------------------------------------===//
// pad
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
PadOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor adaptor,
                     ErrorFunction emitError) {
  int64_t rank = operands[0].getRank();
  if (failed(checkNumbers("numbers in low", adaptor.getLow(), rank, 0,
                          emitError)) ||
      failed(checkNumbers("numbers in high", adaptor.getHigh(), rank, 0,
                          emitError)) ||
      failed(checkNumbers("numbers in interior", adaptor.getInterior(), rank, 0,
                          emitError)))
    return failure();
  SmallVector<int64_t> shape;
  for (int64_t axis = 0; axis < rank; ++axis) {
    int64_t size = operands[0].getDimSize(axis);
    int64_t inner =
        size == 0 ? 0 : (size - 1) * (adaptor.getInterior()[axis] + 1) + 1;
    shape.push_back(adaptor.getLow()[axis] + inner + adaptor.getHigh()[axis]);
  }
  return RankedTensorType::get(shape, operands[0].getElementType());
}

/// Distances of neighbours of x in y.
static SmallVector<int64_t> getPadStrides(PadOp op) {
  return llvm::map_to_vector(op.getInterior(),
                             [](int64_t gap) { return gap + 1; });
}

Value PadOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  return createOp<SliceOp>(builder, getLoc(), cotangent, getLowAttr(),
                           builder.getDenseI64ArrayAttr(getShape(getInput())),
                           builder.getDenseI64ArrayAttr(getPadStrides(*this)));
}

std::optional<JacobianStructure> PadOp::getJacobianStructure(OpBuilder &,
                                                             unsigned) {
  JacobianStructure structure = getElementwiseStructure(getShape(getInput()));
  structure.result.shape = llvm::to_vector(getShape(getResult()));
  for (auto [start, stride, size] :
       llvm::zip_equal(getLow(), getPadStrides(*this), structure.operand.shape))
    structure.result.spans.push_back({start, stride, size});
  return structure;
}

FailureOr<Value> PadOp::lower(Lowering &lowering, ValueRange operands) {
  RankedTensorType core = getCoreResultType(*this);
  Value zeros = lowering.createFilled(
      *this, core, getScalarAttr(lowering.builder, core.getElementType(), 0));
  return insertBox(lowering, getLoc(), operands[0], zeros,
                   getOperandBatch(*this, 0).size(), getLow(),
                   getPadStrides(*this));
}

void PadOp::evaluate(ArrayRef<const DualTensor *> operands,
                     DualTensor &result) {
  forEachIndex(operands[0]->shape, [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> target(index);
    for (auto [axis, position] : llvm::enumerate(target))
      position = getLow()[axis] + position * (getInterior()[axis] + 1);
    result.at(target) = operands[0]->at(index);
  });
}

//===----------------------------------------------------------------------===//
// reverse
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
ReverseOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor adaptor,
                         ErrorFunction emitError) {
  if (failed(checkAxes(adaptor.getAxes(), operands[0].getRank(), emitError)))
    return failure();
  return operands[0];
}

Value ReverseOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  return createOp<ReverseOp>(builder, getLoc(), cotangent, getAxesAttr());
}

std::optional<JacobianStructure> ReverseOp::getJacobianStructure(OpBuilder &,
                                                                 unsigned) {
  JacobianStructure structure = getElementwiseStructure(getShape(getInput()));
  for (int64_t size : structure.operand.shape)
    structure.result.spans.push_back(Span::whole(size));
  for (int64_t axis : getAxes()) {
    Span &span = structure.result.spans[axis];
    span = {span.size - 1, -1, span.size};
  }
  return structure;
}

FailureOr<Value> ReverseOp::lower(Lowering &lowering, ValueRange operands) {
  RankedTensorType core = getCoreResultType(*this);
  OpBuilder &builder = lowering.builder;
  SmallVector<AffineExpr> source;
  for (int64_t axis = 0; axis < core.getRank(); ++axis) {
    AffineExpr i = builder.getAffineDimExpr(axis);
    source.push_back(llvm::is_contained(getAxes(), axis)
                         ? core.getDimSize(axis) - 1 - i
                         : i);
  }
  return lowering.createGeneric(
      *this, operands, getLoops(core.getRank()),
      AffineMap::get(core.getRank(), 0, source, builder.getContext()),
      builder.getMultiDimIdentityMap(core.getRank()),
      [](OpBuilder &, Location, ValueRange x) { return x[0]; });
}

void ReverseOp::evaluate(ArrayRef<const DualTensor *> operands,
                         DualTensor &result) {
  forEachIndex(result.shape, [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> source(index);
    for (int64_t axis : getAxes())
      source[axis] = result.shape[axis] - 1 - source[axis];
    result.at(index) = operands[0]->at(source);
  });
}
