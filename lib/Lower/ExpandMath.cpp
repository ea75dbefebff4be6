// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementwise functions and reductions that LLVM can vectorise. The flags are
// set before the polynomials come in: those are exact about the order of their
// own additions.

#include "MathExpansions.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "ntk/Lower/Passes.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_EXPANDMATHPASS
#include "ntk/Lower/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;

/// Lets LLVM reorder sums and fuse multiply-adds; infinities and NaN stay.
static void allowReassociation(Operation *root) {
  auto flags = arith::FastMathFlagsAttr::get(
      root->getContext(),
      arith::FastMathFlags::reassoc | arith::FastMathFlags::contract);
  root->walk([&](arith::ArithFastMathInterface op) {
    op->setAttr(op.getFastMathAttrName(), flags);
  });
}

namespace {
struct ExpandMathPass : mlir::ntk::impl::ExpandMathPassBase<ExpandMathPass> {
  void runOnOperation() override {
    allowReassociation(getOperation());
    RewritePatternSet patterns(&getContext());
    populateMathPolynomialApproximationPatterns(patterns);
    mlir::ntk::populateMathExpansionPatterns(patterns);
    // Not all ops are walked through: most functions are nothing but calls.
    SmallVector<Operation *> elementary;
    getOperation().walk([&](Operation *op) {
      if (isa<math::MathDialect>(op->getDialect()))
        elementary.push_back(op);
    });
    GreedyRewriteConfig config;
    config.strictMode = GreedyRewriteStrictness::ExistingAndNewOps;
    if (failed(applyOpPatternsAndFold(elementary, std::move(patterns), config)))
      signalPassFailure();
  }
};
} // namespace
