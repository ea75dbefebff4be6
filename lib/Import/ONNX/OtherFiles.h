// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files that people give for a model and that are something else.

#ifndef NTK_LIB_IMPORT_ONNX_OTHERFILES_H
#define NTK_LIB_IMPORT_ONNX_OTHERFILES_H

#include "llvm/ADT/StringRef.h"

namespace mlir::ntk::onnximport {

/// What a file is that begins with these bytes, and what to do with it; empty
/// if nothing is known of it. 32 bytes tell.
llvm::StringRef recogniseOtherFile(llvm::StringRef start);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_OTHERFILES_H
