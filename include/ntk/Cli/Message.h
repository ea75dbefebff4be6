// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the tools say on stderr.

#ifndef NTK_CLI_MESSAGE_H
#define NTK_CLI_MESSAGE_H

#include "llvm/Support/Error.h"

namespace mlir::ntk {

/// Prints "KIND: message" as one line, with escapes for what does not show and
/// without the middle of what is very long.
void printMessage(llvm::StringRef kind, const llvm::Twine &message);

/// The error as a line "error: …"; the exit status.
int printError(llvm::Error error);

} // namespace mlir::ntk

#endif // NTK_CLI_MESSAGE_H
