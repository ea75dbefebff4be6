// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a model and what is asked of it to planned factor and tile functions
// (Level 2), with what the planner decided and why, for reports.

#ifndef NTK_COMPILE_PLANNEDKERNEL_H
#define NTK_COMPILE_PLANNEDKERNEL_H

#include "ntk/Compile/KernelShape.h"
#include "ntk/Plan/Cost.h"

namespace mlir::ntk {

/// What an order of a contraction costs. FLOPs of pairs are over all pairs
/// that are computed, those of sides over all examples. Those of an alternative
/// are an estimate of it alone, those of what is chosen are what is executed.
struct OrderReport {
  std::string name; ///< outside_in, left_to_right, inside_out
  double pairFlops = 0, sideFlops = 0, bytes = 0;
};

/// One contraction of the tile: a site, or a pair of sites, of parameters.
struct SiteReport {
  std::string name; ///< of the parameter, or of a node
  /// That it belongs to, where known.
  std::vector<std::string> parameters;
  std::string spec;                            ///< "nk, noc, mk, mpc -> nomp"
  std::vector<std::pair<char, int64_t>> sizes; ///< of its letters
  OrderReport chosen;
  std::vector<OrderReport> alternatives;
};

/// A kernel whose plan is made and carried out.
struct PlannedKernel {
  OwningOpRef<ModuleOp> module; ///< network, request, functions
  KernelFunctions functions;
  ProblemSize size;
  KernelCost cost;
  /// FLOPs of each of the paper's methods; empty if only one was looked at.
  std::vector<std::pair<std::string, double>> methodFlops;
  std::vector<SiteReport> sites;

  std::string method; ///< as --method spells it
  /// The values that the kernel is cut at, and how many elements they have.
  std::vector<std::pair<std::string, int64_t>> cuts;
  Schedule decided; ///< of the file, on these examples
  Schedule chosen;  ///< with what the planner decides, but for the blocks
};

/// Name of the request, and so of its functions.
inline constexpr llvm::StringLiteral kernelName = "theta";

/// What the file and then the options decide before anything is planned.
Schedule getGivenSchedule(const Model &model, const KernelOptions &options,
                          const ProblemSize &size,
                          std::optional<int64_t> outputBlock);

/// Plans the kernel of `model` that `options` and `shape` ask for, at this
/// size, computed in blocks of `outputBlock` outputs (all if not given), as the
/// schedule of `model` has decided. Costs are those of one block. The costs of
/// all methods are found if the method is open or `compareMethods`.
llvm::Expected<PlannedKernel>
planKernel(Model &model, const KernelOptions &options, const KernelShape &shape,
           const ProblemSize &size, std::optional<int64_t> outputBlock,
           bool compareMethods);

} // namespace mlir::ntk

#endif // NTK_COMPILE_PLANNEDKERNEL_H
