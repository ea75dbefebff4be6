// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ntk-opt: runs passes on MLIR text, as mlir-opt does.

#include "../Program.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "ntk/Register/Register.h"

int main(int argc, char **argv) {
  mlir::ntk::beginProgram();
  if (!mlir::ntk::checkArguments({argv + 1, argv + argc}))
    return 1;
  mlir::ntk::hideLibraryOptions();
  mlir::ntk::answerVersion("ntk-opt");
  mlir::DialectRegistry registry;
  mlir::ntk::registerAllDialects(registry);
  mlir::ntk::registerAllPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv, "Compiler of neural tangent kernels\n", registry));
}
