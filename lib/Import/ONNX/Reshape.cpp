// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Changes of shape. The batch axis is followed through them by where it stands
// in row-major order: with P elements of an example before N and S after it, a
// new shape has it at the axis whose extent is (P / elements before) · N · i,
// and i · (elements after) = S.

#include "Operators.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// Elements of one example before and after N in row-major order.
static std::pair<int64_t, int64_t> aroundBatch(const GraphValue &x) {
  ArrayRef<int64_t> shape = x.shape;
  return {*product(shape.take_front(x.batch->axis)) * x.batch->outer,
          x.batch->inner * *product(shape.drop_front(x.batch->axis + 1))};
}

/// The batch axis if it is axis `axis` of `shape`, whose own entry is not read.
static std::optional<BatchAxis> batchAt(int64_t axis, ArrayRef<int64_t> shape,
                                        int64_t before, int64_t after) {
  std::optional<int64_t> left = product(shape.take_front(axis));
  std::optional<int64_t> right = product(shape.drop_front(axis + 1));
  if (!left || !right || *left == 0 || *right == 0 || before % *left != 0 ||
      after % *right != 0)
    return std::nullopt;
  return BatchAxis{axis, before / *left, after / *right};
}

/// Fills in the entries 0 (copied) and −1 (what is left) of a Reshape target.
/// The entry −1 stays where N is not among the others: it is the batch.
static LogicalResult resolveTarget(NodeImporter &node, const GraphValue &x,
                                   SmallVectorImpl<Number> &target) {
  bool copies = node.getInteger("allowzero", 0) == 0;
  for (auto [axis, size] : llvm::enumerate(target)) {
    if (size.perExample != 0 && (size.integer != 0 || size.perExample < 0))
      return node.emitError() << "expected a multiple of the batch size, but "
                                 "axis "
                              << axis << " is something else";
    if (size.integer < -1)
      return node.emitError()
             << "expected sizes from -1 on, but got " << size.integer;
    if (size.integer != 0 || size.perExample != 0 || !copies)
      continue;
    if (static_cast<int64_t>(axis) >= x.rank())
      return node.emitError() << "expected an axis to copy, but the input has "
                                 "no axis "
                              << axis;
    (x.isBatch(axis) ? size.perExample : size.integer) = x.shape[axis];
  }
  return success();
}

/// Sizes without a batch axis; −1 is what is left of `count` elements.
static FailureOr<SmallVector<int64_t>>
plainSizes(NodeImporter &node, ArrayRef<Number> target, int64_t count) {
  SmallVector<int64_t> shape;
  int64_t known = 1, open = -1;
  for (auto [axis, size] : llvm::enumerate(target)) {
    shape.push_back(size.integer);
    if (size.integer == -1 && open < 0)
      open = axis;
    else if (size.integer < 0 || llvm::MulOverflow(known, size.integer, known))
      return node.emitError() << "expected at most one size of -1 and sizes "
                                 "that fit memory";
  }
  if (open >= 0 && known != 0)
    shape[open] = count / known;
  if (open >= 0 ? known == 0 || count % known != 0 : known != count)
    return node.emitError()
           << "expected a shape of " << count << " elements, but got " << known
           << (open >= 0 ? " times an integer" : "");
  return shape;
}

/// Where N is a symbol: the target's only multiple of N, or its −1.
static FailureOr<int64_t> findSymbol(NodeImporter &node,
                                     ArrayRef<Number> target) {
  int64_t found = -1, open = -1;
  for (auto [axis, size] : llvm::enumerate(target)) {
    if (size.perExample != 0 && found >= 0)
      return node.emitError() << "expected the batch size once in the shape";
    if (size.perExample != 0)
      found = axis;
    if (size.integer == -1)
      open = axis;
  }
  if (found < 0)
    found = open;
  return found;
}

/// The axis of N among fixed numbers that hold the batch size of the file:
/// itself alone if there is such an axis, at the same place if possible.
static std::optional<BatchAxis> searchBatch(const GraphValue &x,
                                            ArrayRef<int64_t> shape,
                                            int64_t batchSize, int64_t before,
                                            int64_t after) {
  std::optional<BatchAxis> best;
  for (int64_t axis = 0; axis < static_cast<int64_t>(shape.size()); ++axis) {
    std::optional<BatchAxis> here = batchAt(axis, shape, before, after);
    if (!here || product({here->outer, batchSize, here->inner}) != shape[axis])
      continue;
    bool better = !best || (here->isPure() && !best->isPure()) ||
                  (here->isPure() && axis == x.batch->axis);
    if (better)
      best = here;
  }
  return best;
}

/// The target with its sizes of one example and its batch axis.
static FailureOr<Frame> reshapeBatch(NodeImporter &node, const GraphValue &x,
                                     SmallVector<Number> target) {
  auto [before, after] = aroundBatch(x);
  FailureOr<int64_t> symbol = findSymbol(node, target);
  if (failed(symbol))
    return failure();
  std::optional<int64_t> batchSize = node.graph.batchSize();
  bool isSymbolic =
      *symbol >= 0 && (target[*symbol].perExample != 0 || !batchSize);
  std::optional<BatchAxis> batch;
  SmallVector<int64_t> shape;
  if (isSymbolic) {
    // With N set aside the rest is a shape of one example.
    if (target[*symbol].perExample != 0)
      target[*symbol].integer = target[*symbol].perExample;
    FailureOr<SmallVector<int64_t>> sizes =
        plainSizes(node, target, before * after);
    if (failed(sizes))
      return failure();
    shape = *sizes;
    batch = batchAt(*symbol, shape, before, after);
  } else if (batchSize) {
    std::optional<int64_t> count = product({before, *batchSize, after});
    FailureOr<SmallVector<int64_t>> sizes =
        plainSizes(node, target, count.value_or(-1));
    if (failed(sizes))
      return failure();
    shape = *sizes;
    batch = searchBatch(x, shape, *batchSize, before, after);
  } else {
    return node.emitError() << "expected a shape that leaves the batch size "
                               "open, but got fixed sizes";
  }
  if (!batch)
    return node.emitError() << "expected a shape that keeps examples apart, "
                               "but it splits the batch axis: the network "
                               "mixes examples";
  shape[batch->axis] = batch->outer * batch->inner;
  return Frame{shape, batch};
}

static LogicalResult importReshape(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  if (x.hasEnd)
    return node.graph.refusePlaces();
  FailureOr<SmallVector<Number>> target = node.getNumbers(1);
  if (failed(target) || failed(resolveTarget(node, x, *target)))
    return failure();
  if (x.batch) {
    FailureOr<Frame> frame = reshapeBatch(node, x, *target);
    if (failed(frame))
      return failure();
    return node.setResult(node.graph.reshape(x, frame->shape, frame->batch));
  }
  FailureOr<SmallVector<int64_t>> shape =
      plainSizes(node, *target, *product(x.shape));
  if (failed(shape))
    return failure();
  return node.setResult(node.graph.reshape(x, *shape, std::nullopt));
}

/// A matrix of the axes before `axis` and those from it on.
static LogicalResult importFlatten(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  int64_t axis = node.getInteger("axis", 1);
  if (axis < -x.rank() || axis > x.rank())
    return node.emitError() << "expected an axis of a value of rank "
                            << x.rank() << ", but got " << axis;
  axis = axis < 0 ? axis + x.rank() : axis;
  ArrayRef<int64_t> shape = x.shape;
  SmallVector<int64_t> flat = {*product(shape.take_front(axis)),
                               *product(shape.drop_front(axis))};
  std::optional<BatchAxis> batch;
  if (x.batch) {
    auto [before, after] = aroundBatch(x);
    batch = batchAt(x.batch->axis < axis ? 0 : 1, flat, before, after);
    if (!batch)
      return node.emitError() << "expected an example of one element or more";
  }
  return node.setResult(node.graph.reshape(x, flat, batch));
}

//===----------------------------------------------------------------------===//
// Axes of size one
//===----------------------------------------------------------------------===//

static LogicalResult importSqueeze(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  FailureOr<std::optional<SmallVector<int64_t>>> given =
      node.getOptionalAxes(13, 1, x.rank());
  if (failed(given))
    return failure();
  SmallVector<int64_t> axes;
  if (*given)
    axes = **given;
  else
    for (int64_t axis = 0; axis < x.rank(); ++axis)
      if (x.shape[axis] == 1 && !x.isBatch(axis))
        axes.push_back(axis);
  for (int64_t axis : axes) {
    if (failed(node.graph.refuseBatch(x, axis, "remove an axis")))
      return failure();
    if (x.shape[axis] != 1)
      return node.emitError() << "expected size 1 to remove axis " << axis
                              << ", but got " << x.shape[axis];
  }
  return node.setResult(node.graph.squeeze(x, axes));
}

static LogicalResult importUnsqueeze(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  if (x.hasEnd)
    return node.graph.refusePlaces();
  int64_t count = 0;
  if (node.opset >= 13 && node.hasInput(1))
    count = *product(node.input(1).shape);
  else
    count = node.getIntegers("axes").size();
  if (count > 64)
    return node.emitError() << "expected a few axes, but got " << count;
  FailureOr<std::optional<SmallVector<int64_t>>> axes =
      node.getOptionalAxes(13, 1, x.rank() + count);
  if (failed(axes))
    return failure();
  if (!*axes)
    return node.emitError() << "expected axes";
  return node.setResult(node.graph.unsqueeze(x, **axes));
}

//===----------------------------------------------------------------------===//
// Order and repetition
//===----------------------------------------------------------------------===//

static LogicalResult importTranspose(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  SmallVector<int64_t> permutation;
  for (int64_t axis = x.rank() - 1; axis >= 0; --axis)
    permutation.push_back(axis);
  permutation = node.getIntegers("perm", permutation);
  FailureOr<SmallVector<int64_t>> sorted = node.getAxes(permutation, x.rank());
  if (failed(sorted))
    return failure();
  if (static_cast<int64_t>(sorted->size()) != x.rank())
    return node.emitError() << "expected a permutation of " << x.rank()
                            << " axes, but got " << sorted->size();
  for (int64_t &axis : permutation)
    axis = axis < 0 ? axis + x.rank() : axis;
  return node.setResult(node.graph.transpose(x, permutation));
}

/// Repeats to a shape by NumPy's rules; one that holds N makes a value of every
/// example.
static LogicalResult importExpand(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  FailureOr<SmallVector<Number>> sizes = node.getNumbers(1);
  if (failed(sizes))
    return failure();
  int64_t rank = sizes->size();
  // Where x has the batch, its size or one in the target means the same.
  if (x.batch) {
    int64_t axis = x.batch->axis + rank - x.rank();
    std::optional<int64_t> batchSize = node.graph.batchSize();
    if (axis >= 0) {
      Number &size = (*sizes)[axis];
      int64_t factor = x.batch->outer * x.batch->inner;
      bool same = size.perExample == factor || size.integer == 1 ||
                  (batchSize && product({factor, *batchSize}) == size.integer);
      if (!same)
        return node.emitError()
               << "expected the batch size along axis " << axis;
      size = Number{1};
    }
  }
  FailureOr<Frame> frame = frameOf(node.graph, *sizes);
  if (failed(frame))
    return failure();
  GraphValue target = node.graph.wrap(Value(), x.kind, *frame);
  FailureOr<Frame> common = node.graph.unify({x, target});
  if (failed(common))
    return failure();
  if (x.hasPlaces())
    return x.shape == common->shape && x.batch == common->batch
               ? node.setResult(x)
               : node.graph.refusePlaces();
  std::optional<int64_t> count = product(common->shape);
  if (!x.isKnown() || !count || *count > maxKnownElements)
    return node.setResult(node.graph.broadcast(x, *common));
  return node.setResult(repeatKnown(x, *common));
}

ArrayRef<Operator> onnximport::getShapeOperators() {
  static const Operator operators[] = {
      {"Expand", 8, newestOpset, 2, 2, importExpand, Takes::Places},
      {"Flatten", 1, newestOpset, 1, 1, importFlatten},
      {"Reshape", 5, newestOpset, 2, 2, importReshape, Takes::Places},
      {"Squeeze", 1, newestOpset, 1, 2, importSqueeze},
      {"Transpose", 1, newestOpset, 1, 1, importTranspose},
      {"Unsqueeze", 1, newestOpset, 1, 2, importUnsqueeze, Takes::Places},
  };
  return operators;
}
