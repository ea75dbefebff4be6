// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The batch as a factor of an axis. An axis of extent outer · N · inner holds
// element (o · N + n) · inner + i of example n as element o · inner + i of its
// own. What treats the entries of an axis alike works on the example's own
// elements: opened, the axis is one like any other, and closed again it is the
// batch axis. Ranges along it are kept only where they take the same elements
// of every example, whatever N is.

#include "GraphBuilder.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

LogicalResult GraphBuilder::refuseBatch(const GraphValue &x, int64_t axis,
                                        const Twine &action) {
  if (!x.isBatch(axis))
    return success();
  return emitError() << "expected to " << action
                     << " within one example, but axis " << axis
                     << " is the batch: the network mixes examples";
}

//===----------------------------------------------------------------------===//
// The elements of one example
//===----------------------------------------------------------------------===//

Result GraphBuilder::takeExample(Result x) {
  if (failed(x) || !x->batch)
    return x;
  x->shape = x->coreShape();
  x->batch.reset();
  return x;
}

Result GraphBuilder::giveBatch(Result x, std::optional<BatchAxis> batch) {
  if (failed(x) || !batch)
    return x;
  if (batch->isPure())
    x->shape.insert(x->shape.begin() + batch->axis, 1);
  x->batch = batch;
  return x;
}

Result GraphBuilder::openBatch(Result x) {
  if (failed(x))
    return failure();
  return reshape(x, x->shape, std::nullopt);
}

Result GraphBuilder::closeBatch(Result x, std::optional<BatchAxis> batch) {
  if (failed(x))
    return failure();
  return reshape(x, x->shape, batch);
}

//===----------------------------------------------------------------------===//
// Equal elements
//===----------------------------------------------------------------------===//

static bool isUniformKnown(const GraphValue &x, int64_t axis) {
  int64_t stride = rowMajorStrides(x.shape)[axis], size = x.shape[axis];
  const std::vector<Number> &numbers = *x.numbers;
  for (size_t i = 0; i < numbers.size(); ++i) {
    int64_t along = static_cast<int64_t>(i) / stride % size;
    if (!(numbers[i] == numbers[i - along * stride]))
      return false;
  }
  return true;
}

bool onnximport::isUniform(const GraphValue &x, int64_t axis) {
  if (x.hasPlaces() || x.isSequence() || x.isMissing())
    return false;
  std::optional<int64_t> at = x.coreAxis(axis);
  if (x.shape[axis] == 1 || !at)
    return true;
  if (x.isKnown())
    return isUniformKnown(x, axis);
  if (x.stored) {
    GraphValue known = makeKnown(*x.stored);
    known.shape = x.shape; // stored as it was before it was reshaped
    return isUniformKnown(known, axis);
  }
  if (auto constant = x.core.getDefiningOp<ConstantOp>())
    return constant.getValue().isSplat();
  auto broadcast = x.core.getDefiningOp<BroadcastOp>();
  return broadcast && !llvm::is_contained(broadcast.getDimensions(), *at);
}

bool GraphBuilder::isFlexible(const GraphValue &x) const {
  if (!x.batch || x.batch->isPure() || !isUniform(x, x.batch->axis))
    return false;
  if (!x.isKnown())
    return !varying.contains(x.core);
  return llvm::all_of(
      *x.numbers, [](const Number &number) { return number.position == 0; });
}

bool onnximport::sameExtent(const BatchAxis &a, const BatchAxis &b) {
  return a.axis == b.axis && a.outer * a.inner == b.outer * b.inner;
}

Result GraphBuilder::narrow(Result x, int64_t axis) {
  if (failed(x) || x->shape[axis] == 1)
    return x;
  auto broadcast =
      x->isKnown() ? BroadcastOp() : x->core.getDefiningOp<BroadcastOp>();
  if (!broadcast)
    return slice(x, axis, 0, 1, 1);
  x->shape[axis] = 1;
  SmallVector<int64_t> shape = x->coreShape();
  FailureOr<Value> core =
      create<BroadcastOp>(broadcast.getInput(),
                          {attribute("shape", shape),
                           attribute("dimensions", broadcast.getDimensions())});
  if (failed(core))
    return failure();
  return wrap(*core, *x);
}

//===----------------------------------------------------------------------===//
// Parts side by side
//===----------------------------------------------------------------------===//

Result GraphBuilder::concatBatch(ArrayRef<GraphValue> values, int64_t axis) {
  // The inner part is that of a value whose elements differ, if there is one.
  std::optional<int64_t> inner;
  for (const GraphValue &x : values) {
    if (!x.isBatch(axis))
      return emitError() << "expected to concatenate parts of all examples, "
                            "but one is without a batch along axis "
                         << axis << ": the network mixes examples";
    if (!isFlexible(x) && inner.value_or(x.batch->inner) != x.batch->inner)
      return emitError() << "expected to concatenate parts in which as many "
                            "elements of an example are together, but got "
                         << *inner << " and " << x.batch->inner;
    if (!isFlexible(x))
      inner = x.batch->inner;
  }
  BatchAxis batch{axis, 0, inner.value_or(values[0].batch->inner)};
  SmallVector<GraphValue> open;
  for (const GraphValue &x : values) {
    int64_t size = x.shape[axis];
    if (size % batch.inner != 0)
      return emitError() << "expected to concatenate multiples of "
                         << batch.inner << " elements of an example, but got "
                         << size;
    batch.outer += size / batch.inner;
    Result opened = openBatch(x);
    if (failed(opened))
      return failure();
    open.push_back(*opened);
  }
  return closeBatch(concat(open, axis), batch);
}

//===----------------------------------------------------------------------===//
// Ranges
//===----------------------------------------------------------------------===//

/// Bounds as far away as this mean the end of the batch: no batch is as large.
static constexpr int64_t beyondBatch = 100'000'000;

/// Where a bound stands, in whole parts of N · inner elements: counted from the
/// end if negative, and within the axis. None if that depends on N.
static std::optional<int64_t> locate(Number at, const BatchAxis &batch,
                                     std::optional<int64_t> batchSize) {
  if (at.isUndecided || at.position != 0)
    return std::nullopt;
  int64_t parts = batch.outer;
  bool isFar = std::abs(at.integer / 2) >= beyondBatch / 2;
  if (isFar && at.perExample == 0)
    return at.integer < 0 ? 0 : parts;
  if (isFar || std::abs(at.perExample / 2) >= beyondBatch / 2 ||
      batchSize.value_or(1) >= beyondBatch)
    return std::nullopt;
  Number extent;
  extent.perExample = parts * batch.inner;
  if (batchSize) { // then all are plain
    int64_t size = *batchSize;
    at = Number{at.integer + at.perExample * size};
    extent = Number{extent.perExample * size};
  }
  if (compareNumbers(at, Number{}).isLess) {
    at.integer += extent.integer;
    at.perExample += extent.perExample;
  }
  if (compareNumbers(at, Number{}).isLessOrEqual)
    return 0;
  if (compareNumbers(at, extent).isGreaterOrEqual)
    return parts;
  int64_t along = batchSize ? at.integer : at.perExample;
  int64_t part = batch.inner * batchSize.value_or(1);
  if ((!batchSize && at.integer != 0) || along < 0 || along % part != 0)
    return std::nullopt;
  return along / part;
}

Result GraphBuilder::sliceBatch(Result x, const Number &start,
                                const Number &end, int64_t step) {
  if (failed(x))
    return failure();
  BatchAxis batch = *x->batch;
  int64_t axis = batch.axis, size = batch.outer * batch.inner;
  std::optional<int64_t> last = locate(end, batch, fixedBatch);
  // Every step-th of the elements that an example has together.
  if (step > 1 && batch.inner % step == 0 && start.isPlain() &&
      0 <= start.integer && start.integer < step && last == batch.outer) {
    batch.inner /= step;
    return closeBatch(
        slice(openBatch(x), axis, start.integer, size / step, step), batch);
  }
  std::optional<int64_t> first = locate(start, batch, fixedBatch);
  if (step != 1 || !first || !last || *first >= *last)
    return refuseBatch(*x, axis, "slice");
  if (*last - *first == batch.outer)
    return x;
  batch.outer = *last - *first;
  return closeBatch(slice(openBatch(x), axis, *first * batch.inner,
                          batch.outer * batch.inner, 1),
                    batch);
}
