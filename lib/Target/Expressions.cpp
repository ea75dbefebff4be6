// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table of scalar ops.

#include "Expressions.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "ntk/Target/Source.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include <cmath>

using namespace mlir;
using namespace mlir::ntk;

std::string Expression::in(Precedence context, bool strictly) const {
  bool fits = strictly ? precedence > context : precedence >= context;
  return fits ? text : "(" + text + ")";
}

StringRef mlir::ntk::spellType(Type type) {
  if (type.isF32())
    return "float";
  if (type.isF64())
    return "double";
  if (type.isInteger(1))
    return "bool";
  if (type.isInteger(8))
    return "int8_t";
  if (type.isInteger(32))
    return "int32_t";
  if (type.isInteger(64) || type.isIndex())
    return "int64_t";
  return {};
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

/// The shortest decimal that reads back as the same number.
template <typename T> static std::string spellNumber(T value, StringRef type) {
  constexpr bool isFloat = std::is_same_v<T, float>;
  if (std::isnan(value))
    return "rt::notANumber<" + type.str() + ">";
  if (std::isinf(value))
    return (value < 0 ? "-rt::infinity<" : "rt::infinity<") + type.str() + ">";
  char text[64];
  for (int digits = isFloat ? 6 : 15; digits <= 17; ++digits) {
    snprintf(text, sizeof(text), "%.*g", digits, static_cast<double>(value));
    if (isFloat ? strtof(text, nullptr) == value
                : strtod(text, nullptr) == static_cast<double>(value))
      break;
  }
  std::string result = text;
  if (result.find_first_of(".e") == std::string::npos)
    result += ".0";
  return isFloat ? result + "f" : result;
}

std::string mlir::ntk::spellReal(float value) {
  return spellNumber(value, "float");
}
std::string mlir::ntk::spellReal(double value) {
  return spellNumber(value, "double");
}

Expression mlir::ntk::spellConstant(Attribute value) {
  if (auto number = dyn_cast<FloatAttr>(value)) {
    APFloat real = number.getValue();
    std::string text = number.getType().isF32()
                           ? spellReal(real.convertToFloat())
                           : spellReal(real.convertToDouble());
    return {text,
            text.front() == '-' ? Precedence::Unary : Precedence::Primary};
  }
  auto number = cast<IntegerAttr>(value);
  if (number.getType().isInteger(1))
    return {number.getValue().isZero() ? "false" : "true"};
  int64_t integer = number.getValue().getSExtValue();
  return {std::to_string(integer),
          integer < 0 ? Precedence::Unary : Precedence::Primary};
}

//===----------------------------------------------------------------------===//
// Scalar ops
//===----------------------------------------------------------------------===//

namespace {
/// How an op is spelt: an operator between, or a function around its operands.
struct Spelling {
  StringRef text;
  bool isFunction;
  Precedence precedence;
};
} // namespace

static const llvm::StringMap<Spelling> &getSpellings() {
  using P = Precedence;
  static const llvm::StringMap<Spelling> spellings = {
      {"arith.addf", {"+", false, P::Sum}},
      {"arith.addi", {"+", false, P::Sum}},
      {"arith.subf", {"-", false, P::Sum}},
      {"arith.subi", {"-", false, P::Sum}},
      {"arith.mulf", {"*", false, P::Product}},
      {"arith.muli", {"*", false, P::Product}},
      {"arith.divf", {"/", false, P::Product}},
      {"arith.divsi", {"/", false, P::Product}},
      {"arith.divui", {"/", false, P::Product}},
      {"arith.remsi", {"%", false, P::Product}},
      {"arith.remui", {"%", false, P::Product}},
      {"arith.remf", {"remainder", true, P::Primary}},
      {"arith.floordivsi", {"floorDivide", true, P::Primary}},
      {"arith.andi", {"&&", false, P::And}},
      {"arith.ori", {"||", false, P::Or}},
      {"arith.xori", {"^", false, P::Equal}},
      {"arith.maximumf", {"maximum", true, P::Primary}},
      {"arith.minimumf", {"minimum", true, P::Primary}},
      {"arith.maxsi", {"maximum", true, P::Primary}},
      {"arith.minsi", {"minimum", true, P::Primary}},
      {"math.absf", {"abs", true, P::Primary}},
      {"math.sqrt", {"sqrt", true, P::Primary}},
      {"math.rsqrt", {"rsqrt", true, P::Primary}},
      {"math.floor", {"floor", true, P::Primary}},
      {"math.ceil", {"ceil", true, P::Primary}},
      {"math.roundeven", {"nearbyint", true, P::Primary}},
      {"math.copysign", {"copysign", true, P::Primary}},
      {"math.powf", {"power", true, P::Primary}},
      {"math.atan", {"atan", true, P::Primary}},
      {"math.exp", {"exp", true, P::Primary}},
      {"math.expm1", {"expm1", true, P::Primary}},
      {"math.log", {"log", true, P::Primary}},
      {"math.log1p", {"log1p", true, P::Primary}},
      {"math.tanh", {"tanh", true, P::Primary}},
      {"math.erf", {"erf", true, P::Primary}},
      {"math.sin", {"sin", true, P::Primary}},
      {"math.cos", {"cos", true, P::Primary}},
  };
  return spellings;
}

/// a op b for the comparisons of floats; those that hold for NaN are written as
/// the negation of their opposite.
static std::optional<Expression> spellComparison(arith::CmpFPredicate predicate,
                                                 const Expression &a,
                                                 const Expression &b) {
  using P = arith::CmpFPredicate;
  auto compare = [&](StringRef op, bool negate) {
    Precedence precedence =
        op == "==" || op == "!=" ? Precedence::Equal : Precedence::Compare;
    std::string text =
        a.in(Precedence::Sum) + " " + op.str() + " " + b.in(Precedence::Sum);
    return negate ? Expression{"!(" + text + ")", Precedence::Unary}
                  : Expression{text, precedence};
  };
  switch (predicate) {
  case P::OEQ:
    return compare("==", false);
  case P::UNE:
    return compare("!=", false);
  case P::OGT:
    return compare(">", false);
  case P::OGE:
    return compare(">=", false);
  case P::OLT:
    return compare("<", false);
  case P::OLE:
    return compare("<=", false);
  case P::UGT:
    return compare("<=", true);
  case P::UGE:
    return compare("<", true);
  case P::ULT:
    return compare(">=", true);
  case P::ULE:
    return compare(">", true);
  case P::UNO:
    return Expression{"rt::isUnordered(" + a.text + ", " + b.text + ")"};
  case P::ORD:
    return Expression{"!rt::isUnordered(" + a.text + ", " + b.text + ")",
                      Precedence::Unary};
  default:
    return std::nullopt;
  }
}

static std::optional<Expression> spellComparison(arith::CmpIPredicate predicate,
                                                 const Expression &a,
                                                 const Expression &b) {
  using P = arith::CmpIPredicate;
  static constexpr std::pair<P, StringRef> operators[] = {
      {P::eq, "=="}, {P::ne, "!="},  {P::slt, "<"}, {P::sle, "<="},
      {P::sgt, ">"}, {P::sge, ">="}, {P::ult, "<"}, {P::ule, "<="},
      {P::ugt, ">"}, {P::uge, ">="}};
  for (auto [name, text] : operators) {
    if (name == predicate) {
      return Expression{a.in(Precedence::Sum) + " " + text.str() + " " +
                            b.in(Precedence::Sum),
                        text == "==" || text == "!=" ? Precedence::Equal
                                                     : Precedence::Compare};
    }
  }
  return std::nullopt;
}

static Expression spellCast(Type type, const Expression &value) {
  return {"static_cast<" + spellType(type).str() + ">(" + value.text + ")"};
}

std::optional<Expression>
mlir::ntk::spellScalar(Operation *op, ArrayRef<Expression> operands) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return spellConstant(constant.getValue());
  if (auto compare = dyn_cast<arith::CmpFOp>(op))
    return spellComparison(compare.getPredicate(), operands[0], operands[1]);
  if (auto compare = dyn_cast<arith::CmpIOp>(op))
    return spellComparison(compare.getPredicate(), operands[0], operands[1]);
  if (isa<arith::SelectOp>(op)) {
    return Expression{operands[0].in(Precedence::Or) + " ? " +
                          operands[1].in(Precedence::Or) + " : " +
                          operands[2].in(Precedence::Select),
                      Precedence::Select};
  }
  if (isa<arith::NegFOp>(op))
    return Expression{"-" + operands[0].in(Precedence::Unary, true),
                      Precedence::Unary};
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp, arith::ExtSIOp,
          arith::ExtUIOp, arith::ExtFOp>(op))
    return operands[0]; // C widens by itself
  if (isa<arith::UIToFPOp, arith::SIToFPOp, arith::FPToSIOp, arith::TruncFOp,
          arith::TruncIOp>(op))
    return spellCast(op->getResult(0).getType(), operands[0]);
  auto it = getSpellings().find(op->getName().getStringRef());
  if (it == getSpellings().end())
    return std::nullopt;
  const Spelling &spelling = it->second;
  if (spelling.isFunction) {
    std::string text = "rt::" + spelling.text.str();
    if (isa<IntegerType, IndexType>(op->getResult(0).getType()))
      text += "<" + spellType(op->getResult(0).getType()).str() + ">";
    text += "(";
    for (auto [i, operand] : llvm::enumerate(operands))
      text += (i ? ", " : "") + operand.text;
    return Expression{text + ")"};
  }
  bool isMask = op->getResult(0).getType().isInteger(1);
  if (isa<arith::AndIOp, arith::OrIOp, arith::XOrIOp>(op) && !isMask)
    return Expression{"(" + operands[0].in(Precedence::Unary) + " " +
                      spelling.text.take_back().str() + " " +
                      operands[1].in(Precedence::Unary) + ")"};
  if (spelling.text == "+" && op->getResult(0).getType().isIndex())
    return spellSum(operands[0], operands[1]);
  if (spelling.text == "*" && op->getResult(0).getType().isIndex())
    return spellProduct(operands[0], operands[1]);
  // Compilers warn of a && b || c, although its meaning is clear.
  if (spelling.precedence == Precedence::Or)
    return Expression{operands[0].in(Precedence::Equal) + " || " +
                          operands[1].in(Precedence::Equal),
                      Precedence::Or};
  // a - (b + c), a / (b * c); for floats a + (b + c) is another sum too.
  return Expression{operands[0].in(spelling.precedence) + " " +
                        spelling.text.str() + " " +
                        operands[1].in(spelling.precedence, /*strictly=*/true),
                    spelling.precedence};
}

//===----------------------------------------------------------------------===//
// Sizes and offsets
//===----------------------------------------------------------------------===//

static std::optional<int64_t> getNumber(const Expression &e) {
  int64_t number;
  if (StringRef(e.text).getAsInteger(10, number))
    return std::nullopt;
  return number;
}

Expression mlir::ntk::spellSum(const Expression &a, const Expression &b) {
  std::optional<int64_t> x = getNumber(a), y = getNumber(b);
  if (x && y)
    return {std::to_string(*x + *y),
            *x + *y < 0 ? Precedence::Unary : Precedence::Primary};
  if (x == 0)
    return b;
  if (y == 0)
    return a;
  if (y && *y < 0)
    return {a.text + " - " + std::to_string(-*y), Precedence::Sum};
  return {a.in(Precedence::Sum) + " + " + b.in(Precedence::Sum),
          Precedence::Sum};
}

Expression mlir::ntk::spellProduct(const Expression &a, const Expression &b) {
  std::optional<int64_t> x = getNumber(a), y = getNumber(b);
  if (x && y)
    return {std::to_string(*x * *y)};
  if (x == 0 || y == 0)
    return {"0"};
  if (x == 1)
    return b;
  if (y == 1)
    return a;
  return {a.in(Precedence::Product) + " * " + b.in(Precedence::Product),
          Precedence::Product};
}

Expression mlir::ntk::spellPolynomial(const Polynomial &polynomial) {
  Expression sum{"0"};
  for (const auto &[letters, coefficient] : polynomial.getTerms()) {
    Expression term{"1"};
    for (char letter : letters)
      term = spellProduct(term, {std::string(1, letter)});
    term =
        spellProduct(term, {std::to_string(static_cast<int64_t>(coefficient))});
    sum = spellSum(sum, term);
  }
  return sum;
}

Expression mlir::ntk::spellAffine(AffineExpr expr, ArrayRef<Expression> dims,
                                  ArrayRef<Expression> symbols) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return {std::to_string(constant.getValue()),
            constant.getValue() < 0 ? Precedence::Unary : Precedence::Primary};
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return dims[dim.getPosition()];
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return symbols[symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expr);
  Expression a = spellAffine(binary.getLHS(), dims, symbols);
  Expression b = spellAffine(binary.getRHS(), dims, symbols);
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    return spellSum(a, b);
  case AffineExprKind::Mul:
    return spellProduct(a, b);
  case AffineExprKind::Mod:
    return {a.in(Precedence::Product) + " % " + b.in(Precedence::Unary),
            Precedence::Product};
  case AffineExprKind::FloorDiv:
    return {a.in(Precedence::Product) + " / " + b.in(Precedence::Unary),
            Precedence::Product};
  default: // ceildiv
    return {"(" + a.in(Precedence::Sum) + " + " + b.in(Precedence::Sum) +
                " - 1) / " + b.in(Precedence::Unary),
            Precedence::Product};
  }
}
