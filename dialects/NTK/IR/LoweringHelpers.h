// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What lowerings need beside `Lowering`: boxes of tensors (slice and insert
// with untouched batch dimensions), generics whose operands name their batch
// letters themselves, and loops for what linalg cannot say.

#ifndef NTK_DIALECTS_NTK_IR_LOWERINGHELPERS_H
#define NTK_DIALECTS_NTK_IR_LOWERINGHELPERS_H

#include "dialects/NTK/Interfaces/Lowering.h"
#include "mlir/IR/OpDefinition.h"

#include <string>

namespace mlir::ntk {

using IteratorTypes = SmallVector<utils::IteratorType>;

/// `parallel` parallel loops, then `reduction` reductions.
IteratorTypes getLoops(int64_t parallel, int64_t reduction = 0);

/// The size of dimension `i` of `value`: a number or a tensor.dim.
OpFoldResult getMixedSize(Lowering &lowering, Location loc, Value value,
                          int64_t i);

/// A box of a tensor with `batch` leading dimensions that are taken whole.
struct Box {
  SmallVector<OpFoldResult> offsets, sizes, strides;

  /// `sizes` elements of the core from `starts` on, `strides` apart.
  Box(Lowering &lowering, Location loc, Value batched, int64_t batch,
      ArrayRef<int64_t> starts, ArrayRef<int64_t> sizes,
      ArrayRef<int64_t> strides);
};

/// The box as a tensor.
Value extractBox(Lowering &lowering, Location loc, Value value, int64_t batch,
                 ArrayRef<int64_t> starts, ArrayRef<int64_t> sizes,
                 ArrayRef<int64_t> strides);

/// `destination` with `value` in the box.
Value insertBox(Lowering &lowering, Location loc, Value value,
                Value destination, int64_t batch, ArrayRef<int64_t> starts,
                ArrayRef<int64_t> strides);

/// The core result of `op`, whose `parts` (with its batch) follow one another
/// along `axis` of the core.
Value joinBoxes(Lowering &lowering, Operation *op, ArrayRef<Value> parts,
                int64_t axis);

/// A scalar attribute.
TypedAttr getScalarAttr(OpBuilder &builder, Type type, double value);

/// An index constant.
Value createIndex(OpBuilder &builder, Location loc, int64_t value);

/// An operand of createLabelledGeneric: its batch letters and the map from core
/// loops to the dimensions of its core.
struct LabelledOperand {
  Value value;
  std::string batch;
  AffineMap map;
};

/// As Lowering::createGeneric, for operands in any order.
Value createLabelledGeneric(Lowering &lowering, Operation *op,
                            ArrayRef<LabelledOperand> operands,
                            ArrayRef<utils::IteratorType> coreLoops,
                            AffineMap resultMap, Lowering::Body body,
                            Value init = {});

/// Operand `i` of `op` with all batch letters of the result, `resultBatch`:
/// itself, or a copy repeated along those it lacks.
Value broadcastBatch(Lowering &lowering, Operation *op, unsigned i,
                     Value operand, StringRef resultBatch);

/// The batch indices of an operand with letters `batch`, picked from the
/// indices of the letters of the result.
SmallVector<Value> pickBatch(StringRef resultBatch, StringRef batch,
                             ValueRange resultIndices);

/// `index` (any integer type) as an index into an axis: negative ones count
/// from the end, and none leaves 0 ≤ index < size.
Value createSafeIndex(OpBuilder &builder, Location loc, Value index,
                      int64_t size);

/// `init` handed through nested sequential loops over `sizes`:
/// `body(indices, tensor) -> tensor`.
Value createLoops(
    OpBuilder &builder, Location loc, ArrayRef<Value> sizes, Value init,
    function_ref<Value(OpBuilder &, Location, ValueRange, Value)> body);

} // namespace mlir::ntk

#endif // NTK_DIALECTS_NTK_IR_LOWERINGHELPERS_H
