// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scalar values as expressions of C: what stands in the body of a loop, and
// sizes and offsets outside of one. Which op is spelt how is one table.

#ifndef NTK_LIB_TARGET_EXPRESSIONS_H
#define NTK_LIB_TARGET_EXPRESSIONS_H

#include "dialects/NTK/Interfaces/Polynomial.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Operation.h"
#include <optional>
#include <string>

namespace mlir::ntk {

/// How tightly the outermost operator of an expression binds.
enum class Precedence {
  Select,
  Or,
  And,
  Equal,
  Compare,
  Sum,
  Product,
  Unary,
  Primary
};

struct Expression {
  std::string text;
  Precedence precedence = Precedence::Primary;

  /// The text, in parentheses if its operator binds less than `context`, or
  /// not more if `strictly`.
  std::string in(Precedence context, bool strictly = false) const;
};

/// "float", "int64_t", …; empty for a type that has no name in C here.
StringRef spellType(Type type);

/// A constant of any scalar type, as 0.25f, infinity<float>, -1.
Expression spellConstant(Attribute value);

/// The value of a scalar op (arith, math) of these operands; nothing if the op
/// is not in the table.
std::optional<Expression> spellScalar(Operation *op,
                                      ArrayRef<Expression> operands);

/// a + b, a · b with sums and products of numbers computed.
Expression spellSum(const Expression &a, const Expression &b);
Expression spellProduct(const Expression &a, const Expression &b);

/// A polynomial of sizes that are called as its letters.
Expression spellPolynomial(const Polynomial &polynomial);

/// An affine expression of dimensions and symbols.
Expression spellAffine(AffineExpr expr, ArrayRef<Expression> dims,
                       ArrayRef<Expression> symbols = {});

} // namespace mlir::ntk

#endif // NTK_LIB_TARGET_EXPRESSIONS_H
