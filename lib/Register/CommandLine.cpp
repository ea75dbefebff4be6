// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the command lines of the tools have in common. Those of ntk-opt and of
// most of ntk-translate are MLIR's.

#include "llvm/Support/CommandLine.h"
#include "ntk-rt/Printable.h"
#include "ntk/Register/Register.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/raw_ostream.h"

void mlir::ntk::hideLibraryOptions() {
  for (auto &entry : llvm::cl::getRegisteredOptions())
    entry.second->setHiddenFlag(llvm::cl::Hidden);
}

bool mlir::ntk::checkArguments(llvm::ArrayRef<const char *> arguments) {
  for (const char *argument : arguments) {
    std::string shown = ::ntk::rt::printable(argument);
    if (shown == argument)
      continue;
    llvm::errs() << "error: expected options and names of files without "
                    "control characters, but got '"
                 << ::ntk::rt::messageLine(shown) << "'\n";
    return false;
  }
  return true;
}

void mlir::ntk::printVersion(llvm::StringRef program, llvm::raw_ostream &os) {
  os << program << " " << NTK_VERSION << " (LLVM " << LLVM_VERSION_STRING
     << ")\n";
}

void mlir::ntk::answerVersion(llvm::StringRef program) {
  llvm::cl::SetVersionPrinter(
      [program](llvm::raw_ostream &os) { printVersion(program, os); });
}
