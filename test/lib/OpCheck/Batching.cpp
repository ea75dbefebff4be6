// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Batched ops: on operands that have some of the letters each, every slice of
// the result is the op on slices of the operands.

#include "OpCheck.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::opcheck;

static int64_t getBatchSize(char letter) { return letter == 'n' ? 2 : 3; }

SmallVector<int64_t> opcheck::prependBatch(StringRef letters,
                                           ArrayRef<int64_t> core) {
  SmallVector<int64_t> shape;
  for (char letter : letters)
    shape.push_back(getBatchSize(letter));
  llvm::append_range(shape, core);
  return shape;
}

/// Different operands in each slice: those of the point for indices and masks,
/// turned round, and scaled ones for numbers.
static DualTensor spread(const DualTensor &core, StringRef letters,
                         bool isReal) {
  DualTensor result(prependBatch(letters, core.shape));
  int64_t copies = result.size() / std::max<int64_t>(core.size(), 1);
  for (int64_t copy = 0; copy < copies; ++copy)
    for (int64_t i = 0; i < core.size(); ++i)
      result[copy * core.size() + i] =
          isReal ? Dual(core[i].value * (1 + 0.25 * static_cast<double>(copy)))
                 : core[(i + copy) % core.size()];
  return result;
}

static BatchedCase getCase(const Point &point, ArrayRef<std::string> batch) {
  BatchedCase result;
  result.batch.assign(batch.begin(), batch.end());
  for (auto [i, operand] : llvm::enumerate(point.operands))
    result.operands.push_back(
        spread(operand, batch[i],
               isa<FloatType>(getElementTypeOrSelf(point.op->getOperand(i)))));
  std::string letters = unionOfBatches(batch);
  auto core = cast<RankedTensorType>(point.op->getResult(0).getType());
  result.expected = DualTensor(prependBatch(letters, core.getShape()));
  int64_t position = 0;
  forEachIndex(prependBatch(letters, {}), [&](ArrayRef<int64_t> index) {
    auto at = [&](char letter) { return index[letters.find(letter)]; };
    std::vector<DualTensor> slices;
    for (auto [operand, own] : llvm::zip_equal(result.operands, batch))
      slices.push_back(sliceBatch(operand, own, at));
    DualTensor slice = point.evaluate(slices);
    llvm::copy(slice.elements, result.expected.elements.begin() + position);
    position += slice.size();
  });
  return result;
}

std::vector<BatchedCase> opcheck::getBatchedCases(const Point &point) {
  size_t count = point.operands.size();
  using Batch = SmallVector<std::string>;
  SmallVector<Batch> batches = {Batch(count)};
  if (count > 0) {
    batches.append({Batch(count, "n"), Batch(count), Batch(count)});
    for (size_t i = 0; i < count; ++i) {
      batches[2][i] = i % 2 ? "n" : "no";
      batches[3][i] = i % 2 ? "no" : "o";
      Batch alone(count);
      alone[i] = "n";
      batches.push_back(alone);
    }
  }
  std::vector<BatchedCase> cases;
  for (const Batch &batch : batches)
    cases.push_back(getCase(point, batch));
  return cases;
}

static LogicalResult checkCase(const Point &point, const BatchedCase &batched) {
  Scratch scratch(point.op);
  std::vector<DualTensor> arguments = point.operands;
  SmallVector<Value> operands;
  for (auto [i, operand] : llvm::enumerate(batched.operands)) {
    arguments.push_back(operand);
    operands.push_back(scratch.addArgument(RankedTensorType::get(
        operand.shape, getElementTypeOrSelf(point.op->getOperand(i)))));
  }
  Value built =
      cast<BatchableOpInterface>(scratch.getOp())
          .buildBatched(scratch.getBuilder(), operands, batched.batch);
  FailureOr<DualTensor> found = scratch.evaluate(arguments, built);
  if (failed(found))
    return failure();
  if (found->shape != batched.expected.shape)
    return point.op->emitOpError("batched: expected the dimensions of \"")
           << unionOfBatches(batched.batch) << "\" in front, but got "
           << built.getType();
  return expectEqual(point.op, "batched", getValues(*found),
                     getValues(batched.expected));
}

LogicalResult opcheck::checkBatching(const Point &point) {
  if (isa<BatchableOpInterface>(point.op))
    for (const BatchedCase &batched : getBatchedCases(point))
      if (failed(checkCase(point, batched)))
        return failure();
  return success();
}
