// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Running a compiled kernel over all its tiles.

#ifndef NTK_RUN_RUNKERNEL_H
#define NTK_RUN_RUNKERNEL_H

#include "ntk-rt/Abi.h"
#include "ntk/Compile/CompiledKernel.h"
#include "ntk/Run/Examples.h"

namespace mlir::ntk {

/// Time that one function of the kernel took in a run.
struct FunctionTime {
  std::string name;
  int64_t calls = 0;
  double seconds = 0;
  /// Of all calls: whole diagonal tiles, and what is computed again.
  double flops = 0;
};

/// Times of a run.
struct RunTimes {
  std::vector<FunctionTime> functions;
  /// By number; none where the program has no clocks.
  std::vector<ntk_rt_step_time> steps;
};

/// A library behind the kernels, and which of its own it runs.
struct LibraryReport {
  std::string name, version, kernels;
  bool isReference = false; ///< portable code: slow
};

/// Called after each tile; returns false to stop.
using ProgressFunction = std::function<bool(int64_t done, int64_t total)>;

/// The libraries behind the kernels.
std::vector<LibraryReport> getLibraries();

/// A kernel and what it runs on.
struct KernelRun {
  JitProgram &program;
  const KernelSizes &sizes;
  ::ntk::rt::TileProblem problem;
  bool isDouble;
  const Examples *x1, *x2; ///< the same if x1 = x2
  const char *parameters;  ///< the parameter block
  Polynomial flops[3];     ///< of factors of both sides and of a tile
  int64_t steps = 0;       ///< that are timed; needs a program with clocks
};

/// A run of a compiled kernel that is prepared for as many examples. `x2` is
/// null if x1 = x2; `parameters` are a block as `packParameters` makes it.
KernelRun getRun(const CompiledKernel &kernel, const Examples &x1,
                 const Examples *x2, const AlignedBytes &parameters);

/// What a run works in. Kept for the next run, it need not be fetched from the
/// system again, which takes a fifth of the time of many kernels.
struct KernelMemory {
  AlignedBytes arena, workspace;
};

/// Computes the kernel into `theta` (as many elements as the layout has), in
/// the layout of ntk-rt/TileOutput.h, in `memory`, which grows to what it
/// needs. Fails if there is not as much.
llvm::Expected<RunTimes> runKernel(const KernelRun &run, KernelMemory &memory,
                                   void *theta, ProgressFunction progress);

} // namespace mlir::ntk

#endif // NTK_RUN_RUNKERNEL_H
