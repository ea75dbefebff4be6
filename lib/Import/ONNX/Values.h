// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the importer knows about a value of the ONNX graph. The import is an
// abstract interpretation: a value is either known (numbers of the file and
// what is computed from shapes, in which the batch size N is a symbol) or a
// value of the ntk network, from which the batch axis has been taken out. The
// batch axis may be merged with others: an axis of extent outer · N · inner.

#ifndef NTK_LIB_IMPORT_ONNX_VALUES_H
#define NTK_LIB_IMPORT_ONNX_VALUES_H

#include "mlir/IR/Value.h"
#include "ntk/Data/Arrays.h"
#include <memory>
#include <optional>
#include <vector>

namespace mlir::ntk::onnximport {

/// A number of a known value: `real` of a float, else
/// integer + perExample · N + position · n with N the batch size and n < N the
/// place of the example in the batch.
struct Number {
  int64_t integer = 0;
  int64_t perExample = 0;
  double real = 0;
  int64_t position = 0;
  /// Not of this form; only the shape of such a value may be used.
  bool isUndecided = false;
  /// Of `GraphValue::places`: the core's element is added.
  bool addsCore = false;
  /// Of a condition that is not of this form: it holds for the last example
  /// alone (1), for all others (−1), or nobody knows (0).
  int8_t holdsForLast = 0;

  /// Is it the same for every batch and every example?
  bool isPlain() const {
    return perExample == 0 && position == 0 && !isUndecided && !addsCore;
  }
  /// Is it the same number in every batch? Not if that is open.
  bool operator==(const Number &other) const {
    return integer == other.integer && perExample == other.perExample &&
           real == other.real && position == other.position && !isUndecided &&
           !other.isUndecided && addsCore == other.addsCore;
  }
};

/// A small integer as a number of this kind.
inline Number numberOf(ElementKind kind, int64_t value) {
  Number number;
  if (isFloat(kind))
    number.real = static_cast<double>(value);
  else
    number.integer = value;
  return number;
}

/// A number that is not of this form.
inline Number undecided() {
  Number number;
  number.isUndecided = true;
  return number;
}

/// How two numbers compare, whatever N and n are; none of it if that depends on
/// them.
struct Order {
  bool isLess = false, isLessOrEqual = false, isEqual = false,
       isGreaterOrEqual = false, isGreater = false;
};
Order compareNumbers(const Number &a, const Number &b);

/// The number for the last example, n = N − 1.
Number ofLastExample(const Number &number);

/// Axis `axis` has extent outer · N · inner.
struct BatchAxis {
  int64_t axis;
  int64_t outer = 1;
  int64_t inner = 1;

  bool isPure() const { return outer == 1 && inner == 1; }
  bool operator==(const BatchAxis &other) const {
    return axis == other.axis && outer == other.outer && inner == other.inner;
  }
};

struct GraphValue {
  ElementKind kind = ElementKind::Float32;
  /// Sizes of the file's axes; the batch axis has outer · inner.
  SmallVector<int64_t> shape;
  std::optional<BatchAxis> batch;
  /// The numbers of a known value in row-major order. Along a batch axis they
  /// are those of any one example.
  std::shared_ptr<const std::vector<Number>> numbers;
  /// The value of the network, of shape coreShape(), unless known.
  Value core;
  /// Positions in the batch of which a part depends on the input, as of the
  /// last token of each example: these numbers, some plus an element of `core`.
  /// Only operators that say so take them.
  std::shared_ptr<const std::vector<Number>> places;
  /// The numbers of a buffer, for operators that need to know them.
  std::shared_ptr<const Array> stored;
  /// Of the example at which a loop over all of them is: the value has no batch
  /// axis, but is another one for each. Of a sequence: it has the one value in
  /// it once for each example.
  bool isOfExample = false;
  /// Positions along a pure batch axis, with those of one example more behind
  /// the last. Only Slice takes them.
  bool hasEnd = false;
  /// The values of a sequence, which is nothing else.
  std::shared_ptr<const std::vector<GraphValue>> sequence;

  bool isKnown() const { return numbers != nullptr; }
  bool isSequence() const { return sequence != nullptr; }
  bool hasPlaces() const { return places != nullptr; }
  /// An optional value that is not there?
  bool isMissing() const { return !isSequence() && !isKnown() && !core; }
  bool isFloat() const { return ntk::isFloat(kind); }
  int64_t rank() const { return shape.size(); }

  /// Is `axis` the batch axis, alone or merged with others?
  bool isBatch(int64_t axis) const { return batch && batch->axis == axis; }
  /// The sizes without a pure batch axis.
  SmallVector<int64_t> coreShape() const;
  /// Position of `axis` among the core's axes; none for a pure batch axis.
  std::optional<int64_t> coreAxis(int64_t axis) const;

  /// A known value of one number everywhere (and at least one).
  std::optional<Number> splat() const;
};

/// Product of sizes; none if one is negative or those but zeros exceed 2^36.
std::optional<int64_t> product(ArrayRef<int64_t> sizes);

/// Known values of at most this many elements are computed with.
inline constexpr int64_t maxKnownElements = 1 << 16;

/// The known value of the shape and batch axis of `like` with other numbers.
GraphValue makeKnownLike(const GraphValue &like, ElementKind kind,
                         std::vector<Number> numbers);
/// A known value; `numbers` has as many entries as the shape has elements.
GraphValue makeKnown(ElementKind kind, ArrayRef<int64_t> shape,
                     std::vector<Number> numbers);
/// The numbers of an array, which has at most maxKnownElements.
GraphValue makeKnown(const Array &array);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_VALUES_H
