// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products of sizes. Those known when compiling are in the factor.

#include "dialects/RT/RTOps.h"

#include <cmath>
#include <tuple>

using namespace mlir;
using namespace mlir::ntk::rt;

static auto tie(const SizeProduct::Axis &axis) {
  return std::tuple(axis.operand, axis.axis, axis.isStride);
}

bool SizeProduct::Axis::operator==(const Axis &other) const {
  return tie(*this) == tie(other);
}

bool SizeProduct::Axis::operator<(const Axis &other) const {
  return tie(*this) < tie(other);
}

SizeProduct SizeProduct::ofSize(Operation *op, unsigned operand, int64_t axis) {
  auto type = cast<ShapedType>(op->getOperand(operand).getType());
  if (type.isDynamicDim(axis))
    return Axis{operand, axis};
  return type.getDimSize(axis);
}

SizeProduct SizeProduct::operator*(const SizeProduct &other) const {
  SizeProduct product = factor * other.factor;
  if (product.factor == 0)
    return product;
  llvm::append_range(product.axes, axes);
  llvm::append_range(product.axes, other.axes);
  llvm::sort(product.axes);
  return product;
}

bool SizeProduct::operator==(const SizeProduct &other) const {
  return factor == other.factor && axes == other.axes;
}

bool SizeProduct::operator>(const SizeProduct &other) const {
  constexpr double fewExamples = 8;
  auto estimate = [](const SizeProduct &product) {
    return static_cast<double>(product.factor) *
           std::pow(fewExamples, product.axes.size());
  };
  return estimate(*this) > estimate(other);
}
