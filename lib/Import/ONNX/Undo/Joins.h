// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Several parameters that the exporter joined to one tensor.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_JOINS_H
#define NTK_LIB_IMPORT_ONNX_UNDO_JOINS_H

#include "Undo/Findings.h"

namespace mlir::ntk::onnximport {

/// A join of given parameters is made of them again; any other stands for its
/// parts, as long as it has each element once.
llvm::Error restoreJoined(ExportedModel &model, Findings &findings,
                          llvm::StringRef tensor);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_JOINS_H
