// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ops behind the operators and functions of formulas.

#include "dialects/NTK/IR/Formula.h"
#include "dialects/NTK/IR/OpHelpers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

template <typename OpTy> Scalar Scalar::apply() const {
  return {*builder, loc, builder->create<OpTy>(loc, value)};
}

template <typename OpTy> Scalar Scalar::apply(Scalar other) const {
  return {*builder, loc, builder->create<OpTy>(loc, value, other.value)};
}

Scalar Scalar::constant(double number) const {
  return {*builder, loc,
          builder->create<arith::ConstantOp>(
              loc, builder->getFloatAttr(value.getType(), number))};
}

namespace mlir::ntk {
Scalar operator+(Scalar a, Scalar b) { return a.apply<arith::AddFOp>(b); }
Scalar operator-(Scalar a, Scalar b) { return a.apply<arith::SubFOp>(b); }
Scalar operator*(Scalar a, Scalar b) { return a.apply<arith::MulFOp>(b); }
Scalar operator/(Scalar a, Scalar b) { return a.apply<arith::DivFOp>(b); }
Scalar operator-(Scalar a) { return a.apply<arith::NegFOp>(); }
} // namespace mlir::ntk

Scalar Scalar::exp() const { return apply<math::ExpOp>(); }
Scalar Scalar::expm1() const { return apply<math::ExpM1Op>(); }
Scalar Scalar::log() const { return apply<math::LogOp>(); }
Scalar Scalar::log1p() const { return apply<math::Log1pOp>(); }
Scalar Scalar::tanh() const { return apply<math::TanhOp>(); }
Scalar Scalar::erf() const { return apply<math::ErfOp>(); }
Scalar Scalar::sin() const { return apply<math::SinOp>(); }
Scalar Scalar::cos() const { return apply<math::CosOp>(); }
Scalar Scalar::atan() const { return apply<math::AtanOp>(); }
Scalar Scalar::sqrt() const { return apply<math::SqrtOp>(); }
Scalar Scalar::abs() const { return apply<math::AbsFOp>(); }
Scalar Scalar::max(double other) const {
  return apply<arith::MaximumFOp>(constant(other));
}
Scalar Scalar::min(double other) const {
  return apply<arith::MinimumFOp>(constant(other));
}

/// Small integers and halves without a call of pow.
Scalar Scalar::pow(double exponent) const {
  constexpr double largest = 8;
  if (exponent < 0 && exponent >= -largest)
    return 1.0 / pow(-exponent);
  if (exponent == 0.5)
    return sqrt();
  if (exponent != std::floor(exponent) || exponent > largest)
    return apply<math::PowFOp>(constant(exponent));
  Scalar product = constant(1);
  for (int i = 0; i < exponent; ++i)
    product = i == 0 ? *this : product * *this;
  return product;
}

Scalar Scalar::ifPositive(Scalar a, Scalar b) const {
  Value condition = builder->create<arith::CmpFOp>(
      loc, arith::CmpFPredicate::OGT, value, constant(0));
  return {*builder, loc,
          builder->create<arith::SelectOp>(loc, condition, a.value, b.value)};
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

template <typename OpTy, typename... Args>
Tensor Tensor::apply(Args... args) const {
  return {*builder, loc, createOp<OpTy>(*builder, loc, value, args...)};
}

Tensor Tensor::constant(double number) const {
  return {*builder, loc, createSplatLike(*builder, loc, value, number)};
}

namespace mlir::ntk {
Tensor operator+(Tensor a, Tensor b) { return a.apply<AddOp>(b.value); }
Tensor operator*(Tensor a, Tensor b) { return a.apply<MulOp>(b.value); }
Tensor operator-(Tensor a) { return a.apply<NegOp>(); }
Tensor operator+(Tensor a, double b) {
  return a.apply<ShiftOp>(a.builder->getF64FloatAttr(b));
}
Tensor operator*(double a, Tensor b) {
  return b.apply<ScaleOp>(b.builder->getF64FloatAttr(a));
}
} // namespace mlir::ntk

Tensor Tensor::exp() const { return apply<ExpOp>(); }
Tensor Tensor::tanh() const { return apply<TanhOp>(); }
Tensor Tensor::erf() const { return apply<ErfOp>(); }
Tensor Tensor::sin() const { return apply<SinOp>(); }
Tensor Tensor::cos() const { return apply<CosOp>(); }
Tensor Tensor::sinh() const { return apply<SinhOp>(); }
Tensor Tensor::cosh() const { return apply<CoshOp>(); }
Tensor Tensor::abs() const { return apply<AbsOp>(); }
Tensor Tensor::rsqrt() const { return apply<RsqrtOp>(); }
Tensor Tensor::sigmoid() const { return apply<SigmoidOp>(); }
Tensor Tensor::square() const { return apply<SquareOp>(); }
Tensor Tensor::reciprocal() const { return apply<ReciprocalOp>(); }
Tensor Tensor::pow(double exponent) const {
  return apply<PowOp>(builder->getF64FloatAttr(exponent));
}

static Value compareTo(OpBuilder &builder, Location loc, Comparison predicate,
                       Value value, double bound) {
  return createCompare(builder, loc, predicate, value,
                       createSplatLike(builder, loc, value, bound));
}

Tensor Tensor::operator>(double bound) const {
  return {*builder, loc,
          compareTo(*builder, loc, Comparison::GT, value, bound)};
}
Tensor Tensor::operator<(double bound) const {
  return {*builder, loc,
          compareTo(*builder, loc, Comparison::LT, value, bound)};
}
Tensor Tensor::operator>=(double bound) const {
  return {*builder, loc,
          compareTo(*builder, loc, Comparison::GE, value, bound)};
}
Tensor Tensor::operator<=(double bound) const {
  return {*builder, loc,
          compareTo(*builder, loc, Comparison::LE, value, bound)};
}
Tensor Tensor::select(Tensor a, Tensor b) const {
  return apply<SelectOp>(a.value, b.value);
}
