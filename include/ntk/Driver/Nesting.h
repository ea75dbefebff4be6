// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How deep text nests, found out before a parser that calls itself reads it.

#ifndef NTK_DRIVER_NESTING_H
#define NTK_DRIVER_NESTING_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace mlir::ntk {

/// Brackets in each other that MLIR text may have, and operators of an affine
/// expression behind each other, for which its parser calls itself as well.
inline constexpr int maxTextDepth = 256;
inline constexpr int maxTextOperators = 1000;

/// An error if JSON or MLIR text nests deeper.
llvm::Error checkNesting(llvm::StringRef text, int maxDepth);

} // namespace mlir::ntk

#endif // NTK_DRIVER_NESTING_H
