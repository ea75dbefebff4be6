// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Derivatives of a network, as ops of one example: the forward pass cloned into
// a function, cotangents propagated back through it, tangents forward. The ops
// bring the rules (DifferentiableOpInterface); here are only the order and the
// sums.

#ifndef NTK_DERIVE_DERIVE_H
#define NTK_DERIVE_DERIVE_H

#include "dialects/NTK/IR/NTKOps.h"
#include "llvm/ADT/DenseSet.h"

#include <memory>

namespace mlir {
class Pass;

namespace ntk {

/// A network's forward pass inside some function.
struct Forward {
  /// Its arguments there, one for each argument of the network.
  SmallVector<Value> arguments;
  /// The cloned ops, in order.
  SmallVector<Operation *> ops;
  /// The results, in the shapes of the network.
  SmallVector<Value> results;
};

/// Clones the body of `network` at the insertion point of `builder`, on the
/// given values for its arguments.
Forward cloneForward(OpBuilder &builder, NetworkOp network,
                     ValueRange arguments);

/// All results flattened and joined: the vector f of O outputs.
Value buildFlatOutput(OpBuilder &builder, Location loc, const Forward &forward);

/// Takes the vector of O cotangents apart into cotangents of the results.
SmallVector<Value> splitFlatCotangent(OpBuilder &builder, Location loc,
                                      const Forward &forward, Value cotangent);

/// Propagates `seeds`, the cotangents of the results, back through `forward`,
/// building at the insertion point of `builder`. Cotangents are built for the
/// values in `needed` only; values that get none have a zero cotangent.
DenseMap<Value, Value> buildVjp(OpBuilder &builder, const Forward &forward,
                                ArrayRef<Value> seeds,
                                const DenseSet<Value> &needed);

/// Propagates tangents (value -> tangent of the same type; absent means zero)
/// of arguments forward; returns the tangents of the results, null where zero.
SmallVector<Value> buildJvp(OpBuilder &builder, const Forward &forward,
                            DenseMap<Value, Value> tangents);

/// A value of the batched world and its batch letters.
struct BatchedValue {
  Value value;
  std::string letters;
};

/// vmap with partial dependence: rebuilds ops of one example on batched
/// operands. A value gets the letters of what it depends on and no others.
class Batcher {
public:
  explicit Batcher(OpBuilder &builder) : builder(builder) {}

  /// Says what stands for `value`.
  void map(Value value, BatchedValue batched) { values[value] = batched; }
  BatchedValue lookup(Value value) const { return values.lookup(value); }

  /// Rebuilds every op of `block` but its terminator.
  void batch(Block &block);
  void batch(Operation *op);

private:
  OpBuilder &builder;
  DenseMap<Value, BatchedValue> values;
};

} // namespace ntk
} // namespace mlir

#endif // NTK_DERIVE_DERIVE_H
