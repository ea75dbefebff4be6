// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names of files that stand in emitted code.

#ifndef NTK_TARGET_FILENAMES_H
#define NTK_TARGET_FILENAMES_H

#include "llvm/ADT/StringRef.h"
#include <string>

namespace mlir::ntk {

/// The name of the header beside STEM.cpp: STEM.h, but for what #include cannot
/// spell.
std::string getHeaderName(llvm::StringRef stem);

} // namespace mlir::ntk

#endif // NTK_TARGET_FILENAMES_H
