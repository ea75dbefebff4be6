// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which value all ways from others to the results of a graph lead through. A
// way goes along operands in which the ops are differentiable: derivatives of
// the results flow back along it.

#ifndef NTK_ANALYSIS_POSTDOMINATORS_H
#define NTK_ANALYSIS_POSTDOMINATORS_H

#include "mlir/IR/Operation.h"
#include "mlir/IR/ValueRange.h"
#include "llvm/ADT/DenseMap.h"

namespace mlir::ntk {

/// The tree of post-dominators of straight-line ops, the results at its root.
class PostDominators {
public:
  /// `ops` have one result each and stand in order.
  PostDominators(ArrayRef<Operation *> ops, ValueRange results);

  /// Does a way lead from `value` to the results?
  bool reachesResults(Value value) const { return next.contains(value); }

  /// The first value behind `value` that all its ways lead through; null, the
  /// results, if there is none.
  Value getNext(Value value) const { return next.lookup(value); }

  /// The first value that all ways from all of `values` lead through, one of
  /// them if it lies behind the others; null if there is none. Values that do
  /// not reach the results have no ways.
  Value getCommon(ValueRange values) const;

private:
  Value meet(Value a, Value b) const;
  /// Places in the order of the graph: the results behind all, arguments
  /// before.
  int64_t getPlace(Value value) const;

  llvm::DenseMap<Value, int64_t> places;
  llvm::DenseMap<Value, Value> next;
};

} // namespace mlir::ntk

#endif // NTK_ANALYSIS_POSTDOMINATORS_H
