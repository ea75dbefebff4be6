// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Looks operators up in the tables of the thematic files.

#include "Operators.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

using Table = llvm::StringMap<SmallVector<const Operator *, 1>>;

static Table collectOperators() {
  Table table;
  for (ArrayRef<Operator> theme :
       {getActivationOperators(),    getArithmeticOperators(),
        getAttentionOperators(),     getComparisonOperators(),
        getConstantOperators(),      getControlFlowOperators(),
        getConvolutionOperators(),   getDiagonalOperators(),
        getElementOperators(),       getFunctionOperators(),
        getImageOperators(),         getIndexingOperators(),
        getLinearOperators(),        getNormOperators(),
        getNormalizationOperators(), getOrderOperators(),
        getPoolingOperators(),       getRecurrentOperators(),
        getReductionOperators(),     getResizeOperators(),
        getSelectionOperators(),     getSequenceOperators(),
        getShapeOperators()})
    for (const Operator &entry : theme)
      table[entry.name].push_back(&entry);
  return table;
}

const Operator *onnximport::findOperator(StringRef type, int64_t opset) {
  static const Table table = collectOperators();
  auto it = table.find(type);
  if (it == table.end())
    return nullptr;
  for (const Operator *entry : it->second)
    if (entry->since <= opset && opset <= entry->until)
      return entry;
  return nullptr;
}
