// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Copies as loops, which then run on all threads.

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/PatternMatch.h"
#include "ntk/Lower/Passes.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_COPIESTOLOOPSPASS
#include "ntk/Lower/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;

namespace {
struct CopiesToLoopsPass
    : mlir::ntk::impl::CopiesToLoopsPassBase<CopiesToLoopsPass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](memref::CopyOp copy) {
      rewriter.setInsertionPoint(copy);
      auto loops = rewriter.create<linalg::CopyOp>(
          copy.getLoc(), copy.getSource(), copy.getTarget());
      loops->setDiscardableAttrs(copy->getDiscardableAttrDictionary());
      rewriter.eraseOp(copy);
    });
  }
};
} // namespace
