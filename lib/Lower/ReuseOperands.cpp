// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementwise ops write over an operand that nobody else reads. Bufferization
// would give each tensor.empty its own buffer: with the operand as destination,
// a chain of a product, a bias and an activation runs in one.

#include "dialects/RT/RTOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "ntk/Lower/Passes.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_REUSEOPERANDSPASS
#include "ntk/Lower/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

/// Is the memory of `value` this function's own, to be written over? What views
/// are taken of is followed back; arguments and constants are not ours.
static bool isOwnMemory(Value value) {
  Operation *definition = value.getDefiningOp();
  return isa_and_nonnull<linalg::LinalgOp, rt::RuntimeCallOpInterface>(
      definition);
}

/// The operand whose memory `generic` can write its result over, or null.
static OpOperand *findReusableOperand(linalg::GenericOp generic) {
  if (generic.getNumDpsInits() != 1 ||
      generic.getNumParallelLoops() != generic.getNumLoops())
    return nullptr;
  OpOperand *init = generic.getDpsInitOperand(0);
  if (!init->get().getDefiningOp<tensor::EmptyOp>())
    return nullptr;
  AffineMap map = generic.getMatchingIndexingMap(init);
  for (OpOperand *operand : generic.getDpsInputOperands())
    if (operand->get().getType() == init->get().getType() &&
        generic.getMatchingIndexingMap(operand) == map &&
        operand->get().hasOneUse() && isOwnMemory(operand->get()))
      return operand;
  return nullptr;
}

namespace {
struct ReuseOperandsPass
    : mlir::ntk::impl::ReuseOperandsPassBase<ReuseOperandsPass> {
  void runOnOperation() override {
    // Of each op how many ops before it wrote into the same memory: to tell
    // that such a chain is right takes bufferization its length to the third.
    constexpr unsigned longestChain = 16;
    DenseMap<Operation *, unsigned> lengths;
    getOperation().walk([&](linalg::GenericOp generic) {
      OpOperand *operand = findReusableOperand(generic);
      if (!operand)
        return;
      unsigned length = lengths.lookup(operand->get().getDefiningOp()) + 1;
      if (length == longestChain)
        return;
      lengths[generic] = length;
      generic.getDpsInitOperand(0)->set(operand->get());
    });
  }
};
} // namespace
