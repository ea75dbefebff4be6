// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementwise fusion that computes nothing twice: a value of n examples that is
// used for all outputs o is computed once, unless it costs next to nothing.
// Broadcasts and identities are never stored for elementwise users.

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
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

/// Is `op` elementwise, so that its result says how far its loops go?
static bool isElementwise(linalg::GenericOp op) {
  return op.getNumParallelLoops() == op.getNumLoops();
}

/// Does a producer without arithmetic of its own only say where its elements
/// come from: a broadcast, or an identity made of indices?
static bool isFree(linalg::GenericOp producer) {
  constexpr size_t few = 5;
  Block *body = producer.getBody();
  if (body->getOperations().size() > few || producer.getNumResults() != 1 ||
      !isElementwise(producer))
    return false;
  bool computes = llvm::any_of(body->without_terminator(), [](Operation &op) {
    return !isa<linalg::IndexOp, arith::CmpIOp, arith::UIToFPOp>(op);
  });
  return !computes &&
         llvm::all_of(producer.getDpsInputOperands(), [&](OpOperand *input) {
           return producer.getRank(input) < producer.getNumLoops();
         });
}

/// Gives each elementwise user of a free producer a producer of its own, to be
/// fused with: reading the values costs more than making them again.
static void cloneFreeProducers(func::FuncOp function) {
  SmallVector<linalg::GenericOp> producers;
  function.walk([&](linalg::GenericOp op) {
    if (isFree(op))
      producers.push_back(op);
  });
  OpBuilder builder(function.getContext());
  for (linalg::GenericOp producer : llvm::reverse(producers)) {
    for (OpOperand &use :
         llvm::make_early_inc_range(producer->getResult(0).getUses())) {
      auto user = dyn_cast<linalg::GenericOp>(use.getOwner());
      if (!user || !isElementwise(user) || user.isDpsInit(&use) ||
          producer->hasOneUse())
        continue;
      builder.setInsertionPoint(user);
      use.set(builder.clone(*producer)->getResult(0));
    }
  }
}

/// Would the fused body be longer than one loop should be? Each fusion makes
/// the body anew, and code for a loop takes more than twice as long for twice
/// the body: chains of any length become loops of bounded size.
static bool isTooLong(linalg::GenericOp producer, linalg::GenericOp consumer) {
  constexpr size_t mostOps = 48, mostOperands = 24;
  return producer.getBody()->getOperations().size() +
                 consumer.getBody()->getOperations().size() >
             mostOps ||
         producer->getNumOperands() + consumer->getNumOperands() > mostOperands;
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
  if (isTooLong(producer, consumer) && !isFree(producer))
    return false;
  return producer.getNumLoops() == consumer.getNumLoops() ||
         isCheap(producer) || (isFree(producer) && isElementwise(consumer));
}

namespace {
struct FuseElementwisePass
    : mlir::ntk::impl::FuseElementwisePassBase<FuseElementwisePass> {
  void runOnOperation() override {
    cloneFreeProducers(getOperation());
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
    config.enableRegionSimplification = GreedySimplifyRegionLevel::Disabled;
    if (failed(applyPatternsAndFoldGreedily(getOperation(), std::move(patterns),
                                            config)))
      signalPassFailure();
  }
};
} // namespace
