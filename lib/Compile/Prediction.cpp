// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Steps times calls.

#include "ntk/Compile/Prediction.h"

using namespace mlir::ntk;

Prediction mlir::ntk::predict(const FittedKernel &fitted,
                              const Machine &machine, bool isDouble) {
  Prediction prediction;
  size_t first[kernelFunctions];
  for (int i = 0; i < kernelFunctions; ++i) {
    first[i] = prediction.steps.size();
    // One function may serve both sides.
    if (i == Factors2 && fitted.sizes.sharedFactors) {
      first[i] = first[Factors1];
      continue;
    }
    for (const StepName &name : fitted.steps[i].getNames())
      prediction.steps.push_back({static_cast<KernelFunction>(i), name});
  }
  const ::ntk::rt::Layout &layout = fitted.problem.layout;
  for (const CallCount &call : countCalls(fitted.problem)) {
    std::vector<Step> steps =
        fitted.steps[call.function].evaluate(call.n, call.m);
    for (auto [i, step] : llvm::enumerate(steps)) {
      StepPrediction &total = prediction.steps[first[call.function] + i];
      total.calls += call.count;
      total.seconds += call.count * machine.getSeconds(step);
    }
    if (call.function != TileFunction)
      continue;
    auto outputs = static_cast<double>(fitted.problem.blocks.outputs);
    double rows = static_cast<double>(call.n) * static_cast<double>(call.m) *
                  (layout.hasO() ? outputs : 1);
    prediction.writing +=
        call.count *
        machine.getSecondsOfWriting(rows, rows * (layout.hasP() ? outputs : 1),
                                    fitted.problem.symmetric, isDouble);
  }
  return prediction;
}

Cost mlir::ntk::getExecutedCost(const FittedKernel &fitted) {
  Cost cost;
  for (const CallCount &call : countCalls(fitted.problem)) {
    auto sizeOf = [&](char letter) { return letter == 'm' ? call.m : call.n; };
    const FunctionWork &work = fitted.work[call.function];
    cost += Cost{work.flops.evaluate(sizeOf), work.bytes.evaluate(sizeOf)} *
            call.count;
  }
  return cost;
}
