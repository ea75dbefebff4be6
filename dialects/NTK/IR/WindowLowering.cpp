// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowering of pooling: linalg.generic over output pixels and taps on a padded
// copy of the input, whose position under a tap is affine. The transpose,
// window_spread, runs the same loops and adds into the padded result.

#include "dialects/NTK/IR/LoweringHelpers.h"
#include "dialects/NTK/IR/Window.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::ntk;

namespace {
/// Loops over leading axes, output pixels and taps, in this order.
struct PoolingLoops {
  Window window;
  int64_t leading;
  MLIRContext *context;

  template <typename OpTy>
  PoolingLoops(OpTy op, Window window)
      : window(std::move(window)),
        leading(getCoreOperandType(op, 0).getRank() - this->window.getRank()),
        context(op.getContext()) {}

  int64_t getRank() const { return window.getRank(); }
  unsigned getNumLoops() const { return leading + 2 * getRank(); }

  AffineMap getLeadingThen(ArrayRef<AffineExpr> trailing) const {
    SmallVector<AffineExpr> results;
    for (int64_t i = 0; i < leading; ++i)
      results.push_back(getAffineDimExpr(i, context));
    llvm::append_range(results, trailing);
    return AffineMap::get(getNumLoops(), 0, results, context);
  }
  AffineMap getPaddedMap() const {
    return getLeadingThen(
        window.getPaddedPixels(context, leading, leading + getRank()));
  }
  AffineMap getOutputMap() const {
    return AffineMap::getMultiDimIdentityMap(getNumLoops(), context)
        .getMajorSubMap(leading + getRank());
  }
  AffineMap getTapMap() const {
    return AffineMap::getMultiDimIdentityMap(getNumLoops(), context)
        .getMinorSubMap(getRank());
  }

  /// Positions of a box of the spatial axes, whole in the leading ones.
  SmallVector<int64_t> withLeading(ArrayRef<int64_t> trailing,
                                   int64_t value) const {
    SmallVector<int64_t> result(leading, value);
    llvm::append_range(result, trailing);
    return result;
  }
};
} // namespace

/// A tensor that gives the tap loops their sizes and is never read.
static Value createTapShape(Lowering &lowering, Location loc,
                            const Window &window, Type element) {
  return lowering.builder.create<tensor::EmptyOp>(loc, window.window, element);
}

/// The input surrounded by `value`, or itself where there is no padding.
static Value createPadded(Lowering &lowering, Operation *op,
                          const PoolingLoops &loops, Value input,
                          double value) {
  if (!loops.window.isPadded())
    return input;
  RankedTensorType core = getCoreOperandType(op, 0);
  SmallVector<int64_t> shape(core.getShape().take_front(loops.leading));
  llvm::append_range(shape, loops.window.getPaddedSizes());
  Value padded = lowering.createFilled(
      op, RankedTensorType::get(shape, core.getElementType()),
      getScalarAttr(lowering.builder, core.getElementType(), value));
  return insertBox(lowering, op->getLoc(), input, padded,
                   getOperandBatch(op, 0).size(),
                   loops.withLeading(loops.window.getLows(), 0),
                   SmallVector<int64_t>(core.getRank(), 1));
}

/// Reduces each window, from `start` on, by the arith op CombineOp.
template <typename CombineOp, typename OpTy>
static Value lowerPooling(Lowering &lowering, OpTy op, Value input,
                          double start) {
  RankedTensorType core = getCoreOperandType(op, 0);
  Type element = core.getElementType();
  PoolingLoops loops(
      op, Window::get(op, core.getShape().take_back(op.getWindow().size()),
                      op.getWindow()));
  Value padded = createPadded(lowering, op, loops, input, start);
  Value taps = createTapShape(lowering, op.getLoc(), loops.window, element);
  Value init =
      lowering.createFilled(op, getCoreResultType(op),
                            getScalarAttr(lowering.builder, element, start));
  return lowering.createGeneric(
      op, {padded, taps},
      getLoops(loops.leading + loops.getRank(), loops.getRank()),
      {loops.getPaddedMap(), loops.getTapMap()}, loops.getOutputMap(),
      [](OpBuilder &builder, Location loc, ValueRange x) -> Value {
        return builder.create<CombineOp>(loc, x.back(), x[0]);
      },
      init);
}

FailureOr<Value> WindowSumOp::lower(Lowering &lowering, ValueRange operands) {
  return lowerPooling<arith::AddFOp>(lowering, *this, operands[0], 0);
}

FailureOr<Value> MaxPoolOp::lower(Lowering &lowering, ValueRange operands) {
  return lowerPooling<arith::MaximumFOp>(
      lowering, *this, operands[0], -std::numeric_limits<double>::infinity());
}

/// The loops over pixels and taps are reductions where several of them add to
/// one pixel.
FailureOr<Value> WindowSpreadOp::lower(Lowering &lowering,
                                       ValueRange operands) {
  RankedTensorType core = getCoreResultType(*this);
  Type element = core.getElementType();
  PoolingLoops loops(*this, Window::get(*this, getOutputSize(), getWindow()));
  SmallVector<int64_t> shape(core.getShape().take_front(loops.leading));
  llvm::append_range(shape, loops.window.getPaddedSizes());
  auto type = RankedTensorType::get(shape, element);
  bool adds = !loops.window.isPartition();
  Value init =
      adds ? lowering.createFilled(*this, type,
                                   getScalarAttr(lowering.builder, element, 0))
           : lowering.createEmpty(*this, type);
  int64_t reductions = adds ? 2 * loops.getRank() : 0;
  Value taps = createTapShape(lowering, getLoc(), loops.window, element);
  Value padded = lowering.createGeneric(
      *this, {operands[0], taps},
      getLoops(loops.leading + 2 * loops.getRank() - reductions, reductions),
      {loops.getOutputMap(), loops.getTapMap()}, loops.getPaddedMap(),
      [&](OpBuilder &builder, Location loc, ValueRange x) -> Value {
        return adds ? builder.create<arith::AddFOp>(loc, x.back(), x[0]) : x[0];
      },
      init);
  if (!loops.window.isPadded())
    return padded;
  return extractBox(lowering, getLoc(), padded,
                    getOperandBatch(*this, 0).size(),
                    loops.withLeading(loops.window.getLows(), 0),
                    core.getShape(), SmallVector<int64_t>(core.getRank(), 1));
}

//===----------------------------------------------------------------------===//
// max_pool_winner
//===----------------------------------------------------------------------===//

namespace {
/// The row-major position of the pixel under the present tap, and whether it
/// lies inside.
struct TapPosition {
  Value position, isInside;

  TapPosition(OpBuilder &builder, Location loc, const PoolingLoops &loops,
              unsigned batch) {
    const Window &window = loops.window;
    position = createIndex(builder, loc, 0);
    isInside = builder.create<arith::ConstantIntOp>(loc, 1, 1);
    for (int64_t axis = 0; axis < loops.getRank(); ++axis) {
      Value pixel = getPixel(builder, loc, loops, batch, axis);
      Value size = createIndex(builder, loc, window.input[axis]);
      position = builder.create<arith::MulIOp>(loc, position, size);
      position = builder.create<arith::AddIOp>(loc, position, pixel);
      // Unsigned: a negative pixel is a large one.
      Value fits = builder.create<arith::CmpIOp>(loc, arith::CmpIPredicate::ult,
                                                 pixel, size);
      isInside = builder.create<arith::AndIOp>(loc, isInside, fits);
    }
  }

private:
  static Value getPixel(OpBuilder &builder, Location loc,
                        const PoolingLoops &loops, unsigned batch,
                        int64_t axis) {
    auto scaled = [&](int64_t loop, int64_t factor) -> Value {
      Value i = builder.create<linalg::IndexOp>(loc, batch + loop);
      return builder.create<arith::MulIOp>(loc, i,
                                           createIndex(builder, loc, factor));
    };
    const Window &window = loops.window;
    Value output = scaled(loops.leading + axis, window.strides[axis]);
    Value tap =
        scaled(loops.leading + loops.getRank() + axis, window.dilations[axis]);
    Value sum = builder.create<arith::AddIOp>(loc, output, tap);
    return builder.create<arith::SubIOp>(
        loc, sum, createIndex(builder, loc, window.getLow(axis)));
  }
};
} // namespace

/// One reduction with two results, the largest value and its position, which is
/// −1 until a first tap lies inside.
FailureOr<Value> MaxPoolWinnerOp::lower(Lowering &lowering,
                                        ValueRange operands) {
  OpBuilder &builder = lowering.builder;
  RankedTensorType input = getCoreOperandType(*this, 0);
  RankedTensorType core = getCoreResultType(*this);
  Type element = input.getElementType(), integer = core.getElementType();
  constexpr double lowest = -std::numeric_limits<double>::infinity();
  PoolingLoops loops(
      *this, Window::get(*this, input.getShape().take_back(getWindow().size()),
                         getWindow()));
  unsigned batch = getOperandBatch(*this, 0).size();
  Value padded = createPadded(lowering, *this, loops, operands[0], lowest);
  Value taps = createTapShape(lowering, getLoc(), loops.window, element);
  Value best = lowering.createFilled(
      *this, RankedTensorType::get(core.getShape(), element),
      getScalarAttr(builder, element, lowest));
  Value winner =
      lowering.createFilled(*this, core, getScalarAttr(builder, integer, -1));

  SmallVector<AffineMap> maps;
  for (AffineMap map : {loops.getPaddedMap(), loops.getTapMap(),
                        loops.getOutputMap(), loops.getOutputMap()}) {
    AffineMap shifted = map.shiftDims(batch);
    SmallVector<AffineExpr> results;
    if (map != loops.getTapMap())
      for (unsigned i = 0; i < batch; ++i)
        results.push_back(builder.getAffineDimExpr(i));
    llvm::append_range(results, shifted.getResults());
    maps.push_back(
        AffineMap::get(shifted.getNumDims(), 0, results, builder.getContext()));
  }
  auto body = [&](OpBuilder &nested, Location loc, ValueRange x) {
    Value value = x[0], oldBest = x[2], oldWinner = x[3];
    TapPosition tap(nested, loc, loops, batch);
    Value isLarger = nested.create<arith::CmpFOp>(
        loc, arith::CmpFPredicate::OGT, value, oldBest);
    Value isNaN = nested.create<arith::CmpFOp>(loc, arith::CmpFPredicate::UNO,
                                               value, value);
    Value none = nested.create<arith::CmpIOp>(
        loc, arith::CmpIPredicate::slt, oldWinner,
        nested.create<arith::ConstantOp>(loc,
                                         getScalarAttr(nested, integer, 0)));
    Value isFirst = nested.create<arith::AndIOp>(loc, none, tap.isInside);
    Value wins = nested.create<arith::OrIOp>(
        loc, nested.create<arith::OrIOp>(loc, isLarger, isNaN), isFirst);
    Value position =
        nested.create<arith::IndexCastOp>(loc, integer, tap.position);
    Value newBest = nested.create<arith::SelectOp>(loc, wins, value, oldBest);
    Value newWinner =
        nested.create<arith::SelectOp>(loc, wins, position, oldWinner);
    nested.create<linalg::YieldOp>(loc, ValueRange{newBest, newWinner});
  };
  auto generic = builder.create<linalg::GenericOp>(
      getLoc(), TypeRange{best.getType(), winner.getType()},
      ValueRange{padded, taps}, ValueRange{best, winner}, maps,
      getLoops(batch + loops.leading + loops.getRank(), loops.getRank()), body);
  return generic.getResult(1);
}
