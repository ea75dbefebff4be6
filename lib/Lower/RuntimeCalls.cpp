// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops of `rt` as calls of the C functions they stand for.

#include "CallSupport.h"
#include "dialects/RT/RTOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "ntk/Lower/Passes.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_RUNTIMECALLSPASS
#include "ntk/Lower/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

static LogicalResult replaceByCall(rt::RuntimeCallOpInterface op) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  FailureOr<SmallVector<OpFoldResult>> description =
      op.buildDescription(builder);
  if (failed(description))
    return failure();
  SmallVector<Value> arguments = {createNumbers(builder, loc, *description)};
  for (Value operand : op->getOperands())
    arguments.push_back(createPointer(builder, loc, operand));
  SmallVector<Type> types(arguments.size(),
                          LLVM::LLVMPointerType::get(builder.getContext()));
  func::FuncOp callee =
      declareFunction(op->getParentOfType<ModuleOp>(), op.getRuntimeFunction(),
                      builder.getFunctionType(types, {}));
  builder.create<func::CallOp>(loc, callee, arguments);
  op.erase();
  return success();
}

namespace {
struct RuntimeCallsPass : ntk::impl::RuntimeCallsPassBase<RuntimeCallsPass> {
  void runOnOperation() override {
    SmallVector<rt::RuntimeCallOpInterface> ops;
    getOperation().walk(
        [&](rt::RuntimeCallOpInterface op) { ops.push_back(op); });
    for (rt::RuntimeCallOpInterface op : ops)
      if (failed(replaceByCall(op)))
        return signalPassFailure();
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isDeclaration())
        eraseUnusedOps(function);
  }
};
} // namespace
