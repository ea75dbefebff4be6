// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reshape, transpose and broadcast: types, derivatives, folds, evaluation.
// Their structures are in Views.cpp, their lowering in ViewLowering.cpp.

#include "dialects/NTK/IR/OpHelpers.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// reshape
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
ReshapeOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor adaptor,
                         ErrorFunction emitError) {
  std::optional<int64_t> volume = getVolume(adaptor.getShape());
  if (!volume || *volume != operands[0].getNumElements())
    return emitError() << "expected a shape of " << operands[0].getNumElements()
                       << " elements, but got "
                       << printShape(adaptor.getShape());
  return RankedTensorType::get(adaptor.getShape(),
                               operands[0].getElementType());
}

Value ReshapeOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  return createReshape(builder, getLoc(), cotangent, ntk::getShape(getInput()));
}

void ReshapeOp::evaluate(ArrayRef<const DualTensor *> operands,
                         DualTensor &result) {
  result.elements = operands[0]->elements;
}

/// Constants are folded only without batch letters, which they never have.
OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  if (auto elements = dyn_cast_or_null<DenseElementsAttr>(adaptor.getInput()))
    if (!getBatchAttr())
      return elements.reshape(getType());
  auto producer = getInput().getDefiningOp<ReshapeOp>();
  if (!producer || producer.getBatchAttr() != getBatchAttr())
    return {};
  getInputMutable().assign(producer.getInput());
  return getResult();
}

//===----------------------------------------------------------------------===//
// transpose
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
TransposeOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor adaptor,
                           ErrorFunction emitError) {
  ArrayRef<int64_t> permutation = adaptor.getPermutation();
  int64_t rank = operands[0].getRank();
  SmallVector<int64_t> sorted(permutation);
  llvm::sort(sorted);
  if (!llvm::equal(sorted, llvm::seq<int64_t>(0, rank)))
    return emitError() << "expected a permutation of " << rank
                       << " axes, but got " << printShape(permutation);
  SmallVector<int64_t> shape;
  for (int64_t axis : permutation)
    shape.push_back(operands[0].getDimSize(axis));
  return RankedTensorType::get(shape, operands[0].getElementType());
}

Value TransposeOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  return createOp<TransposeOp>(
      builder, getLoc(), cotangent,
      builder.getDenseI64ArrayAttr(invertPermutationVector(getPermutation())));
}

void TransposeOp::evaluate(ArrayRef<const DualTensor *> operands,
                           DualTensor &result) {
  forEachIndex(result.shape, [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> source(index.size());
    for (auto [i, axis] : llvm::enumerate(getPermutation()))
      source[axis] = index[i];
    result.at(index) = operands[0]->at(source);
  });
}

OpFoldResult TransposeOp::fold(FoldAdaptor) {
  if (llvm::equal(getPermutation(),
                  llvm::seq<int64_t>(0, getPermutation().size())))
    return getInput();
  auto producer = getInput().getDefiningOp<TransposeOp>();
  if (!producer || producer.getBatchAttr() != getBatchAttr())
    return {};
  SmallVector<int64_t> composed;
  for (int64_t axis : getPermutation())
    composed.push_back(producer.getPermutation()[axis]);
  setPermutation(composed);
  getInputMutable().assign(producer.getInput());
  return getResult();
}

//===----------------------------------------------------------------------===//
// broadcast
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
BroadcastOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor adaptor,
                           ErrorFunction emitError) {
  ArrayRef<int64_t> shape = adaptor.getShape();
  ArrayRef<int64_t> dimensions = adaptor.getDimensions();
  if (!getVolume(shape))
    return emitError() << "expected a shape of at most 2^63 elements, but got "
                       << printShape(shape);
  if (static_cast<int64_t>(dimensions.size()) != operands[0].getRank())
    return emitError() << "expected an axis of the result for each of "
                       << operands[0].getRank() << " axes, but got "
                       << printShape(dimensions);
  if (failed(checkAxes(dimensions, shape.size(), emitError)))
    return failure();
  for (auto [axis, size] : llvm::zip_equal(dimensions, operands[0].getShape()))
    if (shape[axis] != size)
      return emitError() << "expected size " << size << " of axis " << axis
                         << ", but got " << shape[axis];
  return RankedTensorType::get(shape, operands[0].getElementType());
}

Value BroadcastOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  SmallVector<int64_t> axes;
  for (int64_t axis = 0; axis < static_cast<int64_t>(getShape().size()); ++axis)
    if (!llvm::is_contained(getDimensions(), axis))
      axes.push_back(axis);
  if (axes.empty())
    return cotangent;
  return createOp<ReduceSumOp>(builder, getLoc(), cotangent,
                               builder.getDenseI64ArrayAttr(axes));
}

void BroadcastOp::evaluate(ArrayRef<const DualTensor *> operands,
                           DualTensor &result) {
  forEachIndex(result.shape, [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> source;
    for (int64_t axis : getDimensions())
      source.push_back(index[axis]);
    result.at(index) = operands[0]->at(source);
  });
}

OpFoldResult BroadcastOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  auto elements = dyn_cast_or_null<SplatElementsAttr>(adaptor.getInput());
  if (elements && !getBatchAttr())
    return elements.resizeSplat(getType());
  return {};
}

//===----------------------------------------------------------------------===//
// constant
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
ConstantOp::inferCoreType(ArrayRef<RankedTensorType>, Adaptor adaptor,
                          ErrorFunction emitError) {
  auto type = dyn_cast<RankedTensorType>(adaptor.getValue().getType());
  if (!type)
    return emitError() << "expected a value of ranked tensor type, but got "
                       << adaptor.getValue().getType();
  return type;
}

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

void ConstantOp::evaluate(ArrayRef<const DualTensor *>, DualTensor &result) {
  int64_t i = 0;
  if (isa<FloatType>(getElementTypeOrSelf(getType()))) {
    for (APFloat element : getValue().getValues<APFloat>()) {
      bool loses;
      element.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                      &loses);
      result[i++] = Dual(element.convertToDouble());
    }
    return;
  }
  bool isMask = getElementTypeOrSelf(getType()).isInteger(1);
  for (const APInt &element : getValue().getValues<APInt>())
    result[i++] = Dual(static_cast<double>(isMask ? element.getZExtValue()
                                                  : element.getSExtValue()));
}
