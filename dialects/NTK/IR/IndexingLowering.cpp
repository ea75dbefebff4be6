// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowering of the ops that read or add at given positions. Reading is a
// linalg.generic over the positions that extracts from the captured table;
// adding is a nest of sequential loops, for two updates may meet.

#include "dialects/NTK/IR/LoweringHelpers.h"
#include "dialects/NTK/IR/OpHelpers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// y[i…] = table[source(i…, index at i…)] for the positions i of the result;
/// `indexMap` takes them to positions of the index operand (operand 1).
static Value lowerReading(
    Lowering &lowering, Operation *op, ValueRange operands, AffineMap indexMap,
    function_ref<SmallVector<Value>(ValueRange, Value)> source, int64_t size) {
  std::string batch = getResultBatch(op);
  StringRef tableBatch = getOperandBatch(op, 0);
  int64_t rank = getCoreResultType(op).getRank();
  return createLabelledGeneric(
      lowering, op, {{operands[1], getOperandBatch(op, 1).str(), indexMap}},
      getLoops(rank), lowering.builder.getMultiDimIdentityMap(rank),
      [&](OpBuilder &builder, Location loc, ValueRange x) -> Value {
        SmallVector<Value> loops;
        for (int64_t i = 0; i < static_cast<int64_t>(batch.size()) + rank; ++i)
          loops.push_back(builder.create<linalg::IndexOp>(loc, i));
        ValueRange all(loops);
        Value index = createSafeIndex(builder, loc, x[0], size);
        SmallVector<Value> position = pickBatch(batch, tableBatch, all);
        llvm::append_range(position,
                           source(all.drop_front(batch.size()), index));
        return builder.create<tensor::ExtractOp>(loc, operands[0], position);
      });
}

FailureOr<Value> GatherOp::lower(Lowering &lowering, ValueRange operands) {
  int64_t axis = getAxis();
  int64_t indexRank = getCoreOperandType(*this, 1).getRank();
  int64_t rank = getCoreResultType(*this).getRank();
  AffineMap indexMap =
      lowering.builder.getMultiDimIdentityMap(rank).getSliceMap(axis,
                                                                indexRank);
  return lowerReading(
      lowering, *this, operands, indexMap,
      [&](ValueRange loops, Value index) {
        SmallVector<Value> source(loops.take_front(axis));
        source.push_back(index);
        llvm::append_range(source, loops.drop_front(axis + indexRank));
        return source;
      },
      getCoreOperandType(*this, 0).getDimSize(axis));
}

FailureOr<Value> TakeAlongOp::lower(Lowering &lowering, ValueRange operands) {
  int64_t rank = getCoreResultType(*this).getRank();
  return lowerReading(
      lowering, *this, operands, lowering.builder.getMultiDimIdentityMap(rank),
      [&](ValueRange loops, Value index) {
        SmallVector<Value> source(loops.drop_back());
        source.push_back(index);
        return source;
      },
      getCoreOperandType(*this, 0).getShape().back());
}

//===----------------------------------------------------------------------===//
// Adding
//===----------------------------------------------------------------------===//

/// x[target(i…, index at i…)] += updates[i…] for all positions i of the
/// updates (operand 0); `pickIndex` takes them to positions of the indices
/// (operand 1).
static Value
lowerAdding(Lowering &lowering, Operation *op, ValueRange operands,
            function_ref<SmallVector<Value>(ValueRange)> pickIndex,
            function_ref<SmallVector<Value>(ValueRange, Value)> target,
            int64_t size) {
  Location loc = op->getLoc();
  RankedTensorType core = getCoreResultType(op);
  Value zeros = lowering.createFilled(
      op, core, getScalarAttr(lowering.builder, core.getElementType(), 0));
  std::string batch = getResultBatch(op);
  SmallVector<Value> sizes;
  for (size_t i = 0; i < batch.size(); ++i)
    sizes.push_back(getValueOrCreateConstantIndexOp(
        lowering.builder, loc, getMixedSize(lowering, loc, zeros, i)));
  for (int64_t extent : getCoreOperandType(op, 0).getShape())
    sizes.push_back(createIndex(lowering.builder, loc, extent));

  auto extract = [&](OpBuilder &builder, unsigned i, ValueRange loops,
                     ValueRange core) -> Value {
    SmallVector<Value> position =
        pickBatch(batch, getOperandBatch(op, i), loops);
    llvm::append_range(position, core);
    return builder.create<tensor::ExtractOp>(loc, operands[i], position);
  };
  return createLoops(
      lowering.builder, loc, sizes, zeros,
      [&](OpBuilder &builder, Location, ValueRange loops,
          Value tensor) -> Value {
        ValueRange positions = loops.drop_front(batch.size());
        Value update = extract(builder, 0, loops, positions);
        Value index = createSafeIndex(
            builder, loc, extract(builder, 1, loops, pickIndex(positions)),
            size);
        SmallVector<Value> into(loops.take_front(batch.size()));
        llvm::append_range(into, target(positions, index));
        Value old = builder.create<tensor::ExtractOp>(loc, tensor, into);
        Value sum = builder.create<arith::AddFOp>(loc, old, update);
        return builder.create<tensor::InsertOp>(loc, sum, tensor, into);
      });
}

FailureOr<Value> ScatterAddOp::lower(Lowering &lowering, ValueRange operands) {
  int64_t axis = getAxis();
  int64_t indexRank = getCoreOperandType(*this, 1).getRank();
  return lowerAdding(
      lowering, *this, operands,
      [&](ValueRange loops) {
        return SmallVector<Value>(loops.slice(axis, indexRank));
      },
      [&](ValueRange loops, Value index) {
        SmallVector<Value> target(loops.take_front(axis));
        target.push_back(index);
        llvm::append_range(target, loops.drop_front(axis + indexRank));
        return target;
      },
      getSize());
}

FailureOr<Value> PutAlongOp::lower(Lowering &lowering, ValueRange operands) {
  return lowerAdding(
      lowering, *this, operands,
      [](ValueRange loops) { return SmallVector<Value>(loops); },
      [](ValueRange loops, Value index) {
        SmallVector<Value> target(loops.drop_back());
        target.push_back(index);
        return target;
      },
      getSize());
}

//===----------------------------------------------------------------------===//
// identity
//===----------------------------------------------------------------------===//

FailureOr<Value> IdentityOp::lower(Lowering &lowering, ValueRange operands) {
  return lowering.createGeneric(
      *this, {}, getLoops(2), {}, lowering.builder.getMultiDimIdentityMap(2),
      [&](OpBuilder &builder, Location loc, ValueRange x) -> Value {
        Value row = builder.create<linalg::IndexOp>(loc, 0);
        Value column = builder.create<linalg::IndexOp>(loc, 1);
        if (!operands.empty())
          row = builder.create<arith::AddIOp>(loc, row, operands[0]);
        Value isOne = builder.create<arith::CmpIOp>(
            loc, arith::CmpIPredicate::eq, row, column);
        return builder.create<arith::UIToFPOp>(loc, x[0].getType(), isOne);
      });
}
