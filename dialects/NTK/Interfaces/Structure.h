// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The Jacobian of an op in a parameter operand as index sharing, the currency
// of JacobianStructureOpInterface.

#ifndef NTK_DIALECTS_NTK_INTERFACES_STRUCTURE_H
#define NTK_DIALECTS_NTK_INTERFACES_STRUCTURE_H

#include "mlir/IR/Value.h"
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/SmallVector.h"

#include <string>

namespace mlir::ntk {

/// The positions start, start + step, … of an axis: what an index with `size`
/// values runs over. Steps are not zero; negative ones run backwards.
struct Span {
  int64_t start = 0;
  int64_t step = 1;
  int64_t size = 0;

  /// All `size` positions of an axis.
  static Span whole(int64_t size) { return {0, 1, size}; }
  bool isWhole(int64_t axisSize) const {
    return start == 0 && step == 1 && size == axisSize;
  }
  int64_t at(int64_t i) const { return start + i * step; }
  bool operator==(const Span &other) const {
    return start == other.start && step == other.step && size == other.size;
  }
};

/// Axes of a value, each with the index that runs along it. Indices are single
/// letters a-z, A-Z; n, o, m and p are kept free for examples and outputs.
struct IndexedAxes {
  std::string letters;
  /// Sizes of the axes.
  SmallVector<int64_t> shape;
  /// What the indices run over; empty if that is all of every axis.
  SmallVector<Span> spans;

  Span getSpan(size_t axis) const {
    return spans.empty() ? Span::whole(shape[axis]) : spans[axis];
  }
};

/// J[y, θ] = scale · Π_f feature_f[…], zero where an index would have to stand
/// for two positions, or for one outside its span.
struct JacobianStructure {
  /// Values of one example and the letters of their dimensions. Integers with
  /// one letter more than dimensions are positions, and stand for the one-hot
  /// tensor F[i…, v] = [feature[i…] = v].
  SmallVector<Value> features;
  SmallVector<std::string> featureIndices;
  /// y, in a shape that its cotangent is reshaped to.
  IndexedAxes result;
  /// θ, in row-major order.
  IndexedAxes operand;
  double scale = 1;
};

} // namespace mlir::ntk

#endif // NTK_DIALECTS_NTK_INTERFACES_STRUCTURE_H
