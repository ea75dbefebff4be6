// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Shapes and numbers of the importer's values.

#include "Values.h"

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
  for (const Number &number : *numbers)
    if (number.integer != first.integer ||
        number.perExample != first.perExample || number.real != first.real)
      return std::nullopt;
  return first;
}

std::optional<int64_t> onnximport::product(ArrayRef<int64_t> sizes) {
  return sizeOf(sizes);
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
