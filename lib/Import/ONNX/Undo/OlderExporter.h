// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files of torch's older exporter, which have names and no metadata.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_OLDEREXPORTER_H
#define NTK_LIB_IMPORT_ONNX_UNDO_OLDEREXPORTER_H

#include "Undo/Findings.h"

namespace mlir::ntk::onnximport {

/// The module of a node by the node's name: "/encoder/encoder.0/query/MatMul"
/// gives "encoder.0.query".
std::string modulePath(llvm::StringRef nodeName);

/// The module that a call by another number may be of: `query` for `query_1`;
/// empty for others.
llvm::StringRef calledModule(llvm::StringRef path);

/// Gives weights their names back, and finds norms that were folded into them.
llvm::Error undoOlderExporter(Model &file, const ExportMetadata &metadata,
                              Findings &findings);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_OLDEREXPORTER_H
