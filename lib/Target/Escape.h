// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Text from outside in emitted source: a function for each place where it may
// stand. Names of files, parameters and nodes hold anything; as identifiers
// they go through `mangle` in Identifiers.h.

#ifndef NTK_LIB_TARGET_ESCAPE_H
#define NTK_LIB_TARGET_ESCAPE_H

#include "llvm/ADT/StringRef.h"
#include <string>

namespace mlir::ntk {

/// Text within a comment of either kind, in one line: nothing in it ends the
/// comment, begins another, or continues its line.
std::string escapeComment(llvm::StringRef text);

/// The same of a name, which is cut if it is very long.
std::string escapeCommentName(llvm::StringRef name);

/// A literal of C and C++ whose characters are the bytes of `text`.
std::string quote(llvm::StringRef text);

/// The same as a value of std::string_view: with its length, if it has zeros.
std::string quoteView(llvm::StringRef text);

} // namespace mlir::ntk

#endif // NTK_LIB_TARGET_ESCAPE_H
