// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Helpers of lowerings: boxes, generics with labelled operands, loops.

#include "dialects/NTK/IR/LoweringHelpers.h"
#include "dialects/NTK/IR/OpHelpers.h"
#include "dialects/NTK/Interfaces/Batch.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::ntk;

IteratorTypes mlir::ntk::getLoops(int64_t parallel, int64_t reduction) {
  IteratorTypes loops(parallel, utils::IteratorType::parallel);
  loops.append(reduction, utils::IteratorType::reduction);
  return loops;
}

OpFoldResult mlir::ntk::getMixedSize(Lowering &lowering, Location loc,
                                     Value value, int64_t i) {
  auto type = cast<RankedTensorType>(value.getType());
  if (!type.isDynamicDim(i))
    return lowering.builder.getIndexAttr(type.getDimSize(i));
  return lowering.builder.create<tensor::DimOp>(loc, value, i).getResult();
}

//===----------------------------------------------------------------------===//
// Boxes
//===----------------------------------------------------------------------===//

Box::Box(Lowering &lowering, Location loc, Value batched, int64_t batch,
         ArrayRef<int64_t> starts, ArrayRef<int64_t> coreSizes,
         ArrayRef<int64_t> coreStrides) {
  OpBuilder &builder = lowering.builder;
  for (int64_t i = 0; i < batch; ++i) {
    offsets.push_back(builder.getIndexAttr(0));
    sizes.push_back(getMixedSize(lowering, loc, batched, i));
    strides.push_back(builder.getIndexAttr(1));
  }
  for (auto [start, size, stride] :
       llvm::zip_equal(starts, coreSizes, coreStrides)) {
    offsets.push_back(builder.getIndexAttr(start));
    sizes.push_back(builder.getIndexAttr(size));
    strides.push_back(builder.getIndexAttr(stride));
  }
}

Value mlir::ntk::extractBox(Lowering &lowering, Location loc, Value value,
                            int64_t batch, ArrayRef<int64_t> starts,
                            ArrayRef<int64_t> sizes,
                            ArrayRef<int64_t> strides) {
  Box box(lowering, loc, value, batch, starts, sizes, strides);
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(type.getShape().take_front(batch));
  llvm::append_range(shape, sizes);
  return lowering.builder.create<tensor::ExtractSliceOp>(
      loc, RankedTensorType::get(shape, type.getElementType()), value,
      box.offsets, box.sizes, box.strides);
}

Value mlir::ntk::insertBox(Lowering &lowering, Location loc, Value value,
                           Value destination, int64_t batch,
                           ArrayRef<int64_t> starts,
                           ArrayRef<int64_t> strides) {
  auto type = cast<RankedTensorType>(value.getType());
  Box box(lowering, loc, value, batch, starts,
          type.getShape().drop_front(batch), strides);
  return lowering.builder.create<tensor::InsertSliceOp>(
      loc, value, destination, box.offsets, box.sizes, box.strides);
}

/// A memref of the shape of a `tensor.empty`, which is erased.
static Value createBufferLike(OpBuilder &builder, tensor::EmptyOp empty) {
  RankedTensorType type = empty.getType();
  Value buffer = builder.create<memref::AllocOp>(
      empty.getLoc(), MemRefType::get(type.getShape(), type.getElementType()),
      empty.getDynamicSizes());
  empty.erase();
  return buffer;
}

/// Writes many parts into one buffer, each by itself. A chain of insertions
/// would say the same, but the time to analyse it grows with the fourth power
/// of its length.
static Value joinInBuffer(Lowering &lowering, Operation *op,
                          ArrayRef<Value> parts, Value empty, int64_t axis) {
  OpBuilder &builder = lowering.builder;
  Location loc = op->getLoc();
  int64_t batch = getResultBatch(op).size(), rank = getShape(empty).size();
  Value buffer =
      createBufferLike(builder, empty.getDefiningOp<tensor::EmptyOp>());
  SmallVector<int64_t> starts(rank - batch, 0), strides(rank - batch, 1);
  for (Value part : parts) {
    ArrayRef<int64_t> shape = getShape(part);
    Box box(lowering, loc, part, batch, starts, shape.drop_front(batch),
            strides);
    Value place = builder.create<memref::SubViewOp>(loc, buffer, box.offsets,
                                                    box.sizes, box.strides);
    builder.create<bufferization::MaterializeInDestinationOp>(
        loc, /*result=*/Type(), part, place, /*restrict=*/true,
        /*writable=*/true);
    starts[axis] += shape[batch + axis];
  }
  return builder.create<bufferization::ToTensorOp>(loc, buffer,
                                                   /*restrict=*/true);
}

Value mlir::ntk::joinBoxes(Lowering &lowering, Operation *op,
                           ArrayRef<Value> parts, int64_t axis) {
  constexpr size_t mostInsertions = 8;
  RankedTensorType core = getCoreResultType(op);
  Value result = lowering.createEmpty(op, core);
  if (parts.size() > mostInsertions)
    return joinInBuffer(lowering, op, parts, result, axis);
  SmallVector<int64_t> starts(core.getRank(), 0), strides(core.getRank(), 1);
  int64_t batch = getResultBatch(op).size();
  for (Value part : parts) {
    result =
        insertBox(lowering, op->getLoc(), part, result, batch, starts, strides);
    starts[axis] += getShape(part)[batch + axis];
  }
  return result;
}

TypedAttr mlir::ntk::getScalarAttr(OpBuilder &builder, Type type,
                                   double value) {
  if (isa<FloatType>(type))
    return builder.getFloatAttr(type, value);
  return builder.getIntegerAttr(type, static_cast<int64_t>(value));
}

Value mlir::ntk::createIndex(OpBuilder &builder, Location loc, int64_t value) {
  return builder.create<arith::ConstantIndexOp>(loc, value);
}

//===----------------------------------------------------------------------===//
// Generics
//===----------------------------------------------------------------------===//

Value mlir::ntk::createLabelledGeneric(Lowering &lowering, Operation *op,
                                       ArrayRef<LabelledOperand> operands,
                                       ArrayRef<utils::IteratorType> coreLoops,
                                       AffineMap resultMap, Lowering::Body body,
                                       Value init) {
  std::string batch = getResultBatch(op);
  if (!init)
    init = lowering.createEmpty(op, getCoreResultType(op));
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (const LabelledOperand &operand : operands) {
    inputs.push_back(operand.value);
    maps.push_back(addBatchLoops(operand.map, batch, operand.batch));
  }
  maps.push_back(addBatchLoops(resultMap, batch, batch));
  IteratorTypes loops = getLoops(batch.size());
  llvm::append_range(loops, coreLoops);
  return lowering.builder
      .create<linalg::GenericOp>(
          op->getLoc(), init.getType(), inputs, init, maps, loops,
          [&](OpBuilder &nested, Location loc, ValueRange scalars) {
            Value result = body(nested, loc, scalars);
            nested.create<linalg::YieldOp>(loc, result);
          })
      .getResult(0);
}

Value mlir::ntk::broadcastBatch(Lowering &lowering, Operation *op, unsigned i,
                                Value operand, StringRef resultBatch) {
  if (getOperandBatch(op, i) == resultBatch)
    return operand;
  RankedTensorType core = getCoreOperandType(op, i);
  AffineMap identity = lowering.builder.getMultiDimIdentityMap(core.getRank());
  return createLabelledGeneric(
      lowering, op, {{operand, getOperandBatch(op, i).str(), identity}},
      getLoops(core.getRank()), identity,
      [](OpBuilder &, Location, ValueRange x) { return x[0]; },
      lowering.createEmpty(op, core));
}

SmallVector<Value> mlir::ntk::pickBatch(StringRef resultBatch, StringRef batch,
                                        ValueRange resultIndices) {
  SmallVector<Value> picked;
  for (char letter : batch)
    picked.push_back(resultIndices[resultBatch.find(letter)]);
  return picked;
}

//===----------------------------------------------------------------------===//
// Positions and loops
//===----------------------------------------------------------------------===//

Value mlir::ntk::createSafeIndex(OpBuilder &builder, Location loc, Value index,
                                 int64_t size) {
  Value position =
      builder.create<arith::IndexCastOp>(loc, builder.getIndexType(), index);
  Value zero = createIndex(builder, loc, 0);
  Value fromEnd = builder.create<arith::AddIOp>(
      loc, position, createIndex(builder, loc, size));
  Value isNegative = builder.create<arith::CmpIOp>(
      loc, arith::CmpIPredicate::slt, position, zero);
  Value wrapped =
      builder.create<arith::SelectOp>(loc, isNegative, fromEnd, position);
  Value notBelow = builder.create<arith::MaxSIOp>(loc, wrapped, zero);
  return builder.create<arith::MinSIOp>(loc, notBelow,
                                        createIndex(builder, loc, size - 1));
}

Value mlir::ntk::createLoops(
    OpBuilder &builder, Location loc, ArrayRef<Value> sizes, Value init,
    function_ref<Value(OpBuilder &, Location, ValueRange, Value)> body) {
  Value zero = createIndex(builder, loc, 0);
  Value one = createIndex(builder, loc, 1);
  SmallVector<Value> lower(sizes.size(), zero), steps(sizes.size(), one);
  if (sizes.empty())
    return body(builder, loc, {}, init);
  return scf::buildLoopNest(builder, loc, lower, sizes, steps, init,
                            [&](OpBuilder &nested, Location nestedLoc,
                                ValueRange indices, ValueRange tensors) {
                              return scf::ValueVector{
                                  body(nested, nestedLoc, indices, tensors[0])};
                            })
      .results[0];
}
