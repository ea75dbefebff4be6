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
//   exp 2    expm1, log, log1p, erf, sin, cos, atan 3    tanh, sigmoid 4
//
// Infinities, NaN, zeros and denormal numbers give what the C library gives,
// with one exception: sin and cos of an f64 beyond ±3·10⁹ are NaN, as their
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

/// (atan t - t)/t³ for |t| <= √2 - 1, as a polynomial of t². Chebyshev fits.
NTK_RT_DEVICE inline float atanNear(float z) {
  return polynomial(z, -0.3333333176116851985, 0.1999954048364896344,
                    -0.142639555979846392, 0.1074373149079108304,
                    -0.06451928208121748758);
}
NTK_RT_DEVICE inline double atanNear(double z) {
  return polynomial(
      z, -0.3333333333333333322, 0.1999999999999980453, -0.1428571428565982761,
      0.1111111110515544657, -0.09090908753500876844, 0.07692296375032142399,
      -0.06666424885738255333, 0.05878928997834775133, -0.05230454270650244518,
      0.04551593220626549169, -0.03457056198142774688, 0.01628575685522102829);
}

/// A quarter of a circle, and for f64 what is behind its digits.
inline constexpr double halfPi = 1.57079632679489661923;
template <typename T> constexpr T halfPiLow = T(-4.37113900018624e-8);
template <> inline constexpr double halfPiLow<double> = 6.12323399573676589e-17;

/// x = n·π/2 + r, 0 <= x: returns r. π/2 in four parts, of which n times the
/// first three are exact, for n below 2³¹.
NTK_RT_DEVICE inline double reduceQuarters(double x, double &n) {
  n = std::floor(x * 0.63661977236758134308 + 0.5);
  return (((x - n * 1.570796012878418) - n * 3.139164164167596e-07) -
          n * 6.223371969669989e-14) -
         n * 2.0222662487959506e-21;
}

/// The constant of the window of x: 2/π without the digits that only add
/// multiples of 4 to the product with x.
NTK_RT_DEVICE inline double ofWindow(double x, double c0, double c1, double c2,
                                     double c3, double c4) {
  double c = x >= 0x1p49 ? c1 : c0;
  c = x >= 0x1p73 ? c2 : c;
  c = x >= 0x1p97 ? c3 : c;
  return x >= 0x1p121 ? c4 : c;
}

/// The same for an x that is a float, of any size, but for multiples of 4 in n:
/// from the largest part of the product with 2/π on, each of which is exact,
/// whole numbers are taken off.
NTK_RT_DEVICE inline double reduceFloatQuarters(double x, double &n) {
  constexpr double part0 = 0x1.45f306p-1, part1 = 0x1.b93910p-26,
                   part2 = 0x1.529fc0p-52, part3 = 0x1.3abe88p-75,
                   part4 = 0x1.ea69bap-97, part5 = 0x1.81b6c4p-121,
                   part6 = 0x1.2b3278p-145;
  double f = x * ofWindow(x, part0, part1, part2, part3, part4);
  f = f - std::floor(f * 0.25) * 4 +
      x * ofWindow(x, part1, part2, part3, part4, part5);
  const double first = std::floor(f + 0.5);
  f = f - first + x * ofWindow(x, part2, part3, part4, part5, part6);
  const double second = std::floor(f + 0.5);
  n = first + second;
  return (f - second +
          x * ofWindow(x, 0x1.3abe8fa9a6ee0p-75, 0x1.ea69bb81b6c53p-97,
                       0x1.81b6c52b32788p-121, 0x1.2b32788720840p-145,
                       0x1.0e4107f9458ebp-170)) *
         halfPi;
}

/// (sin r - r)/r³ and (cos r - 1 + r²/2)/r⁴ as polynomials of r², by Taylor,
/// to the digits of a float or of a double.
NTK_RT_DEVICE inline double sineSeries(float, double z) {
  return polynomial(z, -1. / 6, 1. / 120, -1. / 5040, 1. / 362880);
}
NTK_RT_DEVICE inline double sineSeries(double, double z) {
  return polynomial(z, -1. / 6, 1. / 120, -1. / 5040, 1. / 362880,
                    -1. / 39916800, 1. / 6227020800., -1. / 1307674368000.,
                    1. / 355687428096000.);
}
NTK_RT_DEVICE inline double cosineSeries(float, double z) {
  return polynomial(z, 1. / 24, -1. / 720, 1. / 40320, -1. / 3628800);
}
NTK_RT_DEVICE inline double cosineSeries(double, double z) {
  return polynomial(z, 1. / 24, -1. / 720, 1. / 40320, -1. / 3628800,
                    1. / 479001600, -1. / 87178291200., 1. / 20922789888000.);
}

/// sin(|x| + quarter·π/2), computed in f64 for both types.
template <typename T>
NTK_RT_DEVICE inline double sinQuarter(T x, int32_t quarter) {
  constexpr bool isFloat = sizeof(T) == sizeof(float);
  constexpr double largest = 3e9; // of f64
  constexpr double limit = 2e9;   // of n
  const double a = std::fabs(static_cast<double>(x));
  double n;
  const double r = isFloat ? reduceFloatQuarters(a, n) : reduceQuarters(a, n);
  const int32_t q = wholeNumber(clamp(n, -limit, limit)) + quarter;
  const double z = r * r;
  const double sine = r + r * z * sineSeries(T(), z);
  const double cosine = 1 - 0.5 * z + z * z * cosineSeries(T(), z);
  const double value = (q & 1) ? cosine : sine;
  return isFloat || a <= largest ? ((q & 2) ? -value : value)
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

/// The arc tangent.
template <typename T> NTK_RT_DEVICE inline T atan(T x) {
  // Of 1/x and (x - 1)/(x + 1), where x is large or of middling size.
  constexpr T rootLess = T(0.41421356237309504880);
  const T a = std::fabs(x);
  const bool isFar = a > rootLess + T(2), isMiddle = a > rootLess;
  const T over = isFar ? T(-1) : isMiddle ? a - T(1) : a;
  const T under = isFar ? a : isMiddle ? a + T(1) : T(1);
  const T t = over / under, z = t * t;
  const T parts = isFar ? T(1) : isMiddle ? T(0.5) : T(0);
  const T value =
      parts * static_cast<T>(detail::halfPi) +
      (t + (t * (z * detail::atanNear(z)) + parts * detail::halfPiLow<T>));
  return std::copysign(value, x);
}

/// Sine and cosine; of f64 NaN beyond ±3·10⁹.
template <typename T> NTK_RT_DEVICE inline T sin(T x) {
  const T value = static_cast<T>(detail::sinQuarter(x, 0));
  return x == T(0) ? x : x < T(0) ? -value : value; // keeps -0
}
template <typename T> NTK_RT_DEVICE inline T cos(T x) {
  return static_cast<T>(detail::sinQuarter(x, 1));
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_MATH_H
