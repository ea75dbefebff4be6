// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Determinants, cofactors and inverses of the square matrices of the last two
// axes: types, derivatives, evaluation. Lowering: MatrixLowering.cpp.

#include "dialects/NTK/IR/OpHelpers.h"

using namespace mlir;
using namespace mlir::ntk;

static LogicalResult checkSquare(RankedTensorType type,
                                 ErrorFunction emitError) {
  ArrayRef<int64_t> shape = type.getShape();
  if (shape.size() >= 2 && shape.back() > 0 &&
      shape.back() == shape[shape.size() - 2])
    return success();
  return emitError() << "expected square matrices along the last two axes, but "
                        "got "
                     << printShape(shape);
}

static int64_t getOrder(Value matrices) { return getShape(matrices).back(); }

/// Multiply-adds of `columns` numbers a row, in `order`² rows of each matrix.
static int64_t countElimination(RankedTensorType type, int64_t columns) {
  int64_t order = type.getShape().back();
  return type.getNumElements() * 2 * columns + type.getNumElements() / order;
}

/// A contraction of matrices [a…, x, y]: "aij, akj -> aik" with letters `a` for
/// the axes before.
static Value contractMatrices(OpBuilder &builder, Location loc,
                              ArrayRef<StringRef> words, StringRef result,
                              ArrayRef<Value> matrices) {
  std::string axes = getIndexLetters(getShape(matrices[0]).size() + 2);
  std::string leading = axes.substr(4);
  auto spell = [&](StringRef word) {
    std::string spelt = leading;
    for (char letter : word)
      spelt += axes[letter - 'i'];
    return spelt;
  };
  std::string spec;
  for (StringRef word : words)
    spec += (spec.empty() ? "" : ", ") + spell(word);
  return createContract(builder, loc, spec + " -> " + spell(result), matrices);
}

//===----------------------------------------------------------------------===//
// Elimination on dual numbers
//===----------------------------------------------------------------------===//

namespace {
/// One matrix, beside it the identity.
class Elimination {
public:
  Elimination(const DualTensor &x, int64_t matrix)
      : order(x.shape.back()), rows(order, std::vector<Dual>(2 * order)) {
    for (int64_t i = 0; i < order; ++i) {
      for (int64_t j = 0; j < order; ++j)
        rows[i][j] = x[(matrix * order + i) * order + j];
      rows[i][order + i] = Dual(1);
    }
    for (int64_t k = 0; k < order; ++k)
      eliminate(k);
  }

  Dual determinant() const {
    Dual product(1);
    for (int64_t k = 0; k < order; ++k)
      product = product * rows[k][k];
    return product;
  }
  Dual inverse(int64_t i, int64_t j) const {
    return rows[i][order + j] / rows[i][i];
  }

  int64_t order;

private:
  /// Makes column k zero but for its pivot. A row that moves up pushes the one
  /// it replaces down with the other sign: the determinant stays.
  void eliminate(int64_t k) {
    for (int64_t i = k + 1; i < order; ++i) {
      if (std::abs(rows[i][k].value) <= std::abs(rows[k][k].value))
        continue;
      std::swap(rows[i], rows[k]);
      for (Dual &entry : rows[i])
        entry = -entry;
    }
    for (int64_t i = 0; i < order; ++i) {
      if (i == k || rows[k][k].value == 0)
        continue;
      Dual factor = rows[i][k] / rows[k][k];
      for (int64_t j = 0; j < 2 * order; ++j)
        rows[i][j] = rows[i][j] - factor * rows[k][j];
    }
  }

  std::vector<std::vector<Dual>> rows;
};
} // namespace

/// Calls f(elimination, matrix) for each matrix.
template <typename F> static void forEachMatrix(const DualTensor &x, F &&f) {
  int64_t order = x.shape.back();
  for (int64_t matrix = 0; matrix < x.size() / (order * order); ++matrix)
    f(Elimination(x, matrix), matrix);
}

//===----------------------------------------------------------------------===//
// det
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
DetOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor,
                     ErrorFunction emitError) {
  if (failed(checkSquare(operands[0], emitError)))
    return failure();
  return RankedTensorType::get(operands[0].getShape().drop_back(2),
                               operands[0].getElementType());
}

Value DetOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  Value cofactors = createOp<CofactorOp>(builder, getLoc(), getInput());
  return contractMatrices(builder, getLoc(), {"ij", ""}, "ij",
                          {cofactors, cotangent});
}

Value DetOp::buildJvp(OpBuilder &builder, ValueRange tangents) {
  Value cofactors = createOp<CofactorOp>(builder, getLoc(), getInput());
  return contractMatrices(builder, getLoc(), {"ij", "ij"}, "",
                          {cofactors, tangents[0]});
}

int64_t DetOp::getCoreFlops() {
  return countElimination(getCoreOperandType(*this, 0), getOrder(getInput()));
}

void DetOp::evaluate(ArrayRef<const DualTensor *> operands,
                     DualTensor &result) {
  FixedFlops flops(getCoreFlops());
  forEachMatrix(*operands[0],
                [&](const Elimination &elimination, int64_t matrix) {
                  result[matrix] = elimination.determinant();
                });
}

//===----------------------------------------------------------------------===//
// cofactor
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
CofactorOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor,
                          ErrorFunction emitError) {
  if (failed(checkSquare(operands[0], emitError)))
    return failure();
  return operands[0];
}

/// ⟨c, Yᵀ⟩ y − Yᵀ cᵀ y.
Value CofactorOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  Value inverse = createOp<InverseOp>(builder, getLoc(), getInput());
  auto contract = [&](ArrayRef<StringRef> words, StringRef result,
                      ArrayRef<Value> matrices) {
    return contractMatrices(builder, getLoc(), words, result, matrices);
  };
  Value trace = contract({"ij", "ji"}, "", {cotangent, inverse});
  Value along = contract({"ij", ""}, "ij", {getResult(), trace});
  Value turned =
      contract({"ki", "lk", "lj"}, "ij", {inverse, cotangent, getResult()});
  return createOp<SubOp>(builder, getLoc(), along, turned);
}

/// ⟨y, t⟩ Yᵀ − y tᵀ Yᵀ.
Value CofactorOp::buildJvp(OpBuilder &builder, ValueRange tangents) {
  Value inverse = createOp<InverseOp>(builder, getLoc(), getInput());
  auto contract = [&](ArrayRef<StringRef> words, StringRef result,
                      ArrayRef<Value> matrices) {
    return contractMatrices(builder, getLoc(), words, result, matrices);
  };
  Value change = contract({"ij", "ij"}, "", {getResult(), tangents[0]});
  Value along = contract({"ji", ""}, "ij", {inverse, change});
  Value turned =
      contract({"ik", "lk", "jl"}, "ij", {getResult(), tangents[0], inverse});
  return createOp<SubOp>(builder, getLoc(), along, turned);
}

int64_t CofactorOp::getCoreFlops() {
  return countElimination(getCoreOperandType(*this, 0),
                          2 * getOrder(getInput()));
}

void CofactorOp::evaluate(ArrayRef<const DualTensor *> operands,
                          DualTensor &result) {
  FixedFlops flops(getCoreFlops());
  forEachMatrix(*operands[0],
                [&](const Elimination &elimination, int64_t matrix) {
                  int64_t order = elimination.order;
                  Dual determinant = elimination.determinant();
                  for (int64_t i = 0; i < order; ++i)
                    for (int64_t j = 0; j < order; ++j)
                      result[(matrix * order + i) * order + j] =
                          determinant * elimination.inverse(j, i);
                });
}

//===----------------------------------------------------------------------===//
// inverse
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
InverseOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor,
                         ErrorFunction emitError) {
  if (failed(checkSquare(operands[0], emitError)))
    return failure();
  return operands[0];
}

/// −yᵀ c yᵀ.
Value InverseOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  Value product = contractMatrices(builder, getLoc(), {"ki", "kl", "jl"}, "ij",
                                   {getResult(), cotangent, getResult()});
  return createOp<NegOp>(builder, getLoc(), product);
}

/// −y t y.
Value InverseOp::buildJvp(OpBuilder &builder, ValueRange tangents) {
  Value product = contractMatrices(builder, getLoc(), {"ik", "kl", "lj"}, "ij",
                                   {getResult(), tangents[0], getResult()});
  return createOp<NegOp>(builder, getLoc(), product);
}

int64_t InverseOp::getCoreFlops() {
  return countElimination(getCoreOperandType(*this, 0),
                          2 * getOrder(getInput()));
}

void InverseOp::evaluate(ArrayRef<const DualTensor *> operands,
                         DualTensor &result) {
  FixedFlops flops(getCoreFlops());
  forEachMatrix(*operands[0], [&](const Elimination &elimination,
                                  int64_t matrix) {
    int64_t order = elimination.order;
    for (int64_t i = 0; i < order; ++i)
      for (int64_t j = 0; j < order; ++j)
        result[(matrix * order + i) * order + j] = elimination.inverse(i, j);
  });
}
