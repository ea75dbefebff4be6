// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parts of values: joined, split, sliced. Along the batch axis only the whole
// of it may be taken.

#include "Indexing.h"
#include "LoopOverBatch.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// Known numbers of all examples of a batch that the file fixes, which grow by
/// the same from each example to the next, as those of any example; none if
/// they are others.
static std::optional<GraphValue> placeKnown(const GraphValue &x, int64_t axis,
                                            int64_t batchSize) {
  if (!x.isKnown() || x.isFloat() || x.batch || x.shape[axis] != batchSize ||
      batchSize < 2)
    return std::nullopt;
  const std::vector<Number> &numbers = *x.numbers;
  int64_t inner = rowMajorStrides(x.shape)[axis];
  std::vector<Number> own;
  for (size_t i = 0; i < numbers.size(); ++i) {
    int64_t at = static_cast<int64_t>(i), n = at / inner % batchSize;
    const Number &first = numbers[at - n * inner],
                 &second = numbers[at - n * inner + inner];
    int64_t step, place;
    if (!numbers[i].isPlain() ||
        llvm::SubOverflow(second.integer, first.integer, step) ||
        llvm::MulOverflow(step, n, place) ||
        llvm::AddOverflow(first.integer, place, place) ||
        place != numbers[i].integer)
      return std::nullopt;
    if (n != 0)
      continue;
    own.push_back(first);
    own.back().position = step;
  }
  SmallVector<int64_t> shape(x.shape);
  shape[axis] = 1;
  GraphValue result = makeKnown(x.kind, shape, std::move(own));
  result.batch = BatchAxis{axis};
  return result;
}

/// Gives the batch axis of others to lists that count the examples of a batch
/// of fixed size.
static void placeExamples(GraphBuilder &graph,
                          MutableArrayRef<GraphValue> values, int64_t axis) {
  std::optional<BatchAxis> batch;
  for (const GraphValue &x : values)
    if (x.batch)
      batch = x.batch;
  if (!graph.batchSize() || !batch || !batch->isPure() || batch->axis == axis)
    return;
  for (GraphValue &x : values)
    if (batch->axis < x.rank())
      if (std::optional<GraphValue> placed =
              placeKnown(x, batch->axis, *graph.batchSize()))
        x = *placed;
}

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
  if (values.size() == 1 && !values.front().hasEnd)
    return node.setResult(values.front());
  auto isOfExample = [](const GraphValue &x) { return x.isOfExample; };
  auto isOfAll = [](const GraphValue &x) { return x.batch.has_value(); };
  auto namesPlaces = [](const GraphValue &x) {
    return x.hasPlaces() || x.hasEnd;
  };
  if (llvm::any_of(values, namesPlaces) ||
      (llvm::any_of(values, isOfExample) && llvm::any_of(values, isOfAll)))
    return node.graph.refusePlaces();
  placeExamples(node.graph, values, *axis);
  if (std::optional<GraphValue> positions = appendEnd(values))
    return node.setResult(*positions);
  return node.setResult(node.graph.concat(values, *axis));
}

/// Sizes of the parts: from attribute or input, else equal ones, the last one
/// smaller if need be. Along the batch axis each is a multiple of N.
static FailureOr<SmallVector<Number>>
readSplit(NodeImporter &node, const GraphValue &x, int64_t axis) {
  if (node.hasInput(1))
    return node.getNumbers(1);
  SmallVector<Number> sizes;
  for (int64_t size : node.getIntegers("split"))
    sizes.push_back({size});
  if (node.hasAttribute("split"))
    return sizes;
  int64_t size = x.shape[axis], parts = node.node.outputs.size();
  int64_t part = llvm::divideCeil(size, parts);
  if (x.isBatch(axis) && size % parts != 0)
    return node.graph.refuseBatch(x, axis, "split");
  for (int64_t i = 0; i < parts; ++i) {
    int64_t own = i + 1 < parts ? part : size - part * (parts - 1);
    sizes.push_back(x.isBatch(axis) ? Number{0, own} : Number{own});
  }
  return sizes;
}

/// Parts of a batch axis, each of the same elements of every example.
static LogicalResult splitBatch(NodeImporter &node, const GraphValue &x,
                                ArrayRef<Number> sizes) {
  Number start;
  for (auto [i, size] : llvm::enumerate(sizes)) {
    Number end = start;
    if (llvm::AddOverflow(start.integer, size.integer, end.integer) ||
        llvm::AddOverflow(start.perExample, size.perExample, end.perExample))
      return node.emitError() << "expected sizes that fit memory";
    if (failed(node.setOutput(i, node.graph.sliceBatch(x, start, end, 1))))
      return failure();
    start = end;
  }
  if (start.integer == 0 && start.perExample < x.shape[x.batch->axis])
    return node.emitError() << "expected parts of the whole batch, but got "
                               "fewer examples";
  return success();
}

static LogicalResult importSplit(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  FailureOr<int64_t> axis = node.getAxis(node.getInteger("axis", 0), x.rank());
  if (failed(axis))
    return failure();
  int64_t outputs = node.node.outputs.size();
  if (node.getInteger("num_outputs", outputs) != outputs)
    return node.emitError() << "expected num_outputs to be the number of "
                               "outputs, "
                            << outputs << ", but got "
                            << node.getInteger("num_outputs", outputs);
  FailureOr<SmallVector<Number>> sizes = readSplit(node, x, *axis);
  if (failed(sizes))
    return failure();
  if (sizes->size() != node.node.outputs.size())
    return node.emitError() << "expected " << node.node.outputs.size()
                            << " parts, but got " << sizes->size();
  if (x.isBatch(*axis))
    return splitBatch(node, x, *sizes);
  int64_t start = 0;
  for (auto [i, size] : llvm::enumerate(*sizes)) {
    int64_t count = size.integer;
    if (!size.isPlain() || count < 0 || count > x.shape[*axis] - start)
      return node.emitError() << "expected parts of " << x.shape[*axis]
                              << " elements, but got more";
    if (failed(node.setOutput(i, node.graph.slice(x, *axis, start, count, 1))))
      return failure();
    start += count;
  }
  if (start != x.shape[*axis])
    return node.emitError() << "expected parts of " << x.shape[*axis]
                            << " elements, but got " << start;
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

static Result sliceAxis(NodeImporter &node, Result x, int64_t axis,
                        const Range &range) {
  if (failed(x))
    return failure();
  int64_t size = x->shape[axis];
  if (range.start.position != 0 || range.end.position != 0)
    return range.step == 1
               ? sliceOwn(node.graph, *x, axis, range.start, range.end)
               : Result(node.graph.refusePlaces());
  if (x->hasPlaces() && (x->isBatch(axis) || x->hasEnd))
    return node.graph.refusePlaces();
  if (x->hasEnd)
    return dropEnd(node.graph, *x, range.start, range.end, range.step);
  if (x->isBatch(axis))
    return node.graph.sliceBatch(x, range.start, range.end, range.step);
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

/// Known bounds, among which may be places in the batch.
static FailureOr<SmallVector<Number>> readBounds(NodeImporter &node,
                                                 unsigned i) {
  bool namesPlace = node.hasInput(i) && node.input(i).isOfExample &&
                    node.input(i).isKnown() && node.input(i).rank() <= 1;
  if (!namesPlace)
    return node.getNumbers(i);
  if (llvm::any_of(*node.input(i).numbers,
                   [](const Number &number) { return number.isUndecided; }))
    return node.graph.refusePlaces();
  return llvm::to_vector(*node.input(i).numbers);
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
      FailureOr<SmallVector<Number>> bounds = readBounds(node, i);
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
// Table
//===----------------------------------------------------------------------===//

ArrayRef<Operator> onnximport::getIndexingOperators() {
  static const Operator operators[] = {
      {"Concat", 4, newestOpset, 1, anyInputs, importConcat, Takes::Places},
      {"Gather", 1, newestOpset, 2, 2, importGather, Takes::Places},
      {"Slice", 1, newestOpset, 1, 5, importSlice, Takes::Places},
      {"Split", 2, newestOpset, 1, 2, importSplit},
  };
  return operators;
}
