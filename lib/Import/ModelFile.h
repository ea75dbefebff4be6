// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The file of a model, once it is open.

#ifndef NTK_LIB_IMPORT_MODELFILE_H
#define NTK_LIB_IMPORT_MODELFILE_H

#include "ntk/Import/Model.h"

namespace mlir::ntk {

/// Does the file hold an ONNX model? Its name says so; one without either
/// ending, as of a pipe, has bytes that no text begins with.
llvm::Expected<bool> isOnnx(llvm::StringRef path, const InputFile &file);

/// Parses MLIR as text; bytecode is for files that one trusts.
llvm::Expected<OwningOpRef<ModuleOp>> parseModule(MLIRContext &context,
                                                  const ModelOptions &options,
                                                  const InputFile &file);

} // namespace mlir::ntk

#endif // NTK_LIB_IMPORT_MODELFILE_H
