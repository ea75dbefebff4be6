// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Several folded tensors that are parts of one parameter.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_PARTS_H
#define NTK_LIB_IMPORT_ONNX_UNDO_PARTS_H

#include "Undo/Findings.h"

namespace mlir::ntk::onnximport {

/// Parts of one parameter, read apart from each other, are left apart where
/// they have no value in common, and else joined by their values.
llvm::Error joinParts(ExportedModel &model, Findings &findings);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_PARTS_H
