// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks and small tensors shared by the operators.

#include "dialects/NTK/IR/OpHelpers.h"
#include "dialects/Support/Einsum.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::ntk;

std::string mlir::ntk::printShape(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "[";
  llvm::interleaveComma(shape, os);
  os << "]";
  return text;
}

std::optional<int64_t> mlir::ntk::getVolume(ArrayRef<int64_t> shape) {
  int64_t volume = 1;
  for (int64_t size : shape)
    if (size < 0 || llvm::MulOverflow(volume, size, volume))
      return std::nullopt;
  return volume;
}

LogicalResult mlir::ntk::checkSameType(RankedTensorType lhs,
                                       RankedTensorType rhs,
                                       ErrorFunction emitError) {
  if (lhs == rhs)
    return success();
  return emitError() << "expected operands of one type, but got " << lhs
                     << " and " << rhs;
}

LogicalResult mlir::ntk::checkAxis(int64_t axis, int64_t rank,
                                   ErrorFunction emitError) {
  if (axis >= 0 && axis < rank)
    return success();
  return emitError() << "expected an axis of a value of rank " << rank
                     << ", but got " << axis;
}

LogicalResult mlir::ntk::checkAxes(ArrayRef<int64_t> axes, int64_t rank,
                                   ErrorFunction emitError) {
  int64_t last = -1;
  for (int64_t axis : axes) {
    if (axis <= last || axis >= rank)
      return emitError() << "expected ascending axes of a value of rank "
                         << rank << ", but got " << printShape(axes);
    last = axis;
  }
  return success();
}

LogicalResult mlir::ntk::checkNumbers(StringRef what, ArrayRef<int64_t> numbers,
                                      int64_t count, int64_t least,
                                      ErrorFunction emitError) {
  if (static_cast<int64_t>(numbers.size()) != count)
    return emitError() << "expected " << count << " " << what << ", but got "
                       << printShape(numbers);
  for (int64_t number : numbers)
    if (number < least || number > std::numeric_limits<int32_t>::max())
      return emitError() << "expected " << what << " of at least " << least
                         << ", but got " << printShape(numbers);
  return success();
}

Value mlir::ntk::createSplatLike(OpBuilder &builder, Location loc, Value like,
                                 double value) {
  return createSplat(builder, loc, getTensorType(like), value);
}

Value mlir::ntk::createReshape(OpBuilder &builder, Location loc, Value x,
                               ArrayRef<int64_t> shape) {
  if (getShape(x) == shape)
    return x;
  return createOp<ReshapeOp>(builder, loc, x,
                             builder.getDenseI64ArrayAttr(shape));
}

Value mlir::ntk::createCompare(OpBuilder &builder, Location loc,
                               Comparison predicate, Value a, Value b) {
  return createOp<CompareOp>(builder, loc, a, b, predicate);
}

Value mlir::ntk::zeroWhereZero(OpBuilder &builder, Location loc, Value tangent,
                               Value value) {
  Value isNotZero = createCompare(builder, loc, Comparison::NE, tangent,
                                  createSplatLike(builder, loc, tangent, 0));
  return createOp<MaskOp>(builder, loc, isNotZero, value);
}

std::string mlir::ntk::getIndexLetters(size_t count) {
  std::string letters, used = canonicalOrder.str();
  for (size_t i = 0; i < count; ++i) {
    letters += getFreeLetter(used);
    used += letters.back();
  }
  return letters;
}

JacobianStructure mlir::ntk::getElementwiseStructure(ArrayRef<int64_t> shape,
                                                     ValueRange features) {
  JacobianStructure structure;
  structure.result = {
      getIndexLetters(shape.size()), llvm::to_vector(shape), {}};
  structure.operand = structure.result;
  structure.features = llvm::to_vector(features);
  structure.featureIndices.assign(features.size(), structure.result.letters);
  return structure;
}

Value mlir::ntk::createNumbers(OpBuilder &builder, Location loc, Value mask,
                               Type element) {
  return createOp<ConvertOp>(builder, loc, mask, TypeAttr::get(element));
}
