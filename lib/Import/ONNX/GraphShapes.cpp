// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations that move elements. Known values are rearranged at once, others
// become ops; the batch axis moves along.

#include "Places.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

SmallVector<int64_t> onnximport::rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t axis = static_cast<int64_t>(shape.size()) - 2; axis >= 0; --axis)
    strides[axis] = strides[axis + 1] * shape[axis + 1];
  return strides;
}

GraphValue GraphBuilder::rearrange(const GraphValue &x, const Frame &frame,
                                   ArrayRef<int64_t> source) {
  std::vector<Number> numbers;
  numbers.reserve(source.size());
  for (int64_t position : source)
    numbers.push_back((*x.numbers)[position]);
  GraphValue result = makeKnown(x.kind, frame.shape, std::move(numbers));
  result.batch = frame.batch;
  return result;
}

/// Positions, in a value of strides `strides`, of a row-major walk over
/// `shape`.
static SmallVector<int64_t> walk(ArrayRef<int64_t> shape,
                                 ArrayRef<int64_t> strides, int64_t start = 0) {
  SmallVector<int64_t> positions = {start};
  if (llvm::is_contained(shape, 0))
    return {}; // however many the axes before it have
  for (auto [size, stride] : llvm::zip_equal(shape, strides)) {
    SmallVector<int64_t> next;
    next.reserve(positions.size() * size);
    for (int64_t position : positions)
      for (int64_t i = 0; i < size; ++i)
        next.push_back(position + i * stride);
    positions = std::move(next);
  }
  return positions;
}

SmallVector<int64_t> onnximport::broadcastPositions(ArrayRef<int64_t> shape,
                                                    ArrayRef<int64_t> to) {
  SmallVector<int64_t> own = rowMajorStrides(shape), strides(to.size(), 0);
  size_t offset = to.size() - shape.size();
  for (size_t axis = 0; axis < shape.size(); ++axis)
    if (shape[axis] != 1)
      strides[offset + axis] = own[axis];
  return walk(to, strides);
}

/// May a known value have this shape?
static bool isSmall(ArrayRef<int64_t> shape) {
  std::optional<int64_t> count = product(shape);
  return count && *count <= maxKnownElements;
}

Result GraphBuilder::reshape(Result x, ArrayRef<int64_t> shape,
                             std::optional<BatchAxis> batch) {
  if (failed(x))
    return failure();
  GraphValue result = *x;
  result.shape.assign(shape.begin(), shape.end());
  result.batch = batch;
  if (x->isKnown() || result.coreShape() == x->coreShape())
    return result;
  FailureOr<Value> core =
      create<ReshapeOp>(x->core, attribute("shape", result.coreShape()));
  if (failed(core))
    return failure();
  result.core = *core;
  return result;
}

Result GraphBuilder::squeeze(Result x, ArrayRef<int64_t> axes) {
  if (failed(x))
    return failure();
  SmallVector<int64_t> shape;
  std::optional<BatchAxis> batch = x->batch;
  for (int64_t axis = 0; axis < x->rank(); ++axis) {
    if (!llvm::is_contained(axes, axis))
      shape.push_back(x->shape[axis]);
    else if (batch && axis < x->batch->axis)
      --batch->axis;
  }
  return reshape(x, shape, batch);
}

Result GraphBuilder::unsqueeze(Result x, ArrayRef<int64_t> axes) {
  if (failed(x))
    return failure();
  SmallVector<int64_t> shape;
  std::optional<BatchAxis> batch = x->batch;
  int64_t from = 0, rank = x->rank() + static_cast<int64_t>(axes.size());
  for (int64_t axis = 0; axis < rank; ++axis) {
    if (llvm::is_contained(axes, axis)) {
      shape.push_back(1);
      continue;
    }
    if (x->isBatch(from))
      batch->axis = axis;
    shape.push_back(x->shape[from++]);
  }
  return reshape(x, shape, batch);
}

Result GraphBuilder::transpose(Result x, ArrayRef<int64_t> permutation) {
  if (failed(x))
    return failure();
  SmallVector<int64_t> shape, corePermutation;
  Frame frame;
  frame.batch = x->batch;
  for (auto [to, from] : llvm::enumerate(permutation)) {
    frame.shape.push_back(x->shape[from]);
    if (x->isBatch(from))
      frame.batch->axis = to;
    if (std::optional<int64_t> axis = x->coreAxis(from))
      corePermutation.push_back(*axis);
  }
  if (x->isKnown()) {
    SmallVector<int64_t> strides, all = rowMajorStrides(x->shape);
    for (int64_t from : permutation)
      strides.push_back(all[from]);
    return rearrange(*x, frame, walk(frame.shape, strides));
  }
  if (llvm::is_sorted(corePermutation))
    return wrap(x->core, x->kind, frame);
  FailureOr<Value> core =
      create<TransposeOp>(x->core, attribute("permutation", corePermutation));
  if (failed(core))
    return failure();
  return wrap(*core, x->kind, frame);
}

Result GraphBuilder::slice(Result x, int64_t axis, int64_t start, int64_t size,
                           int64_t stride) {
  if (failed(x) || failed(refuseBatch(*x, axis, "slice")))
    return failure();
  if (x->hasPlaces())
    return movePlaces(*x, [&](Result part) {
      return slice(part, axis, start, size, stride);
    });
  Frame frame{x->shape, x->batch};
  frame.shape[axis] = size;
  if (size == 0)
    return makeKnown(x->kind, frame.shape, {}); // nothing is known of nothing
  if (x->isKnown()) {
    SmallVector<int64_t> strides = rowMajorStrides(x->shape);
    int64_t first = start * strides[axis];
    strides[axis] *= stride;
    return rearrange(*x, frame, walk(frame.shape, strides, first));
  }
  if (start == 0 && stride == 1 && size == x->shape[axis])
    return x;
  int64_t at = *x->coreAxis(axis);
  SmallVector<int64_t> starts(x->coreShape().size(), 0),
      sizes = x->coreShape(), strides(starts.size(), 1);
  bool turns = stride < 0;
  starts[at] = turns && size > 0 ? start + (size - 1) * stride : start;
  sizes[at] = size;
  strides[at] = std::abs(stride);
  FailureOr<Value> core = create<SliceOp>(
      x->core, {attribute("starts", starts), attribute("sizes", sizes),
                attribute("strides", strides)});
  if (succeeded(core) && turns)
    core = create<ReverseOp>(*core, attribute("axes", ArrayRef<int64_t>{at}));
  if (failed(core))
    return failure();
  return wrap(*core, x->kind, frame);
}

Result GraphBuilder::pick(Result x, int64_t axis, ArrayRef<int64_t> positions) {
  if (failed(x) || failed(refuseBatch(*x, axis, "pick elements")))
    return failure();
  if (x->hasPlaces())
    return pickPlaces(*x, axis, positions);
  int64_t count = positions.size();
  int64_t stride = count > 1 ? positions[1] - positions[0] : 1;
  bool regular = count > 0 && stride != 0;
  for (int64_t i = 1; i < count; ++i)
    regular &= positions[i] - positions[i - 1] == stride;
  if (regular)
    return slice(x, axis, positions[0], count, stride);
  Frame frame{x->shape, x->batch};
  frame.shape[axis] = count;
  if (x->isKnown() && isSmall(frame.shape)) {
    SmallVector<int64_t> source, strides = rowMajorStrides(x->shape);
    SmallVector<int64_t> outer(frame.shape), outerStrides(strides);
    outerStrides[axis] = 0;
    for (auto [i, position] : llvm::enumerate(walk(outer, outerStrides))) {
      int64_t inner = strides[axis];
      int64_t along = (static_cast<int64_t>(i) / inner) % count;
      source.push_back(position + positions[along] * inner);
    }
    return rearrange(*x, frame, source);
  }
  FailureOr<Value> indices = materialize(makeIntegers(positions));
  FailureOr<Value> table = materialize(*x);
  if (failed(indices) || failed(table))
    return failure();
  FailureOr<Value> core = create<GatherOp>(
      {*table, *indices}, attribute("axis", *x->coreAxis(axis)));
  if (failed(core))
    return failure();
  return wrap(*core, x->kind, frame);
}

GraphValue onnximport::makeIntegers(ArrayRef<int64_t> integers) {
  std::vector<Number> numbers(integers.size());
  for (auto [number, integer] : llvm::zip_equal(numbers, integers))
    number.integer = integer;
  return makeKnown(ElementKind::Int64, {static_cast<int64_t>(integers.size())},
                   std::move(numbers));
}

/// Joins known values, each repeated to the sizes of the frame.
static GraphValue concatKnown(ArrayRef<GraphValue> values, int64_t axis,
                              const Frame &frame) {
  std::vector<SmallVector<int64_t>> sources;
  for (const GraphValue &x : values) {
    SmallVector<int64_t> own(frame.shape);
    own[axis] = x.shape[axis];
    sources.push_back(broadcastPositions(x.shape, own));
  }
  int64_t outer = *product(ArrayRef(frame.shape).take_front(axis));
  std::vector<Number> numbers;
  for (int64_t i = 0; i < outer; ++i) {
    for (auto [x, source] : llvm::zip_equal(values, sources)) {
      int64_t block = source.size() / outer;
      for (int64_t position : ArrayRef(source).slice(i * block, block))
        numbers.push_back((*x.numbers)[position]);
    }
  }
  GraphValue result =
      makeKnown(values[0].kind, frame.shape, std::move(numbers));
  result.batch = frame.batch;
  return result;
}

/// Axes other than `axis` have the frame's sizes; only what is one value for
/// all examples may have size one along the batch.
LogicalResult GraphBuilder::checkConcat(ArrayRef<GraphValue> values,
                                        int64_t axis, Frame &frame) {
  for (const GraphValue &x : values) {
    for (int64_t i = 0; i < x.rank(); ++i) {
      if (i == axis)
        continue;
      bool isBatch = frame.batch && frame.batch->axis == i;
      if (isBatch && failed(unifyAxis(x, i, 0, frame)))
        return failure();
      if (!isBatch && x.shape[i] != frame.shape[i])
        return emitError() << "expected operands of equal sizes, but axis " << i
                           << " has sizes " << frame.shape[i] << " and "
                           << x.shape[i];
    }
  }
  return success();
}

Result GraphBuilder::concat(ArrayRef<GraphValue> values, int64_t axis) {
  if (llvm::any_of(values,
                   [&](const GraphValue &x) { return x.isBatch(axis); }))
    return concatBatch(values, axis);
  Frame frame{values[0].shape, std::nullopt};
  frame.shape[axis] = 0;
  for (const GraphValue &x : values) {
    if (x.rank() != values[0].rank())
      return emitError() << "expected operands of rank " << values[0].rank()
                         << ", but got rank " << x.rank();
    if (llvm::AddOverflow(frame.shape[axis], x.shape[axis], frame.shape[axis]))
      return emitError() << "expected sizes that fit memory";
  }
  if (failed(unifyBatch(values, values[0].rank(), frame)))
    return failure();
  if (frame.batch)
    frame.shape[frame.batch->axis] = frame.batch->outer * frame.batch->inner;
  if (failed(checkConcat(values, axis, frame)))
    return failure();
  if (isSmall(frame.shape) &&
      llvm::all_of(values, [](const GraphValue &x) { return x.isKnown(); }))
    return concatKnown(values, axis, frame);
  if (llvm::any_of(values, [](const GraphValue &x) {
        return namesPlaces(x) || x.hasPlaces();
      })) {
    if (!isSmall(frame.shape))
      return refusePlaces();
    return concatPlaces(values, axis);
  }
  SmallVector<Value> cores;
  for (const GraphValue &x : values) {
    Frame own = frame;
    own.shape[axis] = x.shape[axis];
    FailureOr<Value> core = fit(x, own);
    if (failed(core))
      return failure();
    cores.push_back(*core);
  }
  GraphValue like = wrap(Value(), values[0].kind, frame);
  FailureOr<Value> core =
      create<ConcatOp>(cores, attribute("axis", *like.coreAxis(axis)));
  if (failed(core))
    return failure();
  return wrap(*core, values[0].kind, frame);
}
