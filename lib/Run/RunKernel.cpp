// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The functions of a kernel program as the tile driver calls them: on blocks
// of examples, with one scratch arena, and a clock beside each.

#include "ntk/Run/RunKernel.h"
#include "ntk-rt/Abi.h"
#include "ntk/Plan/Cost.h"
#include <chrono>

using namespace mlir;
using namespace mlir::ntk;
using llvm::createStringError;
using llvm::Expected;
using ::ntk::rt::TileProblem;

namespace {

double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

/// What computeTiles wants of a kernel.
class TimedKernel {
public:
  TimedKernel(const KernelRun &run, char *arena) : run(run), arena(arena) {}

  int64_t factorBytes(int side, int64_t n) const {
    return static_cast<int64_t>(
        run.sizes.factorBytes[side - 1].evaluate([&](char) { return n; }));
  }

  void factors(int side, int64_t firstExample, int64_t n, int64_t firstOutput,
               void *out) {
    double start = now();
    const Examples &examples = side == 1 ? *run.x1 : *run.x2;
    SmallVector<const void *> inputs;
    for (const Array &array : examples.inputs) {
      int64_t bytes = array.bytes().size() / examples.count;
      inputs.push_back(array.bytes().data() + firstExample * bytes);
    }
    run.program.factors(side, inputs, n, firstOutput, run.parameters, arena,
                        out);
    count(side - 1, start, n, n);
  }

  template <typename T>
  void tile(const void *factors1, int64_t n, const void *factors2, int64_t m,
            T *out) {
    double start = now();
    run.program.tile(factors1, factors2, n, m, run.parameters, arena, out);
    count(2, start, n, m);
  }

  FunctionTime times[3]; ///< factors of both sides, tiles

private:
  void count(int function, double start, int64_t n, int64_t m) {
    times[function].seconds += now() - start;
    times[function].calls += 1;
    times[function].flops += run.flops[function].evaluate(
        [&](char letter) { return letter == 'm' ? m : n; });
  }

  const KernelRun &run;
  char *arena;
};

} // namespace

template <typename T>
static Expected<RunTimes> run(const KernelRun &run, KernelMemory &memory,
                              void *theta, ProgressFunction progress) {
  const TileProblem &problem = run.problem;
  int64_t n = std::min(problem.blocks.examples1, problem.examples1);
  int64_t m = problem.symmetric
                  ? n
                  : std::min(problem.blocks.examples2, problem.examples2);
  bool isThere = memory.arena.reserve(run.sizes.getArenaBytes(n, m));
  TimedKernel kernel(run, memory.arena.data);
  isThere &= memory.workspace.reserve(
      ::ntk::rt::tileWorkspaceBytes<T>(kernel, problem));
  if (!isThere)
    return createStringError("not enough memory for factors and scratch");
  RunTimes times;
  times.steps.resize(run.steps);
  if (run.steps)
    ntk_rt_listen(times.steps.data(), run.steps);
  ::ntk::rt::TileStatus status =
      ::ntk::rt::computeTiles(kernel, problem, static_cast<T *>(theta),
                              memory.workspace.data, progress);
  ntk_rt_listen(nullptr, 0);
  if (status == ::ntk::rt::TileStatus::Invalid)
    return createStringError(::ntk::rt::checkTileProblem(problem));
  if (status != ::ntk::rt::TileStatus::Done)
    return createStringError("stopped before all tiles were computed");
  static constexpr const char *names[] = {"factors of x1", "factors of x2",
                                          "tiles"};
  for (int i = 0; i < 3; ++i) {
    if (kernel.times[i].calls) {
      times.functions.push_back(kernel.times[i]);
      times.functions.back().name = names[i];
    }
  }
  return times;
}

KernelRun mlir::ntk::getRun(const CompiledKernel &kernel, const Examples &x1,
                            const Examples *x2,
                            const AlignedBytes &parameters) {
  const FittedKernel &fitted = kernel.getFitted();
  return {kernel.getProgram(),
          fitted.sizes,
          fitted.problem,
          kernel.isDouble(),
          &x1,
          x2 ? x2 : &x1,
          parameters.data,
          {fitted.work[0].flops, fitted.work[1].flops, fitted.work[2].flops}};
}

Expected<RunTimes> mlir::ntk::runKernel(const KernelRun &kernel,
                                        KernelMemory &memory, void *theta,
                                        ProgressFunction progress) {
  return kernel.isDouble
             ? run<double>(kernel, memory, theta, std::move(progress))
             : run<float>(kernel, memory, theta, std::move(progress));
}

std::vector<LibraryReport> mlir::ntk::getLibraries() {
  std::vector<LibraryReport> libraries;
  for (int64_t i = 0;; ++i) {
    ntk_rt_library library = ntk_rt_get_library(i);
    if (!library.name)
      return libraries;
    libraries.push_back({library.name, library.version, library.kernels,
                         library.is_reference != 0});
  }
}
