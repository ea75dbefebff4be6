// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Addresses, arrays on the stack and declarations for calls of C functions.

#include "CallSupport.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Transforms/RegionUtils.h"
#include "ntk/Lower/Sizes.h"

using namespace mlir;
using namespace mlir::ntk;

Type mlir::ntk::getDescriptorType(MemRefType type) {
  MLIRContext *context = type.getContext();
  Type i64 = IntegerType::get(context, 64);
  Type pointer = LLVM::LLVMPointerType::get(context);
  SmallVector<Type> members = {pointer, pointer, i64};
  if (type.getRank() > 0)
    members.append(2, LLVM::LLVMArrayType::get(i64, type.getRank()));
  return LLVM::LLVMStructType::getLiteral(context, members);
}

// Not memref.extract_aligned_pointer_as_index: --expand-strided-metadata takes
// it from the source of a memref.view and drops the shift.
Value mlir::ntk::readDescriptor(OpBuilder &builder, Location loc, Value memref,
                                ArrayRef<int64_t> position) {
  Type type = getDescriptorType(cast<MemRefType>(memref.getType()));
  Value descriptor =
      builder.create<UnrealizedConversionCastOp>(loc, type, memref)
          .getResult(0);
  Value number =
      builder.create<LLVM::ExtractValueOp>(loc, descriptor, position);
  if (isa<LLVM::LLVMPointerType>(number.getType()))
    return builder.create<LLVM::PtrToIntOp>(loc, builder.getI64Type(), number);
  return number;
}

Value mlir::ntk::createAddress(OpBuilder &builder, Location loc, Value memref,
                               bool addStaticOffset) {
  auto type = cast<MemRefType>(memref.getType());
  auto [strides, offset] = getStridesAndOffset(type);
  Value address = readDescriptor(builder, loc, memref, {1});
  bool isDynamic = ShapedType::isDynamic(offset);
  if (!isDynamic && (!addStaticOffset || offset == 0))
    return address;
  Value elements = isDynamic
                       ? readDescriptor(builder, loc, memref, {2})
                       : builder.create<arith::ConstantIntOp>(loc, offset, 64);
  Value width = builder.create<arith::ConstantIntOp>(
      loc, getElementBytes(type.getElementType()), 64);
  Value bytes = builder.create<arith::MulIOp>(loc, elements, width);
  return builder.create<arith::AddIOp>(loc, address, bytes);
}

Value mlir::ntk::createPointer(OpBuilder &builder, Location loc, Value memref) {
  Value address = createAddress(builder, loc, memref, /*addStaticOffset=*/true);
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

SetVector<Value> mlir::ntk::getUsedValues(Operation *op) {
  SetVector<Value> used(op->getOperands().begin(), op->getOperands().end());
  getUsedValuesDefinedAbove(op->getRegions(), used);
  return used;
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
