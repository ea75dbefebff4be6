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
  /// Where the batch axis comes back in the result.
  std::optional<int64_t> resultBatch;
};
} // namespace

//===----------------------------------------------------------------------===//
// The batch axis
//===----------------------------------------------------------------------===//

/// Makes `axis` of `x` the batch axis, repeating x where it is one value for
/// all examples.
static LogicalResult matchBatch(NodeImporter &node, GraphValue &x,
                                int64_t axis) {
  if (x.isBatch(axis) && x.batch->isPure())
    return success();
  if (x.batch || axis >= x.rank())
    return node.emitError() << "expected the batch as axis " << axis
                            << " of each operand: the network mixes examples";
  // Nothing is broadcast here: one entry would be that of the first example.
  if (node.graph.batchSize() != x.shape[axis])
    return node.emitError() << "expected an entry for each example along axis "
                            << axis << ", but got " << x.shape[axis];
  Frame frame{x.shape, BatchAxis{axis}};
  frame.shape[axis] = 1;
  FailureOr<Frame> common =
      node.graph.unify({x, node.graph.wrap(Value(), x.kind, frame)});
  if (failed(common))
    return failure();
  if (x.isKnown()) {
    // Of one example; equal numbers are those of any.
    std::vector<Number> numbers = *x.numbers;
    numbers.resize(*product(common->shape));
    x = makeKnown(x.kind, common->shape, std::move(numbers));
    x.batch = common->batch;
    return success();
  }
  Result repeated = node.graph.broadcast(x, *common);
  if (failed(repeated))
    return failure();
  x = *repeated;
  return success();
}

static LogicalResult takeExamples(NodeImporter &node, Access &access) {
  SmallVector<GraphValue *> values = {&access.data, &access.indices};
  if (access.updates)
    values.push_back(&*access.updates);
  for (GraphValue *value : values) {
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
  SmallVector<GraphValue *> values = {&access.data, &access.indices};
  if (access.updates)
    values.push_back(&*access.updates);
  for (GraphValue *value : values) {
    if (value->rank() != access.data.rank())
      return node.emitError()
             << "expected operands of rank " << access.data.rank()
             << ", but got rank " << value->rank();
    if (failed(node.graph.refuseBatch(*value, axis, "pick elements")))
      return failure();
    if (value->batch)
      access.resultBatch = value->batch->axis;
  }
  if (!access.resultBatch)
    return success();
  for (GraphValue *value : values)
    if (failed(matchBatch(node, *value, *access.resultBatch)))
      return failure();
  return takeExamples(node, access);
}

/// Are component `component` of all indices the example's own place?
static bool namesItself(const GraphValue &indices, int64_t component) {
  int64_t count = indices.shape.back();
  if (!indices.isKnown() && !indices.hasPlaces())
    return false;
  const std::vector<Number> &numbers =
      indices.isKnown() ? *indices.numbers : *indices.places;
  for (size_t i = component; i < numbers.size(); i += count) {
    const Number &number = numbers[i];
    if (number.position != 1 || number.integer != 0 || number.perExample != 0 ||
        number.addsCore)
      return false;
  }
  return true;
}

/// Takes the component that names each example itself out of the indices.
static LogicalResult alignNamed(NodeImporter &node, Access &access,
                                int64_t component) {
  GraphValue &indices = access.indices;
  int64_t last = indices.rank() - 1;
  if (!indices.batch || !namesItself(indices, component))
    return node.graph.refuseBatch(access.data, access.data.batch->axis,
                                  "pick elements");
  access.resultBatch = indices.batch->axis;
  SmallVector<int64_t> others;
  for (int64_t i = 0; i < indices.shape[last]; ++i)
    if (i != component)
      others.push_back(i);
  Result left = node.graph.pick(indices, last, others);
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
    if (indices.batch)
      access.resultBatch = indices.batch->axis;
    return takeExamples(node, access);
  }
  if (isNamed) {
    if (failed(alignNamed(node, access, *axis - access.batchDims)))
      return failure();
  } else if (*axis < access.batchDims) {
    access.resultBatch = *axis;
    --access.batchDims;
    if (failed(matchBatch(node, indices, *axis)))
      return failure();
  } else {
    access.resultBatch = *axis + rest;
    if (indices.batch)
      return node.emitError() << "expected data or indices that are the same "
                                 "for all examples, but both depend on the "
                                 "input";
    if (failed(matchBatch(node, data, *axis)))
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
  bool isBehind = access.resultBatch && *access.resultBatch < *at;
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
                      access->resultBatch));
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
  if (access.data.hasPlaces() || (writes && access.updates->hasPlaces()))
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
                      access->resultBatch));
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
