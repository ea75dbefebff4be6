// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Looks operators up in the tables of the thematic files, by domain and name.

#include "OperatorDomains.h"
#include "Themes.h"
#include "ntk/Import/ONNX.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

namespace {
/// A row of a thematic file, and the domain that the file is about.
struct Row {
  StringRef domain;
  const Operator *entry;

  /// "Conv", or "domain::Scaler" outside the standard domain.
  std::string qualifiedName() const {
    return (domain.empty() ? "" : domain.str() + "::") + entry->name.str();
  }
};
} // namespace

using Table = llvm::StringMap<SmallVector<const Operator *, 1>>;

/// All rows, theme by theme.
static SmallVector<Row> getRows() {
  SmallVector<Row> rows;
  auto add = [&](StringRef domain,
                 std::initializer_list<ArrayRef<Operator>> themes) {
    for (ArrayRef<Operator> theme : themes)
      for (const Operator &entry : theme)
        rows.push_back({domain, &entry});
  };
  add("", {getActivationOperators(),    getArithmeticOperators(),
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
           getShapeOperators()});
  add("", {getBitOperators(), getDeformConvOperators(), getGridOperators(),
           getPowerOperators(), getRegionOperators(), getRegionPoolOperators(),
           getReversalOperators(), getSignalOperators(), getUniqueOperators(),
           getUnpoolingOperators()});
  add("", {getFourierOperators(), getLossOperators(), getMatrixOperators()});
  add(machineLearningDomain, {getMachineLearningOperators()});
  add(microsoftDomain, {getFusedOperators()});
  return rows;
}

/// Rows by qualified name.
static Table collectOperators() {
  Table table;
  for (const Row &row : getRows())
    table[row.qualifiedName()].push_back(row.entry);
  return table;
}

/// The row of this name and version, or null.
static const Operator *find(StringRef qualifiedName, int64_t opset) {
  static const Table table = collectOperators();
  auto it = table.find(qualifiedName);
  if (it == table.end())
    return nullptr;
  for (const Operator *entry : it->second)
    if (entry->since <= opset && opset <= entry->until)
      return entry;
  return nullptr;
}

const Operator *onnximport::findOperator(StringRef type, int64_t opset) {
  return find(type, opset);
}

const Operator *onnximport::findOperator(const Node &node) {
  return find(node.qualifiedType(), node.opset);
}

std::vector<OnnxOperator> mlir::ntk::listOnnxOperators() {
  std::vector<OnnxOperator> operators;
  for (const auto &[domain, entry] : getRows())
    operators.push_back({domain, entry->name, entry->since, entry->until,
                         entry->minInputs, entry->maxInputs});
  llvm::sort(operators, [](const OnnxOperator &a, const OnnxOperator &b) {
    return std::tie(a.domain, a.name, a.since) <
           std::tie(b.domain, b.name, b.since);
  });
  return operators;
}

void mlir::ntk::printOnnxOperators(raw_ostream &stream) {
  for (const OnnxOperator &entry : listOnnxOperators()) {
    int64_t since = entry.since;
    if (entry.domain.empty())
      since = std::max(since, oldestOpset);
    else
      stream << entry.domain << "::";
    stream << entry.name << " " << since << " " << entry.until << " "
           << entry.minInputs << " ";
    if (entry.maxInputs == anyInputs)
      stream << "-\n";
    else
      stream << entry.maxInputs << "\n";
  }
}
