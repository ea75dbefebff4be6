// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Broadcasting by NumPy's rules, made explicit, and elementwise functions. The
// batch axis of values that meet must be the same axis: two different ones
// would pair examples with each other.

#include "GraphBuilder.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

//===----------------------------------------------------------------------===//
// Common shapes
//===----------------------------------------------------------------------===//

/// The batch axis that values have together, whose last axes are those of a
/// frame of this rank. One whose elements are equal is any of its extent.
LogicalResult GraphBuilder::unifyBatch(ArrayRef<GraphValue> values,
                                       int64_t rank, Frame &frame) {
  for (bool flexible : {false, true}) {
    for (const GraphValue &x : values) {
      if (!x.batch || isFlexible(x) != flexible)
        continue;
      BatchAxis batch = *x.batch;
      batch.axis += rank - x.rank();
      bool fits = !frame.batch || *frame.batch == batch ||
                  (flexible && sameExtent(*frame.batch, batch));
      if (!fits)
        return emitError() << "expected the batch at one axis, but it is axis "
                           << frame.batch->axis << " of one operand and axis "
                           << batch.axis
                           << " of another: the network mixes examples";
      if (!frame.batch)
        frame.batch = batch;
    }
  }
  return success();
}

/// Extent of a batch axis where the file fixes the batch size.
static std::optional<int64_t> fixedExtent(const BatchAxis &batch,
                                          std::optional<int64_t> batchSize) {
  if (!batchSize)
    return std::nullopt;
  return product({batch.outer, *batchSize, batch.inner});
}

LogicalResult GraphBuilder::unifyAxis(const GraphValue &x, int64_t axis,
                                      int64_t offset, Frame &frame) {
  int64_t size = x.shape[axis];
  if (x.isBatch(axis) || size == 1)
    return success();
  int64_t &common = frame.shape[offset + axis];
  if (frame.batch && frame.batch->axis == offset + axis) {
    if (fixedExtent(*frame.batch, fixedBatch) == size && isUniform(x, axis))
      return success(); // one value, repeated for every example
    return emitError() << "expected one value for all examples, but got "
                       << size << " along the batch axis " << offset + axis;
  }
  if (common != 1 && common != size)
    return emitError() << "expected operands that broadcast, but axis "
                       << offset + axis << " has sizes " << common << " and "
                       << size;
  common = size;
  return success();
}

FailureOr<Frame> GraphBuilder::unify(ArrayRef<GraphValue> values) {
  Frame frame;
  int64_t rank = 0;
  for (const GraphValue &x : values)
    rank = std::max(rank, x.rank());
  if (failed(unifyBatch(values, rank, frame)))
    return failure();
  frame.shape.assign(rank, 1);
  if (frame.batch)
    frame.shape[frame.batch->axis] = frame.batch->outer * frame.batch->inner;
  for (const GraphValue &x : values)
    for (int64_t axis = 0; axis < x.rank(); ++axis)
      if (failed(unifyAxis(x, axis, rank - x.rank(), frame)))
        return failure();
  return frame;
}

FailureOr<Value> GraphBuilder::fit(const GraphValue &x, const Frame &frame) {
  SmallVector<int64_t> shape = frame.coreShape();
  std::optional<Number> splat = x.splat();
  if (splat && splat->isPlain())
    return constant(shape, x.kind, {*splat});
  // What is repeated for every example of a fixed batch is one value.
  int64_t at = frame.batch ? frame.batch->axis : -1;
  at -= static_cast<int64_t>(frame.shape.size()) - x.rank();
  if (frame.batch && at >= 0 && !x.batch && x.shape[at] != 1) {
    Result one = narrow(x, at);
    if (failed(one))
      return failure();
    return fit(*one, frame);
  }
  FailureOr<Value> value = materialize(x);
  if (failed(value))
    return failure();
  // Where the axes of x are in the frame, without those that are stretched.
  Frame common = frame;
  GraphValue target = wrap(Value(), x.kind, common);
  SmallVector<int64_t> kept, dimensions;
  int64_t offset = target.rank() - x.rank();
  for (int64_t axis = 0; axis < x.rank(); ++axis) {
    std::optional<int64_t> to = target.coreAxis(offset + axis);
    if (!to || !x.coreAxis(axis) || x.shape[axis] != shape[*to])
      continue;
    kept.push_back(x.shape[axis]);
    dimensions.push_back(*to);
  }
  if (x.coreShape() == shape)
    return *value;
  if (product(x.coreShape()) == product(shape))
    return create<ReshapeOp>(*value, attribute("shape", shape));
  if (x.coreShape() != kept)
    value = create<ReshapeOp>(*value, attribute("shape", kept));
  if (failed(value))
    return failure();
  return create<BroadcastOp>(
      *value, {attribute("shape", shape), attribute("dimensions", dimensions)});
}

GraphValue onnximport::repeatKnown(const GraphValue &x, const Frame &frame) {
  std::vector<Number> numbers;
  for (int64_t position : broadcastPositions(x.shape, frame.shape))
    numbers.push_back((*x.numbers)[position]);
  GraphValue result = makeKnown(x.kind, frame.shape, std::move(numbers));
  result.batch = frame.batch;
  return result;
}

Result GraphBuilder::broadcast(Result x, const Frame &frame) {
  if (failed(x))
    return failure();
  FailureOr<Value> value = fit(*x, frame);
  if (failed(value))
    return failure();
  return wrap(*value, x->kind, frame);
}

//===----------------------------------------------------------------------===//
// Elementwise functions
//===----------------------------------------------------------------------===//

Result GraphBuilder::scale(Result x, double factor) {
  if (factor == 1)
    return x;
  return unary<ScaleOp>(x, attribute("factor", factor));
}

Result GraphBuilder::shift(Result x, double offset) {
  if (offset == 0)
    return x;
  return unary<ShiftOp>(x, attribute("offset", offset));
}

Result GraphBuilder::compare(Result x, Result y, Comparison predicate) {
  if (failed(x) || failed(y))
    return failure();
  FailureOr<Frame> frame = unify({*x, *y});
  if (failed(frame))
    return failure();
  FailureOr<Value> lhs = fit(*x, *frame), rhs = fit(*y, *frame);
  if (failed(lhs) || failed(rhs))
    return failure();
  FailureOr<Value> result = create<CompareOp>(
      {*lhs, *rhs},
      builder.getNamedAttr(
          "predicate", ComparisonAttr::get(builder.getContext(), predicate)));
  if (failed(result))
    return failure();
  return wrap(*result, ElementKind::Bool, *frame);
}

Result GraphBuilder::select(Result condition, Result x, Result y) {
  if (failed(condition) || failed(x) || failed(y))
    return failure();
  FailureOr<Frame> frame = unify({*condition, *x, *y});
  if (failed(frame))
    return failure();
  FailureOr<Value> mask = fit(*condition, *frame), lhs = fit(*x, *frame),
                   rhs = fit(*y, *frame);
  if (failed(mask) || failed(lhs) || failed(rhs))
    return failure();
  FailureOr<Value> result = create<SelectOp>({*mask, *lhs, *rhs});
  if (failed(result))
    return failure();
  return wrap(*result, x->kind, *frame);
}

Result GraphBuilder::convert(Result x, ElementKind kind) {
  if (failed(x))
    return failure();
  if (elementType(x->kind) == elementType(kind)) {
    x->kind = kind;
    return x;
  }
  x = unary<ConvertOp>(
      x, builder.getNamedAttr("element", TypeAttr::get(elementType(kind))));
  if (succeeded(x))
    x->kind = kind;
  return x;
}
