// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Forward reachability over the ops of a block, in their order.

#include "ntk/Analysis/Dependence.h"
#include "dialects/NTK/IR/NTKOps.h"

using namespace mlir;
using namespace mlir::ntk;

template <typename Follows>
static DenseSet<Value> reach(Block &block, ValueRange sources,
                             Follows &&follows) {
  DenseSet<Value> reached(sources.begin(), sources.end());
  for (Operation &op : block) {
    for (OpOperand &operand : op.getOpOperands()) {
      if (reached.contains(operand.get()) && follows(operand)) {
        reached.insert(op.result_begin(), op.result_end());
        break;
      }
    }
  }
  return reached;
}

DenseSet<Value> mlir::ntk::getDependents(Block &block, ValueRange sources) {
  return reach(block, sources, [](OpOperand &) { return true; });
}

DenseSet<Value> mlir::ntk::getActiveDependents(Block &block,
                                               ValueRange sources) {
  return reach(block, sources, [](OpOperand &operand) {
    auto op = dyn_cast<DifferentiableOpInterface>(operand.getOwner());
    return op && op.isDifferentiableIn(operand.getOperandNumber());
  });
}
