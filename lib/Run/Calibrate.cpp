// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All parts of a machine, one after the other.

#include "ntk/Run/Calibrate.h"
#include "Measure.h"
#include "ntk/Machine/MachineFile.h"

using namespace mlir;
using namespace mlir::ntk;

/// Runs of `work` that take a thousand times as long as reading the clock.
static int64_t countRuns(llvm::function_ref<void()> work) {
  constexpr double enough = 1e-4;
  int64_t runs = 1;
  while (true) {
    double seconds = getSecondsOf([&] {
      for (int64_t i = 0; i < runs; ++i)
        work();
    });
    if (seconds >= enough)
      return runs;
    runs = seconds <= 0
               ? 16 * runs
               : std::min(16 * runs, 1 + static_cast<int64_t>(1.2 * enough *
                                                              runs / seconds));
  }
}

static constexpr int samples = 2;

double mlir::ntk::measure(llvm::function_ref<void()> work) {
  int64_t runs = countRuns(work);
  double best = std::numeric_limits<double>::infinity();
  for (int sample = 0; sample < samples; ++sample) {
    double seconds = getSecondsOf([&] {
      for (int64_t i = 0; i < runs; ++i)
        work();
    });
    best = std::min(best, seconds);
  }
  return best / static_cast<double>(runs);
}

double mlir::ntk::measureOnAll(llvm::function_ref<void(int64_t thread)> work) {
  const int64_t threads = ::ntk::rt::threads();
  int64_t runs = 1;
  {
    ::ntk::rt::OneThread alone;
    runs = countRuns([&] { work(0); });
  }
  double best = std::numeric_limits<double>::infinity();
  for (int sample = 0; sample < samples; ++sample) {
    std::vector<double> seconds(threads, 0);
    ::ntk::rt::parallelFor(threads, 1, [&](int64_t begin, int64_t end) {
      for (int64_t thread = begin; thread < end; ++thread) {
        seconds[thread] += getSecondsOf([&] {
          for (int64_t i = 0; i < runs; ++i)
            work(thread);
        });
      }
    });
    double sum = 0;
    for (double each : seconds)
      sum += each;
    best = std::min(best, sum / static_cast<double>(threads));
  }
  return best / static_cast<double>(runs);
}

llvm::Expected<Machine> mlir::ntk::calibrate(MLIRContext &context) {
  Machine machine;
  machine.name = getProcessorName();
  machine.threads = ::ntk::rt::threads();
  // Twice, some time apart: what else the machine does comes in between.
  for (int round = 0; round < 2; ++round) {
    if (!measureMemory(machine) || !measureProducts(machine) ||
        !measureConvolutions(machine))
      return llvm::createStringError(
          "expected memory to measure with, but there is not as much");
  }
  if (llvm::Error error = measureLoops(context, machine))
    return std::move(error);
  return machine;
}
