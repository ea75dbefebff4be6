// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Evaluation of graphs, batched ops included.

#include "ntk/Reference/Interpreter.h"

using namespace mlir;
using namespace mlir::ntk;

DualTensor mlir::ntk::sliceBatch(const DualTensor &tensor, StringRef letters,
                                 function_ref<int64_t(char)> at) {
  DualTensor core(ArrayRef<int64_t>(tensor.shape).drop_front(letters.size()));
  int64_t position = 0;
  for (auto [letter, size] : llvm::zip(letters, tensor.shape))
    position = position * size + at(letter);
  auto begin = tensor.elements.begin() + position * core.size();
  std::copy(begin, begin + core.size(), core.elements.begin());
  return core;
}

/// Evaluates `op` once for every index of the batch letters.
static void evaluateBatched(Operation *op,
                            ArrayRef<const DualTensor *> operands,
                            StringRef letters, DualTensor &result) {
  auto evaluable = cast<EvaluableOpInterface>(op);
  RankedTensorType coreType = getCoreResultType(op);
  ArrayRef<int64_t> batch =
      ArrayRef<int64_t>(result.shape).take_front(letters.size());
  int64_t position = 0;
  forEachIndex(batch, [&](ArrayRef<int64_t> index) {
    auto at = [&](char letter) { return index[letters.find(letter)]; };
    std::vector<DualTensor> slices;
    for (auto [i, operand] : llvm::enumerate(operands))
      slices.push_back(sliceBatch(*operand, getOperandBatch(op, i), at));
    SmallVector<const DualTensor *> pointers;
    for (const DualTensor &slice : slices)
      pointers.push_back(&slice);
    DualTensor core(coreType.getShape());
    evaluable.evaluate(pointers, core);
    llvm::copy(core.elements, result.elements.begin() + position);
    position += core.size();
  });
}

LogicalResult Interpreter::run(Operation *op) {
  auto evaluable = dyn_cast<EvaluableOpInterface>(op);
  if (!evaluable)
    return op->emitOpError("expected an op that can be evaluated");
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (!type.hasStaticShape())
    return op->emitOpError("expected static sizes, but got ") << type;
  SmallVector<const DualTensor *> operands;
  for (Value operand : op->getOperands()) {
    operands.push_back(lookup(operand));
    if (!operands.back())
      return op->emitOpError("expected a value for each operand");
  }
  DualTensor &result = results.emplace_back(type.getShape());
  std::string letters = getResultBatch(op);
  if (letters.empty())
    evaluable.evaluate(operands, result);
  else
    evaluateBatched(op, operands, letters, result);
  bind(op->getResult(0), result);
  return success();
}

LogicalResult Interpreter::run(Block &block) {
  for (Operation &op : block)
    if (!op.hasTrait<OpTrait::IsTerminator>() && failed(run(&op)))
      return failure();
  return success();
}
