// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Translates between networks and what is outside of MLIR.

#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"
#include "ntk/Import/ONNX.h"

int main(int argc, char **argv) {
  mlir::ntk::registerFromOnnxTranslation();
  return failed(mlir::mlirTranslateMain(argc, argv, "ntk-translate"));
}
