// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Flat positions and the rows of a matrix at them. Positions that are known
// become slices or a gather with constant indices; those that depend on the
// input are integers of the network.

#include "Rows.h"
#include "Indexing.h"
#include "dialects/NTK/IR/IndexRange.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

//===----------------------------------------------------------------------===//
// Flat positions
//===----------------------------------------------------------------------===//

/// Indices along axes of these sizes from 0 on, where they count from the end.
static Result fromStart(NodeImporter &node, const GraphValue &indices,
                        int64_t size) {
  GraphBuilder &graph = node.graph;
  if (indices.isFloat() || indices.kind == ElementKind::Bool)
    return node.emitError() << "expected integers as indices, but got "
                            << describe(indices.kind, indices.shape);
  if (!indices.isKnown()) {
    GraphValue zero = makeKnown(indices.kind, {}, {Number{}});
    GraphValue extent = makeKnown(indices.kind, {}, {Number{size}});
    Result isNegative = graph.compare(indices, zero, Comparison::LT);
    if (succeeded(isNegative))
      setOperandRange(isNegative->core.getDefiningOp(), {-size, size - 1});
    return graph.select(isNegative, graph.binary<AddOp>(indices, extent),
                        indices);
  }
  std::vector<Number> numbers = *indices.numbers;
  for (Number &number : numbers) {
    int64_t at = number.integer < 0 ? number.integer + size : number.integer;
    if (!number.isPlain() || at < 0 || at >= size)
      return node.emitError() << "expected indices below " << size
                              << ", but got " << number.integer;
    number.integer = at;
  }
  return makeKnownLike(indices, indices.kind, std::move(numbers));
}

/// a + b · factor of integers, known or not.
static Result multiplyAdd(GraphBuilder &graph, Result a, Result b,
                          int64_t factor) {
  if (failed(a) || failed(b))
    return failure();
  GraphValue scale = makeKnown(b->kind, {}, {Number{factor}});
  if (!a->isKnown() || !b->isKnown())
    return graph.binary<AddOp>(a, graph.binary<MulOp>(b, scale));
  return foldElementwise(
      graph, *a, *b, b->kind,
      [&](const Number &x, const Number &y) -> std::optional<Number> {
        return Number{x.integer + y.integer * factor};
      });
}

/// 0, 1, … along `axis` of a shape, of size one along the others.
static GraphValue countAlong(ArrayRef<int64_t> shape, int64_t axis,
                             ElementKind kind) {
  SmallVector<int64_t> ones(shape.size(), 1);
  ones[axis] = shape[axis];
  std::vector<Number> numbers(shape[axis]);
  for (auto [i, number] : llvm::enumerate(numbers))
    number.integer = i;
  return makeKnown(kind, ones, std::move(numbers));
}

/// Row-major positions, in a value of shape `shape`, of element e of the
/// indices with axis `axis` replaced by the index.
Result onnximport::elementPositions(NodeImporter &node,
                                    const GraphValue &indices,
                                    ArrayRef<int64_t> shape, int64_t axis) {
  SmallVector<int64_t> strides = rowMajorStrides(shape);
  Result own = fromStart(node, indices, shape[axis]);
  GraphValue zero = makeKnown(indices.kind, {}, {Number{}});
  Result positions = multiplyAdd(node.graph, zero, own, strides[axis]);
  for (int64_t i = 0; i < indices.rank(); ++i) {
    if (i != axis)
      positions =
          multiplyAdd(node.graph, positions,
                      countAlong(indices.shape, i, indices.kind), strides[i]);
  }
  return positions;
}

/// Positions of rows among the axes [b…, k…] of the data, of shape [b…, i…].
Result onnximport::rowPositions(NodeImporter &node, ArrayRef<int64_t> shape,
                                const GraphValue &indices, int64_t batchDims) {
  GraphBuilder &graph = node.graph;
  int64_t last = indices.rank() - 1, count = indices.shape[last];
  SmallVector<int64_t> strides =
      rowMajorStrides(shape.take_front(batchDims + count));
  SmallVector<int64_t> rows(ArrayRef(indices.shape).drop_back());
  GraphValue zeros =
      makeKnown(indices.kind, rows, std::vector<Number>(*product(rows)));
  Result positions = zeros;
  for (int64_t i = 0; i < count; ++i) {
    Result component =
        graph.squeeze(graph.slice(indices, last, i, 1, 1), {last});
    if (failed(component))
      return failure();
    component = fromStart(node, *component, shape[batchDims + i]);
    positions =
        multiplyAdd(graph, positions, component, strides[batchDims + i]);
  }
  for (int64_t i = 0; i < batchDims; ++i)
    positions = multiplyAdd(graph, positions, countAlong(rows, i, indices.kind),
                            strides[i]);
  return positions;
}

/// Known positions as integers.
static SmallVector<int64_t> toIntegers(const GraphValue &positions) {
  SmallVector<int64_t> integers;
  for (const Number &number : *positions.numbers)
    integers.push_back(number.integer);
  return integers;
}

//===----------------------------------------------------------------------===//
// Rows of a matrix
//===----------------------------------------------------------------------===//

/// Rows of [F, S…] at positions of any shape: [i…, S…].
Result onnximport::readRows(NodeImporter &node, Result rows, Result positions) {
  GraphBuilder &graph = node.graph;
  if (failed(rows) || failed(positions))
    return failure();
  SmallVector<int64_t> shape(positions->shape);
  llvm::append_range(shape, ArrayRef(rows->shape).drop_front());
  if (positions->isKnown())
    return graph.reshape(graph.pick(rows, 0, toIntegers(*positions)), shape,
                         std::nullopt);
  FailureOr<Value> from = graph.materialize(*rows);
  FailureOr<Value> at = graph.materialize(*positions);
  if (failed(from) || failed(at))
    return failure();
  FailureOr<Value> core =
      graph.create<GatherOp>({*from, *at}, graph.attribute("axis", int64_t(0)));
  if (failed(core))
    return failure();
  return graph.wrap(*core, rows->kind, {shape, std::nullopt});
}

/// Replaces rows of [F, S…] by those of [U, S…]; of updates of one row the last
/// stays.
static Result replaceRows(NodeImporter &node, const GraphValue &rows,
                          const GraphValue &updates,
                          ArrayRef<int64_t> positions) {
  SmallVector<int64_t> sources =
      llvm::to_vector(llvm::seq<int64_t>(0, rows.shape[0]));
  for (auto [i, position] : llvm::enumerate(positions))
    sources[position] = rows.shape[0] + static_cast<int64_t>(i);
  return node.graph.pick(node.graph.concat({rows, updates}, 0), 0, sources);
}

/// Adds rows of [U, S…] to zeros [F, S…].
Result onnximport::addRows(NodeImporter &node, Result updates, Result positions,
                           int64_t size) {
  GraphBuilder &graph = node.graph;
  if (failed(updates) || failed(positions))
    return failure();
  FailureOr<Value> from = graph.materialize(*updates);
  FailureOr<Value> at = graph.materialize(*positions);
  if (failed(from) || failed(at))
    return failure();
  FailureOr<Value> core = graph.create<ScatterAddOp>(
      {*from, *at},
      {graph.attribute("axis", int64_t(0)), graph.attribute("size", size)});
  if (failed(core))
    return failure();
  SmallVector<int64_t> shape(updates->shape);
  shape[0] = size;
  return graph.wrap(*core, updates->kind, {shape, std::nullopt});
}

static Result combine(NodeImporter &node, StringRef reduction, Result old,
                      Result update) {
  if (reduction == "add")
    return node.graph.binary<AddOp>(old, update);
  if (reduction == "mul")
    return node.graph.binary<MulOp>(old, update);
  if (reduction == "max")
    return node.graph.binary<MaxOp>(old, update);
  return node.graph.binary<MinOp>(old, update);
}

/// Combines rows with updates at known positions: first those that come first
/// at their position, then those that come second, …
static Result combineRows(NodeImporter &node, GraphValue rows,
                          const GraphValue &updates,
                          ArrayRef<int64_t> positions, StringRef reduction) {
  llvm::DenseMap<int64_t, size_t> seen;
  SmallVector<SmallVector<int64_t>> rounds;
  for (auto [i, position] : llvm::enumerate(positions)) {
    size_t round = seen[position]++;
    if (round == rounds.size())
      rounds.emplace_back();
    rounds[round].push_back(i);
  }
  for (ArrayRef<int64_t> round : rounds) {
    SmallVector<int64_t> at;
    for (int64_t i : round)
      at.push_back(positions[i]);
    Result combined = combine(node, reduction, node.graph.pick(rows, 0, at),
                              node.graph.pick(updates, 0, round));
    if (failed(combined))
      return failure();
    Result next = replaceRows(node, rows, *combined, at);
    if (failed(next))
      return failure();
    rows = *next;
  }
  return rows;
}

/// How many updates there are at each of `size` positions: [size, 1…].
static Result countRows(NodeImporter &node, const GraphValue &updates,
                        const GraphValue &positions, int64_t size) {
  SmallVector<int64_t> ones(updates.rank(), 1);
  ones[0] = updates.shape[0];
  Number one;
  one.real = 1;
  return addRows(
      node, makeKnown(updates.kind, ones, std::vector<Number>(ones[0], one)),
      positions, size);
}

/// The value is the mean of the updates, the derivative that of their sum. An
/// infinite sum is its mean, from which it cannot be subtracted.
static Result meanOfSum(GraphBuilder &graph, Result sum, Result count) {
  Result mean =
      graph.binary<DivOp>(sum, graph.binary<MaxOp>(count, graph.scalar(1)));
  Result isMean = graph.compare(mean, sum, Comparison::EQ);
  Result change =
      graph.select(isMean, graph.scalar(0), graph.binary<SubOp>(mean, sum));
  return graph.binary<AddOp>(sum, graph.unary<StopGradientOp>(change));
}

Result onnximport::putRows(NodeImporter &node, Result updates, Result positions,
                           int64_t size) {
  if (failed(updates) || failed(positions))
    return failure();
  return meanOfSum(node.graph, addRows(node, *updates, *positions, size),
                   countRows(node, *updates, *positions, size));
}

/// Writes at positions that depend on the input; without a reduction each
/// position is written once, by the specification, or by equal updates.
static Result writeAtInputs(NodeImporter &node, const GraphValue &rows,
                            const GraphValue &updates,
                            const GraphValue &positions, StringRef reduction) {
  GraphBuilder &graph = node.graph;
  if (!rows.isFloat() || (reduction != "none" && reduction != "add")) {
    return node.emitError()
           << "expected floats, and reduction none or add, where indices "
              "depend on the input, but got "
           << nameOf(rows.kind) << " and '" << reduction << "'";
  }
  Result added = addRows(node, updates, positions, rows.shape[0]);
  if (reduction == "add")
    return graph.binary<AddOp>(rows, added);
  Result count = countRows(node, updates, positions, rows.shape[0]);
  Result isWritten = graph.compare(count, graph.scalar(0), Comparison::GT);
  return graph.select(isWritten, meanOfSum(graph, added, count), rows);
}

/// Rows [F, S…] with updates [U, S…] written at positions [U].
Result onnximport::writeRows(NodeImporter &node, Result rows, Result updates,
                             Result positions) {
  std::string reduction = node.getString("reduction", "none");
  if (failed(rows) || failed(updates) || failed(positions))
    return failure();
  if (!llvm::is_contained({"none", "add", "mul", "max", "min"},
                          StringRef(reduction)))
    return node.emitError() << "expected reduction none, add, mul, max or min, "
                               "but got '"
                            << reduction << "'";
  if (rows->kind != updates->kind)
    return node.emitError() << "expected updates of the data's element type, "
                               "but got "
                            << nameOf(updates->kind);
  if (!positions->isKnown())
    return writeAtInputs(node, *rows, *updates, *positions, reduction);
  if (reduction == "none")
    return replaceRows(node, *rows, *updates, toIntegers(*positions));
  if (reduction == "add" && rows->isFloat())
    return node.graph.binary<AddOp>(
        rows, addRows(node, *updates, *positions, rows->shape[0]));
  return combineRows(node, *rows, *updates, toIntegers(*positions), reduction);
}

/// Indices that depend on the input, one list for each of the other axes.
static Result takeAlong(NodeImporter &node, Result data, Result indices,
                        int64_t axis) {
  GraphBuilder &graph = node.graph;
  if (failed(data) || failed(indices))
    return failure();
  for (int64_t i = 0; i < indices->rank() && succeeded(data); ++i)
    if (i != axis)
      data = graph.slice(data, i, 0, indices->shape[i], 1);
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < indices->rank(); ++i)
    if (i != axis)
      order.push_back(i);
  order.push_back(axis);
  SmallVector<int64_t> back(order.size());
  for (auto [to, from] : llvm::enumerate(order))
    back[from] = to;
  data = graph.transpose(data, order);
  indices = graph.transpose(indices, order);
  if (failed(data) || failed(indices))
    return failure();
  FailureOr<Value> from = graph.materialize(*data);
  FailureOr<Value> at = graph.materialize(*indices);
  if (failed(from) || failed(at))
    return failure();
  FailureOr<Value> core = graph.create<TakeAlongOp>({*from, *at});
  if (failed(core))
    return failure();
  Result taken = graph.wrap(*core, data->kind, {indices->shape, std::nullopt});
  return graph.transpose(taken, back);
}

Result onnximport::gatherElements(NodeImporter &node, const GraphValue &data,
                                  const GraphValue &indices, int64_t axis) {
  GraphBuilder &graph = node.graph;
  if (!indices.isKnown())
    return takeAlong(node, data, indices, axis);
  Result positions = elementPositions(node, indices, data.shape, axis);
  Result flat = graph.reshape(data, {*product(data.shape)}, std::nullopt);
  return readRows(node, flat, positions);
}
