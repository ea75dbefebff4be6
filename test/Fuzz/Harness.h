// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the fuzzers of models have in common: a place for the file, a context,
// and what has to hold for whatever is in the file.

#ifndef NTK_TEST_FUZZ_HARNESS_H
#define NTK_TEST_FUZZ_HARNESS_H

#include "ntk/Cli/Options.h"
#include "llvm/ADT/SmallString.h"

namespace mlir::ntk::fuzz {

/// A folder for the file that is read; it leaves with the process.
class Folder {
public:
  Folder();
  ~Folder();

  /// Writes a file and returns its path.
  std::string write(StringRef name, StringRef bytes);

private:
  llvm::SmallString<128> path;
};

/// The context of ntk-run. It keeps every type and attribute that it has seen,
/// so it is renewed now and then.
MLIRContext &getContext();

/// Ends the process unless the error is one line, as it would be printed, that
/// begins with the file's name and says something. Takes the error.
void expectError(StringRef path, llvm::Error error);

/// Derives, plans and lowers the kernel that the options ask for, if the
/// network is a small one: it succeeds, or fails with such an error.
void deriveKernel(Model &model, const RunOptions &options);

} // namespace mlir::ntk::fuzz

#endif // NTK_TEST_FUZZ_HARNESS_H
