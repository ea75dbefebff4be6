// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The planner's steps as functions on a module: choosing the method of each
// kernel, planning the order of each contraction, carrying plans out.

#ifndef NTK_PLAN_PLAN_H
#define NTK_PLAN_PLAN_H

#include "ntk/Plan/Cost.h"

namespace mlir {
class OpPassManager;

namespace ntk {

/// The size `kernel` is planned for: N1 and N2 as its schedule says, or as
/// given, x1 = x2 as it says.
ProblemSize getProblemSize(KernelOp kernel, int64_t n1, int64_t n2);

/// A count of FLOPs or bytes as an attribute; what is too much for an integer
/// is the largest of them.
IntegerAttr getCountAttr(Builder &builder, double count);

/// Writes the cheapest order of a contraction into its `plan`, and what each
/// class of orders costs into its `ntk.alternatives`. One factor needs none; a
/// plan that is there stays. Returns whether there is a new one.
bool planContraction(ContractOp contract, const ProblemSize &size);

/// Plans every contraction in the tiles of the module's kernels, makes groups
/// of them, and plans those of more than two factors in the factor functions.
void planContractions(ModuleOp module, int64_t n1, int64_t n2);

/// Carries out products of a network in steps: those that have a plan, and
/// those of more than four factors, for the derivative in each factor would
/// else be a product of all the others.
void splitLongProducts(NetworkOp network);

/// Replaces a contraction by the binary ones of its plan.
void splitContraction(ContractOp contract);

/// Splits contractions as their plans say, joins groups, moves work of one side
/// into the factors, and gives both sides one factor function where they need
/// the same. `siteFlops` gets the FLOPs of what carries out each contraction of
/// the tile (of the last kernel), in their order: equal steps count for the
/// first that has them. Fails if a group cannot be joined.
LogicalResult applyPlans(ModuleOp module,
                         std::vector<Polynomial> *siteFlops = nullptr);

/// Writes into the schedule of each kernel the sizes and, where they are open,
/// the method and the cuts that should be fastest: clones are expanded and
/// planned. If the method is open, or with `compareMethods`, what each method
/// costs goes into `costs`.
LogicalResult chooseStructures(ModuleOp module, int64_t n1, int64_t n2,
                               const MachineModel &machine,
                               bool compareMethods);

/// From requests to planned factor and tile functions: choose, expand,
/// simplify, plan, apply-plan.
void buildKernelPipeline(OpPassManager &manager, int64_t n1, int64_t n2);

/// Registers `--ntk-pipeline`, with the options n1 and n2.
void registerKernelPipeline();

} // namespace ntk
} // namespace mlir

#endif // NTK_PLAN_PLAN_H
