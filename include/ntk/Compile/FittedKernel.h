// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel planned and lowered so that it fits into memory: blocks of examples
// first, then blocks of outputs, for which it is planned again.

#ifndef NTK_COMPILE_FITTEDKERNEL_H
#define NTK_COMPILE_FITTEDKERNEL_H

#include "ntk/Compile/KernelSizes.h"
#include "ntk/Compile/PlannedKernel.h"
#include "ntk/Lower/ProgramSteps.h"

namespace mlir::ntk {

/// FLOPs and bytes of one call of a function, by its n and m.
struct FunctionWork {
  Polynomial flops, bytes;
};

struct FittedKernel {
  PlannedKernel planned; ///< its functions are lowered to Level 3
  KernelSizes sizes;
  FunctionWork work[3];      ///< of factors of both sides and of a tile
  std::string arenaBytes[3]; ///< formulas of their scratch
  ProgramSteps steps[3];     ///< of the same functions
  /// All that is decided, as the request in the module has it.
  ScheduleAttr schedule;
  ::ntk::rt::TileProblem problem; ///< read from it
  MemoryUse memory;
  /// Where nothing fits: what the smallest blocks of examples need that the
  /// schedule could have had.
  int64_t leastBytes = 0;
};

/// The most operations of a network that kernels are compiled for.
constexpr int64_t mostOperations = 20000;

/// The operations of `network`, its return left out.
int64_t countOperations(NetworkOp network);

/// Plans, lowers and chooses blocks for a kernel of `shape` and `size`, whose
/// examples take `inputBytes`, within `limit`, as far as the schedule of the
/// model leaves it open. Fails if no blocks fit, saying what the smallest ones
/// need.
llvm::Expected<FittedKernel>
fitKernel(Model &model, const KernelOptions &options, const KernelShape &shape,
          const ProblemSize &size, int64_t inputBytes, MemoryLimit limit,
          bool compareMethods);

/// Chooses blocks anew, for other examples: the functions of `fitted` take any
/// number of them. False if they fit no blocks, but functions of fewer outputs
/// could, or if the schedule of the model asks for another plan.
llvm::Expected<bool> refitKernel(FittedKernel &fitted, Model &model,
                                 const KernelOptions &options,
                                 const KernelShape &shape,
                                 const ProblemSize &size, int64_t inputBytes,
                                 MemoryLimit limit);

} // namespace mlir::ntk

#endif // NTK_COMPILE_FITTEDKERNEL_H
