// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The two forms of nearly all lowerings: a fresh destination, and a
// linalg.generic with one parallel loop for each batch letter in front of the
// loops of the core. An operand that lacks a letter is broadcast along it.

#include "dialects/NTK/Interfaces/Lowering.h"
#include "dialects/NTK/Interfaces/Batch.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::ntk;

/// The size of a batch letter read off an operand of `op` that has it.
static Value getSizeFromOperand(OpBuilder &builder, Operation *op,
                                char letter) {
  for (auto [i, operand] : llvm::enumerate(op->getOperands()))
    if (size_t axis = getOperandBatch(op, i).find(letter);
        axis != StringRef::npos)
      return builder.create<tensor::DimOp>(op->getLoc(), operand, axis);
  return {};
}

Value Lowering::createEmpty(Operation *op, RankedTensorType type) {
  SmallVector<int64_t> shape = getResultBatchSizes(op);
  SmallVector<Value> dynamicSizes;
  for (auto [letter, size] : llvm::zip_equal(getResultBatch(op), shape)) {
    if (!ShapedType::isDynamic(size))
      continue;
    Value value = getSize(letter);
    dynamicSizes.push_back(value ? value
                                 : getSizeFromOperand(builder, op, letter));
  }
  llvm::append_range(shape, type.getShape());
  return builder.create<tensor::EmptyOp>(op->getLoc(), shape,
                                         type.getElementType(), dynamicSizes);
}

Value Lowering::createFilled(Operation *op, RankedTensorType type,
                             TypedAttr value) {
  Value scalar = builder.create<arith::ConstantOp>(op->getLoc(), value);
  Value empty = createEmpty(op, type);
  return builder.create<linalg::FillOp>(op->getLoc(), scalar, empty)
      .getResult(0);
}

/// The letters of the leading dimensions of `operand`, which has `count` of
/// them: those of the op's operand `i` where they fit, else (a destination, a
/// padded copy) those of the result.
static std::string getLetters(Operation *op, size_t i, int64_t count) {
  if (i < op->getNumOperands()) {
    StringRef letters = getOperandBatch(op, i);
    if (static_cast<int64_t>(letters.size()) == count)
      return letters.str();
  }
  return count ? getResultBatch(op) : std::string();
}

AffineMap mlir::ntk::addBatchLoops(AffineMap core, StringRef batch,
                                   StringRef letters) {
  MLIRContext *context = core.getContext();
  SmallVector<AffineExpr> results;
  for (char letter : letters)
    results.push_back(getAffineDimExpr(batch.find(letter), context));
  llvm::append_range(results, core.shiftDims(batch.size()).getResults());
  return AffineMap::get(batch.size() + core.getNumDims(), 0, results, context);
}

Value Lowering::createGeneric(Operation *op, ValueRange operands,
                              ArrayRef<utils::IteratorType> coreLoops,
                              ArrayRef<AffineMap> operandMaps,
                              AffineMap resultMap, Body body, Value init) {
  std::string batch = getResultBatch(op);
  if (!init)
    init = createEmpty(op, getCoreResultType(op));
  SmallVector<AffineMap> maps;
  for (auto [i, operand] : llvm::enumerate(operands)) {
    AffineMap core = operandMaps[i];
    int64_t leading = cast<RankedTensorType>(operand.getType()).getRank() -
                      static_cast<int64_t>(core.getNumResults());
    maps.push_back(addBatchLoops(core, batch, getLetters(op, i, leading)));
  }
  maps.push_back(addBatchLoops(resultMap, batch, batch));
  SmallVector<utils::IteratorType> loops(batch.size(),
                                         utils::IteratorType::parallel);
  llvm::append_range(loops, coreLoops);
  return builder
      .create<linalg::GenericOp>(
          op->getLoc(), init.getType(), operands, init, maps, loops,
          [&](OpBuilder &nested, Location loc, ValueRange scalars) {
            Value result = body(nested, loc, scalars);
            nested.create<linalg::YieldOp>(loc, result);
          })
      .getResult(0);
}

Value Lowering::createElementwise(Operation *op, ValueRange operands,
                                  Body body) {
  int64_t rank = getCoreResultType(op).getRank();
  AffineMap identity = builder.getMultiDimIdentityMap(rank);
  SmallVector<AffineMap> maps(operands.size(), identity);
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  return createGeneric(op, operands, loops, maps, identity,
                       [&](OpBuilder &nested, Location loc, ValueRange args) {
                         return body(nested, loc, args.drop_back());
                       });
}
