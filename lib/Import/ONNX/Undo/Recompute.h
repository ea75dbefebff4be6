// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensors that were computed from parameters, computed again.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_RECOMPUTE_H
#define NTK_LIB_IMPORT_ONNX_UNDO_RECOMPUTE_H

#include "Undo/Findings.h"

namespace mlir::ntk::onnximport {

/// Finds the formula by which the tensor was made of parameters whose values
/// are given or in the file, and puts its nodes into the model. Says whether
/// there is one that the values confirm.
llvm::Expected<bool> recompute(ExportedModel &model, Findings &findings,
                               llvm::StringRef tensor);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_RECOMPUTE_H
