// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parts of values that are chosen or repeated as a whole: Tile, Compress,
// NonZero of known values, CenterCropPad.

#include "Operators.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

namespace {
/// Copies of a value side by side: `added` are the axes of `frame` that count
/// copies in front of those of the value, which together make the axes of
/// `result`.
struct Copies {
  Frame frame, result;
  SmallVector<int64_t> added;
};
} // namespace

/// Puts copies along the next axis. A number of copies that is a multiple of N
/// makes the batch axis: copies · N · size.
static LogicalResult addCopies(NodeImporter &node, const Number &count,
                               Copies &copies) {
  const GraphValue &x = node.input(0);
  int64_t axis = copies.result.shape.size(), size = x.shape[axis];
  bool makesBatch = count.perExample != 0;
  int64_t copied = makesBatch ? count.perExample : count.integer;
  if (copied < 0 || (makesBatch && count.integer != 0) ||
      !product({size, copied}))
    return node.emitError() << "expected repeats from 0 on that fit memory, or "
                               "a multiple of the batch size, but got "
                            << copied;
  if (makesBatch && (x.batch || copies.result.batch))
    return node.emitError() << "expected the batch along one axis, but the "
                               "value that is repeated by the batch size has "
                               "it along another: the network mixes examples";
  copies.result.shape.push_back(size * copied);
  bool isApart = (makesBatch || copied != 1) && (size != 1 || x.isBatch(axis));
  if (isApart) {
    copies.added.push_back(copies.frame.shape.size());
    if (makesBatch)
      copies.frame.batch = {copies.added.back(), copied, 1};
    copies.frame.shape.push_back(copied);
  } else if (makesBatch) {
    copies.frame.batch = {static_cast<int64_t>(copies.frame.shape.size()),
                          copied, 1};
  }
  int64_t inner = size;
  if (makesBatch)
    copies.result.batch = {axis, copied, inner};
  if (x.isBatch(axis)) {
    copies.result.batch = {axis, copied * x.batch->outer, x.batch->inner};
    copies.frame.batch = x.batch;
    copies.frame.batch->axis = copies.frame.shape.size();
  }
  copies.frame.shape.push_back(isApart || x.isBatch(axis) ? size
                                                          : size * copied);
  return success();
}

static LogicalResult importTile(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0);
  FailureOr<SmallVector<Number>> repeats = node.getNumbers(1);
  if (failed(repeats))
    return failure();
  if (static_cast<int64_t>(repeats->size()) != x.rank())
    return node.emitError() << "expected a number of repeats for each of "
                            << x.rank() << " axes, but got " << repeats->size();
  Copies copies;
  for (const Number &count : *repeats)
    if (failed(addCopies(node, count, copies)))
      return failure();
  std::optional<int64_t> count = product(copies.result.shape);
  if (!count)
    return node.emitError() << "expected sizes that fit memory";
  Result apart = graph.unsqueeze(x, copies.added);
  if (failed(apart))
    return failure();
  if (apart->shape == copies.frame.shape && apart->batch == copies.frame.batch)
    return node.setResult(x);
  Result repeated = x.isKnown() && *count <= maxKnownElements
                        ? Result(repeatKnown(*apart, copies.frame))
                        : graph.broadcast(apart, copies.frame);
  return node.setResult(
      graph.reshape(repeated, copies.result.shape, copies.result.batch));
}

/// Slices along an axis where a known condition holds.
static LogicalResult importCompress(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  Result x = node.input(0);
  FailureOr<SmallVector<Number>> condition = node.getNumbers(1);
  if (failed(condition))
    return failure();
  int64_t axis = 0;
  if (node.hasAttribute("axis")) {
    FailureOr<int64_t> given =
        node.getAxis(node.getInteger("axis", 0), x->rank());
    if (failed(given))
      return failure();
    axis = *given;
  } else {
    if (x->batch)
      return graph.refuseBatch(*x, x->batch->axis, "pick elements");
    x = graph.reshape(x, {*product(x->shape)}, std::nullopt);
  }
  SmallVector<int64_t> positions;
  for (auto [i, number] : llvm::enumerate(*condition)) {
    if (number.integer == 0)
      continue;
    if (static_cast<int64_t>(i) >= x->shape[axis])
      return node.emitError() << "expected at most " << x->shape[axis]
                              << " conditions, but got " << condition->size();
    positions.push_back(i);
  }
  return node.setResult(graph.pick(x, axis, positions));
}

/// Positions of the numbers that are not zero, [rank, count].
static LogicalResult importNonZero(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  if (!x.isKnown() || x.batch)
    return node.emitError() << "expected known values, for the size of the "
                               "result depends on them";
  SmallVector<int64_t> found, strides = rowMajorStrides(x.shape);
  for (auto [at, number] : llvm::enumerate(*x.numbers)) {
    if (!number.isPlain())
      return node.emitError() << "expected values of one example";
    if (number.integer != 0 || number.real != 0)
      found.push_back(at);
  }
  std::vector<Number> numbers;
  for (int64_t axis = 0; axis < x.rank(); ++axis)
    for (int64_t at : found)
      numbers.push_back(Number{at / strides[axis] % x.shape[axis]});
  int64_t count = found.size();
  return node.setResult(
      makeKnown(ElementKind::Int64, {x.rank(), count}, std::move(numbers)));
}

/// Cuts or pads with zeros so that the middle stays.
static LogicalResult importCenterCropPad(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  Result x = node.input(0);
  int64_t rank = x->rank();
  FailureOr<SmallVector<int64_t>> sizes = node.getIntegers(1);
  SmallVector<int64_t> axes =
      node.getIntegers("axes", llvm::to_vector(llvm::seq<int64_t>(0, rank)));
  if (failed(sizes))
    return failure();
  if (sizes->size() != axes.size())
    return node.emitError() << "expected a size for each of " << axes.size()
                            << " axes, but got " << sizes->size();
  for (auto [axis, size] : llvm::zip_equal(axes, *sizes)) {
    FailureOr<int64_t> at = node.getAxis(axis, rank);
    if (failed(at) || failed(x) || failed(graph.refuseBatch(*x, *at, "crop")))
      return failure();
    int64_t had = x->shape[*at];
    if (size < 0 || size > INT32_MAX)
      return node.emitError()
             << "expected sizes that fit memory, but got " << size;
    if (size < 1)
      return node.emitError() << "expected sizes from 1 on";
    if (size <= had) {
      x = graph.slice(x, *at, (had - size) / 2, size, 1);
      continue;
    }
    int64_t before = (size - had) / 2;
    SmallVector<GraphValue> parts = {*x};
    for (int64_t pad : {before, size - had - before}) {
      if (pad == 0)
        continue;
      Frame frame{x->shape, x->batch};
      frame.shape[*at] = pad;
      Result zeros = graph.broadcast(makeKnown(x->kind, {}, {Number()}), frame);
      if (failed(zeros))
        return failure();
      bool isFirst = before > 0 && parts.size() == 1;
      parts.insert(isFirst ? parts.begin() : parts.end(), *zeros);
    }
    x = graph.concat(parts, *at);
  }
  return node.setResult(x);
}

ArrayRef<Operator> onnximport::getSelectionOperators() {
  static const Operator operators[] = {
      {"CenterCropPad", 18, newestOpset, 2, 2, importCenterCropPad},
      {"Compress", 9, newestOpset, 2, 2, importCompress},
      {"NonZero", 9, newestOpset, 1, 1, importNonZero},
      {"Tile", 6, newestOpset, 2, 2, importTile},
  };
  return operators;
}
