// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values that come from nowhere: constants, shapes, ranges. The extent of a
// batch axis is the symbol N, times what it is merged with.

#include "Operators.h"
#include <cmath>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// A number of the given kind.
static Number makeNumber(double real, int64_t integer, ElementKind kind) {
  Number number;
  if (isFloat(kind))
    number.real = real;
  else
    number.integer = integer;
  return number;
}

static GraphValue makeReals(ArrayRef<double> reals, ArrayRef<int64_t> shape) {
  std::vector<Number> numbers;
  for (double real : reals)
    numbers.push_back(makeNumber(real, 0, ElementKind::Float32));
  return makeKnown(ElementKind::Float32, shape, std::move(numbers));
}

static GraphValue makeValues(ArrayRef<int64_t> integers,
                             ArrayRef<int64_t> shape) {
  std::vector<Number> numbers;
  for (int64_t integer : integers)
    numbers.push_back(makeNumber(0, integer, ElementKind::Int64));
  return makeKnown(ElementKind::Int64, shape, std::move(numbers));
}

/// A tensor of the file that is no parameter: known, or a buffer if large.
static GraphValue makeConstant(NodeImporter &node, const NamedTensor &tensor) {
  const Array &values = tensor.values;
  if (values.size() <= maxKnownElements)
    return makeKnown(values);
  GraphValue value;
  value.kind = values.kind;
  value.shape = values.shape;
  value.core = node.graph.addArgument(node.node.outputs.front(), values,
                                      /*trainable=*/false);
  return value;
}

static LogicalResult importConstant(NodeImporter &node) {
  using Kind = NodeAttribute::Kind;
  if (const NodeAttribute *value = node.getAttribute("value", Kind::Tensor))
    return node.setResult(makeConstant(node, *value->tensor));
  if (const NodeAttribute *value =
          node.getAttribute("value_float", Kind::Float))
    return node.setResult(makeReals(value->floats, {}));
  if (const NodeAttribute *value =
          node.getAttribute("value_floats", Kind::Floats))
    return node.setResult(
        makeReals(value->floats, {static_cast<int64_t>(value->floats.size())}));
  if (const NodeAttribute *value = node.getAttribute("value_int", Kind::Int))
    return node.setResult(makeValues(value->ints, {}));
  if (const NodeAttribute *value = node.getAttribute("value_ints", Kind::Ints))
    return node.setResult(
        makeValues(value->ints, {static_cast<int64_t>(value->ints.size())}));
  return node.emitError() << "expected a value of numbers or booleans";
}

FailureOr<Frame> onnximport::frameOf(GraphBuilder &graph,
                                     ArrayRef<Number> sizes) {
  Frame frame;
  for (auto [axis, size] : llvm::enumerate(sizes)) {
    if (size.perExample == 0 && size.integer >= 0) {
      frame.shape.push_back(size.integer);
      continue;
    }
    if (size.perExample < 1 || size.integer != 0 || frame.batch)
      return graph.emitError() << "expected sizes of which one is a multiple "
                                  "of the batch size, but axis "
                               << axis << " is not, or is another one";
    frame.shape.push_back(size.perExample);
    frame.batch = BatchAxis{static_cast<int64_t>(axis), 1, size.perExample};
  }
  if (!product(frame.shape))
    return graph.emitError() << "expected sizes that fit memory";
  return frame;
}

static LogicalResult importConstantOfShape(NodeImporter &node) {
  FailureOr<SmallVector<Number>> sizes = node.getNumbers(0);
  if (failed(sizes))
    return failure();
  GraphValue fill = node.graph.scalar(0);
  if (const NodeAttribute *value =
          node.getAttribute("value", NodeAttribute::Kind::Tensor)) {
    if (value->tensor->values.size() != 1)
      return node.emitError() << "expected a value of one element, but got "
                              << value->tensor->values.size();
    fill = makeKnown(value->tensor->values);
  }
  fill.shape.clear();
  FailureOr<Frame> frame = frameOf(node.graph, *sizes);
  if (failed(frame))
    return failure();
  int64_t count = *product(frame->shape);
  if (count > maxKnownElements)
    return node.setResult(node.graph.broadcast(fill, *frame));
  std::vector<Number> numbers(count, fill.numbers->front());
  GraphValue filled = makeKnown(fill.kind, frame->shape, std::move(numbers));
  filled.batch = frame->batch;
  return node.setResult(filled);
}

/// The sizes of a value, from `start` to `end`.
static LogicalResult importShape(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  if (x.hasEnd)
    return node.graph.refusePlaces();
  int64_t rank = x.rank();
  auto bound = [&](int64_t axis) {
    return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
  };
  int64_t start = bound(node.getInteger("start", 0));
  int64_t end = bound(node.getInteger("end", rank));
  std::vector<Number> sizes;
  for (int64_t axis = start; axis < end; ++axis) {
    Number size;
    (x.isBatch(axis) ? size.perExample : size.integer) = x.shape[axis];
    sizes.push_back(size);
  }
  int64_t count = sizes.size();
  return node.setResult(
      makeKnown(ElementKind::Int64, {count}, std::move(sizes)));
}

/// The number of elements.
static LogicalResult importSize(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  Number size;
  (x.batch ? size.perExample : size.integer) = *product(x.shape);
  return node.setResult(makeKnown(ElementKind::Int64, {}, {size}));
}

/// A range that counts the examples: start + step · e for e < count · N, of
/// which each example has `count` elements.
static std::optional<GraphValue> rangeOverBatch(NodeImporter &node) {
  Number bounds[3];
  for (unsigned i = 0; i < 3; ++i) {
    const GraphValue &x = node.input(i);
    if (!x.isKnown() || x.isFloat() || x.numbers->size() != 1 ||
        x.numbers->front().isUndecided)
      return std::nullopt;
    bounds[i] = x.numbers->front();
  }
  constexpr int64_t most = int64_t(1) << 32;
  const auto &[start, limit, delta] = bounds;
  int64_t step = delta.integer, span = limit.perExample - start.perExample;
  if (limit.integer != start.integer || start.position != limit.position ||
      !delta.isPlain() || step < 1 || step > most || span < 1 || span > most ||
      span % step != 0 || span / step > maxKnownElements ||
      std::abs(start.integer) > most)
    return std::nullopt;
  std::vector<Number> places;
  for (int64_t i = 0; i < span / step; ++i) {
    places.push_back(start);
    places.back().integer += i * step;
    places.back().position += span;
  }
  int64_t count = places.size();
  GraphValue range = makeKnown(node.input(0).kind, {count}, std::move(places));
  range.batch = BatchAxis{0, 1, count};
  return range;
}

static LogicalResult importRange(NodeImporter &node) {
  if (std::optional<GraphValue> range = rangeOverBatch(node))
    return node.setResult(*range);
  double bounds[3];
  for (unsigned i = 0; i < 3; ++i) {
    if (node.input(i).isKnown() && !node.input(i).numbers->empty() &&
        node.input(i).numbers->front().perExample != 0)
      return node.emitError() << "expected a range within one example, but it "
                                 "counts the examples of the batch";
    FailureOr<double> bound = node.getReal(i);
    if (failed(bound))
      return failure();
    bounds[i] = *bound;
  }
  double count = std::max(0.0, std::ceil((bounds[1] - bounds[0]) / bounds[2]));
  if (!(count <= maxKnownElements))
    return node.emitError()
           << "expected a range of at most " << maxKnownElements << " elements";
  ElementKind kind = node.input(0).kind;
  std::vector<Number> numbers;
  for (int64_t i = 0; i < static_cast<int64_t>(count); ++i) {
    double value = bounds[0] + static_cast<double>(i) * bounds[2];
    numbers.push_back(makeNumber(value, static_cast<int64_t>(value), kind));
  }
  int64_t size = numbers.size();
  return node.setResult(makeKnown(kind, {size}, std::move(numbers)));
}

ArrayRef<Operator> onnximport::getConstantOperators() {
  static const Operator operators[] = {
      {"Constant", 1, newestOpset, 0, 0, importConstant},
      {"ConstantOfShape", 9, newestOpset, 1, 1, importConstantOfShape},
      {"Range", 11, newestOpset, 3, 3, importRange},
      {"Shape", 1, newestOpset, 1, 1, importShape, Takes::Places},
      {"Size", 1, newestOpset, 1, 1, importSize},
  };
  return operators;
}
