// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parts of values: joined, split, sliced, picked. Along the batch axis only the
// whole of it may be taken.

#include "Indexing.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

static LogicalResult importConcat(NodeImporter &node) {
  SmallVector<GraphValue> values;
  for (unsigned i = 0; i < node.getNumInputs(); ++i) {
    if (!node.hasInput(i))
      return node.emitError() << "expected input " << i << ", but it is empty";
    values.push_back(node.input(i));
  }
  FailureOr<int64_t> axis =
      node.getAxis(node.getInteger("axis", 0), values.front().rank());
  if (failed(axis))
    return failure();
  // Empty parts add nothing; empty lists, as of shapes, may be of any element
  // type.
  int64_t rank = values.front().rank();
  llvm::erase_if(values, [&](const GraphValue &x) {
    return x.isKnown() && x.numbers->empty() && x.rank() == rank &&
           x.shape[*axis] == 0;
  });
  if (values.empty())
    return node.setResult(node.input(0));
  return node.setResult(node.graph.concat(values, *axis));
}

/// Sizes of the parts: from attribute or input, else equal ones.
static FailureOr<SmallVector<int64_t>> readSplit(NodeImporter &node,
                                                 int64_t size) {
  if (node.hasInput(1))
    return node.getIntegers(1);
  if (node.hasAttribute("split"))
    return node.getIntegers("split");
  int64_t parts = node.node.outputs.size();
  int64_t part = llvm::divideCeil(size, parts);
  SmallVector<int64_t> sizes(parts, part);
  sizes.back() = size - part * (parts - 1);
  return sizes;
}

static LogicalResult importSplit(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  FailureOr<int64_t> axis = node.getAxis(node.getInteger("axis", 0), x.rank());
  if (failed(axis) || failed(node.graph.refuseBatch(x, *axis, "split")))
    return failure();
  FailureOr<SmallVector<int64_t>> sizes = readSplit(node, x.shape[*axis]);
  if (failed(sizes))
    return failure();
  int64_t start = 0;
  if (sizes->size() != node.node.outputs.size())
    return node.emitError() << "expected " << node.node.outputs.size()
                            << " parts, but got " << sizes->size();
  for (auto [i, size] : llvm::enumerate(*sizes)) {
    if (size < 0 || size > x.shape[*axis] - start)
      return node.emitError() << "expected parts of " << x.shape[*axis]
                              << " elements, but got more";
    if (failed(node.setOutput(i, node.graph.slice(x, *axis, start, size, 1))))
      return failure();
    start += size;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Slice
//===----------------------------------------------------------------------===//

namespace {
/// What one axis is sliced by.
struct Range {
  Number start, end;
  int64_t step = 1;
};
} // namespace

/// Does the range take the whole batch axis?
static bool isWhole(const Range &range, int64_t factor,
                    std::optional<int64_t> batchSize) {
  if (range.step != 1 || range.start.perExample != 0 ||
      range.start.integer != 0)
    return false;
  if (range.end.perExample != 0)
    return range.end.perExample == factor && range.end.integer == 0;
  if (range.end.integer >= INT32_MAX)
    return true;
  std::optional<int64_t> extent =
      batchSize ? product({*batchSize, factor}) : std::nullopt;
  return extent && range.end.integer >= *extent;
}

static Result sliceAxis(NodeImporter &node, Result x, int64_t axis,
                        const Range &range) {
  if (failed(x))
    return failure();
  int64_t size = x->shape[axis];
  if (x->isBatch(axis)) {
    if (isWhole(range, size, node.graph.batchSize()))
      return x;
    return node.graph.refuseBatch(*x, axis, "slice");
  }
  if (range.start.perExample != 0 || range.end.perExample != 0)
    return node.emitError() << "expected a range that does not depend on the "
                               "batch size along axis "
                            << axis;
  int64_t step = range.step;
  if (step == 0 || step == INT64_MIN)
    return node.emitError() << "expected a step other than " << step;
  auto bound = [&](int64_t at, int64_t low, int64_t high) {
    return std::clamp(at < 0 ? std::max<int64_t>(at, INT64_MIN + size) + size
                             : at,
                      low, high);
  };
  int64_t start = step > 0 ? bound(range.start.integer, 0, size)
                           : bound(range.start.integer, -1, size - 1);
  int64_t end = step > 0 ? bound(range.end.integer, 0, size)
                         : bound(range.end.integer, -1, size - 1);
  int64_t span = step > 0 ? end - start : start - end;
  int64_t count = span <= 0 ? 0 : llvm::divideCeil(span, std::abs(step));
  if (count <= 1)
    step = 1;
  return node.graph.slice(x, axis, count == 0 ? 0 : start, count, step);
}

static Result sliceAxes(NodeImporter &node, ArrayRef<Number> starts,
                        ArrayRef<Number> ends, ArrayRef<int64_t> axes,
                        ArrayRef<int64_t> steps) {
  Result x = node.input(0);
  if (starts.size() != axes.size() || ends.size() != axes.size() ||
      steps.size() != axes.size())
    return node.emitError() << "expected a start, an end and a step for each "
                               "of "
                            << axes.size() << " axes";
  for (auto [start, end, axis, step] :
       llvm::zip_equal(starts, ends, axes, steps)) {
    FailureOr<int64_t> at = node.getAxis(axis, node.input(0).rank());
    if (failed(at))
      return failure();
    x = sliceAxis(node, x, *at, {start, end, step});
  }
  return x;
}

/// Starts and ends are attributes below opset 10, then inputs.
static LogicalResult importSlice(NodeImporter &node) {
  SmallVector<Number> starts, ends;
  SmallVector<int64_t> axes, steps;
  if (node.opset < 10) {
    for (int64_t start : node.getIntegers("starts"))
      starts.push_back({start});
    for (int64_t end : node.getIntegers("ends"))
      ends.push_back({end});
    axes = node.getIntegers("axes");
  } else {
    for (unsigned i : {1, 2}) {
      FailureOr<SmallVector<Number>> bounds = node.getNumbers(i);
      if (failed(bounds))
        return failure();
      (i == 1 ? starts : ends) = *bounds;
    }
    for (unsigned i : {3, 4}) {
      if (!node.hasInput(i))
        continue;
      FailureOr<SmallVector<int64_t>> integers = node.getIntegers(i);
      if (failed(integers))
        return failure();
      (i == 3 ? axes : steps) = *integers;
    }
  }
  bool allAxes =
      node.opset < 10 ? !node.hasAttribute("axes") : !node.hasInput(3);
  if (allAxes)
    axes = llvm::to_vector(llvm::seq<int64_t>(0, starts.size()));
  if (steps.empty())
    steps.assign(axes.size(), 1);
  return node.setResult(sliceAxes(node, starts, ends, axes, steps));
}

//===----------------------------------------------------------------------===//
// Gather
//===----------------------------------------------------------------------===//

/// Known positions along an axis, counted from 0.
static FailureOr<SmallVector<int64_t>>
readPositions(NodeImporter &node, const GraphValue &indices, int64_t size) {
  SmallVector<int64_t> positions;
  for (const Number &number : *indices.numbers) {
    int64_t at = number.integer < 0 ? number.integer + size : number.integer;
    if (!number.isPlain() || at < 0 || at >= size)
      return node.emitError() << "expected indices below " << size
                              << ", but got " << number.integer;
    positions.push_back(at);
  }
  return positions;
}

/// Where known indices along the batch axis of `data`, of outer · N · inner
/// elements, pick from the example's own outer · inner: index (o · N + n) ·
/// inner + i of example n is element o · inner + i. None if they do not.
static std::optional<SmallVector<int64_t>>
findOwnPositions(const GraphValue &data, const GraphValue &indices) {
  if (!indices.isKnown() || !indices.batch || !indices.batch->isPure())
    return std::nullopt;
  int64_t inner = data.batch->inner;
  SmallVector<int64_t> positions;
  for (const Number &number : *indices.numbers) {
    int64_t outer = number.perExample / inner;
    if (number.position != inner || number.perExample % inner != 0 ||
        outer < 0 || outer >= data.batch->outer || number.integer < 0 ||
        number.integer >= inner)
      return std::nullopt;
    positions.push_back(outer * inner + number.integer);
  }
  return positions;
}

/// Picks along the batch axis at positions of the example's own elements; the
/// axis becomes those of the indices.
static Result gatherOwn(GraphBuilder &graph, const GraphValue &data,
                        const GraphValue &indices, int64_t axis,
                        ArrayRef<int64_t> positions) {
  SmallVector<int64_t> shape(ArrayRef(data.shape).take_front(axis));
  llvm::append_range(shape, indices.shape);
  llvm::append_range(shape, ArrayRef(data.shape).drop_front(axis + 1));
  BatchAxis batch = *indices.batch;
  batch.axis += axis;
  bool isPure = data.batch->isPure();
  if (isPure && positions.size() == 1)
    return graph.reshape(data, shape, batch);
  GraphValue example = data;
  example.shape = data.coreShape();
  example.batch.reset();
  Result own = isPure ? graph.unsqueeze(example, {axis}) : Result(example);
  return graph.reshape(graph.pick(own, axis, positions), shape, batch);
}

/// Where indices along the batch axis that depend on the input pick from the
/// example's own elements: the same rule of the known part of each index, to
/// which its core is added. None if they do not, or if an example has but one
/// element, which needs no core.
static std::optional<GraphValue> findOwnIndices(const GraphValue &data,
                                                const GraphValue &indices) {
  if (!indices.hasPlaces() || data.batch->inner == 1)
    return std::nullopt;
  GraphValue known = indices;
  known.core = Value();
  known.places = nullptr;
  known.numbers = indices.places;
  std::optional<SmallVector<int64_t>> positions = findOwnPositions(data, known);
  if (!positions)
    return std::nullopt;
  std::vector<Number> numbers;
  for (int64_t position : *positions)
    numbers.push_back({position});
  return makeKnownLike(known, indices.kind, std::move(numbers));
}

/// Picks along the batch axis at positions of the example's own elements that
/// depend on it, as the last token of each does.
static Result gatherOwnInputs(GraphBuilder &graph, const GraphValue &data,
                              const GraphValue &indices, int64_t axis,
                              const GraphValue &own) {
  GraphValue core = indices;
  core.places = nullptr;
  Result positions = graph.binary<AddOp>(own, core);
  if (failed(positions))
    return failure();
  FailureOr<Value> from = graph.materialize(data);
  FailureOr<Value> at = graph.materialize(*positions);
  if (failed(from) || failed(at))
    return failure();
  FailureOr<Value> picked =
      graph.create<GatherOp>({*from, *at}, graph.attribute("axis", axis));
  if (failed(picked))
    return failure();
  Frame frame;
  llvm::append_range(frame.shape, ArrayRef(data.shape).take_front(axis));
  llvm::append_range(frame.shape, indices.shape);
  llvm::append_range(frame.shape, ArrayRef(data.shape).drop_front(axis + 1));
  frame.batch = indices.batch;
  frame.batch->axis += axis;
  return graph.wrap(*picked, data.kind, frame);
}

/// Indices that depend on the input: an embedding. The data are the same for
/// all examples, so the batch axis is that of the indices.
static Result gatherInputs(NodeImporter &node, const GraphValue &data,
                           const GraphValue &indices, int64_t axis) {
  if (data.batch && indices.batch)
    return node.emitError() << "expected data or indices that are the same for "
                               "all examples, but both depend on the input";
  FailureOr<Value> from = node.graph.materialize(data);
  FailureOr<Value> at = node.graph.materialize(indices);
  if (failed(from) || failed(at))
    return failure();
  FailureOr<Value> core = node.graph.create<GatherOp>(
      {*from, *at}, node.graph.attribute("axis", *data.coreAxis(axis)));
  if (failed(core))
    return failure();
  Frame frame;
  ArrayRef<int64_t> shape = data.shape;
  llvm::append_range(frame.shape, shape.take_front(axis));
  llvm::append_range(frame.shape, indices.shape);
  llvm::append_range(frame.shape, shape.drop_front(axis + 1));
  if (indices.batch) {
    frame.batch = indices.batch;
    frame.batch->axis += axis;
  } else if (data.batch) {
    frame.batch = data.batch;
    if (data.batch->axis > axis)
      frame.batch->axis += indices.rank() - 1;
  }
  return node.graph.wrap(*core, data.kind, frame);
}

Result onnximport::gather(NodeImporter &node, const GraphValue &data,
                          const GraphValue &indices, int64_t axis) {
  if (indices.isFloat() || indices.kind == ElementKind::Bool)
    return node.emitError() << "expected integers as indices, but got "
                            << describe(indices.kind, indices.shape);
  if (data.isBatch(axis))
    if (auto positions = findOwnPositions(data, indices))
      return gatherOwn(node.graph, data, indices, axis, *positions);
  if (data.isBatch(axis))
    if (std::optional<GraphValue> own = findOwnIndices(data, indices))
      return gatherOwnInputs(node.graph, data, indices, axis, *own);
  if (indices.hasPlaces() || data.hasPlaces())
    return node.graph.refusePlaces();
  if (failed(node.graph.refuseBatch(data, axis, "pick elements")))
    return failure();
  if (!indices.isKnown() || indices.batch)
    return gatherInputs(node, data, indices, axis);
  FailureOr<SmallVector<int64_t>> positions =
      readPositions(node, indices, data.shape[axis]);
  if (failed(positions))
    return failure();
  Result picked = node.graph.pick(data, axis, *positions);
  if (failed(picked) || indices.rank() == 1)
    return picked;
  // The axis becomes the axes of the indices.
  ArrayRef<int64_t> before = picked->shape;
  SmallVector<int64_t> shape(before.take_front(axis));
  llvm::append_range(shape, indices.shape);
  llvm::append_range(shape, before.drop_front(axis + 1));
  std::optional<BatchAxis> batch = picked->batch;
  if (batch && batch->axis > axis)
    batch->axis += indices.rank() - 1;
  return node.graph.reshape(picked, shape, batch);
}

static LogicalResult importGather(NodeImporter &node) {
  FailureOr<int64_t> axis =
      node.getAxis(node.getInteger("axis", 0), node.input(0).rank());
  if (failed(axis))
    return failure();
  return node.setResult(gather(node, node.input(0), node.input(1), *axis));
}

ArrayRef<Operator> onnximport::getIndexingOperators() {
  static const Operator operators[] = {
      {"Concat", 4, newestOpset, 1, anyInputs, importConcat},
      {"Gather", 1, newestOpset, 2, 2, importGather, Takes::Places},
      {"Slice", 1, newestOpset, 1, 5, importSlice},
      {"Split", 2, newestOpset, 1, 2, importSplit},
  };
  return operators;
}
