// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values as numbers, and back.

#include "LoopContext.h"
#include "CallSupport.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::ntk;

bool mlir::ntk::isMadeInside(Value value, bool isOpen) {
  return matchPattern(value, m_Constant()) &&
         !(isOpen && isa<FloatType>(value.getType()));
}

bool mlir::ntk::canTravel(Value value) {
  Type type = value.getType();
  return matchPattern(value, m_Constant()) || isa<MemRefType>(type) ||
         type.isIndex() || type.isInteger(64);
}

/// Does `user` take a memref element by element, of whatever sizes?
static bool takesElements(Operation *user) {
  return isa<memref::LoadOp, memref::StoreOp, linalg::LinalgOp>(user);
}

/// Loops of so many trips are as fast where their number is known only when
/// they begin.
static constexpr int64_t leastRuntimeSize = 64;

/// `shape` with its large sizes left open.
static SmallVector<int64_t> openLargeSizes(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> sizes(shape);
  for (int64_t &size : sizes)
    if (size >= leastRuntimeSize)
      size = ShapedType::kDynamic;
  return sizes;
}

Type mlir::ntk::getTravelType(Operation *nest, Value value, bool isOpen) {
  auto type = dyn_cast<MemRefType>(value.getType());
  if (!type || !llvm::all_of(value.getUsers(), [&](Operation *user) {
        return !nest->isAncestor(user) || takesElements(user);
      }))
    return value.getType();
  if (type.getLayout().isIdentity() && !isOpen)
    return type;
  if (type.getLayout().isIdentity())
    return MemRefType::get(openLargeSizes(type.getShape()),
                           type.getElementType(), MemRefLayoutAttrInterface(),
                           type.getMemorySpace());
  auto [strides, offset] = getStridesAndOffset(type);
  auto layout = StridedLayoutAttr::get(type.getContext(), 0, strides);
  return canonicalizeStridedLayout(MemRefType::get(
      type.getShape(), type.getElementType(), layout, type.getMemorySpace()));
}

void mlir::ntk::appendNumbers(OpBuilder &builder, Location loc, Value value,
                              Type travelType,
                              SmallVectorImpl<OpFoldResult> &numbers) {
  auto type = dyn_cast<MemRefType>(travelType);
  FloatAttr real;
  if (!type && matchPattern(value, m_Constant(&real))) {
    APInt bits = real.getValue().bitcastToAPInt();
    numbers.push_back(
        builder.getI64IntegerAttr(static_cast<int64_t>(bits.getZExtValue())));
    return;
  }
  if (!type) {
    numbers.push_back(value);
    return;
  }
  bool keepsOffset =
      getStridesAndOffset(type).second ==
      getStridesAndOffset(cast<MemRefType>(value.getType())).second;
  numbers.push_back(createAddress(builder, loc, value,
                                  /*addStaticOffset=*/!keepsOffset));
  auto [strides, offset] = getStridesAndOffset(type);
  bool isDense = type.getLayout().isIdentity();
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    if (type.isDynamicDim(axis))
      numbers.push_back(createSize(builder, loc, value, axis));
    if (ShapedType::isDynamic(strides[axis]) && !isDense)
      numbers.push_back(readDescriptor(builder, loc, value, {4, axis}));
  }
}

Value ContextReader::read(Type type, bool isAlone) {
  if (auto memref = dyn_cast<MemRefType>(type))
    return readMemRef(memref, isAlone);
  Value number = readNumber();
  if (type.isIndex())
    return builder.create<arith::IndexCastOp>(loc, type, number);
  if (!isa<FloatType>(type))
    return number;
  Type bits = builder.getIntegerType(type.getIntOrFloatBitWidth());
  if (bits != number.getType())
    number = builder.create<arith::TruncIOp>(loc, bits, number);
  return builder.create<arith::BitcastOp>(loc, type, number);
}

Value ContextReader::readNumber() {
  return entry->addArgument(builder.getI64Type(), loc);
}

Value ContextReader::createNumber(int64_t number) {
  return builder.create<LLVM::ConstantOp>(loc, builder.getI64Type(), number);
}

/// A descriptor as the conversion to LLVM makes it: two pointers, offset,
/// sizes, strides. Where the elements lie one behind the other, strides are
/// products of sizes.
Value ContextReader::readMemRef(MemRefType type, bool isAlone) {
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Value descriptor =
      builder.create<LLVM::UndefOp>(loc, getDescriptorType(type));
  auto insert = [&](Value value, ArrayRef<int64_t> position) {
    descriptor =
        builder.create<LLVM::InsertValueOp>(loc, descriptor, value, position);
  };
  if (isAlone)
    lonely.push_back(entry->getNumArguments());
  Value address = entry->addArgument(pointer, loc);
  insert(address, 0);
  insert(address, 1);
  auto [strides, offset] = getStridesAndOffset(type);
  bool isDense = type.getLayout().isIdentity();
  insert(createNumber(ShapedType::isDynamic(offset) ? 0 : offset), 2);
  SmallVector<Value> steps(type.getRank()), sizes;
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    int64_t size = type.getDimSize(axis), stride = strides[axis];
    sizes.push_back(ShapedType::isDynamic(size) ? readNumber()
                                                : createNumber(size));
    if (!ShapedType::isDynamic(stride))
      steps[axis] = createNumber(stride);
    else if (!isDense)
      steps[axis] = readNumber();
  }
  for (int64_t axis = type.getRank(); axis-- > 0;) {
    if (!steps[axis])
      steps[axis] =
          builder.create<LLVM::MulOp>(loc, steps[axis + 1], sizes[axis + 1]);
    insert(sizes[axis], {3, axis});
    insert(steps[axis], {4, axis});
  }
  return builder.create<UnrealizedConversionCastOp>(loc, type, descriptor)
      .getResult(0);
}

void mlir::ntk::createCallWithContext(OpBuilder &builder, Location loc,
                                      func::FuncOp body, Value context,
                                      ValueRange more) {
  Type i64 = builder.getI64Type();
  SmallVector<Value> arguments;
  ArrayRef<Type> types = body.getArgumentTypes();
  for (auto [i, type] : llvm::enumerate(types.drop_back(more.size()))) {
    Value at = builder.create<LLVM::GEPOp>(
        loc, context.getType(), i64, context,
        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
    Value number = builder.create<LLVM::LoadOp>(loc, i64, at);
    if (isa<LLVM::LLVMPointerType>(type))
      number = builder.create<LLVM::IntToPtrOp>(loc, type, number);
    arguments.push_back(number);
  }
  llvm::append_range(arguments, more);
  builder.create<func::CallOp>(loc, body, arguments);
}
