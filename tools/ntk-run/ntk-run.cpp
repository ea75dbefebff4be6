// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ntk-run: computes the neural tangent kernel of a network on examples.

#include "../Program.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "ntk/Cli/Session.h"
#include "ntk/Register/Register.h"
#include <cstdlib>
#include <unistd.h>

/// Threads that wait spin for 10 ms and more before they sleep, unless OpenMP
/// is told otherwise before it is loaded: on a machine with other work that
/// costs many times what it saves. So the program starts once more with a limit
/// of about half a millisecond. A choice of the user's stands.
static void limitSpinning(char **argv) {
  if (getenv("OMP_WAIT_POLICY") || getenv("GOMP_SPINCOUNT"))
    return;
  setenv("GOMP_SPINCOUNT", "10000", /*overwrite=*/0);
  execv("/proc/self/exe", argv); // without that file, on it goes as it is
}

int main(int argc, char **argv) {
  if (argc > 2) // not for --help
    limitSpinning(argv);
  mlir::ntk::beginProgram();
  mlir::DialectRegistry registry;
  mlir::ntk::registerAllDialects(registry);
  // Passes of one small module at a time: threads would only start up.
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  return mlir::ntk::endProgram(
      mlir::ntk::runSession(context, {argv + 1, argv + argc}));
}
