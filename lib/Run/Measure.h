// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The stopwatch of a calibration, and its parts.

#ifndef NTK_LIB_RUN_MEASURE_H
#define NTK_LIB_RUN_MEASURE_H

#include "mlir/IR/MLIRContext.h"
#include "ntk-rt/Parallel.h"
#include "ntk/Compile/KernelSizes.h"
#include "ntk/Machine/Machine.h"

#include <chrono>

namespace mlir::ntk {

inline double getSecondsOf(llvm::function_ref<void()> work) {
  auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

/// Seconds of one of many runs of `work`: the fastest of a few samples, each of
/// so many runs that the clock does not count.
double measure(llvm::function_ref<void()> work);

/// The same where every thread does `work` of its own number, all at once: the
/// mean of the threads, in the fastest sample.
double measureOnAll(llvm::function_ref<void(int64_t thread)> work);

/// Memory that holds `elements` numbers of the type, all of them 1/2.
template <typename T> AlignedBytes allocateHalves(int64_t elements) {
  AlignedBytes memory(elements * static_cast<int64_t>(sizeof(T)));
  if (memory.data)
    std::fill_n(reinterpret_cast<T *>(memory.data), elements, T(0.5));
  return memory;
}

/// Of two measurements of one thing the one that was disturbed less; 0 stands
/// for none.
inline double takeFaster(double seconds, double again) {
  return seconds > 0 ? std::min(seconds, again) : again;
}

/// The parts; each sets what it measures, or takes it where it is faster than
/// what was measured before. False if memory is short.
bool measureProducts(Machine &machine);
bool measureConvolutions(Machine &machine);
bool measureMemory(Machine &machine);
llvm::Error measureLoops(MLIRContext &context, Machine &machine);

} // namespace mlir::ntk

#endif // NTK_LIB_RUN_MEASURE_H
