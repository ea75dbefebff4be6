// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What --plan and --profile print: a table for people, JSON for scripts. The
// JSON keys are a contract; a multiply-add counts as two FLOPs, forward and
// backward passes are included, and for x1 = x2 pairs below the diagonal once.

#ifndef NTK_CLI_REPORT_H
#define NTK_CLI_REPORT_H

#include "ntk/Compile/KernelSizes.h"
#include "ntk/Compile/PlannedKernel.h"
#include "ntk/Compile/Prediction.h"
#include "ntk/Run/RunKernel.h"
#include "llvm/Support/JSON.h"

namespace mlir::ntk {

/// Measured times, in seconds.
struct Profile {
  double startup = 0; ///< from the start of the process to inputs in memory
  double compile = 0; ///< planning and code generation
  double run = 0;     ///< the kernel, the fastest of all runs
  int64_t repeats = 1;
  int64_t peakResidentBytes = 0;
  RunTimes times; ///< of the fastest run
  std::vector<LibraryReport> libraries;
};

struct ReportParameter {
  std::string name;
  std::vector<int64_t> shape;
};

/// Everything a report says.
struct Report {
  std::string model, kernel, dtype, method;
  ProblemSize size;
  int64_t outputs = 1;
  std::vector<ReportParameter> parameters; ///< differentiated by
  KernelCost cost; ///< with every pair and every factor computed once
  Cost executed;   ///< in the blocks of `problem`
  std::vector<std::pair<std::string, double>> methodFlops; ///< without cuts
  std::vector<std::pair<std::string, int64_t>> cuts; ///< values, their sizes
  std::vector<SiteReport> sites;
  std::string schedule; ///< as an ntk.kernel may have it
  ::ntk::rt::TileProblem problem;
  MemoryUse memory;
  int64_t memoryLimit = 0;
  std::string arenaBytes[3]; ///< formulas: factors of both sides, tile
  Prediction prediction;
  std::optional<Profile> profile;

  /// What a step took, or null where it was not timed.
  const ntk_rt_step_time *findTime(const StepPrediction &step) const {
    auto number = static_cast<size_t>(step.name.number);
    return profile && number < profile->times.steps.size()
               ? &profile->times.steps[number]
               : nullptr;
  }

  /// FLOPs of `cost` that no site has: of the passes through the network.
  double getNetworkFlops() const;
};

/// What is known of a kernel before it runs, but for its model's file, the
/// limit of memory and the prediction.
Report describeKernel(Model &model, const KernelShape &shape,
                      const ProblemSize &size, const FittedKernel &fitted);

void printJson(const Report &report, llvm::raw_ostream &os);
void printTable(const Report &report, llvm::raw_ostream &os);

/// Lines of columns, each as wide as its widest entry.
void printColumns(llvm::ArrayRef<std::vector<std::string>> rows,
                  llvm::raw_ostream &os);

/// "1.84 G": a count for a person.
std::string formatCount(double count);
/// "1.5 ms": a time for a person.
std::string formatSeconds(double seconds);
/// "40 s", "12 min", "3 h": a time that is not known well.
std::string formatDuration(double seconds);

} // namespace mlir::ntk

#endif // NTK_CLI_REPORT_H
