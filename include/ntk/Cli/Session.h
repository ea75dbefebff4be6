// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ntk-run and ntk-translate --ntk-to-cpp, --ntk-to-cuda, from the command line
// to the file.

#ifndef NTK_CLI_SESSION_H
#define NTK_CLI_SESSION_H

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace mlir::ntk {

struct Model;
struct RunOptions;

/// Runs ntk-run on the arguments after the program's name, in a context that
/// has all dialects and extensions registered. Errors and warnings go to
/// stderr, plans and profiles to stdout. Returns the exit status.
int runSession(MLIRContext &context, llvm::ArrayRef<const char *> arguments);

/// The same for ntk-translate --ntk-to-cpp and --ntk-to-cuda: writes source.
int emitSource(MLIRContext &context, llvm::ArrayRef<const char *> arguments);

/// Writes the kernel of a model as source, as ntk-translate does with these
/// options, to `output` and the header beside it. Names its values, and adds
/// what is worth a note to `notes`.
llvm::Error writeSource(Model &model, const RunOptions &options,
                        std::vector<std::string> &notes);

/// Does `ntk-translate --onnx-to-ntk MODEL.onnx [-o NET.mlir] [option]...`: the
/// network as MLIR. Without a model or a file it reads and writes the standard
/// streams. Returns the exit status.
int importNetwork(llvm::ArrayRef<const char *> arguments);

} // namespace mlir::ntk

#endif // NTK_CLI_SESSION_H
