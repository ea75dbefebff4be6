// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowering of determinants, cofactors and inverses: elimination with partial
// pivoting, as sequential loops on a workspace of one matrix for each,
//
//     for k:  for i > k:  if |w[i, k]| > |w[k, k]|:  w[k], w[i] = w[i], −w[k]
//             for i ≠ k:  w[i] −= w[i, k] / w[k, k] · w[k]
//
// Exchanges with a sign leave the determinant as it is: the product of the
// pivots. Beside the matrix may stand the identity, which becomes the inverse
// but for a division by the pivots.

#include "dialects/NTK/IR/LoweringHelpers.h"
#include "dialects/NTK/IR/OpHelpers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <limits>

using namespace mlir;
using namespace mlir::ntk;

namespace {
/// The elimination of all matrices of an op's operand.
class Elimination {
public:
  Elimination(Lowering &lowering, Operation *op, Value input)
      : lowering(lowering), builder(lowering.builder), loc(op->getLoc()),
        op(op), input(input), type(getCoreOperandType(op, 0)),
        order(type.getShape().back()),
        leading(getResultBatch(op).size() + type.getRank() - 2) {}

  /// The workspace behind the elimination. `besideIdentity`: with the identity
  /// beside each matrix, and rows above the pivots are eliminated, too.
  /// `keepsPivots`: a pivot of zero becomes the machine epsilon.
  Value run(bool besideIdentity, bool keepsPivots);
  /// The products of the pivots, [batch…, a…].
  Value multiplyPivots(Value workspace);
  /// A result [batch…, a…, n, n] whose elements are `element(leading indices,
  /// i, j)`.
  Value
  build(function_ref<Value(OpBuilder &, ValueRange, Value, Value)> element);
  Value extract(OpBuilder &nested, Value tensor, ValueRange leadingIndices,
                ValueRange indices) const;

private:
  Value createWorkspace(bool besideIdentity);
  Value exchangeRows(OpBuilder &nested, ValueRange at, Value k, Value tensor);
  Value replaceZero(OpBuilder &nested, ValueRange at, Value k, Value tensor);
  Value subtractRow(OpBuilder &nested, ValueRange at, Value k, Value tensor);
  /// Loops over one index from 0 to `size`.
  Value
  loop(OpBuilder &nested, int64_t size, Value tensor,
       function_ref<Value(OpBuilder &, Value index, Value tensor)> body) const;
  Value insert(OpBuilder &nested, Value scalar, Value tensor,
               ValueRange leadingIndices, ValueRange indices) const;
  Value compare(OpBuilder &nested, arith::CmpIPredicate predicate, Value a,
                Value b) const {
    return nested.create<arith::CmpIOp>(loc, predicate, a, b);
  }
  Value real(OpBuilder &nested, double value) const {
    return nested.create<arith::ConstantOp>(
        loc, getScalarAttr(nested, type.getElementType(), value));
  }
  /// Sizes of the loops over matrices.
  SmallVector<Value> getLeadingSizes(Value tensor);

  Lowering &lowering;
  OpBuilder &builder;
  Location loc;
  Operation *op;
  Value input;
  RankedTensorType type;
  int64_t order, leading;
  int64_t columns = 0;
  bool eliminatesAbove = false;
};
} // namespace

//===----------------------------------------------------------------------===//
// Elements and loops
//===----------------------------------------------------------------------===//

Value Elimination::extract(OpBuilder &nested, Value tensor,
                           ValueRange leadingIndices,
                           ValueRange indices) const {
  SmallVector<Value> at(leadingIndices);
  llvm::append_range(at, indices);
  return nested.create<tensor::ExtractOp>(loc, tensor, at);
}

Value Elimination::insert(OpBuilder &nested, Value scalar, Value tensor,
                          ValueRange leadingIndices, ValueRange indices) const {
  SmallVector<Value> at(leadingIndices);
  llvm::append_range(at, indices);
  return nested.create<tensor::InsertOp>(loc, scalar, tensor, at);
}

Value Elimination::loop(
    OpBuilder &nested, int64_t size, Value tensor,
    function_ref<Value(OpBuilder &, Value, Value)> body) const {
  return createLoops(
      nested, loc, createIndex(nested, loc, size), tensor,
      [&](OpBuilder &inner, Location, ValueRange indices, Value carried) {
        return body(inner, indices[0], carried);
      });
}

SmallVector<Value> Elimination::getLeadingSizes(Value tensor) {
  SmallVector<Value> sizes;
  for (int64_t i = 0; i < leading; ++i)
    sizes.push_back(getValueOrCreateConstantIndexOp(
        builder, loc, getMixedSize(lowering, loc, tensor, i)));
  return sizes;
}

Value Elimination::build(
    function_ref<Value(OpBuilder &, ValueRange, Value, Value)> element) {
  int64_t rank = type.getRank();
  return createLabelledGeneric(
      lowering, op, {}, getLoops(rank), builder.getMultiDimIdentityMap(rank),
      [&](OpBuilder &nested, Location, ValueRange) -> Value {
        SmallVector<Value> loops;
        for (int64_t i = 0; i < leading + 2; ++i)
          loops.push_back(nested.create<linalg::IndexOp>(loc, i));
        return element(nested, ValueRange(loops).drop_back(2), loops[leading],
                       loops[leading + 1]);
      });
}

//===----------------------------------------------------------------------===//
// Elimination
//===----------------------------------------------------------------------===//

/// The matrices, and beside them the identity.
Value Elimination::createWorkspace(bool besideIdentity) {
  SmallVector<int64_t> shape(type.getShape());
  columns = besideIdentity ? 2 * order : order;
  shape.back() = columns;
  auto core = RankedTensorType::get(shape, type.getElementType());
  int64_t rank = core.getRank();
  AffineMap all = builder.getMultiDimIdentityMap(rank);
  if (!besideIdentity)
    return createLabelledGeneric(
        lowering, op, {{input, getOperandBatch(op, 0).str(), all}},
        getLoops(rank), all,
        [](OpBuilder &, Location, ValueRange x) { return x[0]; },
        lowering.createEmpty(op, core));
  return createLabelledGeneric(
      lowering, op, {}, getLoops(rank), all,
      [&](OpBuilder &nested, Location, ValueRange) -> Value {
        SmallVector<Value> loops;
        for (int64_t i = 0; i < leading + 2; ++i)
          loops.push_back(nested.create<linalg::IndexOp>(loc, i));
        Value i = loops[leading], j = loops[leading + 1];
        Value isOne = compare(nested, arith::CmpIPredicate::eq, j,
                              nested.create<arith::AddIOp>(
                                  loc, i, createIndex(nested, loc, order)));
        Value identity =
            nested.create<arith::UIToFPOp>(loc, type.getElementType(), isOne);
        Value own = compare(nested, arith::CmpIPredicate::slt, j,
                            createIndex(nested, loc, order));
        Value safe = nested.create<arith::MinSIOp>(
            loc, j, createIndex(nested, loc, order - 1));
        Value x =
            extract(nested, input, ValueRange(loops).drop_back(2), {i, safe});
        return nested.create<arith::SelectOp>(loc, own, x, identity);
      },
      lowering.createEmpty(op, core));
}

/// Brings the row with the largest entry of column k to row k.
Value Elimination::exchangeRows(OpBuilder &nested, ValueRange at, Value k,
                                Value tensor) {
  return loop(nested, order, tensor, [&](OpBuilder &rows, Value i, Value w) {
    Value own = extract(rows, w, at, {i, k});
    Value pivot = extract(rows, w, at, {k, k});
    Value isLarger = rows.create<arith::CmpFOp>(
        loc, arith::CmpFPredicate::OGT, rows.create<math::AbsFOp>(loc, own),
        rows.create<math::AbsFOp>(loc, pivot));
    Value isBelow = compare(rows, arith::CmpIPredicate::sgt, i, k);
    Value takes = rows.create<arith::AndIOp>(loc, isBelow, isLarger);
    return loop(rows, columns, w, [&](OpBuilder &inner, Value j, Value v) {
      Value x = extract(inner, v, at, {k, j});
      Value y = extract(inner, v, at, {i, j});
      Value up = inner.create<arith::SelectOp>(loc, takes, y, x);
      Value down = inner.create<arith::SelectOp>(
          loc, takes, inner.create<arith::NegFOp>(loc, x), y);
      v = insert(inner, up, v, at, {k, j});
      return insert(inner, down, v, at, {i, j});
    });
  });
}

Value Elimination::replaceZero(OpBuilder &nested, ValueRange at, Value k,
                               Value tensor) {
  Value pivot = extract(nested, tensor, at, {k, k});
  Value isZero = nested.create<arith::CmpFOp>(loc, arith::CmpFPredicate::OEQ,
                                              pivot, real(nested, 0));
  double epsilon = type.getElementType().isF32()
                       ? std::numeric_limits<float>::epsilon()
                       : std::numeric_limits<double>::epsilon();
  Value kept =
      nested.create<arith::SelectOp>(loc, isZero, real(nested, epsilon), pivot);
  return insert(nested, kept, tensor, at, {k, k});
}

/// Makes column k zero but for the pivot; entries that are zero stay, even over
/// a pivot of zero. What is left of the column is set to zero, not computed:
/// the rounding error of a difference would be multiplied by the next factor,
/// which is huge where a matrix is singular.
Value Elimination::subtractRow(OpBuilder &nested, ValueRange at, Value k,
                               Value tensor) {
  return loop(nested, order, tensor, [&](OpBuilder &rows, Value i, Value w) {
    Value own = extract(rows, w, at, {i, k});
    Value pivot = extract(rows, w, at, {k, k});
    auto predicate =
        eliminatesAbove ? arith::CmpIPredicate::ne : arith::CmpIPredicate::sgt;
    Value isOther = compare(rows, predicate, i, k);
    Value isNonzero = rows.create<arith::CmpFOp>(loc, arith::CmpFPredicate::UNE,
                                                 own, real(rows, 0));
    Value takes = rows.create<arith::AndIOp>(loc, isOther, isNonzero);
    Value factor = rows.create<arith::SelectOp>(
        loc, takes, rows.create<arith::DivFOp>(loc, own, pivot), real(rows, 0));
    return loop(rows, columns, w, [&](OpBuilder &inner, Value j, Value v) {
      Value x = extract(inner, v, at, {k, j});
      Value y = extract(inner, v, at, {i, j});
      Value product = inner.create<arith::MulFOp>(loc, factor, x);
      Value clears = inner.create<arith::AndIOp>(
          loc, takes, compare(inner, arith::CmpIPredicate::eq, j, k));
      Value difference = inner.create<arith::SelectOp>(
          loc, clears, real(inner, 0),
          inner.create<arith::SubFOp>(loc, y, product));
      return insert(inner, difference, v, at, {i, j});
    });
  });
}

Value Elimination::run(bool besideIdentity, bool keepsPivots) {
  eliminatesAbove = besideIdentity;
  Value workspace = createWorkspace(besideIdentity);
  SmallVector<Value> sizes = getLeadingSizes(workspace);
  sizes.push_back(createIndex(builder, loc, order));
  return createLoops(
      builder, loc, sizes, workspace,
      [&](OpBuilder &nested, Location, ValueRange indices, Value w) {
        ValueRange at = indices.drop_back();
        Value k = indices.back();
        w = exchangeRows(nested, at, k, w);
        if (keepsPivots)
          w = replaceZero(nested, at, k, w);
        return subtractRow(nested, at, k, w);
      });
}

Value Elimination::multiplyPivots(Value workspace) {
  Type element = type.getElementType();
  auto core = RankedTensorType::get(type.getShape().drop_back(2), element);
  Value ones =
      lowering.createFilled(op, core, getScalarAttr(builder, element, 1));
  SmallVector<Value> sizes = getLeadingSizes(workspace);
  sizes.push_back(createIndex(builder, loc, order));
  return createLoops(
      builder, loc, sizes, ones,
      [&](OpBuilder &nested, Location, ValueRange indices, Value product) {
        ValueRange at = indices.drop_back();
        Value k = indices.back();
        Value pivot = extract(nested, workspace, at, {k, k});
        Value old = extract(nested, product, at, {});
        return insert(nested, nested.create<arith::MulFOp>(loc, old, pivot),
                      product, at, {});
      });
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

FailureOr<Value> DetOp::lower(Lowering &lowering, ValueRange operands) {
  Elimination elimination(lowering, *this, operands[0]);
  return elimination.multiplyPivots(
      elimination.run(/*besideIdentity=*/false, /*keepsPivots=*/false));
}

FailureOr<Value> InverseOp::lower(Lowering &lowering, ValueRange operands) {
  Elimination elimination(lowering, *this, operands[0]);
  Value w = elimination.run(/*besideIdentity=*/true, /*keepsPivots=*/false);
  int64_t order = getShape(getInput()).back();
  return elimination.build(
      [&](OpBuilder &builder, ValueRange at, Value i, Value j) -> Value {
        Value column = builder.create<arith::AddIOp>(
            getLoc(), j, createIndex(builder, getLoc(), order));
        return builder.create<arith::DivFOp>(
            getLoc(), elimination.extract(builder, w, at, {i, column}),
            elimination.extract(builder, w, at, {i, i}));
      });
}

/// Without the pivot of its own column the product of pivots is that of the
/// others.
FailureOr<Value> CofactorOp::lower(Lowering &lowering, ValueRange operands) {
  Elimination elimination(lowering, *this, operands[0]);
  Value w = elimination.run(/*besideIdentity=*/true, /*keepsPivots=*/true);
  Value product = elimination.multiplyPivots(w);
  int64_t order = getShape(getInput()).back();
  return elimination.build(
      [&](OpBuilder &builder, ValueRange at, Value i, Value j) -> Value {
        Value column = builder.create<arith::AddIOp>(
            getLoc(), i, createIndex(builder, getLoc(), order));
        Value others = builder.create<arith::DivFOp>(
            getLoc(), elimination.extract(builder, product, at, {}),
            elimination.extract(builder, w, at, {j, j}));
        return builder.create<arith::MulFOp>(
            getLoc(), others, elimination.extract(builder, w, at, {j, column}));
      });
}
