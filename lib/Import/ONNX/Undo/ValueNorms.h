// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Folded batch norms of files without metadata, told by their values.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_VALUENORMS_H
#define NTK_LIB_IMPORT_ONNX_UNDO_VALUENORMS_H

#include "Undo/Findings.h"

namespace mlir::ntk::onnximport {

/// A convolution whose weight was computed holds a batch norm. If the given
/// values have a weight and a norm whose product it is, they are put back; else
/// it is a loss.
llvm::Error unfoldNormsByValue(ExportedModel &model, Findings &findings);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_VALUENORMS_H
