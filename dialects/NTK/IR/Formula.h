// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Formulas as C++ expressions that build ops: `Scalar` builds arith and math
// ops on numbers, `Tensor` ntk ops on tensors of one example. With them a row
// of the table of elementwise functions reads like the formula it stands for.

#ifndef NTK_DIALECTS_NTK_IR_FORMULA_H
#define NTK_DIALECTS_NTK_IR_FORMULA_H

#include "mlir/IR/Builders.h"

namespace mlir::ntk {

/// A number of f32 or f64 while it is lowered.
class Scalar {
public:
  Scalar(OpBuilder &builder, Location loc, Value value)
      : builder(&builder), loc(loc), value(value) {}

  /// A constant of the same type.
  Scalar constant(double number) const;
  operator Value() const { return value; }

  friend Scalar operator+(Scalar a, Scalar b);
  friend Scalar operator-(Scalar a, Scalar b);
  friend Scalar operator*(Scalar a, Scalar b);
  friend Scalar operator/(Scalar a, Scalar b);
  friend Scalar operator-(Scalar a);
  friend Scalar operator+(Scalar a, double b) { return a + a.constant(b); }
  friend Scalar operator+(double a, Scalar b) { return b.constant(a) + b; }
  friend Scalar operator*(double a, Scalar b) { return b.constant(a) * b; }
  friend Scalar operator/(double a, Scalar b) { return b.constant(a) / b; }

  Scalar exp() const;
  Scalar expm1() const;
  Scalar log() const;
  Scalar log1p() const;
  Scalar tanh() const;
  Scalar erf() const;
  Scalar sin() const;
  Scalar cos() const;
  Scalar atan() const;
  Scalar sqrt() const;
  Scalar abs() const;
  /// max and min hand on NaN.
  Scalar max(double other) const;
  Scalar min(double other) const;
  Scalar pow(double exponent) const;
  /// this > 0 ? a : b.
  Scalar ifPositive(Scalar a, Scalar b) const;

private:
  template <typename OpTy> Scalar apply() const;
  template <typename OpTy> Scalar apply(Scalar other) const;

  OpBuilder *builder;
  Location loc;
  Value value;
};

/// A tensor of one example while a derivative is built. A null tensor is 1.
class Tensor {
public:
  Tensor(OpBuilder &builder, Location loc, Value value)
      : builder(&builder), loc(loc), value(value) {}

  /// The same number everywhere.
  Tensor constant(double number) const;
  /// The derivative of x + s.
  Tensor one() const { return Tensor(*builder, loc, Value()); }
  operator Value() const { return value; }

  friend Tensor operator+(Tensor a, Tensor b);
  friend Tensor operator*(Tensor a, Tensor b);
  friend Tensor operator-(Tensor a);
  friend Tensor operator+(Tensor a, double b);
  friend Tensor operator*(double a, Tensor b);

  Tensor exp() const;
  Tensor tanh() const;
  Tensor erf() const;
  Tensor sin() const;
  Tensor cos() const;
  Tensor sinh() const;
  Tensor cosh() const;
  Tensor abs() const;
  Tensor rsqrt() const;
  Tensor sigmoid() const;
  Tensor square() const;
  Tensor reciprocal() const;
  Tensor pow(double exponent) const;
  /// Masks.
  Tensor operator>(double bound) const;
  Tensor operator<(double bound) const;
  Tensor operator>=(double bound) const;
  Tensor operator<=(double bound) const;
  /// this (a mask) ? a : b, elementwise.
  Tensor select(Tensor a, Tensor b) const;

private:
  template <typename OpTy, typename... Args> Tensor apply(Args... args) const;

  OpBuilder *builder;
  Location loc;
  Value value;
};

} // namespace mlir::ntk

#endif // NTK_DIALECTS_NTK_IR_FORMULA_H
