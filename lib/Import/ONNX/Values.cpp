// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shapes and numbers of the importer's values.

#include "Values.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

SmallVector<int64_t> GraphValue::coreShape() const {
  SmallVector<int64_t> core(shape);
  if (batch && batch->isPure())
    core.erase(core.begin() + batch->axis);
  return core;
}

std::optional<int64_t> GraphValue::coreAxis(int64_t axis) const {
  if (!batch || !batch->isPure() || axis < batch->axis)
    return axis;
  if (axis == batch->axis)
    return std::nullopt;
  return axis - 1;
}

std::optional<Number> GraphValue::splat() const {
  if (!isKnown() || numbers->empty())
    return std::nullopt;
  const Number &first = numbers->front();
  for (const Number &number : *numbers) {
    if (!(number == first))
      return std::nullopt;
  }
  return first;
}

std::optional<int64_t> onnximport::product(ArrayRef<int64_t> sizes) {
  // More elements fit no memory, and what is computed from them no integer.
  // Without the zeros, so that products of some of the sizes fit, too.
  constexpr int64_t most = int64_t(1) << 36;
  SmallVector<int64_t> extents;
  llvm::copy_if(sizes, std::back_inserter(extents),
                [](int64_t size) { return size != 0; });
  std::optional<int64_t> count = sizeOf(extents);
  if (!count || *count > most)
    return std::nullopt;
  return extents.size() < sizes.size() ? 0 : *count;
}

GraphValue onnximport::makeKnown(ElementKind kind, ArrayRef<int64_t> shape,
                                 std::vector<Number> numbers) {
  GraphValue value;
  value.kind = kind;
  value.shape.assign(shape.begin(), shape.end());
  value.numbers =
      std::make_shared<const std::vector<Number>>(std::move(numbers));
  return value;
}

GraphValue onnximport::makeKnownLike(const GraphValue &like, ElementKind kind,
                                     std::vector<Number> numbers) {
  GraphValue value = makeKnown(kind, like.shape, std::move(numbers));
  value.batch = like.batch;
  return value;
}

/// a + b·N + c·n is linear, so that its sign is decided by its corners n = 0
/// and n = N − 1, each of which is monotonous in N ≥ 1.
Order onnximport::compareNumbers(const Number &a, const Number &b) {
  Order order;
  auto decide = [&](bool less, bool equal, bool greater) {
    order = {less, less || equal, equal, greater || equal, greater};
  };
  if (a.isPlain() && b.isPlain()) {
    // Integers have real 0 and reals have integer 0.
    decide(a.real < b.real || a.integer < b.integer,
           a.real == b.real && a.integer == b.integer,
           a.real > b.real || a.integer > b.integer);
    return order;
  }
  int64_t first, slope, step, last, once;
  if (a.isUndecided || b.isUndecided ||
      llvm::SubOverflow(a.integer, b.integer, first) ||
      llvm::SubOverflow(a.perExample, b.perExample, slope) ||
      llvm::SubOverflow(a.position, b.position, step) ||
      llvm::AddOverflow(first, slope, once) ||
      llvm::AddOverflow(slope, step, last))
    return order;
  bool rises = slope >= 0 && last >= 0, falls = slope <= 0 && last <= 0;
  order.isGreater = once > 0 && rises;
  order.isGreaterOrEqual = once >= 0 && rises;
  order.isLess = once < 0 && falls;
  order.isLessOrEqual = once <= 0 && falls;
  order.isEqual = order.isGreaterOrEqual && order.isLessOrEqual;
  return order;
}

Number onnximport::ofLastExample(const Number &number) {
  // N = n + 1.
  Number last = number;
  if (!llvm::AddOverflow(number.integer, number.perExample, last.integer) &&
      !llvm::AddOverflow(number.position, number.perExample, last.position)) {
    last.perExample = 0;
    return last;
  }
  return undecided();
}

GraphValue onnximport::makeKnown(const Array &array) {
  std::vector<Number> numbers(array.size());
  if (isFloat(array.kind)) {
    Array doubles = cantFail(convertFloat(array, ElementKind::Float64));
    for (auto [number, value] : llvm::zip_equal(numbers, doubles.as<double>()))
      number.real = value;
  } else if (llvm::Expected<Array> integers = convertToInt64(array)) {
    for (auto [number, value] :
         llvm::zip_equal(numbers, integers->as<int64_t>()))
      number.integer = value;
  } else {
    // Unsigned numbers beyond 2^63 wrap; no operator can use them as a size.
    llvm::consumeError(integers.takeError());
    for (auto [number, value] : llvm::zip_equal(numbers, array.as<int64_t>()))
      number.integer = value;
  }
  return makeKnown(array.kind, array.shape, std::move(numbers));
}
