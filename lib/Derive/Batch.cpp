// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Batching with partial dependence: an op is rebuilt with the letters of its
// operands, and an op none of whose operands has letters is left as it is.

#include "ntk/Derive/Derive.h"

using namespace mlir;
using namespace mlir::ntk;

void Batcher::batch(Block &block) {
  for (Operation &op : block.without_terminator())
    batch(&op);
}

void Batcher::batch(Operation *op) {
  SmallVector<Value> operands;
  SmallVector<std::string> letters;
  for (Value operand : op->getOperands()) {
    auto it = values.find(operand);
    operands.push_back(it == values.end() ? operand : it->second.value);
    letters.push_back(it == values.end() ? "" : it->second.letters);
  }
  std::string all = unionOfBatches(letters);
  if (all.empty()) {
    Operation *clone = builder.clone(*op);
    clone->setOperands(operands);
    for (auto [from, to] :
         llvm::zip_equal(op->getResults(), clone->getResults()))
      values[from] = {to, ""};
    return;
  }
  auto batchable = cast<BatchableOpInterface>(op);
  Value result = batchable.buildBatched(builder, operands, letters);
  values[op->getResult(0)] = {result, all};
}
