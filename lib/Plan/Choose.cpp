// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// --ntk-choose: structural candidates are costed on expanded clones. The
// candidates are the paper's three methods.

#include "ntk/Kernel/Simplify.h"
#include "ntk/Plan/Passes.h"
#include "ntk/Plan/Plan.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_CHOOSEPASS
#include "ntk/Plan/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

/// What the kernel costs by `method`: a clone is expanded and planned.
static FailureOr<Cost> getMethodCost(ModuleOp module, KernelOp kernel,
                                     KernelMethod method, int64_t n1,
                                     int64_t n2) {
  OwningOpRef<ModuleOp> scratch = ModuleOp::create(module.getLoc());
  OpBuilder builder = OpBuilder::atBlockEnd(scratch->getBody());
  builder.clone(
      *SymbolTable::lookupNearestSymbolFrom(kernel, kernel.getNetworkAttr()));
  auto candidate = cast<KernelOp>(builder.clone(*kernel));
  Schedule schedule = kernel.getDecisions();
  schedule.method = method;
  candidate.setDecisions(schedule);
  FailureOr<KernelFunctions> functions = expandKernel(candidate);
  if (failed(functions) || failed(simplifyKernels(*scratch)))
    return failure();
  planContractions(*scratch, n1, n2);
  if (failed(applyPlans(*scratch)))
    return failure();
  return getKernelCost(findKernelFunctions(*scratch, kernel.getSymName()),
                       getProblemSize(kernel, n1, n2))
      .getTotal();
}

static LogicalResult chooseMethod(ModuleOp module, KernelOp kernel, int64_t n1,
                                  int64_t n2, const MachineModel &machine) {
  auto network = SymbolTable::lookupNearestSymbolFrom<NetworkOp>(
      kernel, kernel.getNetworkAttr());
  if (!network)
    return kernel.emitOpError("expected a network, but found no @")
           << kernel.getNetwork();
  bool isDouble =
      getElementTypeOrSelf(network.getResultTypes().front()).isF64();
  Builder builder(kernel.getContext());
  SmallVector<NamedAttribute> costs;
  double least = 0;
  std::optional<KernelMethod> fastest;
  for (KernelMethod method :
       {KernelMethod::Structured, KernelMethod::JacobianContraction,
        KernelMethod::NtkVectorProducts}) {
    FailureOr<Cost> cost = getMethodCost(module, kernel, method, n1, n2);
    if (failed(cost))
      return failure();
    costs.push_back(builder.getNamedAttr(stringifyKernelMethod(method),
                                         getCountAttr(builder, cost->flops)));
    double seconds = machine.getSeconds(*cost, isDouble);
    if (!fastest || seconds < least) {
      fastest = method;
      least = seconds;
    }
  }
  kernel.setCostsAttr(builder.getDictionaryAttr(costs));
  ProblemSize size = getProblemSize(kernel, n1, n2);
  Schedule schedule = kernel.getDecisions();
  Schedule chosen;
  chosen.n1 = size.n1;
  chosen.n2 = size.n2;
  chosen.method = fastest;
  schedule.complete(chosen);
  kernel.setDecisions(schedule);
  return success();
}

LogicalResult mlir::ntk::chooseMethods(ModuleOp module, int64_t n1, int64_t n2,
                                       const MachineModel &machine) {
  for (auto kernel : module.getOps<KernelOp>())
    if (failed(chooseMethod(module, kernel, n1, n2, machine)))
      return failure();
  return success();
}

/// A network of which no kernel is asked is left as it is; that is said, for it
/// is not what one who runs the pipeline on it expects.
static void remarkOnIdleNetworks(ModuleOp module) {
  if (!module.getOps<KernelOp>().empty())
    return;
  for (auto network : module.getOps<NetworkOp>())
    emitRemark(network.getLoc(),
               "expected a request for a kernel, but there is none: "
               "add `ntk.kernel @theta of @")
        << network.getName() << " outputs full`";
}

namespace {
struct ChoosePass : ntk::impl::ChoosePassBase<ChoosePass> {
  using ChoosePassBase::ChoosePassBase;
  void runOnOperation() override {
    remarkOnIdleNetworks(getOperation());
    if (failed(chooseMethods(getOperation(), n1, n2, MachineModel())))
      signalPassFailure();
  }
};
} // namespace
