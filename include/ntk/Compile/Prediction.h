// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a kernel will take on a machine: each step of its program priced for the
// sizes of each call, and the calls counted.

#ifndef NTK_COMPILE_PREDICTION_H
#define NTK_COMPILE_PREDICTION_H

#include "ntk/Compile/CallCounts.h"
#include "ntk/Compile/FittedKernel.h"
#include "ntk/Machine/Machine.h"

namespace mlir::ntk {

/// A step of a kernel's program, over a whole run.
struct StepPrediction {
  KernelFunction function;
  StepName name;
  double calls = 0, seconds = 0;
};

struct Prediction {
  std::vector<StepPrediction> steps; ///< by function, in order
  double writing = 0;                ///< seconds of writing tiles into Θ

  /// One more than the largest number of a step.
  int64_t countNumbers() const {
    int64_t count = 0;
    for (const StepPrediction &step : steps)
      count = std::max(count, step.name.number + 1);
    return count;
  }

  double getSeconds() const {
    double seconds = writing;
    for (const StepPrediction &step : steps)
      seconds += step.seconds;
    return seconds;
  }
};

/// A run of `fitted` on `machine`.
Prediction predict(const FittedKernel &fitted, const Machine &machine,
                   bool isDouble);

/// FLOPs and bytes of all calls of a run, by the planner's counts.
Cost getExecutedCost(const FittedKernel &fitted);

} // namespace mlir::ntk

#endif // NTK_COMPILE_PREDICTION_H
