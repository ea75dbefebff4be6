// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of one variable that are composed of others: trigonometric and
// hyperbolic ones, the shrinkage function, tests for infinities.

#include "Activations.h"
#include "Operators.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

using RealFunction = double (*)(double);
using Build = Result (*)(GraphBuilder &, Result);

/// y = f(x); known numbers are computed by `fold`.
template <Build build, RealFunction fold>
static LogicalResult importComposed(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  if (!x.isKnown() || !x.isFloat())
    return node.setResult(build(node.graph, x));
  std::vector<Number> numbers = *x.numbers;
  for (Number &number : numbers)
    number.real = fold(number.real);
  return node.setResult(makeKnownLike(x, x.kind, std::move(numbers)));
}

static Result tangent(GraphBuilder &graph, Result x) {
  return graph.binary<DivOp>(graph.unary<SinOp>(x), graph.unary<CosOp>(x));
}

/// The series of atan u / u in v = u²; for |u| < 0.2 it is exact in doubles.
static Result arcTangentSeries(GraphBuilder &graph, Result v) {
  constexpr int64_t terms = 13;
  auto coefficient = [](int64_t k) {
    return (k % 2 ? -1.0 : 1.0) / (2 * k + 1);
  };
  Result sum = graph.scale(v, coefficient(terms - 1));
  for (int64_t k = terms - 2; k > 0; --k)
    sum = graph.binary<MulOp>(graph.shift(sum, coefficient(k)), v);
  return graph.shift(sum, coefficient(0));
}

/// atan x = 2 atan(x / (1 + √(1 + x²))), three times, and then the series.
/// Beyond ±10¹⁸ it is ±π/2 to all digits.
static Result arcTangent(GraphBuilder &graph, Result x) {
  constexpr double bound = 1e18;
  Result u = graph.unary<ClipOp>(
      x, {graph.attribute("high", bound), graph.attribute("low", -bound)});
  for (int halvings = 0; halvings < 3; ++halvings) {
    Result root = graph.unary<SqrtOp>(graph.shift(graph.unary<SquareOp>(u), 1));
    u = graph.binary<DivOp>(u, graph.shift(root, 1));
  }
  Result series = arcTangentSeries(graph, graph.unary<SquareOp>(u));
  return graph.scale(graph.binary<MulOp>(u, series), 8);
}

/// atan(x / √(1 − x²)), with (1 − x)(1 + x), which does not cancel.
static Result arcSine(GraphBuilder &graph, Result x) {
  Result left = graph.shift(x, 1);
  Result right = graph.shift(graph.unary<NegOp>(x), 1);
  Result root = graph.unary<SqrtOp>(graph.binary<MulOp>(left, right));
  return arcTangent(graph, graph.binary<DivOp>(x, root));
}

static Result arcCosine(GraphBuilder &graph, Result x) {
  constexpr double halfPi = 1.5707963267948966;
  return graph.shift(graph.unary<NegOp>(arcSine(graph, x)), halfPi);
}

/// (exp x ± exp −x) / 2.
static Result hyperbolicCosine(GraphBuilder &graph, Result x) {
  Result grows = graph.unary<ExpOp>(x);
  Result falls = graph.unary<ExpOp>(graph.unary<NegOp>(x));
  return graph.scale(graph.binary<AddOp>(grows, falls), 0.5);
}
static Result hyperbolicSine(GraphBuilder &graph, Result x) {
  Result grows = graph.unary<ExpOp>(x);
  Result falls = graph.unary<ExpOp>(graph.unary<NegOp>(x));
  return graph.scale(graph.binary<SubOp>(grows, falls), 0.5);
}

/// sign x · log(|x| + √(x² + 1)), which does not cancel for x < 0.
static Result inverseSine(GraphBuilder &graph, Result x) {
  Result size = graph.unary<AbsOp>(x);
  Result root = graph.unary<SqrtOp>(graph.shift(graph.unary<SquareOp>(x), 1));
  Result y = graph.unary<LogOp>(graph.binary<AddOp>(size, root));
  Result isNegative = graph.compare(x, graph.scalar(0), Comparison::LT);
  return graph.select(isNegative, graph.unary<NegOp>(y), y);
}

/// log(x + √(x² − 1)).
static Result inverseCosine(GraphBuilder &graph, Result x) {
  Result root = graph.unary<SqrtOp>(graph.shift(graph.unary<SquareOp>(x), -1));
  return graph.unary<LogOp>(graph.binary<AddOp>(x, root));
}

/// (log(1 + x) − log(1 − x)) / 2.
static Result inverseTangent(GraphBuilder &graph, Result x) {
  Result above = graph.unary<LogOp>(graph.shift(x, 1));
  Result below = graph.unary<LogOp>(graph.shift(graph.unary<NegOp>(x), 1));
  return graph.scale(graph.binary<SubOp>(above, below), 0.5);
}

/// x − bias above λ, x + bias below −λ, 0 between.
static LogicalResult importShrink(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0);
  double lambda = node.getReal("lambd", 0.5), bias = node.getReal("bias", 0);
  if (!x.isFloat())
    return node.emitError() << "expected floats, but got " << nameOf(x.kind);
  Result above = graph.compare(x, graph.scalar(lambda), Comparison::GT);
  Result below = graph.compare(x, graph.scalar(-lambda), Comparison::LT);
  return node.setResult(
      graph.select(above, graph.shift(x, -bias),
                   graph.select(below, graph.shift(x, bias), graph.scalar(0))));
}

//===----------------------------------------------------------------------===//
// Steps and tests
//===----------------------------------------------------------------------===//

/// The nearest integer, of two the even one: ⌊x + 1/2⌋, less one where that is
/// odd and x lies half-way. Below 2^52 in size; larger ones are integers.
Result onnximport::roundOf(GraphBuilder &graph, Result x) {
  auto truncate = [&](Result y) {
    return graph.convert(graph.convert(y, ElementKind::Int64),
                         ElementKind::Float32);
  };
  auto mask = [&](Result a, Result b, Comparison predicate) {
    return graph.convert(graph.compare(a, b, predicate), ElementKind::Float32);
  };
  Result shifted = graph.shift(x, 0.5);
  Result whole = truncate(shifted);
  Result up = graph.binary<SubOp>(whole, mask(whole, shifted, Comparison::GT));
  Result isHalf = mask(up, shifted, Comparison::EQ);
  Result half = graph.scale(up, 0.5);
  Result isOdd = mask(truncate(half), half, Comparison::NE);
  return graph.binary<SubOp>(up, graph.binary<MulOp>(isHalf, isOdd));
}

static LogicalResult importRound(NodeImporter &node) {
  node.endDerivative(node.input(0));
  return importComposed<roundOf, std::nearbyint>(node);
}

static LogicalResult importIsNaN(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  return node.setResult(node.graph.compare(x, x, Comparison::NE));
}

static LogicalResult importIsInf(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  Result x = node.input(0);
  bool above = node.getInteger("detect_positive", 1) != 0;
  bool below = node.getInteger("detect_negative", 1) != 0;
  if (!x->isFloat())
    return node.emitError() << "expected floats, but got " << nameOf(x->kind);
  if (above && below)
    x = graph.unary<AbsOp>(x);
  else if (below)
    x = graph.unary<NegOp>(x);
  double bound = above || below ? std::numeric_limits<double>::infinity()
                                : std::numeric_limits<double>::quiet_NaN();
  return node.setResult(graph.compare(x, graph.scalar(bound), Comparison::EQ));
}

ArrayRef<Operator> onnximport::getFunctionOperators() {
  static const Operator operators[] = {
      {"Acos", 7, newestOpset, 1, 1, importComposed<arcCosine, std::acos>},
      {"Acosh", 9, newestOpset, 1, 1,
       importComposed<inverseCosine, std::acosh>},
      {"Asin", 7, newestOpset, 1, 1, importComposed<arcSine, std::asin>},
      {"Asinh", 9, newestOpset, 1, 1, importComposed<inverseSine, std::asinh>},
      {"Atan", 7, newestOpset, 1, 1, importComposed<arcTangent, std::atan>},
      {"Atanh", 9, newestOpset, 1, 1,
       importComposed<inverseTangent, std::atanh>},
      {"Cosh", 9, newestOpset, 1, 1,
       importComposed<hyperbolicCosine, std::cosh>},
      {"IsInf", 10, newestOpset, 1, 1, importIsInf},
      {"IsNaN", 9, newestOpset, 1, 1, importIsNaN},
      {"Round", 11, newestOpset, 1, 1, importRound},
      {"Shrink", 9, newestOpset, 1, 1, importShrink},
      {"Sinh", 9, newestOpset, 1, 1, importComposed<hyperbolicSine, std::sinh>},
      {"Tan", 7, newestOpset, 1, 1, importComposed<tangent, std::tan>},
  };
  return operators;
}
