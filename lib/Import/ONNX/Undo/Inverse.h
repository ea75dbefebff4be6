// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A parameter behind functions of one variable, told by what they gave.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_INVERSE_H
#define NTK_LIB_IMPORT_ONNX_UNDO_INVERSE_H

#include "Undo/Findings.h"

namespace mlir::ntk::onnximport {

/// If the tensor was made of one parameter by moves and by functions that have
/// an inverse, the functions become nodes again, and `restore` is called for
/// the tensor that they are applied to, which moves alone made. False if it was
/// made otherwise, if the order of the functions is open, or if its values do
/// not tell the parameter precisely.
llvm::Expected<bool>
restoreInverse(ExportedModel &model, Findings &findings, llvm::StringRef tensor,
               llvm::function_ref<llvm::Error(llvm::StringRef)> restore);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_INVERSE_H
