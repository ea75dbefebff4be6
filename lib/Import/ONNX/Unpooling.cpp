// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where maxima come from, and MaxUnpool, which puts values there. Places count
// all elements of a tensor, n · C · S + c · S + q for pixel q of S of channel c
// of example n: they are places in the batch, whose last part depends on the
// input.

#include "Places.h"
#include "Pooling.h"
#include "Rows.h"
#include "Themes.h"
#include "dialects/NTK/IR/PowerOps.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

//===----------------------------------------------------------------------===//
// Places of maxima
//===----------------------------------------------------------------------===//

static GraphValue integer(int64_t number) {
  return makeKnown(ElementKind::Int64, {}, {Number{number}});
}

/// Pixels counted column by column instead of row by row.
static Result countColumns(GraphBuilder &graph, Result pixels,
                           ArrayRef<int64_t> sizes) {
  SmallVector<int64_t> strides = rowMajorStrides(sizes);
  Result sum = graph.binary<MulOp>(pixels, integer(0));
  int64_t stride = 1;
  for (auto [size, rowStride] : llvm::zip_equal(sizes, strides)) {
    Result at = graph.binary<RemainderOp>(
        graph.binary<DivOp>(pixels, integer(rowStride)), integer(size));
    sum = graph.binary<AddOp>(sum, graph.binary<MulOp>(at, integer(stride)));
    stride *= size;
  }
  return sum;
}

/// 0, step, 2 · step, … along `axis`, to be broadcast with a value of this
/// rank.
static GraphValue countAlong(int64_t rank, int64_t axis, int64_t size,
                             int64_t step) {
  SmallVector<int64_t> shape(rank, 1);
  shape[axis] = size;
  std::vector<Number> numbers(size);
  for (auto [i, number] : llvm::enumerate(numbers))
    number.integer = static_cast<int64_t>(i) * step;
  return makeKnown(ElementKind::Int64, shape, std::move(numbers));
}

Result onnximport::findMaxima(NodeImporter &node, const Images &images,
                              const Window &window, Value pixels) {
  GraphBuilder &graph = node.graph;
  if (images.exchanged != 0 || (images.batch && !images.batch->isPure()))
    return node.emitError() << "expected the batch, alone, as the first axis "
                               "where the places of maxima are used, but got "
                               "it elsewhere or merged with other axes";
  Result found =
      makeImages(node, images,
                 graph.create<MaxPoolWinnerOp>(
                     pixels, windowGeometry(graph, images.widen(window))));
  if (failed(found))
    return failure();
  found->kind = ElementKind::Int32;
  found = graph.convert(found, ElementKind::Int64);
  if (failed(found))
    return failure();
  int64_t size = *product(images.sizes()), channels = images.value.shape[0],
          rank = found->rank();
  if (images.isStacked)
    found =
        graph.binary<SubOp>(found, countAlong(rank, 0, found->shape[0], size));
  if (node.getInteger("storage_order", 0) != 0)
    found = countColumns(graph, found, images.sizes());
  if (failed(found))
    return failure();
  GraphValue before = countAlong(rank, 1, channels, size);
  if (!found->batch)
    return graph.binary<AddOp>(
        graph.binary<AddOp>(found, before),
        countAlong(rank, 0, found->shape[0], channels * size));
  before.batch = found->batch;
  std::vector<Number> numbers = *before.numbers;
  for (Number &number : numbers)
    number.position = channels * size;
  return graph.addPlaces(makeKnownLike(before, before.kind, numbers), *found);
}

//===----------------------------------------------------------------------===//
// MaxUnpool
//===----------------------------------------------------------------------===//

namespace {
/// Of the result, without the axes of images and channels: the sizes that the
/// places count in, and those of the result, which is padded or cut to them.
struct Unpooling {
  SmallVector<int64_t> counted, result;
  bool mayOverlap = false;
};
} // namespace

/// stride · (in − 1) + kernel − pads.
static FailureOr<SmallVector<int64_t>> inferSizes(NodeImporter &node,
                                                  bool &mayOverlap) {
  ArrayRef<int64_t> in = ArrayRef(node.input(0).shape).drop_front(2);
  SmallVector<int64_t> ones(in.size(), 1), noPads(2 * in.size(), 0);
  SmallVector<int64_t> kernel = node.getIntegers("kernel_shape"),
                       strides = node.getIntegers("strides", ones),
                       pads = node.getIntegers("pads", noPads);
  if (kernel.size() != in.size() || strides.size() != in.size() ||
      pads.size() != 2 * in.size())
    return node.emitError() << "expected kernel_shape, strides and pads for "
                            << in.size() << " spatial axes";
  SmallVector<int64_t> sizes;
  for (size_t i = 0; i < in.size(); ++i) {
    constexpr int64_t most = int64_t(1) << 30;
    auto isReasonable = [&](int64_t x) { return x >= 0 && x < most; };
    if (!isReasonable(kernel[i]) || !isReasonable(strides[i]) ||
        !isReasonable(pads[i]) || !isReasonable(pads[in.size() + i]) ||
        !isReasonable(in[i]))
      return node.emitError() << "expected kernel_shape, strides and pads from "
                                 "0 on that fit memory";
    sizes.push_back((in[i] - 1) * strides[i] + kernel[i] - pads[i] -
                    pads[in.size() + i]);
    mayOverlap |= strides[i] < kernel[i];
    if (sizes.back() < 1)
      return node.emitError() << "expected at least one output along spatial "
                                 "axis "
                              << i << ", but got " << sizes.back();
  }
  return sizes;
}

/// Elements of an example that the places skip from example to example, or in
/// all if there is one list of images.
static std::optional<int64_t> countedElements(const GraphValue &places) {
  if (!places.hasPlaces() || places.places->empty())
    return std::nullopt;
  int64_t step = places.places->front().position;
  for (const Number &number : *places.places)
    if (number.position != step || number.perExample != 0 ||
        number.isUndecided || number.integer < 0)
      return std::nullopt;
  return step;
}

static FailureOr<Unpooling> readUnpooling(NodeImporter &node) {
  const GraphValue &x = node.input(0), &indices = node.input(1);
  if (x.rank() < 3 || !x.isFloat() || indices.isFloat() ||
      indices.shape != x.shape)
    return node.emitError() << "expected values [batch, channel, spatial…] and "
                               "a place for each, but got "
                            << describe(x.kind, x.shape) << " and "
                            << describe(indices.kind, indices.shape);
  Unpooling unpooling;
  FailureOr<SmallVector<int64_t>> sizes =
      inferSizes(node, unpooling.mayOverlap);
  if (failed(sizes))
    return failure();
  unpooling.counted = unpooling.result = *sizes;
  if (!node.hasInput(2))
    return unpooling;
  FailureOr<SmallVector<Number>> shape = node.getNumbers(2);
  if (failed(shape))
    return failure();
  if (static_cast<int64_t>(shape->size()) != x.rank())
    return node.emitError() << "expected an output_shape of " << x.rank()
                            << " sizes, but got " << shape->size();
  for (auto [i, size] :
       llvm::enumerate(ArrayRef<Number>(*shape).drop_front(2))) {
    if (!size.isPlain() || size.integer < 1)
      return node.emitError() << "expected output_shape to have sizes from 1 "
                                 "on that do not depend on the batch size";
    unpooling.result[i] = size.integer;
  }
  // What MaxPool saw, if the places count that.
  std::optional<int64_t> all = product(unpooling.result);
  if (all && countedElements(indices) == *all * x.shape[1])
    unpooling.counted = unpooling.result;
  return unpooling;
}

/// Places among the elements of one example, or of all images.
static Result placesOfExample(NodeImporter &node, int64_t elements) {
  GraphBuilder &graph = node.graph;
  const GraphValue &indices = node.input(1);
  std::optional<int64_t> step = countedElements(indices);
  if (!indices.hasPlaces() && (!node.input(0).batch || graph.batchSize() == 1))
    return graph.takeExample(indices);
  if (step != elements)
    return node.emitError()
           << "expected places as MaxPool gives them, among the " << elements
           << " elements of each example's result";
  std::vector<Number> before = *indices.places;
  for (Number &number : before)
    number = Number{number.integer};
  GraphValue core = indices;
  core.places = nullptr;
  return graph.takeExample(graph.binary<AddOp>(
      core, makeKnownLike(core, core.kind, std::move(before))));
}

/// The result with other sizes of its trailing axes: cut, or with zeros behind.
static Result fitSizes(GraphBuilder &graph, Result x, ArrayRef<int64_t> sizes) {
  if (failed(x))
    return failure();
  int64_t leading = x->rank() - static_cast<int64_t>(sizes.size());
  for (auto [i, size] : llvm::enumerate(sizes)) {
    int64_t axis = leading + static_cast<int64_t>(i);
    if (failed(x))
      return failure();
    int64_t missing = size - x->shape[axis];
    if (missing < 0)
      x = graph.slice(x, axis, 0, size, 1);
    if (missing <= 0)
      continue;
    Frame frame{x->shape, std::nullopt};
    frame.shape[axis] = missing;
    Result zeros = graph.broadcast(graph.scalar(0), frame);
    if (failed(zeros))
      return failure();
    x = graph.concat({*x, *zeros}, axis);
  }
  return x;
}

static LogicalResult importMaxUnpool(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  FailureOr<Unpooling> unpooling = readUnpooling(node);
  if (failed(unpooling))
    return failure();
  const GraphValue &x = node.input(0);
  if (x.batch && (x.batch->axis != 0 || !x.batch->isPure()))
    return node.emitError() << "expected the batch, alone, as the first axis, "
                               "but got it elsewhere or merged with other axes";
  Result values = graph.takeExample(x);
  if (failed(values))
    return failure();
  SmallVector<int64_t> shape(
      ArrayRef<int64_t>(values->shape).drop_back(unpooling->counted.size()));
  llvm::append_range(shape, unpooling->counted);
  std::optional<int64_t> elements = product(shape);
  if (!elements)
    return node.emitError() << "expected sizes that fit memory";
  Result places = placesOfExample(node, *elements);
  int64_t count = *product(values->shape);
  values = graph.reshape(values, {count}, std::nullopt);
  places = graph.reshape(places, {count}, std::nullopt);
  // Windows that overlap may have the same maximum.
  Result flat = unpooling->mayOverlap
                    ? putRows(node, values, places, *elements)
                    : addRows(node, values, places, *elements);
  Result y = fitSizes(graph, graph.reshape(flat, shape, std::nullopt),
                      unpooling->result);
  return node.setResult(x.batch ? graph.giveBatch(y, BatchAxis{0}) : y);
}

ArrayRef<Operator> onnximport::getUnpoolingOperators() {
  static const Operator operators[] = {
      {"MaxUnpool", 9, newestOpset, 2, 3, importMaxUnpool, Takes::Places},
  };
  return operators;
}
