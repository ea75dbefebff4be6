// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementary functions that a compiler can vectorise: no branches, no tables,
// no calls but floor. Each reduces its argument to a short interval and
// evaluates a polynomial there. A loop over any of them becomes vector code
// with -O3, a target that has SSE4.1 (-march=native) and, for g++,
// -fno-trapping-math: then it is mostly 3 to 25 times faster than the C
// library's scalar calls. Don't use -ffast-math: it breaks the reductions, Inf
// and NaN.
//
// Largest errors, in units in the last place, against the C library in long
// double (MathTest.cpp checks them):
//
//   exp 2    expm1, log, log1p, erf, sin, cos 3    tanh, sigmoid 4
//
// Infinities, NaN, zeros and denormal numbers give what the C library gives,
// with one exception: sin and cos of arguments beyond ±10⁶ are NaN, as their
// reduction would lose digits.

#ifndef NTK_RT_MATH_H
#define NTK_RT_MATH_H

#include "ntk-rt/Device.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace ntk {
namespace rt {

// Variables, as code for a GPU cannot call the functions of the limits.
template <typename T> constexpr T infinity = std::numeric_limits<T>::infinity();
template <typename T>
constexpr T notANumber = std::numeric_limits<T>::quiet_NaN();

namespace detail {

template <typename T>
constexpr T smallestNormal = std::numeric_limits<T>::min();

/// c0 + x·(c1 + x·(c2 + …)).
template <typename T> NTK_RT_DEVICE inline T polynomial(T, double c0) {
  return static_cast<T>(c0);
}
template <typename T, typename... Rest>
NTK_RT_DEVICE inline T polynomial(T x, double c0, Rest... rest) {
  return static_cast<T>(c0) + x * polynomial(x, rest...);
}

/// What is known of a floating-point type.
template <typename T> struct Float;
template <> struct Float<float> {
  using Bits = int32_t;
  using Unsigned = uint32_t;
  static constexpr int mantissa = 23, bias = 127;
  static constexpr Unsigned halfRoot = 0x3f3504f3; // √½
  static constexpr float ln2High = 0.69287109375f;
  static constexpr float ln2Low = 2.76086809945e-4f;
  static constexpr float expLow = -104, expHigh = 89; // 0 and ∞ beyond
  static constexpr float erfOne = 4;                  // erf is 1 beyond
};
template <> struct Float<double> {
  using Bits = int64_t;
  using Unsigned = uint64_t;
  static constexpr int mantissa = 52, bias = 1023;
  static constexpr Unsigned halfRoot = 0x3fe6a09e667f3bcd;
  static constexpr double ln2High = 0.6931471804855391383;
  static constexpr double ln2Low = 7.4406171100123967161e-11;
  static constexpr double expLow = -746, expHigh = 710;
  static constexpr double erfOne = 6;
};

template <typename T> NTK_RT_DEVICE inline typename Float<T>::Bits toBits(T x) {
  typename Float<T>::Bits bits;
  std::memcpy(&bits, &x, sizeof(x));
  return bits;
}
template <typename T>
NTK_RT_DEVICE inline T fromBits(typename Float<T>::Bits bits) {
  T x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

/// x, but at most `high` and at least `low`; NaN stays.
template <typename T> NTK_RT_DEVICE inline T clamp(T x, T low, T high) {
  x = x > high ? high : x;
  return x < low ? low : x;
}

/// The integer a whole number x is; 0 for NaN.
template <typename T> NTK_RT_DEVICE inline int32_t wholeNumber(T x) {
  return static_cast<int32_t>(x == x ? x : T(0));
}

/// 2ⁿ, for n where that is a normal number.
template <typename T> NTK_RT_DEVICE inline T powerOfTwo(int32_t n) {
  return fromBits<T>(static_cast<typename Float<T>::Bits>(n + Float<T>::bias)
                     << Float<T>::mantissa);
}

/// exp(r) - 1 for |r| <= ½ ln 2, by its Taylor series.
NTK_RT_DEVICE inline float expSeries(float r) {
  return r + r * r *
                 polynomial(r, 1. / 2, 1. / 6, 1. / 24, 1. / 120, 1. / 720,
                            1. / 5040);
}
NTK_RT_DEVICE inline double expSeries(double r) {
  return r + r * r *
                 polynomial(r, 1. / 2, 1. / 6, 1. / 24, 1. / 120, 1. / 720,
                            1. / 5040, 1. / 40320, 1. / 362880, 1. / 3628800,
                            1. / 39916800, 1. / 479001600, 1. / 6227020800);
}

/// x = n·ln 2 + r; returns r.
template <typename T> NTK_RT_DEVICE inline T reduceExp(T x, T &n) {
  n = std::floor(x * T(1.44269504088896340736) + T(0.5));
  return (x - n * Float<T>::ln2High) - n * Float<T>::ln2Low;
}

/// (atanh(s) - s)·2/s³ as a polynomial of s², for |s| <= 3 - 2√2.
NTK_RT_DEVICE inline float atanhSeries(float z) {
  return polynomial(z, 2. / 3, 2. / 5, 2. / 7, 2. / 9);
}
NTK_RT_DEVICE inline double atanhSeries(double z) {
  return polynomial(z, 2. / 3, 2. / 5, 2. / 7, 2. / 9, 2. / 11, 2. / 13,
                    2. / 15, 2. / 17, 2. / 19, 2. / 21);
}

/// erf(x)/x for |x| <= 1, as a polynomial of x²; and erfc(x)·exp(x²) for x >= 1
/// as one of (x - 2)/(x + 2). Chebyshev fits.
NTK_RT_DEVICE inline float erfNear(float z) {
  return polynomial(z, 1.128379165848350946, -0.3761262666672033102,
                    0.1128359471516021773, -0.02685421201062641244,
                    0.005189087423433973986, -0.0008016864287165869529,
                    0.00007875875062685488341);
}
NTK_RT_DEVICE inline double erfNear(double z) {
  return polynomial(z, 1.128379167095512567, -0.3761263890318354044,
                    0.1128379167094500627, -0.02686617064323777036,
                    0.005223977607116422732, -0.0008548325975389692081,
                    0.0001205529490483970792, -0.00001492473690741966034,
                    1.644742470331736241e-6, -1.62084838018717059e-7,
                    1.37200645467776856e-8, -7.795898827002142242e-10);
}
NTK_RT_DEVICE inline float erfcFar(float t) {
  return polynomial(t, 0.2553956763105057439, -0.427185848311650024,
                    0.2416581941128570195, -0.07897847314706918658,
                    0.003732908027349174569, 0.006993954025083926823,
                    -0.0008476555786712168505, -0.0009395269021825955996,
                    0.00004987674193344444433);
}
NTK_RT_DEVICE inline double erfcFar(double t) {
  return polynomial(t, 0.2553956763105057438, -0.4271858474139583965,
                    0.2416581942424664639, -0.07897858101573212542,
                    0.003732892404327763925, 0.006997461739200443767,
                    -0.0008471432509203844009, -0.0009819770265678889227,
                    0.00004355560219515472207, 0.0001743611654539226372,
                    0.0000275254803612060667, -0.00002757986467430578585,
                    -0.00001396807230177146069, 1.392621183618802935e-6,
                    3.789215643758463971e-6, 1.178077521562558259e-6,
                    -5.322696855655786338e-7, -4.215301054238320988e-7);
}

/// sin(x + quarter·π/2), computed in f64 for both types.
NTK_RT_DEVICE inline double sinQuarter(double x, int32_t quarter) {
  // π/2 in three parts, of which n times the first two are exact.
  constexpr double high = 1.57079632673412561417,
                   middle = 6.07710050630396597660e-11,
                   low = 2.02226624879595073240e-21;
  constexpr double limit = 1e6;
  double n = std::floor(x * 0.63661977236758134308 + 0.5);
  const double r = ((x - n * high) - n * middle) - n * low;
  const int32_t q = wholeNumber(clamp(n, -limit, limit)) + quarter;
  const double z = r * r;
  const double sine =
      r + r * z *
              polynomial(z, -1. / 6, 1. / 120, -1. / 5040, 1. / 362880,
                         -1. / 39916800, 1. / 6227020800., -1. / 1307674368000.,
                         1. / 355687428096000.);
  const double cosine =
      1 - 0.5 * z +
      z * z *
          polynomial(z, 1. / 24, -1. / 720, 1. / 40320, -1. / 3628800,
                     1. / 479001600, -1. / 87178291200., 1. / 20922789888000.);
  const double value = (q & 1) ? cosine : sine;
  return std::fabs(x) <= limit ? ((q & 2) ? -value : value)
                               : notANumber<double>;
}

} // namespace detail

/// eˣ.
template <typename T> NTK_RT_DEVICE inline T exp(T x) {
  T n;
  x = detail::clamp(x, detail::Float<T>::expLow, detail::Float<T>::expHigh);
  const T r = detail::reduceExp(x, n);
  const int32_t k = detail::wholeNumber(n), half = k >> 1;
  // In two steps, as 2ᵏ alone may be too large or too small.
  return (T(1) + detail::expSeries(r)) * detail::powerOfTwo<T>(half) *
         detail::powerOfTwo<T>(k - half);
}

/// eˣ - 1, exact to the last places near 0 too.
template <typename T> NTK_RT_DEVICE inline T expm1(T x) {
  T n;
  const T in = x;
  x = detail::clamp(x, T(-40), detail::Float<T>::expHigh);
  const T r = detail::reduceExp(x, n);
  const T half = detail::powerOfTwo<T>(detail::wholeNumber(n) - 1);
  const T value = T(2) * (half * detail::expSeries(r) + (half - T(0.5)));
  return in == T(0) ? in : value; // keeps -0
}

/// The natural logarithm.
template <typename T> NTK_RT_DEVICE inline T log(T x) {
  using F = detail::Float<T>;
  // x = 2ᵉ·m with m from √½ to √2; denormal numbers are made larger first.
  const bool tiny = x < detail::smallestNormal<T>;
  const auto bits = detail::toBits(tiny ? x * T(1 << 24) * T(1 << 30) : x);
  const auto exponent = static_cast<int32_t>(
      static_cast<typename F::Bits>(static_cast<typename F::Unsigned>(bits) -
                                    F::halfRoot) >>
      F::mantissa);
  const T m = detail::fromBits<T>(static_cast<typename F::Bits>(
      static_cast<typename F::Unsigned>(bits) -
      (static_cast<typename F::Unsigned>(exponent) << F::mantissa)));
  const T e = static_cast<T>(exponent - (tiny ? 54 : 0));
  // log m = 2·atanh(s) = f - s·(f - s²·(2/3 + …)) with f = m - 1, s = f/(f +
  // 2).
  const T f = m - T(1), s = f / (f + T(2)), z = s * s;
  const T tail = s * (f - z * detail::atanhSeries(z));
  T value = e * F::ln2High + (f - (tail - e * F::ln2Low));
  value = x == T(0) ? -infinity<T> : value;
  value = x < T(0) ? notANumber<T> : value;
  return x < infinity<T> ? value : x; // infinity and NaN stay
}

/// log(1 + x), exact to the last places near 0 too.
template <typename T> NTK_RT_DEVICE inline T log1p(T x) {
  const T u = T(1) + x;
  const T lost = (x - (u - T(1))) / u; // what rounding took from u
  const T value = log(u) + (u > T(0) ? lost : T(0));
  const bool plain = u < infinity<T> && x != T(0);
  return plain ? value : x; // zeros, infinity and NaN stay
}

/// The hyperbolic tangent.
template <typename T> NTK_RT_DEVICE inline T tanh(T x) {
  const T a = detail::clamp(std::fabs(x), T(0), T(22)); // 1 beyond
  const T e = expm1(T(2) * a);
  return std::copysign(e / (e + T(2)), x);
}

/// 1/(1 + e⁻ˣ).
template <typename T> NTK_RT_DEVICE inline T sigmoid(T x) {
  // From the side where the exponential does not overflow.
  const T e = exp(-std::fabs(x));
  return (x < T(0) ? e : T(1)) / (T(1) + e);
}

/// The error function.
template <typename T> NTK_RT_DEVICE inline T erf(T x) {
  const T a = detail::clamp(std::fabs(x), T(0), detail::Float<T>::erfOne);
  const T square = a * a;
  const T near = a * detail::erfNear(a < T(1) ? square : T(1));
  const T far = T(1) - exp(-square) * detail::erfcFar((a - T(2)) / (a + T(2)));
  return std::copysign(a < T(1) ? near : far, x);
}

/// Sine and cosine; NaN beyond ±10⁶.
NTK_RT_DEVICE inline float sin(float x) {
  return x == 0 ? x : static_cast<float>(detail::sinQuarter(x, 0)); // keeps -0
}
NTK_RT_DEVICE inline double sin(double x) {
  return x == 0 ? x : detail::sinQuarter(x, 0);
}
NTK_RT_DEVICE inline float cos(float x) {
  return static_cast<float>(detail::sinQuarter(x, 1));
}
NTK_RT_DEVICE inline double cos(double x) { return detail::sinQuarter(x, 1); }

} // namespace rt
} // namespace ntk

#endif // NTK_RT_MATH_H
