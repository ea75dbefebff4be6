// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What all tools register: the dialects and passes of this project and those of
// MLIR they use, and no others.

#ifndef NTK_REGISTER_REGISTER_H
#define NTK_REGISTER_REGISTER_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace mlir {
class DialectRegistry;

namespace ntk {

/// All dialects that may appear in text or in a pipeline, their bufferization
/// and their translation to LLVM IR.
void registerAllDialects(DialectRegistry &registry);

/// All passes and pipelines by name, for ntk-opt.
void registerAllPasses();

/// Leaves the command line options that LLVM's libraries registered so far out
/// of --help; --help-hidden has them.
void hideLibraryOptions();

/// Are all arguments printable? LLVM's option parser and MLIR's tools show them
/// as they are. Says on stderr which one is not.
bool checkArguments(llvm::ArrayRef<const char *> arguments);

/// "ntk-run 0.1.0 (LLVM 19.1.7)", the version of the project.
void printVersion(llvm::StringRef program, llvm::raw_ostream &os);

/// Has LLVM's option parser answer --version so.
void answerVersion(llvm::StringRef program);

} // namespace ntk
} // namespace mlir

#endif // NTK_REGISTER_REGISTER_H
