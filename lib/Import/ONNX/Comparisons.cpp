// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Comparisons, logic, selection and changes of the element type. Comparisons
// of shapes are decided at once where they hold for every batch size.

#include "Folding.h"
#include "Operators.h"
#include <cmath>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// The truth of a comparison, if it is the same for all batches and examples.
static std::optional<bool> decide(const Order &order, Comparison predicate) {
  auto choose = [](bool holds, bool fails) -> std::optional<bool> {
    return holds || fails ? std::optional(holds) : std::nullopt;
  };
  bool differs = order.isLess || order.isGreater;
  switch (predicate) {
  case Comparison::EQ:
    return choose(order.isEqual, differs);
  case Comparison::NE:
    return choose(differs, order.isEqual);
  case Comparison::LT:
    return choose(order.isLess, order.isGreaterOrEqual);
  case Comparison::LE:
    return choose(order.isLessOrEqual, order.isGreater);
  case Comparison::GT:
    return choose(order.isGreater, order.isLessOrEqual);
  case Comparison::GE:
    return choose(order.isGreaterOrEqual, order.isLess);
  }
  llvm_unreachable("all predicates are above");
}

/// Where a − b is k (n − N + 1), which is zero for the last example alone, and
/// of the sign of −k for others: for which of them the comparison holds.
static std::optional<Number> decideForLast(const Number &a, const Number &b,
                                           Comparison predicate) {
  int64_t k = a.position - b.position;
  if (k == 0 || a.perExample - b.perExample != -k || a.integer - b.integer != k)
    return std::nullopt;
  Order last{false, true, true, true, false},
      others{k > 0, k > 0, false, k < 0, k < 0};
  bool ofLast = *decide(last, predicate), ofOthers = *decide(others, predicate);
  Number number = undecided();
  number.holdsForLast = static_cast<int8_t>(ofLast - ofOthers);
  return number;
}

template <Comparison predicate>
static LogicalResult importComparison(NodeImporter &node) {
  const GraphValue &x = node.input(0), &y = node.input(1);
  if (!isFoldable(x, y))
    return node.setResult(node.graph.compare(x, y, predicate));
  return node.setResult(foldElementwise(
      node.graph, x, y, ElementKind::Bool,
      [](const Number &a, const Number &b) -> std::optional<Number> {
        if (std::isnan(a.real) || std::isnan(b.real))
          return Number{predicate == Comparison::NE};
        std::optional<bool> truth = decide(compareNumbers(a, b), predicate);
        return truth ? std::optional(Number{*truth})
                     : decideForLast(a, b, predicate);
      }));
}

//===----------------------------------------------------------------------===//
// Logic
//===----------------------------------------------------------------------===//

/// And, Or as choices: a ? b : a, a ? a : b. Xor is inequality.
template <bool isAnd>
static Result combineMasks(GraphBuilder &graph, const GraphValue &x,
                           const GraphValue &y) {
  if (!isFoldable(x, y))
    return isAnd ? graph.select(x, y, x) : graph.select(x, x, y);
  return foldElementwise(
      graph, x, y, ElementKind::Bool,
      [](const Number &a, const Number &b) -> std::optional<Number> {
        return Number{isAnd ? a.integer && b.integer : a.integer || b.integer};
      });
}

Result onnximport::andMasks(GraphBuilder &graph, const GraphValue &x,
                            const GraphValue &y) {
  return combineMasks</*isAnd=*/true>(graph, x, y);
}

template <bool isAnd> static LogicalResult importLogic(NodeImporter &node) {
  return node.setResult(
      combineMasks<isAnd>(node.graph, node.input(0), node.input(1)));
}

static LogicalResult importNot(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  if (!x.isKnown())
    return node.setResult(node.graph.compare(
        x, makeKnown(ElementKind::Bool, {}, {Number{0}}), Comparison::EQ));
  std::vector<Number> numbers = *x.numbers;
  for (Number &number : numbers) {
    number.integer = !number.integer;
    number.holdsForLast = static_cast<int8_t>(-number.holdsForLast);
  }
  return node.setResult(makeKnownLike(x, x.kind, std::move(numbers)));
}

/// Known conditions choose at once where both sides are known, or where one
/// side is chosen everywhere.
static LogicalResult importWhere(NodeImporter &node) {
  const GraphValue &condition = node.input(0), &x = node.input(1),
                   &y = node.input(2);
  FailureOr<Frame> frame = node.graph.unify({condition, x, y});
  if (failed(frame))
    return failure();
  if (std::optional<Number> all = condition.splat()) {
    const GraphValue &chosen = all->integer ? x : y;
    if (frame->shape == chosen.shape)
      return node.setResult(chosen);
  }
  std::optional<int64_t> count = product(frame->shape);
  if (!condition.isKnown() || !x.isKnown() || !y.isKnown() || !count ||
      *count > maxKnownElements)
    return node.setResult(node.graph.select(condition, x, y));
  SmallVector<int64_t> positions[3];
  for (unsigned i = 0; i < 3; ++i)
    positions[i] = broadcastPositions(node.input(i).shape, frame->shape);
  std::vector<Number> numbers;
  for (auto [c, a, b] :
       llvm::zip_equal(positions[0], positions[1], positions[2])) {
    const Number &holds = (*condition.numbers)[c];
    numbers.push_back(holds.isUndecided ? undecided()
                      : holds.integer   ? (*x.numbers)[a]
                                        : (*y.numbers)[b]);
  }
  GraphValue result = makeKnown(x.kind, frame->shape, std::move(numbers));
  result.batch = frame->batch;
  return node.setResult(result);
}

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

/// Known numbers in another element type.
static GraphValue castKnown(const GraphValue &x, ElementKind kind) {
  std::vector<Number> numbers = *x.numbers;
  for (Number &number : numbers) {
    if (x.isFloat() && !isFloat(kind)) {
      number.integer = std::abs(number.real) < 0x1p62
                           ? static_cast<int64_t>(number.real)
                           : 0;
    } else if (!x.isFloat() && isFloat(kind)) {
      number.real = static_cast<double>(number.integer);
    }
    if (kind == ElementKind::Bool)
      number.integer = x.isFloat() ? number.real != 0 : number.integer != 0;
    if (isFloat(kind))
      number.integer = 0;
    else
      number.real = 0;
  }
  return makeKnownLike(x, kind, std::move(numbers));
}

static LogicalResult castTo(NodeImporter &node, ElementKind kind) {
  const GraphValue &x = node.input(0);
  // Counts that depend on N stay symbols only as integers.
  bool dependsOnBatch =
      x.isKnown() && llvm::any_of(*x.numbers, [](const Number &number) {
        return !number.isPlain();
      });
  if (dependsOnBatch && (isFloat(kind) || kind == ElementKind::Bool))
    return node.emitError() << "expected values of one example, but got the "
                               "size of the batch or a place in it as a "
                               "number";
  if (x.isKnown())
    return node.setResult(castKnown(x, kind));
  if (kind == ElementKind::Bool && x.kind != ElementKind::Bool)
    return node.setResult(node.graph.compare(
        x, makeKnown(x.kind, {}, {Number{}}), Comparison::NE));
  if (x.isFloat() && !isFloat(kind))
    node.endDerivative(x);
  return node.setResult(node.graph.convert(x, kind));
}

static LogicalResult importCast(NodeImporter &node) {
  int64_t to = node.getInteger("to", 0);
  std::optional<ElementKind> kind = elementKind(static_cast<int32_t>(to));
  if (!kind)
    return node.emitError()
           << "expected a cast to numbers or booleans, but got element type "
           << to << " of TensorProto.DataType";
  return castTo(node, *kind);
}

static LogicalResult importCastLike(NodeImporter &node) {
  return castTo(node, node.input(1).kind);
}

ArrayRef<Operator> onnximport::getComparisonOperators() {
  static const Operator operators[] = {
      {"And", 7, newestOpset, 2, 2, importLogic</*isAnd=*/true>},
      {"Cast", 6, newestOpset, 1, 1, importCast},
      {"CastLike", 15, newestOpset, 2, 2, importCastLike},
      {"Equal", 7, newestOpset, 2, 2, importComparison<Comparison::EQ>},
      {"Greater", 7, newestOpset, 2, 2, importComparison<Comparison::GT>},
      {"GreaterOrEqual", 12, newestOpset, 2, 2,
       importComparison<Comparison::GE>},
      {"Less", 7, newestOpset, 2, 2, importComparison<Comparison::LT>},
      {"LessOrEqual", 12, newestOpset, 2, 2, importComparison<Comparison::LE>},
      {"Not", 1, newestOpset, 1, 1, importNot},
      {"Or", 7, newestOpset, 2, 2, importLogic</*isAnd=*/false>},
      {"Where", 9, newestOpset, 3, 3, importWhere},
      {"Xor", 7, newestOpset, 2, 2, importComparison<Comparison::NE>},
  };
  return operators;
}
