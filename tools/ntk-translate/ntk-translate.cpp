// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Translates between networks and what is outside of MLIR: ONNX in, source out.

#include "../Program.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/IR/MLIRContext.h"
#include "ntk/Cli/Session.h"
#include "ntk/Import/ONNX.h"
#include "ntk/Register/Register.h"

/// Source has two files and the options of a kernel: not what mlir-translate's
/// own command line is made for.
static constexpr llvm::StringLiteral usage =
    R"(ntk-translate --ntk-to-cpp  MODEL.{onnx,mlir} -o NET.cpp  the kernel as C++
ntk-translate --ntk-to-cuda MODEL.{onnx,mlir} -o NET.cu   the kernel as CUDA C++
                            (--ntk-to-cpp --help: all options of these two)
ntk-translate --onnx-to-ntk MODEL.onnx [-o NET.mlir]      the network as MLIR
                            (--onnx-to-ntk --help: all options)
ntk-translate --list-onnx-operators                       what is imported

)";

static int emitSource(llvm::ArrayRef<const char *> arguments) {
  mlir::DialectRegistry registry;
  mlir::ntk::registerAllDialects(registry);
  mlir::MLIRContext context(registry, mlir::MLIRContext::Threading::DISABLED);
  return mlir::ntk::emitSource(context, arguments);
}

/// Runs what the arguments ask for.
static int run(int argc, char **argv) {
  llvm::ArrayRef<const char *> arguments(argv + 1, argv + argc);
  auto has = [&](llvm::StringRef option) {
    return llvm::is_contained(arguments, option);
  };
  if (has("--ntk-to-cpp") || has("--ntk-to-cuda"))
    return emitSource(arguments);
  if (!mlir::ntk::checkArguments(arguments))
    return 1;
  if (has("--list-onnx-operators")) {
    mlir::ntk::printOnnxOperators(llvm::outs());
    return 0;
  }
  if (has("--onnx-to-ntk"))
    return mlir::ntk::importNetwork(arguments);
  if (has("--help")) {
    llvm::outs() << usage;
    return 0;
  }
  if (has("--version")) {
    mlir::ntk::printVersion("ntk-translate", llvm::outs());
    return 0;
  }
  llvm::errs() << "error: expected --onnx-to-ntk, --ntk-to-cpp or "
                  "--ntk-to-cuda, see --help\n";
  return 1;
}

int main(int argc, char **argv) {
  mlir::ntk::beginProgram();
  return mlir::ntk::endProgram(run(argc, argv));
}
