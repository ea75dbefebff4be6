// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an exporter changed is undone, or known to be lost. Optimisers keep the
// outputs of a network and take no care of its parameters: they merge equal
// ones, drop zeros, fold constant sub-graphs and norms into weights, and with
// each the kernel is another one. What torch's exporter writes beside the graph
// is enough to undo nearly all of it.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_UNDO_H
#define NTK_LIB_IMPORT_ONNX_UNDO_UNDO_H

#include "ExportMetadata.h"
#include "ntk/Import/ONNX.h"

namespace mlir::ntk::onnximport {

/// Undoes in `model` what the exporter did to the parameters, and adds to
/// `result` the doubts that remain as warnings. Fails if the kernel would be
/// that of another model, unless the options accept that or what is lost is
/// none of the parameters that they choose.
/// `standIns` are the initializers that hold parameters in another form, under
/// names of their own.
llvm::Error undoExport(Model &model, const ExportMetadata &metadata,
                       const OnnxImportOptions &options, OnnxImport &result,
                       llvm::StringSet<> &standIns);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_UNDO_H
