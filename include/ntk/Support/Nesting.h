// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What text would overcharge a parser, found out before one reads it: depth,
// for it calls itself, and long numbers, for which it takes the square of their
// time.

#ifndef NTK_SUPPORT_NESTING_H
#define NTK_SUPPORT_NESTING_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace mlir::ntk {

/// Brackets in each other that MLIR text may have, and operators of an affine
/// expression behind each other, for which its parser calls itself as well.
inline constexpr int maxTextDepth = 256;
inline constexpr int maxTextOperators = 1000;

/// Digits of an integer in MLIR text, decimal or hexadecimal.
inline constexpr int maxTextDigits = 256;

/// An error if JSON or MLIR text nests deeper, or has a longer integer.
llvm::Error checkNesting(llvm::StringRef text, int maxDepth);

} // namespace mlir::ntk

#endif // NTK_SUPPORT_NESTING_H
