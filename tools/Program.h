// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the programs do as processes: signals, faults of the compiler, standard
// streams. Libraries do none of it.

#ifndef NTK_TOOLS_PROGRAM_H
#define NTK_TOOLS_PROGRAM_H

#include "ntk-rt/Printable.h"
#include "ntk-rt/Signals.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

namespace mlir::ntk {

/// LLVM would end the process with a dump of the stack.
inline void reportFault(void *, const char *reason, bool) {
  llvm::errs() << "error: a fault of the compiler, please report it: "
               << ::ntk::rt::messageLine(reason) << '\n';
  ::ntk::rt::removeTemporaries();
  llvm::sys::RunInterruptHandlers(); // temporary files of mlir-opt
  _exit(1);
}

/// First in main.
inline void beginProgram() {
  ::ntk::rt::prepareProcess();
  llvm::install_fatal_error_handler(reportFault);
}

/// Last in main: what was printed has to arrive. What cannot be told on stderr
/// stays untold, and changes nothing.
inline int endProgram(int status) {
  llvm::outs().flush();
  if (std::error_code code = llvm::outs().error()) {
    llvm::outs().clear_error();
    llvm::errs() << "error: standard output: "
                 << llvm::StringRef(code.message()).lower() << '\n';
    status = 1;
  }
  llvm::errs().clear_error();
  return status;
}

} // namespace mlir::ntk

#endif // NTK_TOOLS_PROGRAM_H
