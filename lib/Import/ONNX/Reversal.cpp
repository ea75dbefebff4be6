// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ReverseSequence: the first elements of each sequence turned round, as many as
// its length says, which may depend on the input.

#include "Rows.h"
#include "Sampling.h"
#include "Themes.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// Where element t of each sequence comes from: length − 1 − t below the
/// length, else t.
static Result findSources(NodeImporter &node, const GraphValue &lengths,
                          int64_t time) {
  GraphBuilder &graph = node.graph;
  int64_t count = lengths.shape[0];
  std::vector<Number> places(time);
  for (auto [t, place] : llvm::enumerate(places))
    place.integer = t;
  if (!lengths.isKnown()) {
    GraphValue place = makeKnown(lengths.kind, {1, time}, places);
    Result length = graph.unsqueeze(lengths, {1});
    GraphValue one = makeKnown(lengths.kind, {}, {Number{1}});
    Result turned =
        graph.binary<SubOp>(graph.binary<SubOp>(length, one), place);
    return graph.select(graph.compare(place, length, Comparison::LT), turned,
                        place);
  }
  std::vector<Number> sources;
  for (const Number &length : *lengths.numbers) {
    if (!length.isPlain() || length.integer < 0 || length.integer > time)
      return node.emitError() << "expected lengths from 0 to " << time
                              << ", but got " << length.integer;
    for (const Number &place : places)
      sources.push_back(place.integer < length.integer
                            ? Number{length.integer - 1 - place.integer}
                            : place);
  }
  return makeKnown(lengths.kind, {count, time}, std::move(sources));
}

/// Reverses the sequences of x, one for each place along `batchAxis`.
static Result reverseSequences(NodeImporter &node, const GraphValue &x,
                               int64_t batchAxis, int64_t timeAxis) {
  GraphBuilder &graph = node.graph;
  // Sequences first, then their elements.
  SmallVector<int64_t> order = {batchAxis, timeAxis};
  for (int64_t axis = 0; axis < x.rank(); ++axis)
    if (axis != batchAxis && axis != timeAxis)
      order.push_back(axis);
  SmallVector<int64_t> back(order.size());
  for (auto [to, from] : llvm::enumerate(order))
    back[from] = to;
  Result moved = graph.transpose(x, order);
  if (failed(moved))
    return failure();
  GraphValue operands[] = {*moved, graph.decide(node.input(1))};
  FailureOr<bool> isBatch = takeStacks(node, operands);
  if (failed(isBatch))
    return failure();
  int64_t time = operands[0].shape[1];
  Result sources = findSources(node, operands[1], time);
  if (failed(sources))
    return failure();
  GraphValue indices = *sources;
  indices.shape.push_back(1); // one component
  Result positions =
      rowPositions(node, ArrayRef(operands[0].shape).take_front(2), indices, 1);
  SmallVector<int64_t> rows = {operands[0].shape[0] * time};
  llvm::append_range(rows, ArrayRef(operands[0].shape).drop_front(2));
  Result read =
      readRows(node, graph.reshape(operands[0], rows, std::nullopt), positions);
  return graph.transpose(giveStack(graph, read, *isBatch), back);
}

static LogicalResult importReverseSequence(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0), &lengths = node.input(1);
  FailureOr<int64_t> batchAxis =
      node.getAxis(node.getInteger("batch_axis", 1), x.rank());
  FailureOr<int64_t> timeAxis =
      node.getAxis(node.getInteger("time_axis", 0), x.rank());
  if (failed(batchAxis) || failed(timeAxis))
    return failure();
  if (*batchAxis == *timeAxis)
    return node.emitError() << "expected two axes, but got " << *batchAxis
                            << " as batch_axis and as time_axis";
  if (lengths.rank() != 1 || lengths.isFloat())
    return node.emitError() << "expected a length for each sequence, but got "
                            << describe(lengths.kind, lengths.shape);
  if (failed(graph.refuseBatch(x, *timeAxis, "reverse")))
    return failure();
  // Sequences of one example, all of the same lengths for each.
  if (x.batch && x.batch->isPure() && x.batch->axis != *batchAxis) {
    auto within = [&](int64_t axis) { return axis - (axis > x.batch->axis); };
    Result example = graph.takeExample(x);
    if (failed(example))
      return failure();
    return node.setResult(graph.giveBatch(
        reverseSequences(node, *example, within(*batchAxis), within(*timeAxis)),
        x.batch));
  }
  return node.setResult(reverseSequences(node, x, *batchAxis, *timeAxis));
}

ArrayRef<Operator> onnximport::getReversalOperators() {
  static const Operator operators[] = {
      {"ReverseSequence", 10, newestOpset, 2, 2, importReverseSequence},
  };
  return operators;
}
