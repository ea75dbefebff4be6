// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading and writing at listed positions: GatherElements, GatherND,
// ScatterElements, ScatterND. All are brought to one form on the axes of one
// example, rows picked from or put into a matrix at flat positions. Along the
// batch axis an example may only name itself, by its place in a range over the
// batch.

#include "Indexing.h"
#include "Rows.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

namespace {
/// What is read or written, on the axes of one example.
struct Access {
  GraphValue data, indices;
  std::optional<GraphValue> updates;
  int64_t batchDims = 0;
  /// The batch axis of what is read or of the updates, and that of the data.
  std::optional<BatchAxis> resultBatch, dataBatch;

  SmallVector<GraphValue *> getValues() {
    SmallVector<GraphValue *> values = {&data, &indices};
    if (updates)
      values.push_back(&*updates);
    return values;
  }
};
} // namespace

//===----------------------------------------------------------------------===//
// The batch axis
//===----------------------------------------------------------------------===//

/// Gives `x` the batch axis, repeating x where it is one value for all
/// examples.
static LogicalResult matchBatch(NodeImporter &node, GraphValue &x,
                                const BatchAxis &batch) {
  int64_t axis = batch.axis;
  if (x.batch == batch)
    return success();
  if (x.batch && node.graph.isFlexible(x) && sameExtent(*x.batch, batch)) {
    x.batch = batch;
    return success();
  }
  if (x.batch || axis >= x.rank())
    return node.emitError() << "expected the batch as axis " << axis
                            << " of each operand: the network mixes examples";
  // Nothing is broadcast here: one entry would be that of the first example.
  int64_t size = batch.outer * batch.inner;
  if (!node.graph.batchSize() ||
      product({size, *node.graph.batchSize()}) != x.shape[axis])
    return node.emitError() << "expected an entry for each example along axis "
                            << axis << ", but got " << x.shape[axis];
  Frame frame{x.shape, batch};
  frame.shape[axis] = size;
  FailureOr<Frame> common =
      node.graph.unify({x, node.graph.wrap(Value(), x.kind, frame)});
  if (failed(common))
    return failure();
  // Of one example; equal elements are those of any.
  Result one = node.graph.narrow(x, axis);
  if (succeeded(one) && one->isKnown())
    one = repeatKnown(*one, *common);
  else
    one = node.graph.broadcast(one, *common);
  if (failed(one))
    return failure();
  x = *one;
  return success();
}

static LogicalResult takeExamples(NodeImporter &node, Access &access) {
  access.dataBatch = access.data.batch;
  for (GraphValue *value : access.getValues()) {
    Result example = node.graph.takeExample(*value);
    if (failed(example))
      return failure();
    *value = *example;
  }
  return success();
}

/// Data, indices and updates of equal rank, whose batch is one axis, not
/// `axis`.
static LogicalResult alignElements(NodeImporter &node, Access &access,
                                   int64_t axis) {
  for (GraphValue *value : access.getValues()) {
    if (value->rank() != access.data.rank())
      return node.emitError()
             << "expected operands of rank " << access.data.rank()
             << ", but got rank " << value->rank();
    if (failed(node.graph.refuseBatch(*value, axis, "pick elements")))
      return failure();
    bool decides = !access.resultBatch || !node.graph.isFlexible(*value);
    if (value->batch && decides)
      access.resultBatch = value->batch;
  }
  if (!access.resultBatch)
    return success();
  for (GraphValue *value : access.getValues())
    if (failed(matchBatch(node, *value, *access.resultBatch)))
      return failure();
  return takeExamples(node, access);
}

/// Writes component `component` of the indices, which counts along the batch
/// axis of the data, as the position among the example's own elements that it
/// names: (o · N + n) · inner + i as o · inner + i. False if it names others.
static bool nameOwn(GraphValue &indices, int64_t component,
                    const BatchAxis &batch) {
  if (!indices.batch || (!indices.isKnown() && !indices.hasPlaces()))
    return false;
  int64_t count = indices.shape.back();
  std::vector<Number> numbers =
      indices.isKnown() ? *indices.numbers : *indices.places;
  for (size_t i = component; i < numbers.size(); i += count) {
    Number &number = numbers[i];
    int64_t outer = number.perExample / batch.inner;
    // An example of one element needs nothing of the input.
    if (number.isUndecided || (number.addsCore && batch.inner == 1) ||
        number.position != batch.inner ||
        number.perExample % batch.inner != 0 || outer < 0 ||
        outer >= batch.outer || number.integer < 0 ||
        number.integer >= batch.inner)
      return false;
    Number own{outer * batch.inner + number.integer};
    own.addsCore = number.addsCore;
    number = own;
  }
  auto shared = std::make_shared<const std::vector<Number>>(std::move(numbers));
  (indices.isKnown() ? indices.numbers : indices.places) = std::move(shared);
  return true;
}

/// Where component `component` of the indices names the example itself: takes
/// it out, or makes it a position among the elements of the example.
static LogicalResult alignNamed(NodeImporter &node, Access &access,
                                int64_t component) {
  GraphValue &indices = access.indices;
  const BatchAxis &batch = *access.data.batch;
  int64_t last = indices.rank() - 1;
  if (last > 0 && access.batchDims == 0)
    if (std::optional<GraphValue> placed = placeOnlyExample(
            node.graph, indices, batch, component, indices.shape[last]))
      indices = *placed;
  // Along an axis of one element there is but one to name.
  bool isOnly = node.graph.batchSize() == 1 && batch.isPure() &&
                indices.batch && !indices.isKnown() && !indices.hasPlaces();
  if (!isOnly && !nameOwn(indices, component, batch))
    return node.graph.refuseBatch(access.data, batch.axis, "pick elements");
  access.resultBatch = indices.batch;
  SmallVector<int64_t> kept;
  for (int64_t i = 0; i < indices.shape[last]; ++i)
    if (i != component || !batch.isPure())
      kept.push_back(i);
  Result left = node.graph.pick(indices, last, kept);
  if (failed(left))
    return failure();
  indices = *left;
  return indices.hasPlaces() ? node.graph.refusePlaces() : success();
}

/// Data [b…, k…, rest…] and indices [b…, i…, k], the batch axis in any of the
/// three parts of the data.
static LogicalResult alignRows(NodeImporter &node, Access &access) {
  GraphValue &data = access.data, &indices = access.indices;
  int64_t last = indices.rank() - 1;
  int64_t count = indices.shape[last], end = access.batchDims + count;
  int64_t rest = last - end; // from a trailing axis of data to the result
  if (failed(node.graph.refuseBatch(indices, last, "pick elements")))
    return failure();
  std::optional<int64_t> axis;
  // A merged axis stays, with the elements of one example.
  bool isPure = !data.batch || data.batch->isPure();
  if (data.batch)
    axis = data.batch->axis;
  else if (access.updates && access.updates->batch)
    axis = access.updates->batch->axis < last
               ? -1
               : access.updates->batch->axis - rest;
  if (indices.batch && access.updates && !data.batch)
    axis = -1;
  if (axis == -1)
    return node.emitError() << "expected each example to write to a value of "
                               "its own, but it is the same for all: the "
                               "network mixes examples";
  bool isNamed = axis && *axis >= access.batchDims && *axis < end;
  if (indices.hasPlaces() && !isNamed)
    return node.graph.refusePlaces();
  if (!axis) {
    access.resultBatch = indices.batch;
    return takeExamples(node, access);
  }
  BatchAxis batch = data.batch ? *data.batch : *access.updates->batch;
  batch.axis = *axis;
  if (isNamed) {
    if (failed(alignNamed(node, access, *axis - access.batchDims)))
      return failure();
  } else if (*axis < access.batchDims) {
    access.resultBatch = batch;
    access.batchDims -= isPure;
    if (failed(matchBatch(node, indices, batch)))
      return failure();
  } else {
    access.resultBatch = batch;
    access.resultBatch->axis += rest;
    if (indices.batch)
      return node.emitError() << "expected data or indices that are the same "
                                 "for all examples, but both depend on the "
                                 "input";
    if (failed(matchBatch(node, data, batch)))
      return failure();
  }
  if (access.updates &&
      failed(matchBatch(node, *access.updates, *access.resultBatch)))
    return failure();
  return takeExamples(node, access);
}

//===----------------------------------------------------------------------===//
// Operators
//===----------------------------------------------------------------------===//

/// Sizes other than along `axis` are at most those of the data.
static LogicalResult checkElements(NodeImporter &node, const Access &access,
                                   int64_t axis) {
  if (access.updates && access.updates->shape != access.indices.shape)
    return node.emitError() << "expected updates of the indices' shape";
  for (int64_t i = 0; i < access.data.rank(); ++i) {
    if (i != axis && access.indices.shape[i] > access.data.shape[i])
      return node.emitError() << "expected at most " << access.data.shape[i]
                              << " indices along axis " << i << ", but got "
                              << access.indices.shape[i];
  }
  return success();
}

/// Reads the operands of GatherElements or ScatterElements; `axis` is then an
/// axis of one example.
static FailureOr<Access> readElements(NodeImporter &node, int64_t &axis,
                                      bool writes) {
  Access access;
  access.data = node.input(0);
  access.indices = node.input(1);
  if (writes)
    access.updates = node.input(2);
  FailureOr<int64_t> at =
      node.getAxis(node.getInteger("axis", 0), access.data.rank());
  if (failed(at) || failed(alignElements(node, access, *at)))
    return failure();
  bool isBehind = access.resultBatch && access.resultBatch->isPure() &&
                  access.resultBatch->axis < *at;
  axis = isBehind ? *at - 1 : *at;
  if (failed(checkElements(node, access, axis)))
    return failure();
  return access;
}

static LogicalResult importGatherElements(NodeImporter &node) {
  int64_t axis;
  FailureOr<Access> access = readElements(node, axis, /*writes=*/false);
  if (failed(access))
    return failure();
  return node.setResult(node.graph.giveBatch(
      gatherElements(node, access->data, access->indices, axis),
      access->resultBatch));
}

static LogicalResult importScatterElements(NodeImporter &node) {
  int64_t axis;
  FailureOr<Access> access = readElements(node, axis, /*writes=*/true);
  if (failed(access))
    return failure();
  GraphBuilder &graph = node.graph;
  auto flatten = [&](Result x) -> Result {
    if (failed(x))
      return failure();
    return graph.reshape(x, {*product(x->shape)}, std::nullopt);
  };
  Result positions = flatten(
      elementPositions(node, access->indices, access->data.shape, axis));
  Result written = writeRows(node, flatten(access->data),
                             flatten(*access->updates), positions);
  return node.setResult(
      graph.giveBatch(graph.reshape(written, access->data.shape, std::nullopt),
                      access->dataBatch));
}

/// Reads the operands of GatherND or ScatterND.
static FailureOr<Access> readRowAccess(NodeImporter &node, bool writes) {
  Access access;
  access.data = node.input(0);
  access.indices = node.input(1);
  if (writes)
    access.updates = node.input(2);
  else
    access.batchDims = node.getInteger("batch_dims", 0);
  if (access.data.hasPlaces() || access.data.hasEnd || access.indices.hasEnd ||
      (writes && (access.updates->hasPlaces() || access.updates->hasEnd)))
    return node.graph.refusePlaces();
  int64_t rank = access.data.rank(), last = access.indices.rank() - 1;
  if (last < 0 || rank == 0 || access.batchDims < 0 ||
      access.batchDims > last || access.batchDims > rank ||
      access.indices.shape[last] > rank - access.batchDims) {
    return node.emitError()
           << "expected indices of at most the data's rank, but got "
           << describe(access.indices.kind, access.indices.shape) << " for "
           << describe(access.data.kind, access.data.shape);
  }
  int64_t trailing = rank - access.batchDims - access.indices.shape[last];
  if (writes && access.updates->rank() != last + trailing)
    return node.emitError() << "expected updates of rank " << last + trailing
                            << ", but got rank " << access.updates->rank();
  if (failed(alignRows(node, access)))
    return failure();
  for (int64_t i = 0; i < access.batchDims; ++i) {
    if (access.data.shape[i] != access.indices.shape[i])
      return node.emitError()
             << "expected equal sizes along axis " << i << ", but got "
             << access.data.shape[i] << " and " << access.indices.shape[i];
  }
  return access;
}

/// Data [b…, k…, rest…] as rows [F, rest…].
static Result toRows(NodeImporter &node, const Access &access) {
  ArrayRef<int64_t> shape = access.data.shape;
  int64_t named = access.batchDims + access.indices.shape.back();
  SmallVector<int64_t> rows = {*product(shape.take_front(named))};
  llvm::append_range(rows, shape.drop_front(named));
  return node.graph.reshape(access.data, rows, std::nullopt);
}

static LogicalResult importGatherND(NodeImporter &node) {
  FailureOr<Access> access = readRowAccess(node, /*writes=*/false);
  if (failed(access))
    return failure();
  return node.setResult(node.graph.giveBatch(
      readRows(node, toRows(node, *access),
               rowPositions(node, access->data.shape, access->indices,
                            access->batchDims)),
      access->resultBatch));
}

static LogicalResult importScatterND(NodeImporter &node) {
  FailureOr<Access> access = readRowAccess(node, /*writes=*/true);
  if (failed(access))
    return failure();
  GraphBuilder &graph = node.graph;
  Result rows = toRows(node, *access),
         positions = rowPositions(node, access->data.shape, access->indices,
                                  access->batchDims);
  if (failed(rows) || failed(positions))
    return failure();
  int64_t count = *product(positions->shape);
  SmallVector<int64_t> updates(positions->shape);
  ArrayRef<int64_t> trailing = ArrayRef(rows->shape).drop_front();
  llvm::append_range(updates, trailing);
  if (updates != access->updates->shape) {
    return node.emitError()
           << "expected updates " << describe(access->data.kind, updates)
           << " of each example, but got "
           << describe(access->updates->kind, access->updates->shape);
  }
  SmallVector<int64_t> flat = {count};
  llvm::append_range(flat, trailing);
  Result written =
      writeRows(node, rows, graph.reshape(*access->updates, flat, std::nullopt),
                graph.reshape(positions, {count}, std::nullopt));
  return node.setResult(
      graph.giveBatch(graph.reshape(written, access->data.shape, std::nullopt),
                      access->dataBatch));
}

ArrayRef<Operator> onnximport::getElementOperators() {
  static const Operator operators[] = {
      {"GatherElements", 11, newestOpset, 2, 2, importGatherElements},
      {"GatherND", 11, newestOpset, 2, 2, importGatherND, Takes::Places},
      {"Scatter", 9, 10, 3, 3, importScatterElements},
      {"ScatterElements", 11, newestOpset, 3, 3, importScatterElements},
      {"ScatterND", 11, newestOpset, 3, 3, importScatterND, Takes::Places},
  };
  return operators;
}
