// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an op is given to lower itself: a builder, the runtime size of every
// batch letter, and helpers for the two forms nearly all lowerings take: a
// fresh destination, and a linalg.generic whose parallel batch loops come
// before the loops of the core.

#ifndef NTK_DIALECTS_NTK_INTERFACES_LOWERING_H
#define NTK_DIALECTS_NTK_INTERFACES_LOWERING_H

#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/AffineMap.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/DenseMap.h"

namespace mlir::ntk {

/// The map of an operand of a batched generic: one dimension for each of its
/// `letters`, then the dimensions of `core`, whose loops come behind one loop
/// for each letter of `batch`.
AffineMap addBatchLoops(AffineMap core, StringRef batch, StringRef letters);

/// Lowers the ops of one function; see LowerableOpInterface.
class Lowering {
public:
  /// `sizes` maps a batch letter to its size, an index value.
  Lowering(OpBuilder &builder, DenseMap<char, Value> sizes)
      : builder(builder), sizes(std::move(sizes)) {}

  OpBuilder &builder;

  /// The index value of a batch letter that has a dynamic size.
  Value getSize(char letter) const { return sizes.lookup(letter); }

  /// A `tensor.empty` for a result of `op` with the given core type; its name
  /// is the location of `op`. Leading dimensions are the batch of the result.
  Value createEmpty(Operation *op, RankedTensorType type);

  /// As above, filled with `value` (a scalar attribute such as 0.0 or -inf).
  Value createFilled(Operation *op, RankedTensorType type, TypedAttr value);

  using Body = function_ref<Value(OpBuilder &, Location, ValueRange)>;

  /// A linalg.generic that computes the result of `op` (type of the result
  /// included its batch). `coreLoops` gives the iterator types of the core's
  /// loops, `operandMaps` and `resultMap` map core loops to the dimensions of
  /// the cores; batch loops are added in front by letter. The body gets one
  /// scalar for each operand and the accumulator last.
  /// `init` is the destination (createEmpty if null).
  Value createGeneric(Operation *op, ValueRange operands,
                      ArrayRef<utils::IteratorType> coreLoops,
                      ArrayRef<AffineMap> operandMaps, AffineMap resultMap,
                      Body body, Value init = {});

  /// The common case of the above: every operand has the core shape of the
  /// result, the body maps scalars to a scalar.
  Value createElementwise(Operation *op, ValueRange operands, Body body);

private:
  DenseMap<char, Value> sizes;
};

} // namespace mlir::ntk

#endif // NTK_DIALECTS_NTK_INTERFACES_LOWERING_H
