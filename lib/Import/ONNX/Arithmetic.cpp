// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums, products and their like of two or more values, broadcast. Integers of
// shapes are computed at once, with the batch size N as a symbol: results must
// stay of the form a + b · N.

#include "Activations.h"
#include "Folding.h"
#include "Kinks.h"
#include "Operators.h"
#include "Places.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// Integers wrap as in the file's machine.
static int64_t wrapped(uint64_t value) { return static_cast<int64_t>(value); }

//===----------------------------------------------------------------------===//
// Known numbers; none if the result is not a + b · N
//===----------------------------------------------------------------------===//

using Fold = std::optional<Number> (*)(const Number &, const Number &);

static std::optional<Number> foldAdd(const Number &a, const Number &b) {
  return Number{wrapped(uint64_t(a.integer) + uint64_t(b.integer)),
                wrapped(uint64_t(a.perExample) + uint64_t(b.perExample)),
                a.real + b.real,
                wrapped(uint64_t(a.position) + uint64_t(b.position))};
}

static std::optional<Number> foldSub(const Number &a, const Number &b) {
  return Number{wrapped(uint64_t(a.integer) - uint64_t(b.integer)),
                wrapped(uint64_t(a.perExample) - uint64_t(b.perExample)),
                a.real - b.real,
                wrapped(uint64_t(a.position) - uint64_t(b.position))};
}

static std::optional<Number> foldMul(const Number &a, const Number &b) {
  if (!a.isPlain() && !b.isPlain())
    return std::nullopt;
  return Number{wrapped(uint64_t(a.integer) * uint64_t(b.integer)),
                wrapped(uint64_t(a.integer) * uint64_t(b.perExample) +
                        uint64_t(a.perExample) * uint64_t(b.integer)),
                a.real * b.real,
                wrapped(uint64_t(a.integer) * uint64_t(b.position) +
                        uint64_t(a.position) * uint64_t(b.integer))};
}

/// (a + b · N) / c for integers, where c divides b and the sign is the same for
/// all N: then the integers of a and b are divided apart.
static std::optional<Number> divideByPlain(const Number &a, int64_t c) {
  if (a.perExample % c != 0)
    return std::nullopt;
  Order order = compareNumbers(a, Number{});
  if (!order.isGreaterOrEqual && !order.isLessOrEqual)
    return std::nullopt;
  // Quotients are rounded towards zero: down if they are positive.
  int64_t quotient = a.integer / c;
  bool isPositive = order.isGreaterOrEqual == (c > 0);
  if (a.integer % c != 0 && isPositive != ((a.integer < 0) == (c < 0)))
    quotient += isPositive ? -1 : 1;
  return Number{quotient, a.perExample / c};
}

/// Integers are divided towards zero. The quotient of a + b · N is taken only
/// where it is of that form.
static std::optional<Number> foldDiv(const Number &a, const Number &b) {
  if (a.position != 0 || b.position != 0)
    return b.integer == 1 && b.isPlain() ? std::optional(a) : std::nullopt;
  Number result;
  result.real = a.real / b.real;
  if (b.integer == 0 && b.perExample == 0)
    return b.real != 0 ? std::optional(result) : std::nullopt;
  if (b.perExample != 0) {
    // (c · N) / (d · N)
    if (a.integer != 0 || b.integer != 0 || b.perExample < 1)
      return std::nullopt;
    result.integer = a.perExample / b.perExample;
    return result;
  }
  if (b.integer == -1)
    return foldSub({}, a);
  if (a.perExample != 0)
    return divideByPlain(a, b.integer);
  result.integer = a.integer / b.integer;
  return result;
}

/// The larger or smaller one, if it is the same for all batches and examples.
template <bool isMax>
static std::optional<Number> foldExtremum(const Number &a, const Number &b) {
  if (std::isnan(a.real) || std::isnan(b.real))
    return std::isnan(a.real) ? a : b;
  Order order = compareNumbers(a, b);
  if (isMax ? order.isGreaterOrEqual : order.isLessOrEqual)
    return a;
  if (isMax ? order.isLessOrEqual : order.isGreaterOrEqual)
    return b;
  return std::nullopt;
}

/// How many elements shapes have that are broadcast together; none if too many
/// to count.
static std::optional<int64_t> countBroadcast(ArrayRef<int64_t> x,
                                             ArrayRef<int64_t> y) {
  if (x.size() < y.size())
    std::swap(x, y);
  SmallVector<int64_t> shape(x);
  for (auto [size, other] :
       llvm::zip_equal(MutableArrayRef(shape).take_back(y.size()), y))
    if (size == 1)
      size = other;
  return product(shape);
}

bool onnximport::isFoldable(const GraphValue &x, const GraphValue &y) {
  if (!x.isKnown() || !y.isKnown())
    return false;
  std::optional<int64_t> count = countBroadcast(x.shape, y.shape);
  if (count && *count <= maxKnownElements)
    return true;
  auto isPlain = [](const Number &number) { return number.isPlain(); };
  return !llvm::all_of(*x.numbers, isPlain) ||
         !llvm::all_of(*y.numbers, isPlain);
}

Result onnximport::foldElementwise(
    GraphBuilder &graph, const GraphValue &x, const GraphValue &y,
    ElementKind kind,
    function_ref<std::optional<Number>(const Number &, const Number &)> fold) {
  FailureOr<Frame> frame = graph.unify({x, y});
  if (failed(frame))
    return failure();
  std::optional<int64_t> count = product(frame->shape);
  if (!count || *count > maxKnownElements)
    return graph.emitError() << "expected at most " << maxKnownElements
                             << " elements of a constant, but got more";
  SmallVector<int64_t> left = broadcastPositions(x.shape, frame->shape),
                       right = broadcastPositions(y.shape, frame->shape);
  std::vector<Number> numbers;
  for (auto [i, j] : llvm::zip_equal(left, right)) {
    const Number &a = (*x.numbers)[i], &b = (*y.numbers)[j];
    bool hasPlace = a.position != 0 || b.position != 0;
    if (a.isUndecided || b.isUndecided) {
      numbers.push_back(undecided());
      continue;
    }
    std::optional<Number> number = fold(a, b);
    if (!number && hasPlace)
      number = undecided();
    if (!number)
      return graph.emitError() << "expected a result that is a + b·N with N "
                                  "the batch size, but it is not or divides "
                                  "by zero";
    numbers.push_back(*number);
  }
  GraphValue result = makeKnown(kind, frame->shape, std::move(numbers));
  result.batch = frame->batch;
  return result;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// The number of `y` if it can be a constant of an op on `x`: one float, which
/// does not enlarge x.
static std::optional<double>
constantFor(NodeImporter &node, const GraphValue &y, const GraphValue &x) {
  std::optional<Number> splat = y.splat();
  if (!splat || !y.isFloat() || !x.isFloat() || x.isKnown())
    return std::nullopt;
  if (y.rank() > x.rank() ||
      !llvm::all_of(y.shape, [](int64_t size) { return size == 1; }))
    return std::nullopt;
  return splat->real;
}

static Result add(NodeImporter &node, const GraphValue &x,
                  const GraphValue &y) {
  if (std::optional<double> c = constantFor(node, y, x))
    return node.graph.shift(x, *c);
  if (std::optional<double> c = constantFor(node, x, y))
    return node.graph.shift(y, *c);
  if (namesPlaces(x))
    return node.graph.addPlaces(x, y);
  if (namesPlaces(y))
    return node.graph.addPlaces(y, x);
  return node.graph.binary<AddOp>(x, y);
}

static Result subtract(NodeImporter &node, const GraphValue &x,
                       const GraphValue &y) {
  if (x.hasPlaces() || y.hasPlaces())
    return subtractPlaces(node.graph, x, y);
  bool mixes = (x.isOfExample && y.batch) || (y.isOfExample && x.batch);
  if (mixes || x.hasEnd || y.hasEnd)
    return node.graph.refusePlaces();
  if (std::optional<double> c = constantFor(node, y, x))
    return node.graph.shift(x, -*c);
  if (std::optional<double> c = constantFor(node, x, y))
    return node.graph.shift(node.graph.unary<NegOp>(y), *c);
  return node.graph.binary<SubOp>(x, y);
}

static Result multiply(NodeImporter &node, const GraphValue &x,
                       const GraphValue &y) {
  if (std::optional<double> c = constantFor(node, y, x))
    return node.graph.scale(x, *c);
  if (std::optional<double> c = constantFor(node, x, y))
    return node.graph.scale(y, *c);
  return node.graph.binary<MulOp>(x, y);
}

static Result divide(NodeImporter &node, const GraphValue &x,
                     const GraphValue &y) {
  std::optional<double> c = constantFor(node, y, x);
  if (c && *c != 0)
    return node.graph.scale(x, 1 / *c);
  if (std::optional<double> c = constantFor(node, x, y))
    return node.graph.scale(node.graph.unary<ReciprocalOp>(y), *c);
  return node.graph.binary<DivOp>(x, y);
}

/// The larger or smaller of a place in the batch and an input is no number that
/// anything could do with, but it has a shape.
static Result extremumOfPlaces(NodeImporter &node, const GraphValue &x,
                               const GraphValue &y) {
  FailureOr<Frame> frame = node.graph.unify({x, y});
  if (failed(frame))
    return failure();
  std::optional<int64_t> count = product(frame->shape);
  if (!count || *count > maxKnownElements)
    return node.graph.refusePlaces();
  return repeatKnown(makeKnown(x.kind, {}, {undecided()}), *frame);
}

/// Max or Min with a constant is a clip where the file says which derivative
/// it has on that bound.
template <typename OpTy>
static Result extremum(NodeImporter &node, const GraphValue &x,
                       const GraphValue &y) {
  if (namesPlaces(x) || namesPlaces(y) || x.hasPlaces() || y.hasPlaces())
    return extremumOfPlaces(node, x, y);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  constexpr bool isMax = std::is_same_v<OpTy, MaxOp>;
  auto clipAt = [&](const GraphValue &value, double bound, double onBound) {
    return clip(node.graph, value, isMax ? bound : -infinity,
                isMax ? infinity : bound, onBound);
  };
  if (std::optional<double> onBound = getKinks(node.node).onBounds) {
    if (std::optional<double> bound = constantFor(node, y, x))
      return clipAt(x, *bound, *onBound);
    if (std::optional<double> bound = constantFor(node, x, y))
      return clipAt(y, *bound, *onBound);
  }
  return node.graph.binary<OpTy>(x, y);
}

using Combine = Result (*)(NodeImporter &, const GraphValue &,
                           const GraphValue &);

template <Combine combine, Fold fold>
static Result apply(NodeImporter &node, const GraphValue &x,
                    const GraphValue &y) {
  if (isFoldable(x, y))
    return foldElementwise(node.graph, x, y, x.kind, fold);
  return combine(node, x, y);
}

template <Combine combine, Fold fold>
static LogicalResult importBinary(NodeImporter &node) {
  return node.setResult(
      apply<combine, fold>(node, node.input(0), node.input(1)));
}

/// Sum, Max, Min of any number of values; Mean is the sum over their number.
template <Combine combine, Fold fold, bool isMean = false>
static LogicalResult importVariadic(NodeImporter &node) {
  Result total = node.input(0);
  for (unsigned i = 1; i < node.getNumInputs() && succeeded(total); ++i) {
    if (!node.hasInput(i))
      return node.emitError() << "expected input " << i << ", but it is empty";
    total = apply<combine, fold>(node, *total, node.input(i));
  }
  if (isMean)
    total = node.graph.scale(total, 1.0 / node.getNumInputs());
  return node.setResult(total);
}

ArrayRef<Operator> onnximport::getArithmeticOperators() {
  static const Operator operators[] = {
      {"Add", 7, newestOpset, 2, 2, importBinary<add, foldAdd>},
      {"Div", 7, newestOpset, 2, 2, importBinary<divide, foldDiv>},
      {"Max", 6, newestOpset, 1, anyInputs,
       importVariadic<extremum<MaxOp>, foldExtremum<true>>, Takes::Places},
      {"Mean", 6, newestOpset, 1, anyInputs,
       importVariadic<add, foldAdd, /*isMean=*/true>},
      {"Min", 6, newestOpset, 1, anyInputs,
       importVariadic<extremum<MinOp>, foldExtremum<false>>, Takes::Places},
      {"Mul", 7, newestOpset, 2, 2, importBinary<multiply, foldMul>},
      {"Sub", 7, newestOpset, 2, 2, importBinary<subtract, foldSub>,
       Takes::Places},
      {"Sum", 6, newestOpset, 1, anyInputs, importVariadic<add, foldAdd>},
  };
  return operators;
}
