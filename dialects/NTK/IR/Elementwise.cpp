// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table of elementwise functions of one variable: value on dual numbers,
// lowering, derivative, FLOPs. Formulas of two branches take the branch of
// x > 0; what they do elsewhere, kinks included, is in the description of the
// op. Composite functions are written so that they neither overflow nor lose
// digits in f32.

#include "dialects/NTK/IR/UnaryOps.h"
#include <limits>

using namespace mlir;
using namespace mlir::ntk;

namespace {
using Constants = ArrayRef<double>;
constexpr double inverseSqrt2 = 0.70710678118654752;
constexpr double inverseSqrt2Pi = 0.39894228040143268; // 1/√(2π)
constexpr double sqrt2OverPi = 0.79788456080286536;    // √(2/π)
constexpr double twoOverSqrtPi = 1.1283791670955126;   // 2/√π
constexpr double geluCubic = 0.044715;
/// Beyond, its sigmoid is 0 or 1 in f64 too.
constexpr double geluTanhEnd = 40;

/// 1/(1 + exp −x) without an overflow on either side.
Dual evaluateSigmoid(const Dual &x) {
  if (x.value > 0)
    return Dual(1) / (Dual(1) + exp(-x));
  Dual e = exp(x);
  return e / (Dual(1) + e);
}

/// Where low < x < high, or low ≤ x ≤ high; null if that is everywhere.
Tensor isBetween(Tensor x, double low, double high, bool withBounds) {
  bool isBelow = high != std::numeric_limits<double>::infinity();
  bool isAbove = low != -std::numeric_limits<double>::infinity();
  if (!isBelow && !isAbove)
    return x.one();
  Tensor above = withBounds ? x >= low : x > low;
  if (!isBelow)
    return above;
  Tensor below = withBounds ? x <= high : x < high;
  return isAbove ? below.select(above, below.constant(0)) : below;
}

/// 1 between the bounds, `onBounds` on them.
Tensor getClipDerivative(Tensor x, double low, double high, double onBounds) {
  Tensor between = isBetween(x, low, high, /*withBounds=*/onBounds == 1);
  if (!Value(between) || onBounds == 0 || onBounds == 1)
    return between;
  Tensor within = isBetween(x, low, high, /*withBounds=*/true);
  return between.select(x.constant(1),
                        within.select(x.constant(onBounds), x.constant(0)));
}

/// What derivatives of the sigmoid's family are made of, q = exp −|x| and
/// 1/(1 + q): of y they would lose digits where it is near a bound.
struct Decay {
  explicit Decay(Tensor x)
      : x(x), q((-x.abs()).exp()), share((q + 1).reciprocal()) {}

  Tensor sigmoid() const { return (x > 0).select(share, q * share); }
  /// σ(x) σ(−x), the derivative of the sigmoid.
  Tensor slope() const { return q * share.square(); }

  Tensor x, q, share;
};

/// √(2/π) (x + 0.044715 x³), the argument of the tanh in GELU's approximation.
template <typename T> T getGeluTanhArgument(T x) {
  return sqrt2OverPi * (x + geluCubic * (x * x * x));
}
} // namespace

//===----------------------------------------------------------------------===//
// Piecewise linear and exponential units
//===----------------------------------------------------------------------===//

NTK_UNARY_FUNCTION(
    ReluOp, {/*evaluate=*/[](const Dual &x, Constants) {
               return x.value <= 0 ? Dual(0) : x;
             },
             /*lower=*/[](Scalar x, Constants) { return x.max(0); },
             /*derivative=*/[](Tensor x, Tensor, Constants) { return x > 0; },
             /*flops=*/1})

NTK_UNARY_FUNCTION(LeakyReluOp, {[](const Dual &x, Constants alpha) {
                                   return x.value > 0 ? x : Dual(alpha[0]) * x;
                                 },
                                 [](Scalar x, Constants alpha) {
                                   return x.ifPositive(x, alpha[0] * x);
                                 },
                                 [](Tensor x, Tensor, Constants alpha) {
                                   return (x > 0).select(x.constant(1),
                                                         x.constant(alpha[0]));
                                 },
                                 2})

NTK_UNARY_FUNCTION(EluOp, {[](const Dual &x, Constants alpha) {
                             return x.value > 0 ? x : Dual(alpha[0]) * expm1(x);
                           },
                           [](Scalar x, Constants alpha) {
                             return x.ifPositive(x, alpha[0] * x.expm1());
                           },
                           [](Tensor x, Tensor, Constants alpha) {
                             return (x > 0).select(x.constant(1),
                                                   alpha[0] * x.exp());
                           },
                           3})

// Constants are sorted by name: high, low, on_bounds.
NTK_UNARY_FUNCTION(ClipOp,
                   {[](const Dual &x, Constants constants) {
                      double high = constants[0], low = constants[1];
                      if (x.value < low)
                        return Dual(std::min(low, high));
                      if (x.value > high)
                        return Dual(high);
                      bool isOnBound = x.value == low || x.value == high;
                      return isOnBound ? chain(x, x.value, constants[2]) : x;
                    },
                    [](Scalar x, Constants constants) {
                      return x.max(constants[1]).min(constants[0]);
                    },
                    [](Tensor x, Tensor, Constants constants) {
                      return getClipDerivative(x, constants[1], constants[0],
                                               constants[2]);
                    },
                    2})

NTK_UNARY_FUNCTION(AbsOp, {[](const Dual &x, Constants) { return abs(x); },
                           [](Scalar x, Constants) { return x.abs(); },
                           [](Tensor x, Tensor, Constants) {
                             Tensor negative =
                                 (x < 0).select(x.constant(-1), x.constant(0));
                             return (x > 0).select(x.constant(1), negative);
                           },
                           1})

//===----------------------------------------------------------------------===//
// Smooth units
//===----------------------------------------------------------------------===//

NTK_UNARY_FUNCTION(TanhOp, {[](const Dual &x, Constants) { return tanh(x); },
                            [](Scalar x, Constants) { return x.tanh(); },
                            [](Tensor x, Tensor, Constants) {
                              return 4 * Decay(2 * x).slope();
                            },
                            1})

NTK_UNARY_FUNCTION(
    SigmoidOp,
    {[](const Dual &x, Constants) { return evaluateSigmoid(x); },
     [](Scalar x, Constants) {
       Scalar q = (-x.abs()).exp(), share = 1.0 / (1.0 + q);
       return x.ifPositive(share, q * share);
     },
     [](Tensor x, Tensor, Constants) { return Decay(x).slope(); }, 5})

NTK_UNARY_FUNCTION(SiluOp, {[](const Dual &x, Constants) {
                              return x * evaluateSigmoid(x);
                            },
                            [](Scalar x, Constants) {
                              Scalar q = (-x.abs()).exp(),
                                     share = x / (1.0 + q);
                              return x.ifPositive(share, q * share);
                            },
                            [](Tensor x, Tensor, Constants) {
                              Decay decay(x);
                              return decay.sigmoid() + x * decay.slope();
                            },
                            5})

NTK_UNARY_FUNCTION(SoftplusOp,
                   {[](const Dual &x, Constants) {
                      return x.value > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
                    },
                    [](Scalar x, Constants) {
                      return x.max(0) + (-x.abs()).exp().log1p();
                    },
                    [](Tensor x, Tensor, Constants) { return x.sigmoid(); }, 6})

NTK_UNARY_FUNCTION(GeluOp, {[](const Dual &x, Constants) {
                              return Dual(0.5) * x *
                                     (Dual(1) + erf(x * Dual(inverseSqrt2)));
                            },
                            [](Scalar x, Constants) {
                              return 0.5 * x * (1.0 + (inverseSqrt2 * x).erf());
                            },
                            [](Tensor x, Tensor, Constants) {
                              Tensor distribution =
                                  0.5 * ((inverseSqrt2 * x).erf() + 1);
                              Tensor density =
                                  inverseSqrt2Pi * (-0.5 * x.square()).exp();
                              return distribution + x * density;
                            },
                            5})

// (1 + tanh u)/2 is the sigmoid of 2u. Far out its slope is 0, and u infinite.
NTK_UNARY_FUNCTION(GeluTanhOp,
                   {[](const Dual &x, Constants) {
                      if (std::abs(x.value) > geluTanhEnd)
                        return x.value > 0 ? x : chain(x, -0.0, 0);
                      Dual cubic = x + Dual(geluCubic) * x * x * x;
                      return x * evaluateSigmoid(Dual(2 * sqrt2OverPi) * cubic);
                    },
                    [](Scalar x, Constants) {
                      return x / (1.0 + (-2.0 * getGeluTanhArgument(x)).exp());
                    },
                    [](Tensor x, Tensor, Constants) {
                      Decay decay(2 * getGeluTanhArgument(x));
                      Tensor slope =
                          (6 * geluCubic * sqrt2OverPi) * x.square() +
                          2 * sqrt2OverPi;
                      Tensor grows = x * (decay.slope() * slope);
                      Tensor isNear = x.abs() < geluTanhEnd;
                      return decay.sigmoid() +
                             isNear.select(grows, x.constant(0));
                    },
                    9})

// With q = exp −|x| the tanh is n/d: of x > 0 (1 + 2q)/(1 + 2q + 2q²), else
// (q² + 2q)/(q² + 2q + 2).
NTK_UNARY_FUNCTION(MishOp,
                   {[](const Dual &x, Constants) {
                      return x * tanh(x.value > 0 ? x + log1p(exp(-x))
                                                  : log1p(exp(x)));
                    },
                    [](Scalar x, Constants) {
                      Scalar q = (-x.abs()).exp(), square = q * q;
                      Scalar above = 1.0 + 2.0 * q, below = square + 2.0 * q;
                      return x * x.ifPositive(above / (above + 2.0 * square),
                                              below / (below + 2.0));
                    },
                    [](Tensor x, Tensor, Constants) {
                      Tensor q = (-x.abs()).exp(), square = q.square();
                      Tensor isAbove = x > 0, rest = 4 * ((q + 1) * q);
                      Tensor above = 2 * q + 1, below = square + 2 * q;
                      Tensor n = isAbove.select(above, below);
                      Tensor d = isAbove.select(2 * square, x.constant(2)) + n;
                      Tensor share = d.reciprocal();
                      rest = isAbove.select(q * rest, rest);
                      return n * share + x * (rest * share.square());
                    },
                    12})

NTK_UNARY_FUNCTION(SoftsignOp,
                   {[](const Dual &x, Constants) {
                      return x / (Dual(1) + abs(x));
                    },
                    [](Scalar x, Constants) { return x / (1.0 + x.abs()); },
                    [](Tensor x, Tensor, Constants) {
                      return (x.abs() + 1).reciprocal().square();
                    },
                    3})

//===----------------------------------------------------------------------===//
// Exponentials, logarithms, powers
//===----------------------------------------------------------------------===//

NTK_UNARY_FUNCTION(ExpOp, {[](const Dual &x, Constants) { return exp(x); },
                           [](Scalar x, Constants) { return x.exp(); },
                           [](Tensor, Tensor y, Constants) { return y; }, 1})

NTK_UNARY_FUNCTION(LogOp,
                   {[](const Dual &x, Constants) { return log(x); },
                    [](Scalar x, Constants) { return x.log(); },
                    [](Tensor x, Tensor, Constants) { return x.reciprocal(); },
                    1})

NTK_UNARY_FUNCTION(Log1pOp, {[](const Dual &x, Constants) { return log1p(x); },
                             [](Scalar x, Constants) { return x.log1p(); },
                             [](Tensor x, Tensor, Constants) {
                               return (x + 1).reciprocal();
                             },
                             1})

NTK_UNARY_FUNCTION(Expm1Op,
                   {[](const Dual &x, Constants) { return expm1(x); },
                    [](Scalar x, Constants) { return x.expm1(); },
                    [](Tensor x, Tensor, Constants) { return x.exp(); }, 1})

NTK_UNARY_FUNCTION(ErfOp, {[](const Dual &x, Constants) { return erf(x); },
                           [](Scalar x, Constants) { return x.erf(); },
                           [](Tensor x, Tensor, Constants) {
                             return twoOverSqrtPi * (-x.square()).exp();
                           },
                           1})

NTK_UNARY_FUNCTION(SqrtOp, {[](const Dual &x, Constants) { return sqrt(x); },
                            [](Scalar x, Constants) { return x.sqrt(); },
                            [](Tensor, Tensor y, Constants) {
                              return 0.5 * y.reciprocal();
                            },
                            1})

NTK_UNARY_FUNCTION(
    RsqrtOp,
    {[](const Dual &x, Constants) { return Dual(1) / sqrt(x); },
     [](Scalar x, Constants) { return 1.0 / x.sqrt(); },
     [](Tensor, Tensor y, Constants) { return -0.5 * (y * y.square()); }, 2})

NTK_UNARY_FUNCTION(ReciprocalOp,
                   {[](const Dual &x, Constants) { return Dual(1) / x; },
                    [](Scalar x, Constants) { return 1.0 / x; },
                    [](Tensor, Tensor y, Constants) { return -y.square(); }, 1})

NTK_UNARY_FUNCTION(SquareOp,
                   {[](const Dual &x, Constants) { return x * x; },
                    [](Scalar x, Constants) { return x * x; },
                    [](Tensor x, Tensor, Constants) { return 2 * x; }, 1})

NTK_UNARY_FUNCTION(PowOp,
                   {[](const Dual &x, Constants p) { return pow(x, p[0]); },
                    [](Scalar x, Constants p) { return x.pow(p[0]); },
                    [](Tensor x, Tensor, Constants p) {
                      return p[0] == 0 ? x.constant(0) : p[0] * x.pow(p[0] - 1);
                    },
                    1})

//===----------------------------------------------------------------------===//
// Linear functions
//===----------------------------------------------------------------------===//

NTK_UNARY_FUNCTION(NegOp, {[](const Dual &x, Constants) { return -x; },
                           [](Scalar x, Constants) { return -x; },
                           /*derivative=*/nullptr, 1, /*linear=*/true})

NTK_UNARY_FUNCTION(ScaleOp,
                   {[](const Dual &x, Constants factor) {
                      return Dual(factor[0]) * x;
                    },
                    [](Scalar x, Constants factor) { return factor[0] * x; },
                    /*derivative=*/nullptr, 1, /*linear=*/true})

NTK_UNARY_FUNCTION(ShiftOp,
                   {[](const Dual &x, Constants offset) {
                      return x + Dual(offset[0]);
                    },
                    [](Scalar x, Constants offset) { return x + offset[0]; },
                    [](Tensor x, Tensor, Constants) { return x.one(); }, 1})
