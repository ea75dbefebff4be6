// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the operators' own files share: checks that say what does not fit, and
// the tensors derivative rules are made of.

#ifndef NTK_DIALECTS_NTK_IR_OPHELPERS_H
#define NTK_DIALECTS_NTK_IR_OPHELPERS_H

#include "dialects/NTK/IR/NTKOps.h"

namespace mlir::ntk {

using ErrorFunction = function_ref<InFlightDiagnostic()>;

inline RankedTensorType getTensorType(Value value) {
  return cast<RankedTensorType>(value.getType());
}
inline ArrayRef<int64_t> getShape(Value value) {
  return getTensorType(value).getShape();
}

/// A shape in an error message, as "[2, 3]".
std::string printShape(ArrayRef<int64_t> shape);

/// The product of `shape`, nothing if it exceeds 64 bits or a size is negative.
std::optional<int64_t> getVolume(ArrayRef<int64_t> shape);

/// Two operands of one type.
LogicalResult checkSameType(RankedTensorType lhs, RankedTensorType rhs,
                            ErrorFunction emitError);

/// 0 ≤ axis < rank.
LogicalResult checkAxis(int64_t axis, int64_t rank, ErrorFunction emitError);

/// Ascending axes below `rank`.
LogicalResult checkAxes(ArrayRef<int64_t> axes, int64_t rank,
                        ErrorFunction emitError);

/// `count` numbers, each at least `least`; `what` names them in the plural.
LogicalResult checkNumbers(StringRef what, ArrayRef<int64_t> numbers,
                           int64_t count, int64_t least,
                           ErrorFunction emitError);

/// A constant tensor of the type of `like`.
Value createSplatLike(OpBuilder &builder, Location loc, Value like,
                      double value);

/// `x` in another shape, or `x` itself if it has it.
Value createReshape(OpBuilder &builder, Location loc, Value x,
                    ArrayRef<int64_t> shape);

/// The mask a ∘ b, elementwise.
Value createCompare(OpBuilder &builder, Location loc, Comparison predicate,
                    Value a, Value b);

/// `value`, but 0 where `tangent` is: forward mode multiplies what a mask left
/// out by derivatives behind it, which may be infinite.
Value zeroWhereZero(OpBuilder &builder, Location loc, Value tangent,
                    Value value);

/// As many different letters, none of n, o, m and p.
std::string getIndexLetters(size_t count);

/// y and θ, of one shape, share every index with each other and with what
/// features there are.
JacobianStructure getElementwiseStructure(ArrayRef<int64_t> shape,
                                          ValueRange features = {});

/// A mask as numbers: the product of two masks would have no element type.
Value createNumbers(OpBuilder &builder, Location loc, Value mask, Type element);

/// Counts a fixed number of FLOPs for one evaluation in the reference
/// interpreter, whatever its arithmetic does: for ops that compare, and for
/// functions of the table, which says what they count.
class FixedFlops {
public:
  explicit FixedFlops(int64_t count) : after(Dual::flops() + count) {}
  ~FixedFlops() { Dual::flops() = after; }

private:
  int64_t after;
};

/// Builds a batched op: `batch` has the letters of each operand.
template <typename OpTy, typename... Args>
Value createBatched(OpBuilder &builder, Location loc,
                    ArrayRef<std::string> batch, Args &&...args) {
  SmallVector<StringRef> letters(batch.begin(), batch.end());
  bool isBatched =
      llvm::any_of(letters, [](StringRef b) { return !b.empty(); });
  return builder.create<OpTy>(loc, std::forward<Args>(args)...,
                              isBatched ? builder.getStrArrayAttr(letters)
                                        : ArrayAttr());
}

} // namespace mlir::ntk

#endif // NTK_DIALECTS_NTK_IR_OPHELPERS_H
