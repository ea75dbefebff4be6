// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of one variable: trigonometric and hyperbolic ones, the shrinkage
// function, rounding, tests for infinities.

#include "Activations.h"
#include "Operators.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

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
      {"Acos", 7, newestOpset, 1, 1, importFunction<AcosOp, std::acos>},
      {"Acosh", 9, newestOpset, 1, 1, importFunction<AcoshOp, std::acosh>},
      {"Asin", 7, newestOpset, 1, 1, importFunction<AsinOp, std::asin>},
      {"Asinh", 9, newestOpset, 1, 1, importFunction<AsinhOp, std::asinh>},
      {"Atan", 7, newestOpset, 1, 1, importFunction<AtanOp, std::atan>},
      {"Atanh", 9, newestOpset, 1, 1, importFunction<AtanhOp, std::atanh>},
      {"Cosh", 9, newestOpset, 1, 1, importFunction<CoshOp, std::cosh>},
      {"IsInf", 10, newestOpset, 1, 1, importIsInf},
      {"IsNaN", 9, newestOpset, 1, 1, importIsNaN},
      {"Round", 11, newestOpset, 1, 1, importRound},
      {"Shrink", 9, newestOpset, 1, 1, importShrink},
      {"Sinh", 9, newestOpset, 1, 1, importFunction<SinhOp, std::sinh>},
      {"Tan", 7, newestOpset, 1, 1, importFunction<TanOp, std::tan>},
  };
  return operators;
}
