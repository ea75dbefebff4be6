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

/// The number that a product is at run time.
static OpFoldResult createNumber(OpBuilder &builder, Operation *op,
                                 const rt::SizeProduct &product) {
  Location loc = op->getLoc();
  Value number;
  auto multiply = [&](Value factor) {
    number =
        number ? builder.create<arith::MulIOp>(loc, number, factor) : factor;
  };
  for (const rt::SizeProduct::Axis &axis : product.getAxes()) {
    Value operand = op->getOperand(axis.operand);
    if (axis.isStride)
      multiply(builder.create<memref::ExtractStridedMetadataOp>(loc, operand)
                   .getStrides()[axis.axis]);
    else
      multiply(builder.createOrFold<memref::DimOp>(loc, operand, axis.axis));
  }
  if (!number)
    return builder.getIndexAttr(product.getFactor());
  if (product.getFactor() != 1)
    multiply(builder.create<arith::ConstantIndexOp>(loc, product.getFactor()));
  return number;
}

static void replaceByCall(rt::RuntimeCallOpInterface op) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  auto numbers = llvm::map_to_vector(
      op.getDescription(), [&](const rt::SizeProduct &product) {
        return createNumber(builder, op, product);
      });
  SmallVector<Value> arguments = {createNumbers(builder, loc, numbers)};
  for (Value operand : op->getOperands())
    arguments.push_back(createPointer(builder, loc, operand));
  SmallVector<Type> types(arguments.size(),
                          LLVM::LLVMPointerType::get(builder.getContext()));
  func::FuncOp callee =
      declareFunction(op->getParentOfType<ModuleOp>(), op.getRuntimeFunction(),
                      builder.getFunctionType(types, {}));
  builder.create<func::CallOp>(loc, callee, arguments);
  op.erase();
}

static void replaceByCall(rt::ClockOp op) {
  OpBuilder builder(op);
  func::FuncOp callee =
      declareFunction(op->getParentOfType<ModuleOp>(), "ntk_rt_clock",
                      builder.getFunctionType(builder.getI64Type(), {}));
  int64_t nobody = -1;
  Value step = builder.create<arith::ConstantIntOp>(
      op.getLoc(), static_cast<int64_t>(op.getStep().value_or(nobody)), 64);
  builder.create<func::CallOp>(op.getLoc(), callee, step);
  op.erase();
}

namespace {
struct RuntimeCallsPass
    : mlir::ntk::impl::RuntimeCallsPassBase<RuntimeCallsPass> {
  void runOnOperation() override {
    getOperation().walk(
        [](rt::RuntimeCallOpInterface op) { replaceByCall(op); });
    getOperation().walk([](rt::ClockOp op) { replaceByCall(op); });
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function.isDeclaration())
        eraseUnusedOps(function);
  }
};
} // namespace
