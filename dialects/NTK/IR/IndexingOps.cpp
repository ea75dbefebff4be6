// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gather and take_along, their transposes scatter_add and put_along, and the
// identity: types, derivatives, evaluation. Lowering: IndexingLowering.cpp.

#include "dialects/NTK/IR/OpHelpers.h"

using namespace mlir;
using namespace mlir::ntk;

/// The position an index stands for: negative ones count from the end.
static int64_t getPosition(const Dual &index, int64_t size) {
  auto position = static_cast<int64_t>(index.value);
  if (position < 0)
    position += size;
  return std::clamp<int64_t>(position, 0, size - 1);
}

//===----------------------------------------------------------------------===//
// gather
//===----------------------------------------------------------------------===//

/// `shape` with `axis` replaced by the axes `by`.
static SmallVector<int64_t> replaceAxis(ArrayRef<int64_t> shape, int64_t axis,
                                        ArrayRef<int64_t> by) {
  SmallVector<int64_t> result(shape.take_front(axis));
  llvm::append_range(result, by);
  llvm::append_range(result, shape.drop_front(axis + 1));
  return result;
}

FailureOr<RankedTensorType>
GatherOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor adaptor,
                        ErrorFunction emitError) {
  int64_t axis = adaptor.getAxis();
  if (failed(checkAxis(axis, operands[0].getRank(), emitError)))
    return failure();
  if (operands[0].getDimSize(axis) == 0)
    return emitError() << "expected elements along axis " << axis
                       << ", but got " << operands[0];
  return RankedTensorType::get(
      replaceAxis(operands[0].getShape(), axis, operands[1].getShape()),
      operands[0].getElementType());
}

Value GatherOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  return createOp<ScatterAddOp>(
      builder, getLoc(), cotangent, getIndices(), getAxisAttr(),
      builder.getI64IntegerAttr(
          getTensorType(getInput()).getDimSize(getAxis())));
}

/// The positions that `indices` stand for among `size`, as i32: negative ones
/// count from the end.
static Value createPositions(OpBuilder &builder, Location loc, Value indices,
                             int64_t size) {
  auto constant = [&](int64_t value) {
    return createSplatLike(builder, loc, indices, static_cast<double>(value));
  };
  Value fromEnd = createOp<AddOp>(builder, loc, indices, constant(size));
  Value isNegative =
      createCompare(builder, loc, Comparison::LT, indices, constant(0));
  Value position =
      createOp<SelectOp>(builder, loc, isNegative, fromEnd, indices);
  position = createOp<MaxOp>(builder, loc, position, constant(0));
  position = createOp<MinOp>(builder, loc, position, constant(size - 1));
  return createOp<ConvertOp>(builder, loc, position,
                             TypeAttr::get(builder.getI32Type()));
}

/// One-hot in the position along the axis. A table of fewer rows than are
/// picked has a gradient smaller than the cotangent of what is picked.
std::optional<JacobianStructure>
GatherOp::getJacobianStructure(OpBuilder &builder, unsigned operand) {
  int64_t axis = getAxis();
  ArrayRef<int64_t> table = getShape(getInput()),
                    picked = getShape(getIndices());
  if (operand != 0 ||
      table[axis] <= getTensorType(getIndices()).getNumElements())
    return std::nullopt;
  JacobianStructure structure;
  std::string letters = getIndexLetters(table.size() + picked.size());
  std::string along = letters.substr(table.size());
  structure.operand = {
      letters.substr(0, table.size()), llvm::to_vector(table), {}};
  structure.result = {
      structure.operand.letters, llvm::to_vector(getShape(getResult())), {}};
  structure.result.letters.replace(axis, 1, along);
  structure.features = {
      createPositions(builder, getLoc(), getIndices(), table[axis])};
  structure.featureIndices = {along + structure.operand.letters[axis]};
  return structure;
}

/// Calls `f(whole, part)` for every position of the gathered value and the
/// position of the table it comes from.
template <typename F>
static void forEachGathered(ArrayRef<int64_t> shape, const DualTensor &indices,
                            int64_t axis, int64_t size, F &&f) {
  int64_t rank = indices.shape.size();
  forEachIndex(shape, [&](ArrayRef<int64_t> index) {
    int64_t position = getPosition(indices.at(index.slice(axis, rank)), size);
    SmallVector<int64_t> source(index.take_front(axis));
    source.push_back(position);
    llvm::append_range(source, index.drop_front(axis + rank));
    f(index, ArrayRef<int64_t>(source));
  });
}

void GatherOp::evaluate(ArrayRef<const DualTensor *> operands,
                        DualTensor &result) {
  forEachGathered(result.shape, *operands[1], getAxis(),
                  operands[0]->shape[getAxis()],
                  [&](ArrayRef<int64_t> index, ArrayRef<int64_t> source) {
                    result.at(index) = operands[0]->at(source);
                  });
}

FailureOr<RankedTensorType>
ScatterAddOp::inferCoreType(ArrayRef<RankedTensorType> operands,
                            Adaptor adaptor, ErrorFunction emitError) {
  int64_t axis = adaptor.getAxis();
  RankedTensorType updates = operands[0], indices = operands[1];
  int64_t most = updates.getRank() - indices.getRank();
  if (axis < 0 || axis > most ||
      updates.getShape().slice(axis, indices.getRank()) != indices.getShape()) {
    return emitError() << "expected the axes " << printShape(indices.getShape())
                       << " of the indices from axis " << axis
                       << " of the updates on, but got "
                       << printShape(updates.getShape());
  }
  if (failed(checkNumbers("sizes", adaptor.getSize(), 1, 1, emitError)))
    return failure();
  SmallVector<int64_t> shape(updates.getShape().take_front(axis));
  shape.push_back(adaptor.getSize());
  llvm::append_range(shape,
                     updates.getShape().drop_front(axis + indices.getRank()));
  return RankedTensorType::get(shape, updates.getElementType());
}

Value ScatterAddOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  return createOp<GatherOp>(builder, getLoc(), cotangent, getIndices(),
                            getAxisAttr());
}

int64_t ScatterAddOp::getCoreFlops() {
  return getCoreOperandType(*this, 0).getNumElements();
}

void ScatterAddOp::evaluate(ArrayRef<const DualTensor *> operands,
                            DualTensor &result) {
  forEachGathered(operands[0]->shape, *operands[1], getAxis(), getSize(),
                  [&](ArrayRef<int64_t> index, ArrayRef<int64_t> target) {
                    result.at(target) += operands[0]->at(index);
                  });
}

//===----------------------------------------------------------------------===//
// take_along
//===----------------------------------------------------------------------===//

/// Both have the same axes but for the last.
static LogicalResult checkAlongLastAxis(RankedTensorType value,
                                        RankedTensorType indices,
                                        ErrorFunction emitError) {
  if (value.getRank() > 0 && value.getRank() == indices.getRank() &&
      value.getShape().drop_back() == indices.getShape().drop_back())
    return success();
  return emitError() << "expected indices with the axes of "
                     << printShape(value.getShape())
                     << " but for the last, but got "
                     << printShape(indices.getShape());
}

FailureOr<RankedTensorType>
TakeAlongOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor adaptor,
                           ErrorFunction emitError) {
  if (failed(checkAlongLastAxis(operands[0], operands[1], emitError)))
    return failure();
  if (operands[0].getShape().back() == 0)
    return emitError() << "expected elements along the last axis, but got "
                       << operands[0];
  return RankedTensorType::get(operands[1].getShape(),
                               operands[0].getElementType());
}

Value TakeAlongOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  return createOp<PutAlongOp>(
      builder, getLoc(), cotangent, getIndices(),
      builder.getI64IntegerAttr(getShape(getInput()).back()));
}

/// `index` with the last position replaced by the one stored there.
static SmallVector<int64_t> follow(ArrayRef<int64_t> index,
                                   const DualTensor &indices, int64_t size) {
  SmallVector<int64_t> position(index);
  position.back() = getPosition(indices.at(index), size);
  return position;
}

void TakeAlongOp::evaluate(ArrayRef<const DualTensor *> operands,
                           DualTensor &result) {
  int64_t size = operands[0]->shape.back();
  forEachIndex(result.shape, [&](ArrayRef<int64_t> index) {
    result.at(index) = operands[0]->at(follow(index, *operands[1], size));
  });
}

FailureOr<RankedTensorType>
PutAlongOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor adaptor,
                          ErrorFunction emitError) {
  if (operands[0].getRank() == 0 ||
      operands[0].getShape() != operands[1].getShape())
    return emitError() << "expected updates and indices of one shape, but got "
                       << printShape(operands[0].getShape()) << " and "
                       << printShape(operands[1].getShape());
  if (failed(checkNumbers("sizes", adaptor.getSize(), 1, 1, emitError)))
    return failure();
  SmallVector<int64_t> shape(operands[0].getShape());
  shape.back() = adaptor.getSize();
  return RankedTensorType::get(shape, operands[0].getElementType());
}

Value PutAlongOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  return createOp<TakeAlongOp>(builder, getLoc(), cotangent, getIndices());
}

int64_t PutAlongOp::getCoreFlops() {
  return getCoreOperandType(*this, 0).getNumElements();
}

void PutAlongOp::evaluate(ArrayRef<const DualTensor *> operands,
                          DualTensor &result) {
  forEachIndex(operands[0]->shape, [&](ArrayRef<int64_t> index) {
    result.at(follow(index, *operands[1], getSize())) += operands[0]->at(index);
  });
}

//===----------------------------------------------------------------------===//
// identity
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
IdentityOp::inferCoreType(ArrayRef<RankedTensorType>, Adaptor adaptor,
                          ErrorFunction emitError) {
  int64_t outputs = adaptor.getOutputs(), block = adaptor.getBlock();
  if (block < 1 || block > outputs)
    return emitError() << "expected a block of 1 to " << outputs
                       << " rows, but got " << block;
  return RankedTensorType::get({block, outputs}, adaptor.getElement());
}

void IdentityOp::evaluate(ArrayRef<const DualTensor *> operands,
                          DualTensor &result) {
  int64_t first =
      operands.empty() ? 0 : static_cast<int64_t>((*operands[0])[0].value);
  for (int64_t row = 0; row < static_cast<int64_t>(getBlock()); ++row)
    result.at({row, first + row}) = Dual(1);
}
