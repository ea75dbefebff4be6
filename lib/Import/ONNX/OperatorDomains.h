// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators outside of the standard domain. A domain is a list of thematic
// files like those of Operators.h, with rows whose versions are the domain's.

#ifndef NTK_LIB_IMPORT_ONNX_OPERATORDOMAINS_H
#define NTK_LIB_IMPORT_ONNX_OPERATORDOMAINS_H

#include "Operators.h"

namespace mlir::ntk::onnximport {

inline constexpr StringLiteral machineLearningDomain = "ai.onnx.ml";
inline constexpr int64_t newestMachineLearningOpset = 5;
ArrayRef<Operator> getMachineLearningOperators();

/// What ONNX Runtime writes where it has fused operators.
inline constexpr StringLiteral microsoftDomain = "com.microsoft";
inline constexpr int64_t newestMicrosoftOpset = 1;
ArrayRef<Operator> getFusedOperators();

/// The row for the operator of a node, of its domain and version, or null.
const Operator *findOperator(const Node &node);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_OPERATORDOMAINS_H
