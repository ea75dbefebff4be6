// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of one and two variables, masks, conversions.

#include "Recipes.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::random;

/// A value for the constant of this name of an elementwise function.
static double drawConstant(Draft &draft, StringRef name) {
  double exponents[] = {2, 3, 1, 0.5, -1, 1.5, 0};
  return llvm::StringSwitch<double>(name)
      .Case("alpha", draft.real(0.1, 0.9))
      .Case("low", draft.chance(0.1) ? -INFINITY : draft.real(-1, -0.1))
      .Case("high", draft.chance(0.1) ? INFINITY : draft.real(0.1, 1))
      .Case("on_bounds", draft.chance(0.2) ? 0.5 : draft.chance(0.5))
      .Case("exponent", exponents[draft.number(0, 6)])
      .Case("factor", draft.real(0.3, 1.2))
      .Default(draft.real(-0.5, 1.5));
}

static Value drawUnaryOf(Draft &draft, StringRef op, Value x) {
  SmallVector<NamedAttribute> constants;
  OperationName name(("ntk." + op).str(), draft.getBuilder().getContext());
  for (StringAttr attribute : name.getAttributeNames())
    if (attribute != "batch")
      constants.push_back(
          draft.attribute(attribute, drawConstant(draft, attribute)));
  return draft.apply(op, x, constants);
}

static Value drawUnary(Draft &draft, StringRef op) {
  return drawUnaryOf(draft, op, draft.anyReal());
}

/// Often of numbers some of which are 0, where the op has a kink.
static Value drawUnaryAtZero(Draft &draft, StringRef op) {
  Value x = draft.anyReal();
  if (!draft.chance(0.3))
    return drawUnaryOf(draft, op, x);
  SmallVector<NamedAttribute> constants;
  if (op == "leaky_relu" || op == "elu")
    constants.push_back(draft.attribute("alpha", drawConstant(draft, "alpha")));
  return draft.applyAtKink(op, draft.apply("relu", x), constants);
}

/// Often of numbers that stand on its bounds.
static Value drawClip(Draft &draft, StringRef op) {
  Value x = draft.anyReal();
  if (!draft.chance(0.4))
    return drawUnaryOf(draft, op, x);
  SmallVector<NamedAttribute> constants = {
      draft.attribute("low", draft.real(-1, -0.1)),
      draft.attribute("high", draft.real(0.1, 1))};
  Value clipped = draft.apply(op, x, constants);
  constants.push_back(
      draft.attribute("on_bounds", drawConstant(draft, "on_bounds")));
  return draft.applyAtKink(op, clipped, constants);
}

/// Of numbers that are made positive.
static Value drawUnaryOfPositive(Draft &draft, StringRef op) {
  Value x = draft.anyReal();
  switch (draft.number(0, 3)) {
  case 0:
    x = draft.apply("shift", draft.apply("square", x),
                    draft.attribute("offset", 0.5));
    break;
  case 1:
    x = draft.apply("exp", x);
    break;
  case 2:
    x = draft.apply("softplus", x);
    break;
  default:
    break;
  }
  return drawUnaryOf(draft, op, x);
}

/// Of numbers between -0.9 and 0.9: functions with poles or ends near 1, and
/// those that grow fast.
static Value drawUnaryOfSmall(Draft &draft, StringRef op) {
  Value x = draft.apply("scale", draft.apply("tanh", draft.anyReal()),
                        draft.attribute("factor", 0.9));
  return x ? drawUnaryOf(draft, op, x) : Value();
}

/// Of numbers from 1.5 on.
static Value drawUnaryOfLarge(Draft &draft, StringRef op) {
  Value x = draft.apply("shift", draft.apply("square", draft.anyReal()),
                        draft.attribute("offset", 1.5));
  return x ? drawUnaryOf(draft, op, x) : Value();
}

/// Two values of one shape, one of them often a broadcast parameter.
static Value drawBinary(Draft &draft, StringRef op) {
  Value x = draft.anyReal();
  Value y = draft.realOfShape(draft.shapeOf(x));
  if (op == "div")
    y = draft.apply("shift", draft.apply("square", y),
                    draft.attribute("offset", 0.7));
  if (!y)
    return {};
  return draft.chance(0.5) ? draft.apply(op, {x, y}) : draft.apply(op, {y, x});
}

/// Often of two values that are equal in places.
static Value drawExtremum(Draft &draft, StringRef op) {
  if (!draft.chance(0.3))
    return drawBinary(draft, op);
  Value x = draft.anyReal();
  Value y = draft.apply("clip", x,
                        {draft.attribute("low", draft.real(-1, -0.1)),
                         draft.attribute("high", draft.real(0.1, 1))});
  return draft.chance(0.5) ? draft.applyAtKink(op, {x, y})
                           : draft.applyAtKink(op, {y, x});
}

/// Of a positive base.
static Value drawPower(Draft &draft, StringRef op) {
  Value base = draft.apply("softplus", draft.anyReal());
  return base ? draft.apply(op, {base, draft.realOfShape(draft.shapeOf(base))})
              : Value();
}

/// By a positive divisor.
static Value drawRemainder(Draft &draft, StringRef op) {
  Value x = draft.anyReal();
  Value y = draft.realOfShape(draft.shapeOf(x));
  y = draft.apply("shift", draft.apply("square", y),
                  draft.attribute("offset", 0.7));
  return draft.apply(op, {x, y});
}

/// Bits of two integers, read as a number.
static Value drawBits(Draft &draft, StringRef op) {
  SmallVector<int64_t> shape = draft.shape(0, 2, 12);
  Value bits = draft.apply(
      op, {draft.indicesOfShape(shape, 4), draft.indicesOfShape(shape, 5)});
  return draft.apply(
      "convert", bits,
      draft.attribute("element", TypeAttr::get(draft.getRealType())));
}

static Value drawCompare(Draft &draft, StringRef op) {
  Value x = draft.anyReal();
  return draft.apply(
      op, {x, draft.realOfShape(draft.shapeOf(x))},
      draft.attribute("predicate", draft.getBuilder().getI32IntegerAttr(
                                       draft.number(0, 5))));
}

static Value drawSelect(Draft &draft, StringRef op) {
  Value x = draft.anyReal();
  Value y = draft.realOfShape(draft.shapeOf(x));
  Value mask = draft.maskOfShape(draft.shapeOf(x));
  return draft.apply(op, {mask, x, y});
}

static Value drawMask(Draft &draft, StringRef op) {
  Value x = draft.anyReal();
  return draft.apply(op, {draft.maskOfShape(draft.shapeOf(x)), x});
}

/// Masks and integers to numbers, and numbers to integers and back.
static Value drawConvert(Draft &draft, StringRef op) {
  OpBuilder &builder = draft.getBuilder();
  auto to = [&](Value value, Type type) {
    return draft.apply(op, value,
                       draft.attribute("element", TypeAttr::get(type)));
  };
  Type real = draft.getRealType();
  switch (draft.number(0, 3)) {
  case 0:
    return to(draft.maskOfShape(draft.shapeOf(draft.anyReal())), real);
  case 1:
    return to(draft.indicesOfShape(draft.shape(0, 2, 12), draft.number(2, 5)),
              real);
  case 2:
    return to(to(draft.anyReal(), builder.getI64Type()), real);
  default: {
    Value indices = draft.anyIndices(0, 100);
    return to(indices,
              draft.chance(0.5) ? builder.getI32Type() : builder.getI64Type());
  }
  }
}

ArrayRef<Recipe> mlir::ntk::random::getElementwiseRecipes() {
  static const Recipe recipes[] = {
      {"relu", drawUnaryAtZero},
      {"leaky_relu", drawUnaryAtZero},
      {"elu", drawUnaryAtZero},
      {"clip", drawClip},
      {"tanh", drawUnary},
      {"sigmoid", drawUnary},
      {"gelu", drawUnary},
      {"gelu_tanh", drawUnary},
      {"silu", drawUnary},
      {"softplus", drawUnary},
      {"sin", drawUnary},
      {"cos", drawUnary},
      {"exp", drawUnary},
      {"log", drawUnaryOfPositive},
      {"log1p", drawUnaryOfPositive},
      {"expm1", drawUnary},
      {"stop_gradient", drawUnary},
      {"erf", drawUnary},
      {"mish", drawUnary},
      {"softsign", drawUnaryAtZero},
      {"tan", drawUnaryOfSmall},
      {"asin", drawUnaryOfSmall},
      {"acos", drawUnaryOfSmall},
      {"atan", drawUnary},
      {"sinh", drawUnaryOfSmall},
      {"cosh", drawUnaryOfSmall},
      {"asinh", drawUnary},
      {"acosh", drawUnaryOfLarge},
      {"atanh", drawUnaryOfSmall},
      {"sqrt", drawUnaryOfPositive},
      {"rsqrt", drawUnaryOfPositive},
      {"reciprocal", drawUnaryOfPositive},
      {"abs", drawUnaryAtZero},
      {"square", drawUnary},
      {"pow", drawUnaryOfPositive},
      {"neg", drawUnary},
      {"scale", drawUnary},
      {"shift", drawUnary},
      {"add", drawBinary},
      {"sub", drawBinary},
      {"mul", drawBinary},
      {"div", drawBinary},
      {"max", drawExtremum},
      {"min", drawExtremum},
      {"power", drawPower},
      {"remainder", drawRemainder},
      {"bit_and", drawBits},
      {"compare", drawCompare},
      {"select", drawSelect},
      {"mask", drawMask},
      {"convert", drawConvert},
  };
  return recipes;
}
