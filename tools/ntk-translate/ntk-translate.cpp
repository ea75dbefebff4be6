// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Translates between networks and what is outside of MLIR: ONNX in, source out.

#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"
#include "ntk/Driver/Session.h"
#include "ntk/Import/ONNX.h"
#include "ntk/Register/Register.h"
#include "llvm/Support/InitLLVM.h"

/// Source has two files and the options of a kernel: not what mlir-translate's
/// own command line is made for.
static constexpr llvm::StringLiteral usage =
    R"(ntk-translate --ntk-to-cpp  MODEL.{onnx,mlir} -o NET.cpp  the kernel as C++
ntk-translate --ntk-to-cuda MODEL.{onnx,mlir} -o NET.cu   the kernel as CUDA C++
                            (--ntk-to-cpp --help: all options of these two)
ntk-translate --onnx-to-ntk MODEL.onnx [-o NET.mlir]      the network as MLIR
ntk-translate --list-onnx-operators                       what is imported

)";

static int emitSource(llvm::ArrayRef<const char *> arguments) {
  mlir::DialectRegistry registry;
  mlir::ntk::registerAllDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  return mlir::ntk::emitSource(context, arguments);
}

int main(int argc, char **argv) {
  mlir::ntk::reportFaults();
  llvm::ArrayRef<const char *> arguments(argv + 1, argv + argc);
  if (llvm::is_contained(arguments, llvm::StringRef("--ntk-to-cpp")) ||
      llvm::is_contained(arguments, llvm::StringRef("--ntk-to-cuda"))) {
    llvm::InitLLVM init(argc, argv);
    return emitSource(arguments);
  }
  if (!mlir::ntk::checkArguments(arguments))
    return 1;
  // A list needs no input file, which mlir-translate would wait for.
  if (llvm::is_contained(arguments, llvm::StringRef("--list-onnx-operators"))) {
    mlir::ntk::printOnnxOperators(llvm::outs());
    return 0;
  }
  if (llvm::is_contained(arguments, llvm::StringRef("--help")))
    llvm::outs() << usage;
  mlir::ntk::hideLibraryOptions();
  mlir::ntk::answerVersion("ntk-translate");
  mlir::ntk::registerFromOnnxTranslation();
  return failed(mlir::mlirTranslateMain(argc, argv, "ntk-translate"));
}
