// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// --ntk-apply-plan: n-ary contractions become the binary ones of their plans,
// and work of one side leaves the tile.

#include "Groups.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/CSE.h"

#include "ntk/Kernel/FactorEditing.h"
#include "ntk/Kernel/Simplify.h"
#include "ntk/Plan/Passes.h"
#include "ntk/Plan/Plan.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_APPLYPLANPASS
#include "ntk/Plan/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// Splitting and sharing
//===----------------------------------------------------------------------===//

namespace {
/// Which ops carry out which contraction of a tile, by its number, up to where
/// they are moved into factor functions.
class SiteOps : public RewriterBase::Listener {
public:
  void add(Operation *op, size_t site) {
    sites[op] = site;
    flops.resize(std::max(flops.size(), site + 1));
  }
  void notifyOperationErased(Operation *op) override { sites.erase(op); }
  /// `to` takes the place of `from`.
  void replace(Operation *from, Operation *to) {
    auto site = sites.find(from);
    if (site != sites.end())
      add(to, site->second);
    sites.erase(from);
  }

  /// FLOPs of the ops that are left, by contraction.
  std::vector<Polynomial> getFlops() {
    for (auto [op, site] : sites)
      if (auto cost = dyn_cast<CostOpInterface>(op))
        flops[site] += cost.getFlops();
    return flops;
  }

private:
  DenseMap<Operation *, size_t> sites;
  std::vector<Polynomial> flops;
};
} // namespace

/// Carries out the plan of `contract`; the last of its steps says which group
/// they are of. Returns all steps.
static SmallVector<Operation *> split(ContractOp contract) {
  std::optional<int64_t> group = contract.getPlanAttr().getGroup();
  Operation *before = contract->getPrevNode(), *after = contract->getNextNode();
  Block *block = contract->getBlock();
  splitContraction(contract);
  SmallVector<Operation *> steps;
  auto it = before ? std::next(before->getIterator()) : block->begin();
  for (; &*it != after; ++it)
    steps.push_back(&*it);
  if (group)
    steps.back()->setAttr(
        groupAttrName,
        IntegerAttr::get(IntegerType::get(block->getParent()->getContext(), 64),
                         *group));
  return steps;
}

static void splitContractions(func::FuncOp function, SiteOps &sites) {
  SmallVector<ContractOp> contractions;
  function.walk([&](ContractOp op) { contractions.push_back(op); });
  for (auto [site, contract] : llvm::enumerate(contractions)) {
    sites.add(contract, site);
    if (!contract.getPlan() || contract.getFactors().size() < 2)
      continue;
    sites.notifyOperationErased(contract);
    for (Operation *step : split(contract))
      sites.add(step, site);
  }
}

static void shareEqualOps(func::FuncOp function,
                          RewriterBase::Listener *listener = nullptr) {
  IRRewriter rewriter(function.getContext(), listener);
  DominanceInfo dominance(function);
  eliminateCommonSubExpressions(rewriter, dominance, function);
}

//===----------------------------------------------------------------------===//
// Hoisting
//===----------------------------------------------------------------------===//

static void hoistOneSidedOps(KernelFunctions functions) {
  for (int side : {1, 2}) {
    FactorEditor editor(functions, side);
    editor.hoistOneSidedOps(belongsInTile);
    editor.removeUnused();
  }
}

/// One factor function if both compute the same results.
static void mergeFactorFunctions(KernelFunctions functions, StringRef kernel) {
  func::FuncOp first = functions.factors1, second = functions.factors2;
  if (first.getFunctionType() != second.getFunctionType() ||
      !OperationEquivalence::isRegionEquivalentTo(
          &first.getBody(), &second.getBody(),
          OperationEquivalence::IgnoreLocations))
    return;
  Builder builder(first.getContext());
  second.erase();
  first->setAttr(sidesAttrName, builder.getDenseI64ArrayAttr({1, 2}));
  first.setSymName((kernel + "_factors").str());
}

LogicalResult mlir::ntk::applyPlans(ModuleOp module,
                                    std::vector<Polynomial> *siteFlops) {
  for (auto kernel : module.getOps<KernelOp>()) {
    KernelFunctions functions =
        findKernelFunctions(module, kernel.getSymName());
    SiteOps ignored, sites;
    for (func::FuncOp factors : {functions.factors1, functions.factors2})
      if (factors)
        splitContractions(factors, ignored);
    if (!functions.tile || functions.factors1 == functions.factors2)
      continue;
    splitContractions(functions.tile, sites);
    shareEqualOps(functions.tile, &sites);
    if (failed(joinGroups(functions.tile, [&](Operation *gram, Operation *one) {
          sites.replace(gram, one);
        })))
      return failure();
    if (siteFlops)
      *siteFlops = sites.getFlops();
    hoistOneSidedOps(functions);
    shareEqualOps(functions.factors1);
    shareEqualOps(functions.factors2);
    FactorEditor(functions, 1).removeUnused();
    FactorEditor(functions, 2).removeUnused();
    mergeFactorFunctions(functions, kernel.getSymName());
  }
  return success();
}

namespace {
struct ApplyPlanPass : mlir::ntk::impl::ApplyPlanPassBase<ApplyPlanPass> {
  void runOnOperation() override {
    if (failed(applyPlans(getOperation())))
      signalPassFailure();
  }
};
} // namespace
