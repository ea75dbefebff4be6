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
  return between.select(
      x.constant(1), within.select(x.constant(onBounds), x.constant(0)));
}

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

NTK_UNARY_FUNCTION(TanhOp,
                   {[](const Dual &x, Constants) { return tanh(x); },
                    [](Scalar x, Constants) { return x.tanh(); },
                    [](Tensor, Tensor y, Constants) { return -y.square() + 1; },
                    1})

NTK_UNARY_FUNCTION(
    SigmoidOp, {[](const Dual &x, Constants) { return evaluateSigmoid(x); },
                [](Scalar x, Constants) { return 1.0 / (1.0 + (-x).exp()); },
                [](Tensor, Tensor y, Constants) { return y * (-y + 1); }, 4})

NTK_UNARY_FUNCTION(SiluOp,
                   {[](const Dual &x, Constants) {
                      return x * evaluateSigmoid(x);
                    },
                    [](Scalar x, Constants) { return x / (1.0 + (-x).exp()); },
                    [](Tensor x, Tensor y, Constants) {
                      Tensor sigmoid = x.sigmoid();
                      return sigmoid + y * (-sigmoid + 1);
                    },
                    4})

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

NTK_UNARY_FUNCTION(
    GeluTanhOp,
    {[](const Dual &x, Constants) {
       Dual cubic = x + Dual(geluCubic) * x * x * x;
       return Dual(0.5) * x * (Dual(1) + tanh(Dual(sqrt2OverPi) * cubic));
     },
     [](Scalar x, Constants) {
       return 0.5 * x * (1.0 + getGeluTanhArgument(x).tanh());
     },
     [](Tensor x, Tensor, Constants) {
       Tensor t = getGeluTanhArgument(x).tanh();
       Tensor slope = (3 * geluCubic * sqrt2OverPi) * x.square() + sqrt2OverPi;
       return 0.5 * (t + 1) + 0.5 * (x * (-t.square() + 1) * slope);
     },
     9})

//===----------------------------------------------------------------------===//
// Functions of analysis
//===----------------------------------------------------------------------===//

NTK_UNARY_FUNCTION(SinOp,
                   {[](const Dual &x, Constants) { return sin(x); },
                    [](Scalar x, Constants) { return x.sin(); },
                    [](Tensor x, Tensor, Constants) { return x.cos(); }, 1})

NTK_UNARY_FUNCTION(CosOp,
                   {[](const Dual &x, Constants) { return cos(x); },
                    [](Scalar x, Constants) { return x.cos(); },
                    [](Tensor x, Tensor, Constants) { return -x.sin(); }, 1})

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
