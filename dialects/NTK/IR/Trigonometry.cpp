// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table's trigonometric and hyperbolic functions and their inverses, of the
// primitives that loops are made of. No formula cancels, or overflows before
// the function does, in value or derivative.

#include "dialects/NTK/IR/UnaryOps.h"

using namespace mlir;
using namespace mlir::ntk;

namespace {
using Constants = ArrayRef<double>;
constexpr double ln2 = 0.69314718055994531;
/// From here on x² + 1 is x², in f64 too.
constexpr double large = 1e9;

/// With the sign of x.
Scalar copySign(Scalar size, Scalar x) { return (-x).ifPositive(-size, size); }

/// e²/2 where e² may overflow: products of three are reordered, not those with
/// a maximum.
Scalar halfSquare(Scalar e) { return (0.5 * e).max(0) * e; }

/// |x| where it is at most 1, else 1/|x|; and which it is.
struct Folded {
  explicit Folded(Tensor x)
      : isLarge(x.abs() > 1),
        size(isLarge.select(x.abs().reciprocal(), x.abs())) {}
  Tensor isLarge, size;
};

/// 1/√((1 − x) (1 + x)).
Tensor getArcDerivative(Tensor x) { return ((-x + 1) * (x + 1)).rsqrt(); }

/// x (and a little more) of the logarithm of 1 + x, or log |x| + ln 2 where
/// |x| is large.
Scalar logOf(Scalar size, Scalar small) {
  return (size + -large).ifPositive(size.log() + ln2, small.log1p());
}
} // namespace

//===----------------------------------------------------------------------===//
// Trigonometric functions
//===----------------------------------------------------------------------===//

NTK_UNARY_FUNCTION(SinOp,
                   {[](const Dual &x, Constants) { return sin(x); },
                    [](Scalar x, Constants) { return x.sin(); },
                    [](Tensor x, Tensor, Constants) { return x.cos(); }, 1})

NTK_UNARY_FUNCTION(CosOp,
                   {[](const Dual &x, Constants) { return cos(x); },
                    [](Scalar x, Constants) { return x.cos(); },
                    [](Tensor x, Tensor, Constants) { return -x.sin(); }, 1})

NTK_UNARY_FUNCTION(TanOp,
                   {[](const Dual &x, Constants) { return tan(x); },
                    [](Scalar x, Constants) { return x.sin() / x.cos(); },
                    [](Tensor, Tensor y, Constants) { return y.square() + 1; },
                    3})

NTK_UNARY_FUNCTION(AsinOp, {[](const Dual &x, Constants) { return asin(x); },
                            [](Scalar x, Constants) {
                              Scalar root = ((1.0 + -x) * (1.0 + x)).sqrt();
                              return 2.0 * (x / (1.0 + root)).atan();
                            },
                            [](Tensor x, Tensor, Constants) {
                              return getArcDerivative(x);
                            },
                            7})

NTK_UNARY_FUNCTION(AcosOp, {[](const Dual &x, Constants) { return acos(x); },
                            [](Scalar x, Constants) {
                              Scalar ratio = (1.0 + -x) / (1.0 + x);
                              return 2.0 * ratio.sqrt().atan();
                            },
                            [](Tensor x, Tensor, Constants) {
                              return -getArcDerivative(x);
                            },
                            6})

// Of a large x, x⁻²/(1 + x⁻²): x² may overflow.
NTK_UNARY_FUNCTION(AtanOp, {[](const Dual &x, Constants) { return atan(x); },
                            [](Scalar x, Constants) { return x.atan(); },
                            [](Tensor x, Tensor, Constants) {
                              Folded folded(x);
                              Tensor square = folded.size.square();
                              Tensor small = (square + 1).reciprocal();
                              return folded.isLarge.select(square * small,
                                                           small);
                            },
                            1})

//===----------------------------------------------------------------------===//
// Hyperbolic functions
//===----------------------------------------------------------------------===//

// By e = exp(|x|/2), whose square may overflow where half of it does not.
NTK_UNARY_FUNCTION(SinhOp,
                   {[](const Dual &x, Constants) { return sinh(x); },
                    [](Scalar x, Constants) {
                      Scalar size = x.abs(), m = size.expm1(),
                             e = (0.5 * size).exp();
                      Scalar small = 0.5 * (m + m / (1.0 + m));
                      Scalar large = halfSquare(e) - 0.5 / e / e;
                      return copySign((size + -1).ifPositive(large, small), x);
                    },
                    [](Tensor x, Tensor, Constants) { return x.cosh(); }, 11})

NTK_UNARY_FUNCTION(CoshOp,
                   {[](const Dual &x, Constants) { return cosh(x); },
                    [](Scalar x, Constants) {
                      Scalar e = (0.5 * x.abs()).exp();
                      return halfSquare(e) + 0.5 / e / e;
                    },
                    [](Tensor x, Tensor, Constants) { return x.sinh(); }, 7})

//===----------------------------------------------------------------------===//
// Inverse hyperbolic functions
//===----------------------------------------------------------------------===//

// log(|x| + √(x² + 1)) as log1p(|x| + |x| · |x|/(1 + √(x² + 1))); the
// derivative of a large x is |x|⁻¹/√(x⁻² + 1).
NTK_UNARY_FUNCTION(AsinhOp,
                   {[](const Dual &x, Constants) { return asinh(x); },
                    [](Scalar x, Constants) {
                      Scalar size = x.abs(), root = (size * size + 1).sqrt();
                      return copySign(
                          logOf(size, size + size * (size / (1.0 + root))), x);
                    },
                    [](Tensor x, Tensor, Constants) {
                      Folded folded(x);
                      Tensor small = (folded.size.square() + 1).rsqrt();
                      return folded.isLarge.select(folded.size * small, small);
                    },
                    8})

// log(x + √(x² − 1)) in d = x − 1.
NTK_UNARY_FUNCTION(AcoshOp, {[](const Dual &x, Constants) { return acosh(x); },
                             [](Scalar x, Constants) {
                               Scalar d = x + -1;
                               return logOf(x, d + (d * (x + 1)).sqrt());
                             },
                             [](Tensor x, Tensor, Constants) {
                               Tensor size = x.abs();
                               return (size + -1).rsqrt() * (size + 1).rsqrt();
                             },
                             6})

// ½ log((1 + x)/(1 − x)).
NTK_UNARY_FUNCTION(AtanhOp, {[](const Dual &x, Constants) { return atanh(x); },
                             [](Scalar x, Constants) {
                               Scalar size = x.abs();
                               Scalar ratio = 2.0 * size / (1.0 + -size);
                               return copySign(0.5 * ratio.log1p(), x);
                             },
                             [](Tensor x, Tensor, Constants) {
                               return (-x + 1).reciprocal() *
                                      (x + 1).reciprocal();
                             },
                             6})
