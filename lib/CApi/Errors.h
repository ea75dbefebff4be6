// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Errors of the compiler as a status and the text that the thread keeps.

#ifndef NTK_LIB_CAPI_ERRORS_H
#define NTK_LIB_CAPI_ERRORS_H

#include "ntk-c/ntk.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace mlir::ntk {

/// Keeps the error of the calling thread; `file` is the model that it may be
/// about. Success is NTK_OK, and leaves the last error alone.
ntk_status keepError(llvm::Error error, llvm::StringRef file = "");

/// A text in which the options of the command line are spelled as those of the
/// library: "--memory-limit" is "memory_limit".
std::string spellOptions(llvm::StringRef text);

} // namespace mlir::ntk

#endif // NTK_LIB_CAPI_ERRORS_H
