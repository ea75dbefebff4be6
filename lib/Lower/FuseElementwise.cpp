// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementwise fusion that computes nothing twice: a value of n examples that is
// used for all outputs o is computed once, unless it costs next to nothing.

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "ntk/Lower/Passes.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_FUSEELEMENTWISEPASS
#include "ntk/Lower/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;

/// Is recomputing one element no more than reading it?
static bool isCheap(linalg::GenericOp producer) {
  constexpr size_t few = 3;
  Block *body = producer.getBody();
  return body->getOperations().size() <= few + 1 &&
         llvm::all_of(body->without_terminator(), [](Operation &op) {
           return isa<arith::ArithDialect>(op.getDialect()) &&
                  !isa<arith::DivFOp>(op);
         });
}

/// Fuses the producer of `operand` into its only user if that does not compute
/// it more often.
static bool isWorthFusing(OpOperand *operand) {
  Operation *definition = operand->get().getDefiningOp();
  if (!definition || !definition->hasOneUse())
    return false;
  auto producer = dyn_cast<linalg::GenericOp>(definition);
  auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
  if (!producer || !consumer)
    return true; // reshapes
  return producer.getNumLoops() == consumer.getNumLoops() || isCheap(producer);
}

namespace {
struct FuseElementwisePass
    : ntk::impl::FuseElementwisePassBase<FuseElementwisePass> {
  void runOnOperation() override {
    MLIRContext *context = &getContext();
    RewritePatternSet patterns(context);
    linalg::populateElementwiseOpsFusionPatterns(patterns, isWorthFusing);
    linalg::populateFoldReshapeOpsByExpansionPatterns(patterns, isWorthFusing);
    linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
    linalg::GenericOp::getCanonicalizationPatterns(patterns, context);
    tensor::ExpandShapeOp::getCanonicalizationPatterns(patterns, context);
    tensor::CollapseShapeOp::getCanonicalizationPatterns(patterns, context);
    GreedyRewriteConfig config;
    config.useTopDownTraversal = true;
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns),
                                            config)))
      signalPassFailure();
  }
};
} // namespace
