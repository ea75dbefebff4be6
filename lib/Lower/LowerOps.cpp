// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Level 2 to tensors of rt and linalg: every op lowers itself.

#include "dialects/NTK/IR/NTKOps.h"
#include "dialects/NTK/IR/Names.h"
#include "dialects/RT/RTOps.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "ntk/Lower/Passes.h"
#include "ntk/Lower/Sizes.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_LOWEROPSPASS
#include "ntk/Lower/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

static bool isNTKOp(Operation *op) {
  return isa_and_nonnull<NTKDialect>(op->getDialect());
}

/// Says in the location of an op that has a name what the op does, by its kind,
/// unless that is said.
static void describeOp(Operation *op) {
  if (getLocationName(op->getLoc()).empty() ||
      !getDescription(op->getLoc()).empty())
    return;
  std::string what = op->getName().stripDialect().str();
  std::replace(what.begin(), what.end(), '_', ' ');
  op->setLoc(describeLocation(op->getLoc(), what));
}

/// Lowers every ntk op of `function`, operands before their users.
static LogicalResult lowerOps(func::FuncOp function) {
  OpBuilder builder(function.getContext());
  Lowering lowering(builder, getSizeArguments(function));
  SmallVector<Operation *> ops;
  function.walk([&](Operation *op) {
    if (isNTKOp(op))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    auto lowerable = dyn_cast<LowerableOpInterface>(op);
    if (!lowerable)
      return op->emitOpError("expected an op that can be lowered");
    builder.setInsertionPoint(op);
    describeOp(op);
    SmallVector<Value> operands(op->getOperands());
    FailureOr<Value> lowered = lowerable.lower(lowering, operands);
    if (failed(lowered))
      return failure();
    op->getResult(0).replaceAllUsesWith(*lowered);
    op->erase();
  }
  return success();
}

namespace {
struct LowerOpsPass : mlir::ntk::impl::LowerOpsPassBase<LowerOpsPass> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (failed(lowerOps(function)))
        return signalPassFailure();
    for (Operation &op : llvm::make_early_inc_range(*getOperation().getBody()))
      if (isNTKOp(&op) && !isa<KernelOp>(op)) // requests say how to run them
        op.erase();
  }
};
} // namespace
