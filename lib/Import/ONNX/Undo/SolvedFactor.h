// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A constant that was multiplied with a weight in advance, and of which nothing
// but the product is left.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_SOLVEDFACTOR_H
#define NTK_LIB_IMPORT_ONNX_UNDO_SOLVEDFACTOR_H

#include "Undo/Formula.h"

namespace mlir::ntk::onnximport {

/// X of X Wᵀ = product. None unless there are at least twice as many equations
/// as unknowns, which the values can contradict, and the columns of W are far
/// from dependent, so that X is as precise as the product.
std::optional<Numbers> solveFactor(const Numbers &product,
                                   const Numbers &weight);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_SOLVEDFACTOR_H
