// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// More rows of the table of operators, by theme.

#ifndef NTK_LIB_IMPORT_ONNX_THEMES_H
#define NTK_LIB_IMPORT_ONNX_THEMES_H

#include "Operators.h"

namespace mlir::ntk::onnximport {

ArrayRef<Operator> getBitOperators();
ArrayRef<Operator> getDeformConvOperators();
ArrayRef<Operator> getGridOperators();
ArrayRef<Operator> getPowerOperators();
ArrayRef<Operator> getRegionOperators();
ArrayRef<Operator> getRegionPoolOperators();
ArrayRef<Operator> getReversalOperators();
ArrayRef<Operator> getSignalOperators();
ArrayRef<Operator> getUniqueOperators();
ArrayRef<Operator> getUnpoolingOperators();

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_THEMES_H
