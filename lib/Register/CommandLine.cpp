// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the command lines of the tools have in common. Those of ntk-opt and of
// most of ntk-translate are MLIR's.

#include "llvm/Support/CommandLine.h"
#include "ntk/Register/Register.h"
#include "llvm/Config/llvm-config.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <unistd.h>

void mlir::ntk::hideLibraryOptions() {
  for (auto &entry : llvm::cl::getRegisteredOptions())
    entry.second->setHiddenFlag(llvm::cl::Hidden);
}

/// Called by LLVM in place of abort().
static void reportFault(void *, const char *reason, bool) {
  std::string text = reason;
  std::replace(text.begin(), text.end(), '\n', ' ');
  llvm::errs() << "error: a fault of the compiler, please report it: " << text
               << '\n';
  llvm::errs().flush();
  llvm::sys::RunInterruptHandlers(); // temporary files
  _exit(1);
}

void mlir::ntk::reportFaults() {
  llvm::install_fatal_error_handler(reportFault);
}

void mlir::ntk::printVersion(llvm::StringRef program, llvm::raw_ostream &os) {
  os << program << " " << NTK_VERSION << " (LLVM " << LLVM_VERSION_STRING
     << ")\n";
}

void mlir::ntk::answerVersion(llvm::StringRef program) {
  llvm::cl::SetVersionPrinter(
      [program](llvm::raw_ostream &os) { printVersion(program, os); });
}
