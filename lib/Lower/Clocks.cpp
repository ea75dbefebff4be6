// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers of the steps of Level 3, and a clock behind each. A step is a call of
// the runtime or a loop nest: what fusing and bufferizing have left, which is
// what runs.

#include "ntk/Lower/Clocks.h"
#include "dialects/RT/RTOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "ntk/Lower/Passes.h"
#include "ntk/Lower/Sizes.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_NUMBERSTEPSPASS
#define GEN_PASS_DEF_ADDCLOCKSPASS
#include "ntk/Lower/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

static bool isStep(Operation &op) {
  return isa<rt::RuntimeCallOpInterface, linalg::LinalgOp, scf::ForOp,
             scf::ParallelOp, memref::CopyOp>(op);
}

namespace {
struct NumberStepsPass : mlir::ntk::impl::NumberStepsPassBase<NumberStepsPass> {
  void runOnOperation() override {
    Builder builder(&getContext());
    int64_t number = 0;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function.isDeclaration())
        continue;
      for (Operation &op : function.front())
        if (isStep(op))
          op.setAttr(stepAttrName, builder.getI64IntegerAttr(number++));
    }
  }
};

struct AddClocksPass : mlir::ntk::impl::AddClocksPassBase<AddClocksPass> {
  void runOnOperation() override { addClocks(getOperation()); }
};
} // namespace

void mlir::ntk::addClocks(func::FuncOp function) {
  if (function.isDeclaration())
    return;
  OpBuilder builder = OpBuilder::atBlockBegin(&function.front());
  builder.create<rt::ClockOp>(function.getLoc(), IntegerAttr());
  for (Operation &op : llvm::make_early_inc_range(function.front())) {
    auto step = op.getAttrOfType<IntegerAttr>(stepAttrName);
    if (!step)
      continue;
    builder.setInsertionPointAfter(&op);
    builder.create<rt::ClockOp>(op.getLoc(), step);
  }
}
