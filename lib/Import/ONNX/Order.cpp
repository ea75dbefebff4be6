// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Order along an axis: the largest elements and where they are. The rank of an
// element is the number of those that stand before it, counted by comparing all
// pairs; values are picked by positions, so that their derivative is a choice.
// Positions are constant under differentiation.

#include "Indexing.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// Pairs of one row that are compared.
static constexpr int64_t maxRow = int64_t(1) << 13;

/// 0, 1, … as floats or integers, along `axis` of a value of rank `rank`.
static GraphValue count(int64_t size, int64_t axis, int64_t rank,
                        ElementKind kind) {
  SmallVector<int64_t> shape(rank, 1);
  shape[axis] = size;
  std::vector<Number> numbers(size);
  for (auto [i, number] : llvm::enumerate(numbers))
    number = numberOf(kind, i);
  return makeKnown(kind, shape, std::move(numbers));
}

/// How many elements stand before each along `axis`, as floats; equal ones in
/// their order.
static Result ranksAlong(NodeImporter &node, const GraphValue &x, int64_t axis,
                         bool largestFirst) {
  GraphBuilder &graph = node.graph;
  int64_t size = x.shape[axis], rank = x.rank() + 1;
  Result own = graph.unsqueeze(x, {axis + 1}),
         other = graph.unsqueeze(x, {axis});
  Result beats =
      graph.compare(other, own, largestFirst ? Comparison::GT : Comparison::LT);
  Result ties = graph.compare(other, own, Comparison::EQ);
  Result isEarlier = graph.compare(
      count(size, axis + 1, rank, ElementKind::Int64),
      count(size, axis, rank, ElementKind::Int64), Comparison::LT);
  if (failed(beats) || failed(ties) || failed(isEarlier))
    return failure();
  Result earlierTie = andMasks(graph, *ties, *isEarlier);
  Result before = graph.select(beats, beats, earlierTie);
  return graph.reduce<ReduceSumOp>(graph.convert(before, ElementKind::Float32),
                                   {axis + 1}, /*keepDims=*/false);
}

/// Positions of the first `size` elements in that order, as floats.
static Result sortedPositions(NodeImporter &node, const GraphValue &x,
                              int64_t axis, int64_t size, bool largestFirst) {
  GraphBuilder &graph = node.graph;
  int64_t rank = x.rank() + 1;
  Result ranks = ranksAlong(node, x, axis, largestFirst);
  Result isThere = graph.compare(graph.unsqueeze(ranks, {axis}),
                                 count(size, axis, rank, ElementKind::Float32),
                                 Comparison::EQ);
  Result positions = graph.binary<MulOp>(
      graph.convert(isThere, ElementKind::Float32),
      count(x.shape[axis], axis + 1, rank, ElementKind::Float32));
  return graph.reduce<ReduceSumOp>(positions, {axis + 1}, /*keepDims=*/false);
}

static LogicalResult importTopK(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0);
  FailureOr<int64_t> axis = node.getAxis(node.getInteger("axis", -1), x.rank());
  if (failed(axis) || failed(graph.refuseBatch(x, *axis, "sort")))
    return failure();
  SmallVector<int64_t> counts;
  if (node.opset < 10) {
    counts = {node.getInteger("k", 0)};
  } else {
    FailureOr<SmallVector<int64_t>> given = node.getIntegers(1);
    if (failed(given))
      return failure();
    counts = *given;
  }
  int64_t size = x.shape[*axis];
  if (counts.size() != 1)
    return node.emitError() << "expected one k, but got " << counts.size();
  if (counts[0] < 0 || counts[0] > size)
    return node.emitError() << "expected k from 0 to the " << size
                            << " elements of the axis, but got " << counts[0];
  if (size > maxRow)
    return node.emitError() << "expected at most all elements of an axis of at "
                               "most "
                            << maxRow << ", but got an axis of " << size;
  Result positions =
      graph.convert(sortedPositions(node, x, *axis, counts[0],
                                    node.getInteger("largest", 1) != 0),
                    ElementKind::Int64);
  if (failed(positions) || failed(node.setOutput(1, positions)))
    return failure();
  Result data = graph.takeExample(x), at = graph.takeExample(positions);
  if (failed(data) || failed(at))
    return failure();
  return node.setResult(graph.giveBatch(
      gatherElements(node, *data, *at, *x.coreAxis(*axis)), x.batch));
}

/// The position of the largest or smallest element along an axis, which stays
/// with size one; of equal ones the first or last.
static Result extremePosition(NodeImporter &node, Result x, int64_t axis,
                              bool largest, bool last) {
  GraphBuilder &graph = node.graph;
  if (failed(x) || failed(graph.refuseBatch(*x, axis, "compare elements")))
    return failure();
  // Positions are floats, and numbers of the file.
  constexpr int64_t mostPositions = 1 << 22;
  if (x->shape[axis] > mostPositions)
    return node.emitError()
           << "expected at most " << mostPositions
           << " elements to compare, but got an axis of " << x->shape[axis];
  node.endDerivative(*x);
  if (!x->isFloat())
    x = graph.convert(x, ElementKind::Float32);
  if (!largest)
    x = graph.unary<NegOp>(x);
  if (failed(x))
    return failure();
  Result top = graph.reduce<ReduceMaxOp>(x, {axis}, /*keepDims=*/true);
  double sign = last ? 1 : -1, never = static_cast<double>(-x->shape[axis]);
  Result positions = graph.scale(
      count(x->shape[axis], axis, x->rank(), ElementKind::Float32), sign);
  Result candidates = graph.select(graph.compare(x, top, Comparison::EQ),
                                   positions, graph.scalar(never));
  return graph.scale(
      graph.reduce<ReduceMaxOp>(candidates, {axis}, /*keepDims=*/true), sign);
}

template <bool largest>
static LogicalResult importArgument(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  FailureOr<int64_t> axis = node.getAxis(node.getInteger("axis", 0), x.rank());
  if (failed(axis))
    return failure();
  Result position = node.graph.convert(
      extremePosition(node, x, *axis, largest,
                      node.getInteger("select_last_index", 0) != 0),
      ElementKind::Int64);
  if (node.getInteger("keepdims", 1) == 0)
    position = node.graph.squeeze(position, {*axis});
  return node.setResult(position);
}

/// One at the first largest element, zero elsewhere. Below opset 13 the input
/// is a matrix [axes before, axes from `axis`].
static LogicalResult importHardmax(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0);
  FailureOr<int64_t> axis =
      node.getAxis(node.getInteger("axis", node.opset < 13 ? 1 : -1), x.rank());
  if (failed(axis))
    return failure();
  Result rows = x;
  if (node.opset < 13) {
    if (x.batch && x.batch->axis >= *axis)
      return graph.refuseBatch(x, x.batch->axis, "compare elements");
    SmallVector<int64_t> flat(ArrayRef(x.shape).take_front(*axis));
    flat.push_back(*product(ArrayRef(x.shape).drop_front(*axis)));
    rows = graph.reshape(x, flat, x.batch);
  }
  Result position = extremePosition(node, rows, *axis, true, false);
  if (failed(position))
    return failure();
  Result isThere = graph.compare(
      position,
      count(rows->shape[*axis], *axis, rows->rank(), ElementKind::Float32),
      Comparison::EQ);
  return node.setResult(graph.reshape(
      graph.convert(isThere, ElementKind::Float32), x.shape, x.batch));
}

ArrayRef<Operator> onnximport::getOrderOperators() {
  static const Operator operators[] = {
      {"ArgMax", 1, newestOpset, 1, 1, importArgument</*largest=*/true>},
      {"ArgMin", 1, newestOpset, 1, 1, importArgument</*largest=*/false>},
      {"Hardmax", 1, newestOpset, 1, 1, importHardmax},
      {"TopK", 1, newestOpset, 1, 2, importTopK},
  };
  return operators;
}
