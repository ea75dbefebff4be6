// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table of ONNX operators. An operator is one row in a thematic file: its
// name, the versions of the operator set it is for, how many inputs it has, and
// the function that imports it: the ops it becomes and, beside them, where the
// batch axis goes or why it may not.

#ifndef NTK_LIB_IMPORT_ONNX_OPERATORS_H
#define NTK_LIB_IMPORT_ONNX_OPERATORS_H

#include "NodeImporter.h"

namespace mlir::ntk::onnximport {

using ImportFunction = LogicalResult (*)(NodeImporter &node);

/// What inputs may be.
enum class Takes {
  Tensors,
  /// Also sequences of values, or an optional value that is not there.
  Sequences,
  /// Also positions in the batch that depend on the input.
  Places
};

struct Operator {
  StringLiteral name;
  /// Versions of the standard operator set, both included.
  int64_t since, until;
  /// Inputs that must be there (the first ones) and how many there may be.
  unsigned minInputs, maxInputs;
  ImportFunction import;
  Takes takes = Takes::Tensors;
};

inline constexpr int64_t oldestOpset = 7;
inline constexpr int64_t newestOpset = 25;
inline constexpr unsigned anyInputs = ~0u;

ArrayRef<Operator> getActivationOperators();
ArrayRef<Operator> getArithmeticOperators();
ArrayRef<Operator> getAttentionOperators();
ArrayRef<Operator> getComparisonOperators();
ArrayRef<Operator> getConstantOperators();
ArrayRef<Operator> getControlFlowOperators();
ArrayRef<Operator> getConvolutionOperators();
ArrayRef<Operator> getDiagonalOperators();
ArrayRef<Operator> getElementOperators();
ArrayRef<Operator> getFourierOperators();
ArrayRef<Operator> getFunctionOperators();
ArrayRef<Operator> getImageOperators();
ArrayRef<Operator> getIndexingOperators();
ArrayRef<Operator> getLinearOperators();
ArrayRef<Operator> getLossOperators();
ArrayRef<Operator> getMatrixOperators();
ArrayRef<Operator> getNormOperators();
ArrayRef<Operator> getNormalizationOperators();
ArrayRef<Operator> getOrderOperators();
ArrayRef<Operator> getPoolingOperators();
ArrayRef<Operator> getRecurrentOperators();
ArrayRef<Operator> getReductionOperators();
ArrayRef<Operator> getResizeOperators();
ArrayRef<Operator> getSelectionOperators();
ArrayRef<Operator> getSequenceOperators();
ArrayRef<Operator> getShapeOperators();

/// The row for an operator of the standard domain at this version, or null.
const Operator *findOperator(StringRef type, int64_t opset);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_OPERATORS_H
