// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The integers that an op is defined for, where they are not all. An op that
// reads or writes at positions says so by its type. Where a network compares
// labels with classes or computes positions from indices, nothing in the ops
// tells which integers are right: the importer then states it on the op that
// reads them,
//
//     %m = ntk.compare %labels, %classes {ntk.in_range = array<i64: 0, 9>, …}
//
// from, to and, where there is one, an integer that is right besides. Compiled
// code does not look at it; examples are checked before they reach that.

#ifndef NTK_DIALECTS_NTK_IR_INDEXRANGE_H
#define NTK_DIALECTS_NTK_IR_INDEXRANGE_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"

#include <optional>

namespace mlir::ntk {

/// The integers from `from` to `to`, and `except`.
struct IndexRange {
  int64_t from, to;
  std::optional<int64_t> except = std::nullopt;

  bool contains(double value) const {
    return (value >= static_cast<double>(from) &&
            value <= static_cast<double>(to)) ||
           (except && value == static_cast<double>(*except));
  }
};

/// A discardable attribute: the range of operand 0.
inline constexpr llvm::StringLiteral rangeAttrName = "ntk.in_range";

/// States the range of operand 0.
inline void setOperandRange(Operation *op, IndexRange range) {
  SmallVector<int64_t> numbers = {range.from, range.to};
  if (range.except)
    numbers.push_back(*range.except);
  op->setDiscardableAttr(rangeAttrName,
                         DenseI64ArrayAttr::get(op->getContext(), numbers));
}

/// The range of operand 0 that has been stated, if one has.
inline std::optional<IndexRange> getStatedRange(Operation *op) {
  auto numbers = dyn_cast_or_null<DenseI64ArrayAttr>(
      op->getDiscardableAttr(rangeAttrName));
  if (!numbers || numbers.size() < 2)
    return std::nullopt;
  IndexRange range{numbers[0], numbers[1]};
  if (numbers.size() > 2)
    range.except = numbers[2];
  return range;
}

} // namespace mlir::ntk

#endif // NTK_DIALECTS_NTK_IR_INDEXRANGE_H
