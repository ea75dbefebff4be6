// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The reference interpreter: evaluates graphs of ntk ops in f64 on dual
// numbers, op by op, through EvaluableOpInterface. Slow, simple, and sharing
// nothing with the derivation; the rest of the compiler is judged by it.

#ifndef NTK_REFERENCE_INTERPRETER_H
#define NTK_REFERENCE_INTERPRETER_H

#include "dialects/NTK/IR/NTKOps.h"
#include "llvm/ADT/DenseMap.h"

#include <deque>

namespace mlir::ntk {

/// Values of the ops of one block, in the making.
class Interpreter {
public:
  /// Gives a value, such as a block argument. `tensor` is not copied and must
  /// outlive the interpreter; an index is a tensor of rank 0.
  void bind(Value value, const DualTensor &tensor) { values[value] = &tensor; }

  /// The value computed or bound; null if there is none.
  const DualTensor *lookup(Value value) const { return values.lookup(value); }

  /// Evaluates one op. A batched op is evaluated once for every index of its
  /// batch letters, on slices of its operands. Fails, with an error on the op,
  /// if it cannot be evaluated or has dynamic sizes.
  LogicalResult run(Operation *op);

  /// Evaluates all ops of the block but its terminator.
  LogicalResult run(Block &block);

private:
  DenseMap<Value, const DualTensor *> values;
  std::deque<DualTensor> results;
};

/// The part of `tensor`, whose leading dimensions have the letters `letters`,
/// at the indices that `at` gives for them.
DualTensor sliceBatch(const DualTensor &tensor, StringRef letters,
                      function_ref<int64_t(char)> at);

} // namespace mlir::ntk

#endif // NTK_REFERENCE_INTERPRETER_H
