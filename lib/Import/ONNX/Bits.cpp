// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bits of integers. The machine's integers are signed and may have more bits
// than the file's: unsigned results are cut to the file's width.

#include "Folding.h"
#include "Themes.h"
#include "dialects/NTK/IR/PowerOps.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

static int64_t bitWidth(ElementKind kind) { return 8 * byteWidth(kind); }

static bool isUnsigned(ElementKind kind) {
  return kind == ElementKind::UInt8 || kind == ElementKind::UInt16 ||
         kind == ElementKind::UInt32 || kind == ElementKind::UInt64;
}

/// The number whose bits are all set, as the machine has it.
static int64_t allBits(ElementKind kind) {
  return isUnsigned(kind) && bitWidth(kind) < 64
             ? (int64_t(1) << bitWidth(kind)) - 1
             : -1;
}

static GraphValue integer(ElementKind kind, int64_t value) {
  return makeKnown(kind, {}, {Number{value}});
}

static LogicalResult checkIntegers(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  if (x.isFloat() || x.kind == ElementKind::Bool)
    return node.emitError()
           << "expected integers, but got " << describe(x.kind, x.shape);
  if (node.hasInput(1) && node.input(1).kind != x.kind)
    return node.emitError()
           << "expected operands of one type, but got " << nameOf(x.kind)
           << " and " << nameOf(node.input(1).kind);
  return success();
}

//===----------------------------------------------------------------------===//
// And, or, exclusive or, not
//===----------------------------------------------------------------------===//

namespace {
enum class Bitwise { And, Or, Xor };
} // namespace

template <Bitwise function> static int64_t foldBits(int64_t a, int64_t b) {
  if (function == Bitwise::And)
    return a & b;
  return function == Bitwise::Or ? a | b : a ^ b;
}

/// a | b = a + b − (a & b) and a ^ b = (a | b) − (a & b), also where the sum
/// wraps.
template <Bitwise function>
static Result combineBits(GraphBuilder &graph, const GraphValue &x,
                          const GraphValue &y) {
  Result both = graph.binary<BitAndOp>(x, y);
  if (function == Bitwise::And)
    return both;
  Result either = graph.binary<SubOp>(graph.binary<AddOp>(x, y), both);
  return function == Bitwise::Or ? either : graph.binary<SubOp>(either, both);
}

template <Bitwise function>
static LogicalResult importBitwise(NodeImporter &node) {
  const GraphValue &x = node.input(0), &y = node.input(1);
  if (failed(checkIntegers(node)))
    return failure();
  if (!isFoldable(x, y))
    return node.setResult(combineBits<function>(node.graph, x, y));
  return node.setResult(foldElementwise(
      node.graph, x, y, x.kind,
      [](const Number &a, const Number &b) -> std::optional<Number> {
        if (!a.isPlain() || !b.isPlain())
          return std::nullopt;
        return Number{foldBits<function>(a.integer, b.integer)};
      }));
}

/// The number of all bits, minus x.
static LogicalResult importBitwiseNot(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  if (failed(checkIntegers(node)))
    return failure();
  GraphValue all = integer(x.kind, allBits(x.kind));
  if (!isFoldable(x, x))
    return node.setResult(node.graph.binary<SubOp>(all, x));
  return node.setResult(foldElementwise(
      node.graph, all, x, x.kind,
      [](const Number &a, const Number &b) -> std::optional<Number> {
        if (!b.isPlain())
          return std::nullopt;
        return Number{a.integer ^ b.integer};
      }));
}

//===----------------------------------------------------------------------===//
// Shifts
//===----------------------------------------------------------------------===//

/// 2^y, or 2^(63 − y); the sign is that of bit 63.
static Result powerOfTwo(GraphBuilder &graph, const GraphValue &y,
                         bool fromTop) {
  std::vector<Number> powers(64);
  for (auto [i, power] : llvm::enumerate(powers))
    power.integer = static_cast<int64_t>(uint64_t(1) << (fromTop ? 63 - i : i));
  FailureOr<Value> table =
      graph.materialize(makeKnown(y.kind, {64}, std::move(powers)));
  FailureOr<Value> at = graph.materialize(y);
  if (failed(table) || failed(at))
    return failure();
  FailureOr<Value> core = graph.create<GatherOp>(
      {*table, *at}, graph.attribute("axis", int64_t(0)));
  if (failed(core))
    return failure();
  return graph.wrap(*core, y);
}

static Result shiftLeft(GraphBuilder &graph, const GraphValue &x,
                        const GraphValue &y) {
  Result product = graph.binary<MulOp>(x, powerOfTwo(graph, y, false));
  if (x.kind == ElementKind::UInt64)
    return product;
  return graph.binary<BitAndOp>(product, integer(x.kind, allBits(x.kind)));
}

/// The quotient of the number without bit 63, to which that bit is added where
/// it goes.
static Result shiftRight(GraphBuilder &graph, const GraphValue &x,
                         const GraphValue &y) {
  Result rest = x;
  if (x.kind == ElementKind::UInt64)
    rest = graph.binary<BitAndOp>(x, integer(x.kind, INT64_MAX));
  Result quotient = graph.binary<DivOp>(rest, powerOfTwo(graph, y, false));
  if (x.kind != ElementKind::UInt64)
    return quotient;
  GraphValue zero = integer(x.kind, 0);
  Result top = graph.select(graph.compare(x, zero, Comparison::LT),
                            powerOfTwo(graph, y, true), zero);
  return graph.binary<AddOp>(quotient, top);
}

static LogicalResult importBitShift(NodeImporter &node) {
  const GraphValue &x = node.input(0), &y = node.input(1);
  if (failed(checkIntegers(node)))
    return failure();
  if (!isUnsigned(x.kind))
    return node.emitError()
           << "expected unsigned integers, but got " << nameOf(x.kind);
  std::string direction = node.getString("direction", "");
  bool isLeft = direction == "LEFT";
  if (!isLeft && direction != "RIGHT")
    return node.emitError()
           << "expected direction LEFT or RIGHT, but got '" << direction << "'";
  if (!isFoldable(x, y))
    return node.setResult(isLeft ? shiftLeft(node.graph, x, y)
                                 : shiftRight(node.graph, x, y));
  uint64_t mask = static_cast<uint64_t>(allBits(x.kind));
  return node.setResult(foldElementwise(
      node.graph, x, y, x.kind,
      [&](const Number &a, const Number &b) -> std::optional<Number> {
        if (!a.isPlain() || !b.isPlain())
          return std::nullopt;
        auto bits = static_cast<uint64_t>(a.integer),
             by = static_cast<uint64_t>(b.integer);
        if (by > 63)
          return Number{0};
        return Number{
            static_cast<int64_t>((isLeft ? bits << by : bits >> by) & mask)};
      }));
}

ArrayRef<Operator> onnximport::getBitOperators() {
  static const Operator operators[] = {
      {"BitShift", 11, newestOpset, 2, 2, importBitShift},
      {"BitwiseAnd", 18, newestOpset, 2, 2, importBitwise<Bitwise::And>},
      {"BitwiseNot", 18, newestOpset, 1, 1, importBitwiseNot},
      {"BitwiseOr", 18, newestOpset, 2, 2, importBitwise<Bitwise::Or>},
      {"BitwiseXor", 18, newestOpset, 2, 2, importBitwise<Bitwise::Xor>},
  };
  return operators;
}
