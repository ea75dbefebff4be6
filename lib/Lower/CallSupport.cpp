// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Addresses, arrays on the stack and declarations for calls of C functions.

#include "CallSupport.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "ntk/Lower/Sizes.h"

using namespace mlir;
using namespace mlir::ntk;

/// Bytes from the aligned pointer of `memref` to its first element.
static Value createByteOffset(OpBuilder &builder, Location loc, Value memref,
                              OpFoldResult offset) {
  auto type = cast<MemRefType>(memref.getType());
  Value elements = getValueOrCreateConstantIndexOp(builder, loc, offset);
  Value width = builder.create<arith::ConstantIndexOp>(
      loc, getElementBytes(type.getElementType()));
  return builder.create<arith::MulIOp>(loc, elements, width);
}

static Value createAddress(OpBuilder &builder, Location loc, Value memref,
                           bool addStaticOffset) {
  auto [strides, offset] =
      getStridesAndOffset(cast<MemRefType>(memref.getType()));
  Value address =
      builder.create<memref::ExtractAlignedPointerAsIndexOp>(loc, memref);
  OpFoldResult elements = builder.getIndexAttr(offset);
  bool isDynamic = ShapedType::isDynamic(offset);
  if (isDynamic)
    elements = builder.create<memref::ExtractStridedMetadataOp>(loc, memref)
                   .getOffset();
  if (isDynamic || (addStaticOffset && offset != 0))
    address = builder.create<arith::AddIOp>(
        loc, address, createByteOffset(builder, loc, memref, elements));
  return builder.create<arith::IndexCastOp>(loc, builder.getI64Type(), address);
}

Value mlir::ntk::createAddress(OpBuilder &builder, Location loc, Value memref) {
  return ::createAddress(builder, loc, memref, /*addStaticOffset=*/false);
}

Value mlir::ntk::createPointer(OpBuilder &builder, Location loc, Value memref) {
  Value address =
      ::createAddress(builder, loc, memref, /*addStaticOffset=*/true);
  return builder.create<LLVM::IntToPtrOp>(
      loc, LLVM::LLVMPointerType::get(builder.getContext()), address);
}

Value mlir::ntk::createNumbers(OpBuilder &builder, Location loc,
                               ArrayRef<OpFoldResult> values) {
  Operation *parent = builder.getInsertionBlock()->getParentOp();
  auto function = dyn_cast<func::FuncOp>(parent);
  if (!function)
    function = parent->getParentOfType<func::FuncOp>();
  Value numbers;
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&function.front());
    auto type = MemRefType::get({static_cast<int64_t>(values.size())},
                                builder.getI64Type());
    numbers = builder.create<memref::AllocaOp>(loc, type);
  }
  for (auto [i, value] : llvm::enumerate(values)) {
    Value number = dyn_cast<Value>(value);
    if (!number)
      number = builder.create<arith::ConstantIntOp>(
          loc, *getConstantIntValue(value), 64);
    else if (number.getType().isIndex())
      number =
          builder.create<arith::IndexCastOp>(loc, builder.getI64Type(), number);
    Value at = builder.create<arith::ConstantIndexOp>(loc, i);
    builder.create<memref::StoreOp>(loc, number, numbers, at);
  }
  return createPointer(builder, loc, numbers);
}

func::FuncOp mlir::ntk::declareFunction(ModuleOp module, StringRef name,
                                        FunctionType type) {
  if (auto function = module.lookupSymbol<func::FuncOp>(name))
    return function;
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto function = builder.create<func::FuncOp>(module.getLoc(), name, type);
  function.setPrivate();
  return function;
}
