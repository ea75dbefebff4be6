// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command lines of ntk-run and of ntk-translate --ntk-to-cpp,
// --ntk-to-cuda: one table of options, read from left to right. Values are
// checked here as far as they can be without opening a file.

#ifndef NTK_DRIVER_OPTIONS_H
#define NTK_DRIVER_OPTIONS_H

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
enum class Tool { Run, Emit };

/// An axis that `--axes` names, and what becomes of it: as `--kernel`, if
/// empty.
struct AxisChoice {
  int64_t axis; ///< of the output of one example; from the last if negative
  std::string kind;
};

/// What a run needs, or code to be written; without an option its default.
struct RunOptions {
  std::string model;            ///< .onnx or .mlir
  std::string x1, x2;           ///< examples; without x2 it is x1
  std::string params;           ///< parameters by name, may be empty
  std::string output;           ///< where the kernel goes, may be empty
  std::string kernel = "full";  ///< full, trace, diagonal, sum
  std::vector<AxisChoice> axes; ///< none: all are as `kernel` says
  std::string method = "auto";  ///< or a method of the paper
  /// Element type of the computation; without it that of the model.
  std::optional<bool> doublePrecision;
  std::vector<std::string> wrt, frozen; ///< globs over parameter names
  std::vector<std::string> outputs;     ///< globs over outputs; none: all
  /// Values of inputs that all examples share, as NAME=VALUE.
  std::vector<std::string> inputs;
  /// Sizes that the model leaves open, by the name of the axis.
  std::vector<std::pair<std::string, int64_t>> sizes;
  std::optional<int64_t> memoryLimit; ///< bytes
  std::optional<int64_t> threads;
  int64_t repeat = 1;
  ReportFormat plan = ReportFormat::None, profile = ReportFormat::None;
  bool wholeBatch = false;   ///< the batch is the one example
  bool acceptExport = false; ///< see OnnxImportOptions
  bool reference = false, allowNonFinite = false, quiet = false, help = false;
  bool listParameters = false; ///< the choice of parameters, and nothing else
  bool partialParameters = false; ///< `params` need not have all of them

  // For source: which libraries it leans on, the sizes it is planned for.
  std::string kernels;         ///< see --help; empty: the default
  std::string savedParameters; ///< .npz that parameters go to, may be empty
  int64_t n1 = 32;
  std::optional<int64_t> n2; ///< as n1, if not given
  bool embedWeights = false, withMain = false;
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

/// Where code is written to as .cpp or .cu: the header beside it.
std::string getHeaderPath(const RunOptions &options);

/// An error if one of the files is an output, too.
llvm::Error checkInputs(const RunOptions &options,
                        llvm::ArrayRef<std::string> inputs);

/// The usage, the options and how to export from PyTorch.
void printHelp(Tool tool, llvm::raw_ostream &os);

/// "4GiB", "512MiB", "1.5G", "1000000": bytes; KB, MB, GB, TB are powers of
/// 1000, all other suffixes powers of 1024. Nothing if it is not a size.
std::optional<int64_t> parseByteSize(llvm::StringRef text);

/// Bytes that a run may use: those of --memory-limit, or the default.
int64_t getMemoryLimit(const RunOptions &options);

/// The number of bytes for a person: "512 B", "1.5 MiB".
std::string formatBytes(double bytes);

} // namespace mlir::ntk

#endif // NTK_DRIVER_OPTIONS_H
