// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls that became one since their parameters were equal.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_MERGEDCALLS_H
#define NTK_LIB_IMPORT_ONNX_UNDO_MERGEDCALLS_H

#include "ExportMetadata.h"

namespace mlir::ntk::onnximport {

struct Findings;

/// Gives each of the merged calls nodes of its own, which name the parameters
/// of the model; does nothing where the file does not tell all of them.
void separateCalls(Model &file, const ExportMetadata &metadata,
                   Findings &findings);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_MERGEDCALLS_H
