// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command lines of ntk-opt and ntk-translate, which are MLIR's.

#include "llvm/Support/CommandLine.h"
#include "ntk/Register/Register.h"

void mlir::ntk::hideLibraryOptions() {
  for (auto &entry : llvm::cl::getRegisteredOptions())
    entry.second->setHiddenFlag(llvm::cl::Hidden);
}
