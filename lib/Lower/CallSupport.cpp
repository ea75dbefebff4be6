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

static Value toI64(OpBuilder &builder, Location loc, OpFoldResult value) {
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return builder.create<arith::ConstantIntOp>(loc, *constant, 64);
  auto number = cast<Value>(value);
  if (number.getType().isIndex())
    return builder.create<arith::IndexCastOp>(loc, builder.getI64Type(),
                                              number);
  return number;
}

/// The aligned pointer of a memref as i64. Views are looked through: their
/// descriptors take many times as long to compile as the sum they stand for.
static Value readAlignedPointer(OpBuilder &builder, Location loc,
                                Value memref) {
  Operation *op = memref.getDefiningOp();
  if (auto view = dyn_cast_or_null<memref::ViewOp>(op)) {
    Value base = readAlignedPointer(builder, loc, view.getSource());
    if (isConstantIntValue(view.getByteShift(), 0))
      return base;
    return builder.create<arith::AddIOp>(
        loc, base, toI64(builder, loc, view.getByteShift()));
  }
  if (isa_and_nonnull<memref::SubViewOp, memref::CastOp,
                      memref::ReinterpretCastOp, memref::CollapseShapeOp,
                      memref::ExpandShapeOp>(op))
    return readAlignedPointer(builder, loc, op->getOperand(0));
  return readDescriptor(builder, loc, memref, {1});
}

Value mlir::ntk::createAddress(OpBuilder &builder, Location loc, Value memref,
                               bool addStaticOffset) {
  auto type = cast<MemRefType>(memref.getType());
  auto [strides, offset] = getStridesAndOffset(type);
  Value address = readAlignedPointer(builder, loc, memref);
  bool isDynamic = ShapedType::isDynamic(offset);
  if (!isDynamic && (!addStaticOffset || offset == 0))
    return address;
  int64_t width = getElementBytes(type.getElementType());
  if (!isDynamic)
    return builder.create<arith::AddIOp>(
        loc, address,
        builder.create<arith::ConstantIntOp>(loc, offset * width, 64));
  Value bytes = builder.create<arith::MulIOp>(
      loc, readDescriptor(builder, loc, memref, {2}),
      builder.create<arith::ConstantIntOp>(loc, width, 64));
  return builder.create<arith::AddIOp>(loc, address, bytes);
}

Value mlir::ntk::createPointer(OpBuilder &builder, Location loc, Value memref) {
  Value address = createAddress(builder, loc, memref, /*addStaticOffset=*/true);
  return builder.create<LLVM::IntToPtrOp>(
      loc, LLVM::LLVMPointerType::get(builder.getContext()), address);
}

Value mlir::ntk::createSize(OpBuilder &builder, Location loc, Value memref,
                            int64_t axis) {
  auto type = cast<MemRefType>(memref.getType());
  if (!type.isDynamicDim(axis))
    return builder.create<arith::ConstantIntOp>(loc, type.getDimSize(axis), 64);
  if (auto view = memref.getDefiningOp<memref::ViewOp>())
    return toI64(builder, loc, view.getSizes()[type.getDynamicDimIndex(axis)]);
  if (auto view = memref.getDefiningOp<memref::SubViewOp>();
      view && view.getSourceType().getRank() == type.getRank())
    return toI64(builder, loc, view.getMixedSizes()[axis]);
  if (auto view = memref.getDefiningOp<memref::CollapseShapeOp>()) {
    Value product;
    ReassociationIndices joinedAxes = view.getReassociationIndices()[axis];
    for (int64_t joined : joinedAxes) {
      Value size = createSize(builder, loc, view.getSrc(), joined);
      product =
          product ? builder.create<arith::MulIOp>(loc, product, size) : size;
    }
    return product;
  }
  return readDescriptor(builder, loc, memref, {3, axis});
}

Value mlir::ntk::createNumbers(OpBuilder &builder, Location loc,
                               ArrayRef<OpFoldResult> values) {
  Operation *parent = builder.getInsertionBlock()->getParentOp();
  auto function = dyn_cast<func::FuncOp>(parent);
  if (!function)
    function = parent->getParentOfType<func::FuncOp>();
  Type i64 = builder.getI64Type();
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Value numbers;
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(&function.front());
    Value count = builder.create<LLVM::ConstantOp>(loc, i64, values.size());
    numbers = builder.create<LLVM::AllocaOp>(loc, pointer, i64, count);
  }
  for (auto [i, value] : llvm::enumerate(values)) {
    Value number = toI64(builder, loc, value);
    Value at = numbers;
    if (i > 0)
      at = builder.create<LLVM::GEPOp>(
          loc, pointer, i64, numbers,
          ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
    builder.create<LLVM::StoreOp>(loc, number, at);
  }
  return numbers;
}

void mlir::ntk::eraseUnusedOps(func::FuncOp function) {
  SmallVector<Operation *> ops;
  for (Operation &op : function.front().without_terminator())
    ops.push_back(&op);
  for (Operation *op : llvm::reverse(ops))
    if (isOpTriviallyDead(op))
      op->erase();
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
