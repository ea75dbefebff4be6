// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementary functions of f64 as arithmetic that LLVM can vectorise; MLIR has
// polynomials for f32 only, and a call of libm for each element is many times
// slower. The formulas and coefficients are those of `ntk-rt/Math.h`, which
// says what each step is for; MathTest.cpp checks them against the C library.

#include "MathF64.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;
using namespace mlir::ntk;

namespace {
using Predicate = arith::CmpFPredicate;

/// An f64 value, or the arithmetic that makes one. Products may fuse with sums;
/// nothing else is reordered.
class Real {
public:
  Real(OpBuilder &builder, Location loc, Value value)
      : builder(&builder), loc(loc), value(value) {}

  operator Value() const { return value; }
  OpBuilder &getBuilder() const { return *builder; }
  Location getLoc() const { return loc; }

  /// A constant beside this value.
  Real constant(double number) const {
    return with(builder->create<arith::ConstantOp>(
        loc, builder->getF64FloatAttr(number)));
  }
  Real with(Value other) const { return Real(*builder, loc, other); }
  template <typename OpTy> Real apply(Value other) const {
    return with(builder->create<OpTy>(loc, value, other,
                                      arith::FastMathFlags::contract));
  }
  Value compare(Predicate predicate, double number) const {
    return builder->create<arith::CmpFOp>(loc, predicate, value,
                                          constant(number));
  }

private:
  OpBuilder *builder;
  Location loc;
  Value value;
};

Real operator+(Real a, Real b) { return a.apply<arith::AddFOp>(b); }
Real operator-(Real a, Real b) { return a.apply<arith::SubFOp>(b); }
Real operator*(Real a, Real b) { return a.apply<arith::MulFOp>(b); }
Real operator/(Real a, Real b) { return a.apply<arith::DivFOp>(b); }
Real operator+(Real a, double b) { return a + a.constant(b); }
Real operator-(Real a, double b) { return a - a.constant(b); }
Real operator*(Real a, double b) { return a * a.constant(b); }
Real operator+(double a, Real b) { return b.constant(a) + b; }
Real operator-(double a, Real b) { return b.constant(a) - b; }

Real select(Value condition, Real a, Real b) {
  return a.with(
      a.getBuilder().create<arith::SelectOp>(a.getLoc(), condition, a, b));
}

Real abs(Real x) {
  return x.with(x.getBuilder().create<math::AbsFOp>(x.getLoc(), x));
}

Real copySign(Real x, Real sign) {
  return x.with(x.getBuilder().create<math::CopySignOp>(x.getLoc(), x, sign));
}

/// NaN stays.
Real clamp(Real x, double low, double high) {
  x = select(x.compare(Predicate::OGT, high), x.constant(high), x);
  return select(x.compare(Predicate::OLT, low), x.constant(low), x);
}

/// c0 + x (c1 + x (c2 + …)).
Real polynomial(Real x, ArrayRef<double> coefficients) {
  Real sum = x.constant(coefficients.back());
  for (double coefficient : llvm::reverse(coefficients.drop_back()))
    sum = coefficient + x * sum;
  return sum;
}

/// Whole numbers as i64, and back.
class Integer {
public:
  Integer(Real like, Value value) : like(like), value(value) {}
  Integer(Real like, int64_t number)
      : Integer(like, like.getBuilder().create<arith::ConstantIntOp>(
                          like.getLoc(), number, 64)) {}

  template <typename OpTy> Integer apply(Integer other) const {
    return {like,
            like.getBuilder().create<OpTy>(like.getLoc(), value, other.value)};
  }
  template <typename OpTy> Integer apply(int64_t number) const {
    return apply<OpTy>(Integer(like, number));
  }
  /// The number with these bits.
  Real fromBits() const {
    OpBuilder &b = like.getBuilder();
    return like.with(
        b.create<arith::BitcastOp>(like.getLoc(), b.getF64Type(), value));
  }
  Real toReal() const {
    OpBuilder &b = like.getBuilder();
    return like.with(
        b.create<arith::SIToFPOp>(like.getLoc(), b.getF64Type(), value));
  }
  static Integer toBits(Real x) {
    OpBuilder &b = x.getBuilder();
    return {x, b.create<arith::BitcastOp>(x.getLoc(), b.getI64Type(), x)};
  }
  /// The integer a whole number of no more than 31 bits is; 0 for NaN.
  static Integer fromWhole(Real x) {
    OpBuilder &b = x.getBuilder();
    Value isNumber = b.create<arith::CmpFOp>(x.getLoc(), Predicate::ORD, x, x);
    Value narrow = b.create<arith::FPToSIOp>(
        x.getLoc(), b.getI32Type(), select(isNumber, x, x.constant(0)));
    return {x, b.create<arith::ExtSIOp>(x.getLoc(), b.getI64Type(), narrow)};
  }
  /// 2ⁿ, where that is a normal number.
  Real powerOfTwo() const {
    return apply<arith::AddIOp>(1023).apply<arith::ShLIOp>(52).fromBits();
  }

private:
  Real like;
  Value value;
};

constexpr double ln2High = 0.6931471804855391383;
constexpr double ln2Low = 7.4406171100123967161e-11;

/// x = n ln 2 + r, |r| <= ½ ln 2.
struct Reduced {
  Real r;
  Integer n;

  static Reduced of(Real x) {
    Real scaled = x * 1.44269504088896340736 + 0.5;
    Real n = x.with(x.getBuilder().create<math::FloorOp>(x.getLoc(), scaled));
    return {(x - n * ln2High) - n * ln2Low, Integer::fromWhole(n)};
  }
};

/// exp(r) - 1.
Real expSeries(Real r) {
  return r +
         r * r *
             polynomial(r, {1. / 2, 1. / 6, 1. / 24, 1. / 120, 1. / 720,
                            1. / 5040, 1. / 40320, 1. / 362880, 1. / 3628800,
                            1. / 39916800, 1. / 479001600, 1. / 6227020800});
}

Real expandExp(Real x) {
  Reduced reduced = Reduced::of(clamp(x, -746, 710));
  Integer half = reduced.n.apply<arith::ShRSIOp>(1);
  return (1.0 + expSeries(reduced.r)) * half.powerOfTwo() *
         reduced.n.apply<arith::SubIOp>(half).powerOfTwo();
}

Real expandExpm1(Real x) {
  Reduced reduced = Reduced::of(clamp(x, -40, 710));
  Real half = reduced.n.apply<arith::SubIOp>(1).powerOfTwo();
  Real value = (half * expSeries(reduced.r) + (half - 0.5)) * 2.0;
  return select(x.compare(Predicate::OEQ, 0), x, value);
}

Real expandTanh(Real x) {
  Real e = expandExpm1(clamp(abs(x), 0, 22) * 2.0);
  return copySign(e / (e + 2.0), x);
}

Real expandErf(Real x) {
  Real a = clamp(abs(x), 0, 6), square = a * a;
  Value isNear = a.compare(Predicate::OLT, 1);
  Real near =
      a * polynomial(select(isNear, square, a.constant(1)),
                     {1.128379167095512567, -0.3761263890318354044,
                      0.1128379167094500627, -0.02686617064323777036,
                      0.005223977607116422732, -0.0008548325975389692081,
                      0.0001205529490483970792, -0.00001492473690741966034,
                      1.644742470331736241e-6, -1.62084838018717059e-7,
                      1.37200645467776856e-8, -7.795898827002142242e-10});
  Real erfc = expandExp(0.0 - square) *
              polynomial((a - 2.0) / (a + 2.0),
                         {0.2553956763105057438, -0.4271858474139583965,
                          0.2416581942424664639, -0.07897858101573212542,
                          0.003732892404327763925, 0.006997461739200443767,
                          -0.0008471432509203844009, -0.0009819770265678889227,
                          0.00004355560219515472207, 0.0001743611654539226372,
                          0.0000275254803612060667, -0.00002757986467430578585,
                          -0.00001396807230177146069, 1.392621183618802935e-6,
                          3.789215643758463971e-6, 1.178077521562558259e-6,
                          -5.322696855655786338e-7, -4.215301054238320988e-7});
  return copySign(select(isNear, near, 1.0 - erfc), x);
}

Real expandLog(Real x) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  constexpr int64_t halfRoot = 0x3fe6a09e667f3bcd; // √½
  Value isTiny = x.compare(Predicate::OLT, std::numeric_limits<double>::min());
  Integer bits = Integer::toBits(select(isTiny, x * 0x1p54, x));
  Integer exponent =
      bits.apply<arith::SubIOp>(halfRoot).apply<arith::ShRSIOp>(52);
  Real m =
      bits.apply<arith::SubIOp>(exponent.apply<arith::ShLIOp>(52)).fromBits();
  Real e = exponent.toReal() - select(isTiny, x.constant(54), x.constant(0));
  Real f = m - 1.0, s = f / (f + 2.0), z = s * s;
  Real series = polynomial(z, {2. / 3, 2. / 5, 2. / 7, 2. / 9, 2. / 11, 2. / 13,
                               2. / 15, 2. / 17, 2. / 19, 2. / 21});
  Real tail = s * (f - z * series);
  Real value = e * ln2High + (f - (tail - e * ln2Low));
  value = select(x.compare(Predicate::OEQ, 0), x.constant(-infinity), value);
  value = select(x.compare(Predicate::OLT, 0),
                 x.constant(std::numeric_limits<double>::quiet_NaN()), value);
  return select(x.compare(Predicate::OLT, infinity), value, x);
}

Real expandLog1p(Real x) {
  Real u = 1.0 + x;
  Real lost = (x - (u - 1.0)) / u;
  Real correction = select(u.compare(Predicate::OGT, 0), lost, x.constant(0));
  Real value = expandLog(u) + correction;
  value = select(x.compare(Predicate::OEQ, 0), x, value);
  return select(
      u.compare(Predicate::OLT, std::numeric_limits<double>::infinity()), value,
      x);
}

/// Replaces an op of f64 by what `expand` builds.
template <typename OpTy> struct ExpandDouble : OpRewritePattern<OpTy> {
  ExpandDouble(MLIRContext *context, Real (*expand)(Real))
      : OpRewritePattern<OpTy>(context), expand(expand) {}

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    if (!op.getType().isF64())
      return rewriter.notifyMatchFailure(op, "expected a scalar of f64");
    Value expanded = expand(Real(rewriter, op.getLoc(), op.getOperand()));
    rewriter.replaceOp(op, expanded);
    return success();
  }

  Real (*expand)(Real);
};
} // namespace

void mlir::ntk::populateDoubleMathPatterns(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  patterns.add<ExpandDouble<math::ExpOp>>(context, expandExp);
  patterns.add<ExpandDouble<math::ExpM1Op>>(context, expandExpm1);
  patterns.add<ExpandDouble<math::TanhOp>>(context, expandTanh);
  patterns.add<ExpandDouble<math::ErfOp>>(context, expandErf);
  patterns.add<ExpandDouble<math::LogOp>>(context, expandLog);
  patterns.add<ExpandDouble<math::Log1pOp>>(context, expandLog1p);
}
