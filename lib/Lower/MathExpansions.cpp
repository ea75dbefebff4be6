// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementary functions as arithmetic that LLVM can vectorise; a call of libm
// for each element is many times slower. The formulas and coefficients are
// those of `ntk-rt/Math.h`, which says what each step is for; MathTest.cpp
// checks them against the C library.

#include "MathExpansions.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;
using namespace mlir::ntk;

namespace {
using Predicate = arith::CmpFPredicate;

/// A value of f32 or f64, or the arithmetic that makes one. Products may fuse
/// with sums; nothing else is reordered.
class Real {
public:
  Real(OpBuilder &builder, Location loc, Value value)
      : builder(&builder), loc(loc), value(value) {}

  operator Value() const { return value; }
  Type getType() const { return value.getType(); }
  OpBuilder &getBuilder() const { return *builder; }
  Location getLoc() const { return loc; }

  /// A constant beside this value.
  Real constant(double number) const {
    return with(builder->create<arith::ConstantOp>(
        loc, builder->getFloatAttr(value.getType(), number)));
  }
  Real with(Value other) const { return Real(*builder, loc, other); }
  bool isDouble() const { return value.getType().isF64(); }
  /// What suits the type.
  template <typename T> T choose(T ofFloat, T ofDouble) const {
    return isDouble() ? ofDouble : ofFloat;
  }
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

Real floor(Real x) {
  return x.with(x.getBuilder().create<math::FloorOp>(x.getLoc(), x));
}

/// Whole numbers of as many bits as a Real, and back.
class Integer {
public:
  Integer(Real like, Value value) : like(like), value(value) {}
  Integer(Real like, int64_t number)
      : Integer(like, like.getBuilder().create<arith::ConstantIntOp>(
                          like.getLoc(), number, like.choose(32, 64))) {}

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
        b.create<arith::BitcastOp>(like.getLoc(), like.getType(), value));
  }
  Real toReal() const {
    OpBuilder &b = like.getBuilder();
    return like.with(
        b.create<arith::SIToFPOp>(like.getLoc(), like.getType(), value));
  }
  static Integer toBits(Real x) {
    OpBuilder &b = x.getBuilder();
    Type type = b.getIntegerType(x.choose(32, 64));
    return {x, b.create<arith::BitcastOp>(x.getLoc(), type, x)};
  }
  /// The integer a whole number of no more than 31 bits is; 0 for NaN.
  static Integer fromWhole(Real x) {
    OpBuilder &b = x.getBuilder();
    Value isNumber = b.create<arith::CmpFOp>(x.getLoc(), Predicate::ORD, x, x);
    Value narrow = b.create<arith::FPToSIOp>(
        x.getLoc(), b.getI32Type(), select(isNumber, x, x.constant(0)));
    if (!x.isDouble())
      return {x, narrow};
    return {x, b.create<arith::ExtSIOp>(x.getLoc(), b.getI64Type(), narrow)};
  }
  /// 2ⁿ, where that is a normal number.
  Real powerOfTwo() const {
    return apply<arith::AddIOp>(like.choose(127, 1023))
        .apply<arith::ShLIOp>(like.choose(23, 52))
        .fromBits();
  }
  /// Is one of these bits set?
  Value hasBits(int64_t bits) const {
    Integer masked = apply<arith::AndIOp>(bits);
    return like.getBuilder().create<arith::CmpIOp>(
        like.getLoc(), arith::CmpIPredicate::ne, masked.value,
        Integer(like, 0).value);
  }

private:
  Real like;
  Value value;
};

/// ln 2 in two parts.
double getLn2High(Real x) {
  return x.choose(0.69287109375, 0.6931471804855391383);
}
double getLn2Low(Real x) {
  return x.choose(2.76086809945e-4, 7.4406171100123967161e-11);
}

/// x = n ln 2 + r, |r| <= ½ ln 2.
struct Reduced {
  Real r;
  Integer n;

  static Reduced of(Real x) {
    Real scaled = x * 1.44269504088896340736 + 0.5;
    Real n = floor(scaled);
    return {(x - n * getLn2High(x)) - n * getLn2Low(x), Integer::fromWhole(n)};
  }
};

/// exp(r) - 1.
Real expSeries(Real r) {
  static constexpr double coefficients[] = {
      1. / 2,       1. / 6,        1. / 24,        1. / 120,
      1. / 720,     1. / 5040,     1. / 40320,     1. / 362880,
      1. / 3628800, 1. / 39916800, 1. / 479001600, 1. / 6227020800};
  return r +
         r * r *
             polynomial(r, ArrayRef(coefficients).take_front(r.choose(6, 12)));
}

Real expandExp(Real x) {
  Reduced reduced =
      Reduced::of(clamp(x, x.choose(-104, -746), x.choose(89, 710)));
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
  int64_t halfRoot = x.choose<int64_t>(0x3f3504f3, 0x3fe6a09e667f3bcd); // √½
  int64_t mantissa = x.choose(23, 52);
  double smallest = x.choose<double>(std::numeric_limits<float>::min(),
                                     std::numeric_limits<double>::min());
  Value isTiny = x.compare(Predicate::OLT, smallest);
  Integer bits = Integer::toBits(select(isTiny, x * 0x1p54, x));
  Integer exponent =
      bits.apply<arith::SubIOp>(halfRoot).apply<arith::ShRSIOp>(mantissa);
  Real m = bits.apply<arith::SubIOp>(exponent.apply<arith::ShLIOp>(mantissa))
               .fromBits();
  Real e = exponent.toReal() - select(isTiny, x.constant(54), x.constant(0));
  Real f = m - 1.0, s = f / (f + 2.0), z = s * s;
  static constexpr double coefficients[] = {2. / 3,  2. / 5,  2. / 7,  2. / 9,
                                            2. / 11, 2. / 13, 2. / 15, 2. / 17,
                                            2. / 19, 2. / 21};
  Real series =
      polynomial(z, ArrayRef(coefficients).take_front(x.choose(4, 10)));
  Real tail = s * (f - z * series);
  Real value = e * getLn2High(x) + (f - (tail - e * getLn2Low(x)));
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

Real expandAtan(Real x) {
  static constexpr double ofFloat[] = {
      -0.3333333176116851985, 0.1999954048364896344, -0.142639555979846392,
      0.1074373149079108304, -0.06451928208121748758};
  static constexpr double ofDouble[] = {
      -0.3333333333333333322,  0.1999999999999980453,   -0.1428571428565982761,
      0.1111111110515544657,   -0.09090908753500876844, 0.07692296375032142399,
      -0.06666424885738255333, 0.05878928997834775133,  -0.05230454270650244518,
      0.04551593220626549169,  -0.03457056198142774688, 0.01628575685522102829};
  constexpr double halfPi = 1.57079632679489661923,
                   rootLess = 0.41421356237309505;
  Real a = abs(x), zero = x.constant(0), one = x.constant(1);
  Value isFar = a.compare(Predicate::OGT, rootLess + 2),
        isMiddle = a.compare(Predicate::OGT, rootLess);
  Real over = select(isFar, x.constant(-1), select(isMiddle, a - 1.0, a)),
       under = select(isFar, a, select(isMiddle, a + 1.0, one));
  Real t = over / under, z = t * t;
  Real base = select(isFar, x.constant(halfPi),
                     select(isMiddle, x.constant(halfPi / 2), zero));
  double low = x.choose(-4.37113900018624e-8, 6.12323399573676589e-17);
  Real rest = select(isFar, x.constant(low),
                     select(isMiddle, x.constant(low / 2), zero));
  Real series = polynomial(z, x.choose<ArrayRef<double>>(ofFloat, ofDouble));
  return copySign(base + (t + (t * (z * series) + rest)), x);
}

//===----------------------------------------------------------------------===//
// Sine and cosine of f32, in f64
//===----------------------------------------------------------------------===//

/// Parts of 2/π: of the constants of all windows those of the window of `a`.
Real pickOfWindow(Real a, ArrayRef<double> constants) {
  static constexpr double begins[] = {0x1p49, 0x1p73, 0x1p97, 0x1p121};
  Real result = a.constant(constants.front());
  for (auto [begin, constant] : llvm::zip_equal(begins, constants.drop_front()))
    result =
        select(a.compare(Predicate::OGE, begin), a.constant(constant), result);
  return result;
}

/// sin(|x| + quarter·π/2).
Real expandQuarter(Real a, int64_t quarter) {
  static constexpr double parts[] = {
      0x1.45f306p-1,  0x1.b93910p-26,  0x1.529fc0p-52, 0x1.3abe88p-75,
      0x1.ea69bap-97, 0x1.81b6c4p-121, 0x1.2b3278p-145};
  static constexpr double tails[] = {
      0x1.3abe8fa9a6ee0p-75, 0x1.ea69bb81b6c53p-97, 0x1.81b6c52b32788p-121,
      0x1.2b32788720840p-145, 0x1.0e4107f9458ebp-170};
  constexpr double halfPi = 1.57079632679489661923;
  auto part = [&](size_t i) {
    return a * pickOfWindow(a, ArrayRef(parts).slice(i, std::size(tails)));
  };
  Real f = part(0);
  f = f - floor(f * 0.25) * 4.0 + part(1);
  Real n = floor(f + 0.5);
  f = f - n + part(2);
  Real m = floor(f + 0.5);
  Real r = (f - m + a * pickOfWindow(a, tails)) * halfPi, z = r * r;
  Integer q = Integer::fromWhole(n + m).apply<arith::AddIOp>(quarter);
  Real sine =
      r + r * z * polynomial(z, {-1. / 6, 1. / 120, -1. / 5040, 1. / 362880});
  Real cosine =
      1.0 - z * 0.5 +
      z * z * polynomial(z, {1. / 24, -1. / 720, 1. / 40320, -1. / 3628800});
  Real value = select(q.hasBits(1), cosine, sine);
  return select(q.hasBits(2), 0.0 - value, value);
}

/// The function `ofSize` of |x| in f64.
Real inDouble(Real x, function_ref<Real(Real)> ofSize) {
  OpBuilder &b = x.getBuilder();
  auto convert = [&](auto op, Type type, Value value) {
    using OpTy = decltype(op);
    return x.with(b.create<OpTy>(x.getLoc(), TypeRange(type), ValueRange(value),
                                 ArrayRef<NamedAttribute>()));
  };
  Real wide = convert(arith::ExtFOp(), b.getF64Type(), abs(x));
  return convert(arith::TruncFOp(), b.getF32Type(), ofSize(wide));
}

Real expandSin(Real x) {
  Real value = inDouble(x, [](Real a) { return expandQuarter(a, 0); });
  Real odd = select(x.compare(Predicate::OLT, 0), 0.0 - value, value);
  return select(x.compare(Predicate::OEQ, 0), x, odd); // keeps -0
}

Real expandCos(Real x) {
  return inDouble(x, [](Real a) { return expandQuarter(a, 1); });
}

/// Replaces an op of f32, f64 or both by what `expand` builds, in preference to
/// what MLIR has.
template <typename OpTy> struct Expand : OpRewritePattern<OpTy> {
  Expand(MLIRContext *context, Real (*expand)(Real), bool ofFloat,
         bool ofDouble)
      : OpRewritePattern<OpTy>(context, /*benefit=*/2), expand(expand),
        ofFloat(ofFloat), ofDouble(ofDouble) {}

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    bool fits =
        (ofFloat && op.getType().isF32()) || (ofDouble && op.getType().isF64());
    if (!fits)
      return rewriter.notifyMatchFailure(op, "expected a scalar of the type");
    Value expanded = expand(Real(rewriter, op.getLoc(), op.getOperand()));
    rewriter.replaceOp(op, expanded);
    return success();
  }

  Real (*expand)(Real);
  bool ofFloat, ofDouble;
};
} // namespace

void mlir::ntk::populateMathExpansionPatterns(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  patterns.add<Expand<math::ExpOp>>(context, expandExp, true, true);
  patterns.add<Expand<math::LogOp>>(context, expandLog, true, true);
  patterns.add<Expand<math::AtanOp>>(context, expandAtan, true, true);
  patterns.add<Expand<math::ExpM1Op>>(context, expandExpm1, false, true);
  patterns.add<Expand<math::TanhOp>>(context, expandTanh, false, true);
  patterns.add<Expand<math::ErfOp>>(context, expandErf, false, true);
  patterns.add<Expand<math::Log1pOp>>(context, expandLog1p, false, true);
  patterns.add<Expand<math::SinOp>>(context, expandSin, true, false);
  patterns.add<Expand<math::CosOp>>(context, expandCos, true, false);
}
