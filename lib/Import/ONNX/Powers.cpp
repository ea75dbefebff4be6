// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Powers and remainders. Base and exponent, dividend and divisor are values of
// the network; a constant exponent has its own op, which is cheaper.

#include "Folding.h"
#include "Kinks.h"
#include "Themes.h"
#include "dialects/NTK/IR/PowerOps.h"
#include <cmath>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

//===----------------------------------------------------------------------===//
// Powers
//===----------------------------------------------------------------------===//

/// x^p of integers: the product of the squares of squares of x that the bits of
/// p name.
static Result integerPower(NodeImporter &node, const GraphValue &x,
                           const GraphValue &y) {
  GraphBuilder &graph = node.graph;
  if (!node.isKnown(1) || y.numbers == nullptr)
    return node.emitError() << "expected known exponents of integers that "
                               "depend on the input";
  int64_t largest = 0;
  std::vector<int64_t> exponents;
  for (const Number &number : *y.numbers) {
    double p = y.isFloat() ? number.real : static_cast<double>(number.integer);
    if (!number.isPlain() || !(p >= 0 && p < 64) || p != std::floor(p))
      return node.emitError() << "expected whole exponents from 0 to 63 of "
                                 "integers that depend on the input";
    exponents.push_back(static_cast<int64_t>(p));
    largest = std::max(largest, exponents.back());
  }
  GraphValue one = makeKnown(x.kind, {}, {Number{1}});
  Result power = one;
  Result square = x;
  for (int64_t bit = 0; bit == 0 || largest >> bit != 0; ++bit) {
    if (bit > 0)
      square = graph.binary<MulOp>(square, square);
    std::vector<Number> isSet;
    for (int64_t exponent : exponents)
      isSet.push_back(Number{exponent >> bit & 1});
    GraphValue condition = makeKnown(ElementKind::Bool, y.shape, isSet);
    power = graph.binary<MulOp>(power, graph.select(condition, square, one));
  }
  return power;
}

/// x^p by the constant p, which does not enlarge x.
static Result constantPower(GraphBuilder &graph, const GraphValue &x,
                            double exponent) {
  if (exponent == 1)
    return x;
  if (exponent == 2)
    return graph.unary<SquareOp>(x);
  if (exponent == 0.5)
    return graph.unary<SqrtOp>(x);
  if (exponent == -1)
    return graph.unary<ReciprocalOp>(x);
  return graph.unary<PowOp>(x, graph.attribute("exponent", exponent));
}

static Result power(NodeImporter &node, const GraphValue &x,
                    const GraphValue &y) {
  GraphBuilder &graph = node.graph;
  bool enlarges =
      y.rank() > x.rank() ||
      !llvm::all_of(y.shape, [](int64_t size) { return size == 1; });
  if (!x.isFloat())
    return integerPower(node, x, y);
  if (!node.isKnown(1) || product(y.shape) != 1 || enlarges)
    return graph.binary<PowerOp>(x, graph.convert(y, x.kind));
  FailureOr<double> exponent = node.getReal(1);
  if (failed(exponent))
    return failure();
  bool isRoot = *exponent > 0 && *exponent < 1;
  if (isRoot && getKinks(node.node).rootsStopAtZero)
    return rootStoppedAtZero(graph, x, [&](Result positive) -> Result {
      if (failed(positive))
        return failure();
      return constantPower(graph, *positive, *exponent);
    });
  return constantPower(graph, x, *exponent);
}

/// Base and exponent may be of different kinds; the result has that of the
/// base.
static LogicalResult importPow(NodeImporter &node) {
  const GraphValue &x = node.input(0), &y = node.input(1);
  if (!isFoldable(x, y))
    return node.setResult(power(node, x, y));
  auto toReal = [](const Number &number, ElementKind kind) {
    return isFloat(kind) ? number.real : static_cast<double>(number.integer);
  };
  return node.setResult(foldElementwise(
      node.graph, x, y, x.kind,
      [&](const Number &a, const Number &b) -> std::optional<Number> {
        if (!a.isPlain() || !b.isPlain())
          return std::nullopt;
        double value = std::pow(toReal(a, x.kind), toReal(b, y.kind));
        Number result;
        if (x.isFloat())
          result.real = value;
        else if (std::fabs(value) < 0x1p62)
          result.integer = static_cast<int64_t>(value);
        return result;
      }));
}

//===----------------------------------------------------------------------===//
// Remainders
//===----------------------------------------------------------------------===//

/// The remainder with the sign of the divisor; of floats, and with fmod, that
/// of the dividend.
template <bool truncates>
static std::optional<Number> foldMod(const Number &a, const Number &b) {
  Number result;
  result.real = std::fmod(a.real, b.real);
  if (b.integer == 0 || b.integer == -1)
    return b.real != 0 || b.integer == -1 ? std::optional(result)
                                          : std::nullopt;
  if (!b.isPlain() || a.position != 0 || a.perExample % b.integer != 0)
    return std::nullopt;
  if (truncates && a.perExample != 0 && (a.integer < 0 || a.perExample < 0))
    return std::nullopt;
  result.integer = a.integer % b.integer;
  if (!truncates && result.integer != 0 &&
      (result.integer < 0) != (b.integer < 0))
    result.integer += b.integer;
  return result;
}

/// Divisors for which the machine has a remainder: 1, of which it is 0, where
/// integers are divided by 0 or by −1.
static Result safeDivisor(GraphBuilder &graph, const GraphValue &y) {
  auto isUnsafe = [](const Number &number) {
    return number.integer == 0 || number.integer == -1;
  };
  if (y.isFloat() || (y.isKnown() && llvm::none_of(*y.numbers, isUnsafe)))
    return y;
  auto integer = [&](int64_t value) {
    return makeKnown(y.kind, {}, {Number{value}});
  };
  Result rest = y;
  for (int64_t unsafe : {0, -1})
    rest = graph.select(graph.compare(y, integer(unsafe), Comparison::EQ),
                        integer(1), rest);
  return rest;
}

/// The remainder has the sign of the dividend; to have that of the divisor, the
/// divisor is added where the signs differ.
static Result remainder(NodeImporter &node, const GraphValue &x,
                        const GraphValue &y) {
  GraphBuilder &graph = node.graph;
  Result rest = graph.binary<RemainderOp>(x, safeDivisor(graph, y));
  if (node.getInteger("fmod", 0) != 0 || failed(rest))
    return rest;
  GraphValue zero = makeKnown(x.kind, {}, {Number{}});
  Result differs =
      graph.compare(graph.compare(rest, zero, Comparison::LT),
                    graph.compare(y, zero, Comparison::LT), Comparison::NE);
  Result isExact = graph.compare(rest, zero, Comparison::EQ);
  return graph.select(
      isExact, rest, graph.select(differs, graph.binary<AddOp>(rest, y), rest));
}

static LogicalResult importMod(NodeImporter &node) {
  const GraphValue &x = node.input(0), &y = node.input(1);
  bool truncates = node.getInteger("fmod", 0) != 0;
  if (x.isFloat() && !truncates)
    return node.emitError() << "expected attribute fmod to be 1 for floats";
  if (!isFoldable(x, y))
    return node.setResult(remainder(node, x, y));
  return node.setResult(foldElementwise(
      node.graph, x, y, x.kind, truncates ? foldMod<true> : foldMod<false>));
}

ArrayRef<Operator> onnximport::getPowerOperators() {
  static const Operator operators[] = {
      {"Mod", 10, newestOpset, 2, 2, importMod},
      {"Pow", 7, newestOpset, 2, 2, importPow},
  };
  return operators;
}
