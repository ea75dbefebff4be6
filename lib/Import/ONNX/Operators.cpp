// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Looks operators up in the tables of the thematic files.

#include "Operators.h"
#include "ntk/Import/ONNX.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

using Table = llvm::StringMap<SmallVector<const Operator *, 1>>;

/// All rows, theme by theme.
static SmallVector<const Operator *> getRows() {
  SmallVector<const Operator *> rows;
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
      rows.push_back(&entry);
  return rows;
}

static Table collectOperators() {
  Table table;
  for (const Operator *entry : getRows())
    table[entry->name].push_back(entry);
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

std::vector<OnnxOperator> mlir::ntk::listOnnxOperators() {
  std::vector<OnnxOperator> operators;
  for (const Operator *row : getRows())
    operators.push_back(
        {row->name, row->since, row->until, row->minInputs, row->maxInputs});
  llvm::sort(operators, [](const OnnxOperator &a, const OnnxOperator &b) {
    return std::tie(a.name, a.since) < std::tie(b.name, b.since);
  });
  return operators;
}

void mlir::ntk::printOnnxOperators(raw_ostream &stream) {
  for (const OnnxOperator &entry : listOnnxOperators()) {
    stream << entry.name << " " << std::max(entry.since, oldestOpset) << " "
           << entry.until << " " << entry.minInputs << " ";
    if (entry.maxInputs == anyInputs)
      stream << "-\n";
    else
      stream << entry.maxInputs << "\n";
  }
}
