// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scalar functions of emitted code beside those of Math.h: the meaning is that
// of the compiler's operations, also for NaN and infinities.

#ifndef NTK_RT_SCALARS_H
#define NTK_RT_SCALARS_H

#include "ntk-rt/Math.h"

#include <type_traits>

namespace ntk {
namespace rt {

/// Is one of the two NaN?
template <typename T> NTK_RT_DEVICE inline bool isUnordered(T a, T b) {
  return !(a == a) || !(b == b);
}

/// The larger and the smaller of two numbers; NaN if one of them is.
template <typename T> NTK_RT_DEVICE inline T maximum(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return a > b || !(a == a) ? a : b;
  else
    return a > b ? a : b;
}
template <typename T> NTK_RT_DEVICE inline T minimum(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    return a < b || !(a == a) ? a : b;
  else
    return a < b ? a : b;
}

template <typename T> NTK_RT_DEVICE inline T abs(T x) {
  if constexpr (std::is_floating_point_v<T>)
    return std::fabs(x);
  else
    return x < 0 ? -x : x;
}
template <typename T> NTK_RT_DEVICE inline T sqrt(T x) { return std::sqrt(x); }
template <typename T> NTK_RT_DEVICE inline T rsqrt(T x) {
  return T(1) / std::sqrt(x);
}
template <typename T> NTK_RT_DEVICE inline T floor(T x) {
  return std::floor(x);
}
template <typename T> NTK_RT_DEVICE inline T ceil(T x) { return std::ceil(x); }
template <typename T> NTK_RT_DEVICE inline T nearbyint(T x) {
  return std::nearbyint(x);
}
template <typename T> NTK_RT_DEVICE inline T copysign(T x, T sign) {
  return std::copysign(x, sign);
}
template <typename T> NTK_RT_DEVICE inline T power(T x, T exponent) {
  return std::pow(x, exponent);
}
/// With the sign of x.
template <typename T> NTK_RT_DEVICE inline T remainder(T x, T y) {
  return std::fmod(x, y);
}
/// The quotient of two integers, rounded down.
template <typename T> NTK_RT_DEVICE inline T floorDivide(T x, T y) {
  return x / y - (x % y != 0 && (x < 0) != (y < 0));
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_SCALARS_H
