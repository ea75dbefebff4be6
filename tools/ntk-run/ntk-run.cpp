// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ntk-run: computes the neural tangent kernel of a network on examples.

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "ntk/Driver/Session.h"
#include "ntk/Register/Register.h"
#include "llvm/Support/InitLLVM.h"

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  mlir::DialectRegistry registry;
  mlir::ntk::registerAllDialects(registry);
  // Passes of one small module at a time: threads would only start up.
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  return mlir::ntk::runSession(context, {argv + 1, argv + argc});
}
