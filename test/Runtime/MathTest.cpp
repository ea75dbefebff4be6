// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The vectorisable elementary functions against the C library, over their whole
// range and at the values where such functions go wrong. The C library computes
// in long double.

#include "ntk-rt/Math.h"

#include <gtest/gtest.h>

#include <random>

namespace {

/// Distance of `got` from `expected` in units in the last place of T there.
template <typename T> double ulps(T got, long double expected) {
  int exponent;
  std::frexp(expected, &exponent);
  exponent = std::max(exponent, std::numeric_limits<T>::min_exponent);
  long double unit =
      std::ldexp(1.0L, exponent - std::numeric_limits<T>::digits);
  return static_cast<double>(std::fabs(got - expected) / unit);
}

/// Compares on `count` random arguments between `low` and `high`, half of them
/// spread evenly, half over the magnitudes; and on special values.
template <typename T, typename F, typename G>
void compare(F ours, G theirs, double low, double high, double bound,
             double largest = std::numeric_limits<double>::infinity()) {
  auto check = [&](T x) {
    const T got = ours(x);
    const T expected = static_cast<T>(theirs(static_cast<long double>(x)));
    if (std::isnan(expected) || std::fabs(x) > largest) {
      ASSERT_TRUE(std::isnan(got)) << x;
    } else if (std::isinf(expected) || expected == 0) {
      ASSERT_EQ(got, expected) << x;
      ASSERT_EQ(std::signbit(got), std::signbit(expected)) << x;
    } else {
      ASSERT_LE(ulps(got, theirs(static_cast<long double>(x))), bound)
          << "at " << x << " got " << got << " expected " << expected;
    }
  };
  using Limits = std::numeric_limits<T>;
  for (T x : {T(0),
              Limits::denorm_min(),
              Limits::min() / 3,
              Limits::min(),
              Limits::epsilon(),
              T(0.3465),
              T(0.5),
              T(0.70710678),
              T(1),
              T(1.0000001),
              T(2),
              T(20),
              T(88.72284),
              T(88.8),
              T(103.9),
              T(709.78),
              T(709.79),
              T(745.1),
              T(1000),
              Limits::max(),
              Limits::infinity(),
              Limits::quiet_NaN()})
    for (T sign : {T(1), T(-1)})
      ASSERT_NO_FATAL_FAILURE(check(sign * x));
  std::mt19937_64 random(1);
  std::uniform_real_distribution<double> even(low, high),
      magnitude(-40, std::log2(std::max(std::fabs(low), high)));
  for (int i = 0; i < 100000; ++i) {
    ASSERT_NO_FATAL_FAILURE(check(static_cast<T>(even(random))));
    T x = static_cast<T>(std::exp2(magnitude(random)));
    ASSERT_NO_FATAL_FAILURE(check(low < 0 && i % 2 ? -x : x));
  }
}

template <typename T> class Math : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Math, Types);

#define NTK_COMPARE(name, ...)                                                 \
  compare<TypeParam>([](TypeParam x) { return ntk::rt::name(x); },             \
                     [](long double x) { return std::name(x); }, __VA_ARGS__)

TYPED_TEST(Math, Exp) { NTK_COMPARE(exp, -760, 720, 2); }
TYPED_TEST(Math, Expm1) { NTK_COMPARE(expm1, -60, 90, 3); }
TYPED_TEST(Math, Log) { NTK_COMPARE(log, 0, 1e6, 3); }
TYPED_TEST(Math, Log1p) { NTK_COMPARE(log1p, -0.9999, 1e6, 3); }
TYPED_TEST(Math, Tanh) { NTK_COMPARE(tanh, -25, 25, 4); }
TYPED_TEST(Math, Erf) { NTK_COMPARE(erf, -7, 7, 3); }
TYPED_TEST(Math, Atan) { NTK_COMPARE(atan, -20, 20, 3); }
/// The largest argument: all floats have a sine.
template <typename T>
constexpr double largestAngle = sizeof(T) == sizeof(float)
                                    ? std::numeric_limits<float>::max()
                                    : 3e9;
TYPED_TEST(Math, Sin) {
  const double most = largestAngle<TypeParam>;
  NTK_COMPARE(sin, -most, most, 3, most);
}
TYPED_TEST(Math, Cos) {
  const double most = largestAngle<TypeParam>;
  NTK_COMPARE(cos, -most, most, 3, most);
}
TYPED_TEST(Math, Sigmoid) {
  compare<TypeParam>([](TypeParam x) { return ntk::rt::sigmoid(x); },
                     [](long double x) { return 1 / (1 + std::exp(-x)); }, -760,
                     760, 4);
}

} // namespace
