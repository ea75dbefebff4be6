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
// Determinants of dual numbers
//===----------------------------------------------------------------------===//

using DualMatrix = std::vector<std::vector<Dual>>;

static DualMatrix readMatrix(const DualTensor &x, int64_t matrix) {
  int64_t order = x.shape.back();
  DualMatrix a(order, std::vector<Dual>(order));
  for (int64_t i = 0; i < order; ++i)
    for (int64_t j = 0; j < order; ++j)
      a[i][j] = x[(matrix * order + i) * order + j];
  return a;
}

/// The part of x above the diagonal; on it the negative sum of the diagonal of
/// x behind the place.
static DualMatrix takeUpper(const DualMatrix &x) {
  size_t order = x.size();
  DualMatrix upper(order, std::vector<Dual>(order));
  Dual trace;
  for (size_t i = order; i-- > 0;) {
    for (size_t j = i + 1; j < order; ++j)
      upper[i][j] = x[i][j];
    upper[i][i] = -trace;
    trace += x[i][i];
  }
  return upper;
}

/// Bird's algorithm, which divides by nothing: from x = a take n − 1 times
/// x = upper(x) a; the determinant is ±x[0, 0].
static Dual getDeterminant(const DualMatrix &a) {
  size_t order = a.size();
  if (order == 0)
    return Dual(1);
  DualMatrix x = a;
  for (size_t step = 1; step < order; ++step) {
    DualMatrix upper = takeUpper(x);
    for (size_t i = 0; i < order; ++i) {
      for (size_t j = 0; j < order; ++j) {
        x[i][j] = Dual();
        for (size_t k = i; k < order; ++k)
          x[i][j] += upper[i][k] * a[k][j];
      }
    }
  }
  return order % 2 == 0 ? -x[0][0] : x[0][0];
}

/// The signed determinant of a without row i and column j.
static Dual getCofactor(DualMatrix a, int64_t i, int64_t j) {
  a.erase(a.begin() + i);
  for (std::vector<Dual> &row : a)
    row.erase(row.begin() + j);
  Dual minor = getDeterminant(a);
  return (i + j) % 2 == 0 ? minor : -minor;
}

/// Sets result[i, j] = f(a, i, j) for each matrix a.
template <typename F>
static void forEachEntry(const DualTensor &x, DualTensor &result, F &&f) {
  int64_t order = x.shape.back();
  for (int64_t matrix = 0; matrix < x.size() / (order * order); ++matrix) {
    DualMatrix a = readMatrix(x, matrix);
    for (int64_t i = 0; i < order; ++i)
      for (int64_t j = 0; j < order; ++j)
        result[(matrix * order + i) * order + j] = f(a, i, j);
  }
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
  for (int64_t matrix = 0; matrix < result.size(); ++matrix)
    result[matrix] = getDeterminant(readMatrix(*operands[0], matrix));
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
  forEachEntry(*operands[0], result, getCofactor);
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
  forEachEntry(*operands[0], result,
               [](const DualMatrix &a, int64_t i, int64_t j) {
                 return getCofactor(a, j, i) / getDeterminant(a);
               });
}
