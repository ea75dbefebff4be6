// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reductions over axes and softmax.

#include "dialects/NTK/IR/LoweringHelpers.h"
#include "dialects/NTK/IR/OpHelpers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// What reductions share
//===----------------------------------------------------------------------===//

/// The axes of a value of `rank` that are not in `axes`.
static SmallVector<int64_t> getKeptAxes(ArrayRef<int64_t> axes, int64_t rank) {
  SmallVector<int64_t> kept;
  for (int64_t axis = 0; axis < rank; ++axis)
    if (!llvm::is_contained(axes, axis))
      kept.push_back(axis);
  return kept;
}

static FailureOr<RankedTensorType> inferReduced(RankedTensorType input,
                                                ArrayRef<int64_t> axes,
                                                ErrorFunction emitError) {
  if (failed(checkAxes(axes, input.getRank(), emitError)))
    return failure();
  SmallVector<int64_t> shape;
  for (int64_t axis : getKeptAxes(axes, input.getRank()))
    shape.push_back(input.getDimSize(axis));
  return RankedTensorType::get(shape, input.getElementType());
}

/// A value of the kept axes repeated along the reduced ones.
static Value createBroadcastAlong(OpBuilder &builder, Location loc, Value value,
                                  ArrayRef<int64_t> shape,
                                  ArrayRef<int64_t> axes) {
  if (axes.empty())
    return value;
  return createOp<BroadcastOp>(
      builder, loc, value, builder.getDenseI64ArrayAttr(shape),
      builder.getDenseI64ArrayAttr(getKeptAxes(axes, shape.size())));
}

/// Loops over all axes of the input, and the map from them to the kept ones.
static std::pair<IteratorTypes, AffineMap>
getReductionLoops(MLIRContext *context, ArrayRef<int64_t> axes, int64_t rank) {
  IteratorTypes loops = getLoops(rank);
  for (int64_t axis : axes)
    loops[axis] = utils::IteratorType::reduction;
  SmallVector<AffineExpr> kept;
  for (int64_t axis : getKeptAxes(axes, rank))
    kept.push_back(getAffineDimExpr(axis, context));
  return {loops, AffineMap::get(rank, 0, kept, context)};
}

/// Reduces `value`, of the batch of the result of `op`, into a destination
/// filled with `start` by the arith op CombineOp.
template <typename CombineOp>
static Value lowerReduction(Lowering &lowering, Operation *op, Value value,
                            RankedTensorType core, ArrayRef<int64_t> axes,
                            double start) {
  // Without loops to reduce, a generic that adds to its own result would pass
  // for elementwise, and fusion would have it add more than once.
  if (axes.empty())
    return value;
  OpBuilder &builder = lowering.builder;
  auto [loops, kept] =
      getReductionLoops(builder.getContext(), axes, core.getRank());
  SmallVector<int64_t> shape;
  for (int64_t axis : getKeptAxes(axes, core.getRank()))
    shape.push_back(core.getDimSize(axis));
  auto reduced = RankedTensorType::get(shape, core.getElementType());
  Value init = lowering.createFilled(
      op, reduced, getScalarAttr(builder, core.getElementType(), start));
  return lowering.createGeneric(
      op, value, loops, builder.getMultiDimIdentityMap(core.getRank()), kept,
      [](OpBuilder &nested, Location loc, ValueRange x) -> Value {
        return nested.create<CombineOp>(loc, x[1], x[0]);
      },
      init);
}

static SmallVector<int64_t> pickAxes(ArrayRef<int64_t> index,
                                     ArrayRef<int64_t> axes) {
  SmallVector<int64_t> picked;
  for (int64_t axis : axes)
    picked.push_back(index[axis]);
  return picked;
}

//===----------------------------------------------------------------------===//
// reduce_sum
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
ReduceSumOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor adaptor,
                           ErrorFunction emitError) {
  return inferReduced(operands[0], adaptor.getAxes(), emitError);
}

Value ReduceSumOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  return createBroadcastAlong(builder, getLoc(), cotangent,
                              getShape(getInput()), getAxes());
}

/// The reduced indices stand in θ alone.
std::optional<JacobianStructure> ReduceSumOp::getJacobianStructure(OpBuilder &,
                                                                   unsigned) {
  JacobianStructure structure = getElementwiseStructure(getShape(getInput()));
  structure.result = {"", llvm::to_vector(getShape(getResult())), {}};
  for (int64_t axis : getKeptAxes(getAxes(), structure.operand.shape.size()))
    structure.result.letters += structure.operand.letters[axis];
  return structure;
}

int64_t ReduceSumOp::getCoreFlops() {
  return getCoreOperandType(*this, 0).getNumElements();
}

FailureOr<Value> ReduceSumOp::lower(Lowering &lowering, ValueRange operands) {
  return lowerReduction<arith::AddFOp>(
      lowering, *this, operands[0], getCoreOperandType(*this, 0), getAxes(), 0);
}

void ReduceSumOp::evaluate(ArrayRef<const DualTensor *> operands,
                           DualTensor &result) {
  SmallVector<int64_t> kept = getKeptAxes(getAxes(), operands[0]->shape.size());
  forEachIndex(operands[0]->shape, [&](ArrayRef<int64_t> index) {
    result.at(pickAxes(index, kept)) += operands[0]->at(index);
  });
}

//===----------------------------------------------------------------------===//
// reduce_max
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
ReduceMaxOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor adaptor,
                           ErrorFunction emitError) {
  if (operands[0].getNumElements() == 0)
    return emitError() << "expected a value with elements, but got "
                       << operands[0];
  return inferReduced(operands[0], adaptor.getAxes(), emitError);
}

namespace {
/// The mask of the elements that equal the maximum, and their number.
struct Winners {
  Value mask, count;

  Winners(OpBuilder &builder, ReduceMaxOp op) {
    Location loc = op.getLoc();
    Value input = op.getInput();
    Value maximum = createBroadcastAlong(builder, loc, op.getResult(),
                                         getShape(input), op.getAxes());
    mask = createCompare(builder, loc, Comparison::EQ, input, maximum);
    Value ones = createOp<ConvertOp>(
        builder, loc, mask, TypeAttr::get(getElementTypeOrSelf(input)));
    count = createOp<ReduceSumOp>(builder, loc, ones, op.getAxesAttr());
  }
};
} // namespace

Value ReduceMaxOp::buildJvp(OpBuilder &builder, ValueRange tangents) {
  Winners winners(builder, *this);
  Value won = createOp<MaskOp>(builder, getLoc(), winners.mask, tangents[0]);
  Value sum = createOp<ReduceSumOp>(builder, getLoc(), won, getAxesAttr());
  return createOp<DivOp>(builder, getLoc(), sum, winners.count);
}

Value ReduceMaxOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  Winners winners(builder, *this);
  Value share = createOp<DivOp>(builder, getLoc(), cotangent, winners.count);
  Value repeated = createBroadcastAlong(builder, getLoc(), share,
                                        getShape(getInput()), getAxes());
  return createOp<MaskOp>(builder, getLoc(), winners.mask, repeated);
}

int64_t ReduceMaxOp::getCoreFlops() {
  return getCoreOperandType(*this, 0).getNumElements();
}

FailureOr<Value> ReduceMaxOp::lower(Lowering &lowering, ValueRange operands) {
  return lowerReduction<arith::MaximumFOp>(
      lowering, *this, operands[0], getCoreOperandType(*this, 0), getAxes(),
      -std::numeric_limits<double>::infinity());
}

/// The mean of the elements that are largest has the derivative of the maximum
/// where ties share it.
void ReduceMaxOp::evaluate(ArrayRef<const DualTensor *> operands,
                           DualTensor &result) {
  FixedFlops flops(getCoreFlops());
  const DualTensor &x = *operands[0];
  SmallVector<int64_t> kept = getKeptAxes(getAxes(), x.shape.size());
  std::vector<double> largest(result.size(),
                              -std::numeric_limits<double>::infinity());
  forEachIndex(x.shape, [&](ArrayRef<int64_t> index) {
    double &y = largest[result.offset(pickAxes(index, kept))];
    double v = x.at(index).value;
    y = std::isnan(v) || v > y ? v : y;
  });
  std::vector<int64_t> ties(result.size(), 0);
  forEachIndex(x.shape, [&](ArrayRef<int64_t> index) {
    int64_t i = result.offset(pickAxes(index, kept));
    if (x.at(index).value != largest[i])
      return;
    result[i] += x.at(index);
    ++ties[i];
  });
  for (int64_t i = 0; i < result.size(); ++i)
    result[i] = chain(result[i], largest[i],
                      1 / static_cast<double>(std::max<int64_t>(ties[i], 1)));
}

//===----------------------------------------------------------------------===//
// softmax
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
SoftmaxOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor adaptor,
                         ErrorFunction emitError) {
  if (failed(checkAxis(adaptor.getAxis(), operands[0].getRank(), emitError)))
    return failure();
  return operands[0];
}

/// y ∘ (c − Σ c∘y): the Jacobian is symmetric, so this serves both ways. A row
/// that is fully masked, with −∞, has no y; where c is 0 behind it, as a
/// network that replaces such rows makes it, the result is 0 and not NaN.
static Value applySoftmaxJacobian(OpBuilder &builder, SoftmaxOp op, Value c) {
  Location loc = op.getLoc();
  Value y = op.getResult();
  ArrayRef<int64_t> shape = getShape(y);
  std::string all =
      std::string("abcdefghijklqrstuvwxyz").substr(0, shape.size());
  std::string kept = all;
  kept.erase(op.getAxis(), 1);
  Value isNumber = createCompare(builder, loc, Comparison::EQ, y, y);
  Value numbers = createOp<MaskOp>(builder, loc, isNumber, y);
  Value product = createContract(builder, loc, all + ", " + all + " -> " + kept,
                                 {c, numbers});
  Value mean = createBroadcastAlong(builder, loc, product, shape,
                                    static_cast<int64_t>(op.getAxis()));
  Value centred = createOp<SubOp>(builder, loc, c, mean);
  return zeroWhereZero(builder, loc, centred,
                       createOp<MulOp>(builder, loc, y, centred));
}

Value SoftmaxOp::buildJvp(OpBuilder &builder, ValueRange tangents) {
  return applySoftmaxJacobian(builder, *this, tangents[0]);
}

Value SoftmaxOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  return applySoftmaxJacobian(builder, *this, cotangent);
}

/// Maximum, difference, exponential, sum and quotient.
int64_t SoftmaxOp::getCoreFlops() {
  return 5 * getCoreOperandType(*this, 0).getNumElements();
}

FailureOr<Value> SoftmaxOp::lower(Lowering &lowering, ValueRange operands) {
  RankedTensorType core = getCoreResultType(*this);
  OpBuilder &builder = lowering.builder;
  int64_t axis = getAxis();
  AffineMap all = builder.getMultiDimIdentityMap(core.getRank());
  AffineMap kept =
      getReductionLoops(builder.getContext(), axis, core.getRank()).second;
  IteratorTypes loops = getLoops(core.getRank());
  Value largest = lowerReduction<arith::MaximumFOp>(
      lowering, *this, operands[0], core, axis,
      -std::numeric_limits<double>::infinity());
  Value exponentials = lowering.createGeneric(
      *this, {operands[0], largest}, loops, {all, kept}, all,
      [](OpBuilder &nested, Location loc, ValueRange x) -> Value {
        Value difference = nested.create<arith::SubFOp>(loc, x[0], x[1]);
        return nested.create<math::ExpOp>(loc, difference);
      });
  Value sum = lowerReduction<arith::AddFOp>(lowering, *this, exponentials, core,
                                            axis, 0);
  return lowering.createGeneric(
      *this, {exponentials, sum}, loops, {all, kept}, all,
      [](OpBuilder &nested, Location loc, ValueRange x) -> Value {
        return nested.create<arith::DivFOp>(loc, x[0], x[1]);
      });
}

void SoftmaxOp::evaluate(ArrayRef<const DualTensor *> operands,
                         DualTensor &result) {
  FixedFlops flops(getCoreFlops());
  const DualTensor &x = *operands[0];
  int64_t axis = getAxis();
  SmallVector<int64_t> outer(x.shape);
  outer[axis] = 1;
  forEachIndex(outer, [&](ArrayRef<int64_t> start) {
    SmallVector<int64_t> index(start);
    auto forAll = [&](function_ref<void()> f) {
      for (index[axis] = 0; index[axis] < x.shape[axis]; ++index[axis])
        f();
    };
    double largest = -std::numeric_limits<double>::infinity();
    forAll([&] { largest = std::max(largest, x.at(index).value); });
    Dual sum;
    forAll([&] { sum += exp(x.at(index) - Dual(largest)); });
    forAll([&] { result.at(index) = exp(x.at(index) - Dual(largest)) / sum; });
  });
}
