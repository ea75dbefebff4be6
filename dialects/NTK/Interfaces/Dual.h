// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Dual numbers: a value and its derivatives in a few directions at once,
// v + Σ_k t_k ε_k with ε_j ε_k = 0. The reference interpreter computes with
// them; derivatives follow from the arithmetic below and from nothing else, so
// they can judge the derivation rules of the operators. At kinks they follow
// PyTorch: |x|' and relu'(x) are 0 at 0, max and min share ties equally.

#ifndef NTK_DIALECTS_NTK_INTERFACES_DUAL_H
#define NTK_DIALECTS_NTK_INTERFACES_DUAL_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

namespace mlir::ntk {

/// A double with derivatives in `directions` directions.
struct Dual {
  static constexpr int directions = 8;

  double value = 0;
  std::array<double, directions> tangent{};

  Dual() = default;
  Dual(double v) : value(v) {}

  /// Multiplications and additions done so far, a multiply-add counting two.
  /// Only primal values are counted.
  static int64_t &flops() {
    static thread_local int64_t count = 0;
    return count;
  }
};

/// f(x) for a function with value `v` and derivative `d` at x.
inline Dual chain(const Dual &x, double v, double d) {
  Dual r(v);
  for (int k = 0; k < Dual::directions; ++k)
    r.tangent[k] = x.tangent[k] == 0 ? 0 : d * x.tangent[k];
  ++Dual::flops();
  return r;
}

inline Dual operator+(const Dual &a, const Dual &b) {
  Dual r(a.value + b.value);
  for (int k = 0; k < Dual::directions; ++k)
    r.tangent[k] = a.tangent[k] + b.tangent[k];
  ++Dual::flops();
  return r;
}

inline Dual operator-(const Dual &a, const Dual &b) {
  Dual r(a.value - b.value);
  for (int k = 0; k < Dual::directions; ++k)
    r.tangent[k] = a.tangent[k] - b.tangent[k];
  ++Dual::flops();
  return r;
}

inline Dual operator*(const Dual &a, const Dual &b) {
  Dual r(a.value * b.value);
  for (int k = 0; k < Dual::directions; ++k)
    r.tangent[k] = a.tangent[k] * b.value + a.value * b.tangent[k];
  ++Dual::flops();
  return r;
}

inline Dual operator/(const Dual &a, const Dual &b) {
  Dual r(a.value / b.value);
  for (int k = 0; k < Dual::directions; ++k)
    r.tangent[k] = (a.tangent[k] - r.value * b.tangent[k]) / b.value;
  ++Dual::flops();
  return r;
}

inline Dual operator-(const Dual &a) { return chain(a, -a.value, -1); }

inline Dual &operator+=(Dual &a, const Dual &b) { return a = a + b; }

inline Dual exp(const Dual &x) {
  double e = std::exp(x.value);
  return chain(x, e, e);
}
inline Dual log(const Dual &x) {
  return chain(x, std::log(x.value), 1 / x.value);
}
inline Dual log1p(const Dual &x) {
  return chain(x, std::log1p(x.value), 1 / (1 + x.value));
}
inline Dual expm1(const Dual &x) {
  return chain(x, std::expm1(x.value), std::exp(x.value));
}
inline Dual sqrt(const Dual &x) {
  double s = std::sqrt(x.value);
  return chain(x, s, 0.5 / s);
}
inline Dual sin(const Dual &x) {
  return chain(x, std::sin(x.value), std::cos(x.value));
}
inline Dual cos(const Dual &x) {
  return chain(x, std::cos(x.value), -std::sin(x.value));
}
inline Dual tanh(const Dual &x) {
  double c = std::cosh(x.value);
  return chain(x, std::tanh(x.value), 1 / c / c);
}
inline Dual tan(const Dual &x) {
  double t = std::tan(x.value);
  return chain(x, t, 1 + t * t);
}
inline Dual asin(const Dual &x) {
  return chain(x, std::asin(x.value),
               1 / std::sqrt((1 - x.value) * (1 + x.value)));
}
inline Dual acos(const Dual &x) {
  return chain(x, std::acos(x.value),
               -1 / std::sqrt((1 - x.value) * (1 + x.value)));
}
inline Dual atan(const Dual &x) {
  return chain(x, std::atan(x.value), 1 / (1 + x.value * x.value));
}
inline Dual sinh(const Dual &x) {
  return chain(x, std::sinh(x.value), std::cosh(x.value));
}
inline Dual cosh(const Dual &x) {
  return chain(x, std::cosh(x.value), std::sinh(x.value));
}
inline Dual asinh(const Dual &x) {
  return chain(x, std::asinh(x.value), 1 / std::hypot(1, x.value));
}
/// Below -1, where there is no value, the derivative is that of |x|, as
/// PyTorch's.
inline Dual acosh(const Dual &x) {
  double a = std::abs(x.value);
  return chain(x, std::acosh(x.value), 1 / std::sqrt(a - 1) / std::sqrt(a + 1));
}
inline Dual atanh(const Dual &x) {
  return chain(x, std::atanh(x.value), 1 / (1 - x.value) / (1 + x.value));
}
inline Dual erf(const Dual &x) {
  constexpr double twoOverSqrtPi = 1.1283791670955126;
  return chain(x, std::erf(x.value),
               twoOverSqrtPi * std::exp(-x.value * x.value));
}
/// x to a constant power.
inline Dual pow(const Dual &x, double p) {
  double d = p == 0 ? 0 : p * std::pow(x.value, p - 1);
  return chain(x, std::pow(x.value, p), d);
}
inline Dual abs(const Dual &x) {
  return chain(x, std::abs(x.value), (x.value > 0) - (x.value < 0));
}

/// Equal arguments share the derivative.
inline Dual max(const Dual &a, const Dual &b) {
  if (a.value == b.value)
    return chain(a + b, a.value, 0.5);
  return (a.value > b.value || std::isnan(a.value)) ? a : b;
}
inline Dual min(const Dual &a, const Dual &b) { return -max(-a, -b); }

/// A row-major array of dual numbers; integers and booleans are held as their
/// values.
struct DualTensor {
  llvm::SmallVector<int64_t> shape;
  std::vector<Dual> elements;

  DualTensor() = default;
  explicit DualTensor(llvm::ArrayRef<int64_t> s) : shape(s) {
    int64_t count = 1;
    for (int64_t size : s)
      count *= size;
    elements.resize(count);
  }

  int64_t size() const { return static_cast<int64_t>(elements.size()); }
  Dual &operator[](int64_t i) { return elements[i]; }
  const Dual &operator[](int64_t i) const { return elements[i]; }

  /// Row-major position of a multi-index.
  int64_t offset(llvm::ArrayRef<int64_t> index) const {
    int64_t position = 0;
    for (auto [i, size] : llvm::zip_equal(index, shape))
      position = position * size + i;
    return position;
  }
  Dual &at(llvm::ArrayRef<int64_t> index) { return elements[offset(index)]; }
  const Dual &at(llvm::ArrayRef<int64_t> index) const {
    return elements[offset(index)];
  }
};

/// Calls f(index) for every multi-index of `shape`, in row-major order.
template <typename F> void forEachIndex(llvm::ArrayRef<int64_t> shape, F &&f) {
  for (int64_t size : shape)
    if (size == 0)
      return;
  llvm::SmallVector<int64_t> index(shape.size(), 0);
  while (true) {
    f(llvm::ArrayRef<int64_t>(index));
    int64_t axis = static_cast<int64_t>(shape.size()) - 1;
    while (axis >= 0 && ++index[axis] == shape[axis])
      index[axis--] = 0;
    if (axis < 0)
      return;
  }
}

} // namespace mlir::ntk

#endif // NTK_DIALECTS_NTK_INTERFACES_DUAL_H
