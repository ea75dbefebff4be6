// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Batch letters. A batched value has leading dimensions named by letters: n
// and m are examples of the first and second side, o and p are outputs, B and D
// the elements of a cut, a value that stands for the outputs of what is before
// it. An op records the letters of each operand in its `batch` attribute; a
// value whose op has none is of one example.

#ifndef NTK_DIALECTS_NTK_INTERFACES_BATCH_H
#define NTK_DIALECTS_NTK_INTERFACES_BATCH_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

#include <string>

namespace mlir::ntk {

/// Batch letters in the order in which dimensions are laid out: the order in
/// which the GEMMs of the tile function write the kernel. Those of side 1 come
/// first, then, one for each, those of side 2.
inline constexpr llvm::StringLiteral canonicalOrder = "noBmpD";

/// The batch letters of a side, 1 or 2.
StringRef getSideLetters(int side);

/// `letters` with each batch letter of the other side as that of `side`:
/// "nok" is "mpk" on side 2.
std::string moveToSide(StringRef letters, int side);

/// The name of the attribute, an array of one string for each operand.
inline constexpr llvm::StringLiteral batchAttrName = "batch";

/// Letters of operand `i` of `op`; empty if the op is not batched.
StringRef getOperandBatch(Operation *op, unsigned i);

/// Letters of the result: the union of those of the operands, canonical order.
std::string getResultBatch(Operation *op);
std::string unionOfBatches(ArrayRef<std::string> batches);

/// Type without its first `batch.size()` dimensions.
RankedTensorType getCoreType(Type type, StringRef batch);
RankedTensorType getCoreOperandType(Operation *op, unsigned i);
RankedTensorType getCoreResultType(Operation *op);

/// The size of each batch letter of the result as the operands' types give it
/// (ShapedType::kDynamic where it is known at run time only).
SmallVector<int64_t> getResultBatchSizes(Operation *op);

} // namespace mlir::ntk

#endif // NTK_DIALECTS_NTK_INTERFACES_BATCH_H
