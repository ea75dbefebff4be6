// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the command lines of the tools have in common. Those of ntk-opt and of
// most of ntk-translate are MLIR's.

#include "llvm/Support/CommandLine.h"
#include "ntk/Register/Register.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/raw_ostream.h"

void mlir::ntk::hideLibraryOptions() {
  for (auto &entry : llvm::cl::getRegisteredOptions())
    entry.second->setHiddenFlag(llvm::cl::Hidden);
}

void mlir::ntk::printVersion(llvm::StringRef program, llvm::raw_ostream &os) {
  os << program << " " << NTK_VERSION << " (LLVM " << LLVM_VERSION_STRING
     << ")\n";
}

void mlir::ntk::answerVersion(llvm::StringRef program) {
  llvm::cl::SetVersionPrinter(
      [program](llvm::raw_ostream &os) { printVersion(program, os); });
}
