// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command lines of ntk-run and ntk-translate: one table of options, read
// from left to right. Values are checked here as far as they can be without
// opening a file. Whoever uses the compiler as a library sets the same options
// one by one.

#ifndef NTK_CLI_OPTIONS_H
#define NTK_CLI_OPTIONS_H

#include "ntk/Compile/KernelShape.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <optional>
#include <string>
#include <vector>

namespace mlir::ntk {

enum class ReportFormat { None, Table, Json };

/// Who reads the options: not all have all.
enum class Tool { Run, Emit, Import, Library };

/// What a run needs, or a file to be written; without an option its default.
struct RunOptions : ModelOptions, KernelOptions {
  std::string x2;     ///< examples of the second side; without them, x1
  std::string output; ///< where the kernel goes, may be empty
  std::optional<int64_t> threads;
  int64_t repeat = 1;
  bool calibrate = false;
  ReportFormat plan = ReportFormat::None, profile = ReportFormat::None;
  bool quiet = false, help = false;

  // For source: which libraries it leans on, the sizes it is planned for.
  std::string kernels;         ///< see --help; empty: the default
  std::string savedParameters; ///< .npz that parameters go to, may be empty
  std::optional<int64_t> n2;   ///< as n1, if not given
  bool embedWeights = false, withMain = false, withClocks = false;
  bool toCuda = false, tf32 = false;

  /// Are values of parameters needed, or are their shapes enough?
  bool needsValues(Tool tool) const {
    return tool == Tool::Run || embedWeights || !savedParameters.empty();
  }
};

/// Reads the arguments after the program's name. An error names the option,
/// what it got and what it expected.
llvm::Expected<RunOptions> parseOptions(Tool tool,
                                        llvm::ArrayRef<const char *> arguments);

/// Sets one option by its name, without dashes, as the command line would; a
/// flag takes true or false.
llvm::Error setOption(Tool tool, RunOptions &options, llvm::StringRef name,
                      llvm::StringRef value);

/// An error if the options contradict each other.
llvm::Error checkOptions(Tool tool, const RunOptions &options);

/// An error if a model's file is not called .onnx or .mlir, and is no pipe:
/// what it seems to be instead.
llvm::Error checkModelName(llvm::StringRef path);

/// The names of all options of all tools.
std::vector<llvm::StringRef> getOptionNames();

/// Where code is written to as .cpp or .cu: the header beside it.
std::string getHeaderPath(const RunOptions &options);

/// An error if one of the files is an output, too.
llvm::Error checkInputs(const RunOptions &options,
                        llvm::ArrayRef<std::string> inputs);

/// The usage, the options and how to export from PyTorch.
void printHelp(Tool tool, llvm::raw_ostream &os);

} // namespace mlir::ntk

#endif // NTK_CLI_OPTIONS_H
