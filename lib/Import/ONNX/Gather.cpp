// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gather: elements at listed positions, which may depend on the input. Along
// the batch axis each example may pick from what is its own; the positions of a
// file of one example, which are known, are its own.

#include "Indexing.h"
#include "LoopOverBatch.h"
#include "dialects/NTK/IR/IndexRange.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

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
  if (!indices.isKnown() || !indices.batch)
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

std::optional<GraphValue>
onnximport::placeOnlyExample(const GraphBuilder &graph,
                             const GraphValue &indices, const BatchAxis &batch,
                             int64_t first, int64_t step) {
  if (graph.batchSize() != 1 || !indices.isKnown() || indices.batch ||
      indices.rank() == 0 || indices.shape.front() != 1 || batch.outer != 1)
    return std::nullopt;
  std::vector<Number> numbers = *indices.numbers;
  for (size_t i = first; i < numbers.size(); i += step) {
    if (!numbers[i].isPlain() || numbers[i].integer < 0 ||
        numbers[i].integer >= batch.inner)
      return std::nullopt;
    numbers[i].position = batch.inner;
  }
  GraphValue placed =
      makeKnown(indices.kind, indices.shape, std::move(numbers));
  placed.batch = BatchAxis{0};
  return placed;
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
/// which its core is added. In a file of one example there are no others. None
/// if they do not, or if an example has but one element, which needs no core.
static std::optional<GraphValue> findOwnIndices(const GraphBuilder &graph,
                                                const GraphValue &data,
                                                const GraphValue &indices) {
  if (data.batch->inner == 1)
    return std::nullopt;
  bool isOfOne = graph.batchSize() == 1 && indices.batch &&
                 indices.batch->isPure() && data.batch->outer == 1;
  if (isOfOne && !indices.isKnown() && !indices.hasPlaces())
    return makeKnownLike(indices, indices.kind,
                         std::vector<Number>(*product(indices.shape)));
  if (!indices.hasPlaces())
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

/// What may be added to these positions, each among `inner` of the example's
/// own, without leaving them for those of another example.
static IndexRange getOwnRange(const GraphValue &own, int64_t inner) {
  int64_t first = inner - 1, last = 0;
  for (const Number &number : *own.numbers) {
    first = std::min(first, number.integer % inner);
    last = std::max(last, number.integer % inner);
  }
  return {-first, inner - 1 - last};
}

/// Picks along the batch axis at positions of the example's own elements that
/// depend on it, as the last token of each does.
static Result gatherOwnInputs(GraphBuilder &graph, const GraphValue &data,
                              const GraphValue &indices, int64_t axis,
                              const GraphValue &own) {
  GraphValue core = indices;
  core.places = nullptr;
  Result positions = graph.binary<AddOp>(core, own);
  if (failed(positions))
    return failure();
  setOperandRange(positions->core.getDefiningOp(),
                  getOwnRange(own, data.batch->inner));
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
  if (indices.isOfExample && indices.isKnown() &&
      indices.numbers->size() == 1 && (data.isBatch(axis) || data.hasEnd)) {
    Number start = indices.numbers->front(), end = start;
    ++end.integer;
    Result own = sliceOwn(node.graph, data, axis, start, end);
    if (failed(own) || indices.rank() == 1)
      return own;
    SmallVector<int64_t> shape(ArrayRef(own->shape).take_front(axis));
    llvm::append_range(shape, indices.shape);
    llvm::append_range(shape, ArrayRef(own->shape).drop_front(axis + 1));
    return node.graph.reshape(own, shape, std::nullopt);
  }
  if (data.hasEnd || indices.hasEnd)
    return node.graph.refusePlaces();
  if (data.isBatch(axis)) {
    std::optional<GraphValue> placed =
        placeOnlyExample(node.graph, indices, *data.batch);
    const GraphValue &own = placed ? *placed : indices;
    if (auto positions = findOwnPositions(data, own))
      return gatherOwn(node.graph, data, own, axis, *positions);
  }
  if (data.isBatch(axis))
    if (std::optional<GraphValue> own =
            findOwnIndices(node.graph, data, indices))
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

LogicalResult onnximport::importGather(NodeImporter &node) {
  FailureOr<int64_t> axis =
      node.getAxis(node.getInteger("axis", 0), node.input(0).rank());
  if (failed(axis))
    return failure();
  return node.setResult(gather(node, node.input(0), node.input(1), *axis));
}
