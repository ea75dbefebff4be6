// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// --ntk-choose: structural candidates are costed on expanded clones. The
// candidates are the paper's three methods, then cuts of the structured one.

#include "ProposeCuts.h"
#include "ntk/Kernel/Simplify.h"
#include "ntk/Plan/Passes.h"
#include "ntk/Plan/Plan.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_CHOOSEPASS
#include "ntk/Plan/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

/// What the kernel costs with other decisions: a clone is expanded and planned.
static FailureOr<Cost> getCost(KernelOp kernel, NetworkOp network,
                               const Schedule &decisions, int64_t n1,
                               int64_t n2) {
  OwningOpRef<ModuleOp> scratch = ModuleOp::create(kernel.getLoc());
  OpBuilder builder = OpBuilder::atBlockEnd(scratch->getBody());
  builder.clone(*network);
  auto candidate = cast<KernelOp>(builder.clone(*kernel));
  candidate.setDecisions(decisions);
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

namespace {

/// Looks for the fastest decisions of one kernel.
class StructureChooser {
public:
  StructureChooser(KernelOp kernel, NetworkOp network, int64_t n1, int64_t n2,
                   const MachineModel &machine)
      : kernel(kernel), network(network), n1(n1), n2(n2), machine(machine),
        decided(kernel.getDecisions()) {}

  LogicalResult compareMethods();
  LogicalResult compareCuts();
  void write();

private:
  FailureOr<Cost> consider(const Schedule &candidate);
  /// Has nothing been decided that the candidate decides otherwise?
  bool isAllowed(const Schedule &candidate) const {
    return (!decided.method || decided.method == candidate.method) &&
           (!decided.cuts || *decided.cuts == candidate.cuts.value_or(Cuts()));
  }

  using Cuts = std::vector<std::string>;
  KernelOp kernel;
  NetworkOp network;
  int64_t n1, n2;
  const MachineModel &machine;
  Schedule decided;
  std::optional<Schedule> fastest;
  double least = 0; ///< seconds that it takes
};

} // namespace

/// What the kernel costs by a candidate, which is kept if it is the fastest of
/// those that are allowed.
FailureOr<Cost> StructureChooser::consider(const Schedule &candidate) {
  FailureOr<Cost> cost = getCost(kernel, network, candidate, n1, n2);
  if (failed(cost))
    return failure();
  bool isDouble =
      getElementTypeOrSelf(network.getResultTypes().front()).isF64();
  double seconds = machine.getSeconds(*cost, isDouble);
  if (isAllowed(candidate) && (!fastest || seconds < least)) {
    fastest = candidate;
    least = seconds;
  }
  return cost;
}

/// The methods as the paper has them: without cuts.
LogicalResult StructureChooser::compareMethods() {
  Builder builder(kernel.getContext());
  SmallVector<NamedAttribute> costs;
  for (KernelMethod method :
       {KernelMethod::Structured, KernelMethod::JacobianContraction,
        KernelMethod::NtkVectorProducts}) {
    Schedule candidate = decided;
    candidate.method = method;
    candidate.cuts.reset();
    FailureOr<Cost> cost = consider(candidate);
    if (failed(cost))
      return failure();
    costs.push_back(builder.getNamedAttr(stringifyKernelMethod(method),
                                         getCountAttr(builder, cost->flops)));
  }
  kernel.setCostsAttr(builder.getDictionaryAttr(costs));
  return success();
}

/// Sets of cuts to look at: what estimates say, and that without each of its
/// cuts where they are few.
static std::vector<std::vector<std::string>>
getCandidates(const std::vector<std::string> &proposed) {
  constexpr size_t few = 3;
  std::vector<std::vector<std::string>> candidates = {proposed};
  if (proposed.size() == 1 || proposed.size() > few)
    return candidates;
  for (size_t i = 0; i < proposed.size(); ++i) {
    candidates.push_back(proposed);
    candidates.back().erase(candidates.back().begin() +
                            static_cast<int64_t>(i));
  }
  return candidates;
}

/// Structured derivatives with and without cuts, if cuts are open.
LogicalResult StructureChooser::compareCuts() {
  KernelMethod method = decided.method.value_or(KernelMethod::Structured);
  if (decided.cuts || method != KernelMethod::Structured ||
      kernel.getOutputs().isSum())
    return success();
  Cuts proposed = proposeCuts(kernel, network, getProblemSize(kernel, n1, n2));
  if (proposed.empty())
    return success();
  Schedule candidate = decided;
  candidate.method = method;
  if (!fastest && failed(consider(candidate)))
    return failure();
  for (const Cuts &cuts : getCandidates(proposed)) {
    candidate.cuts = cuts;
    if (failed(consider(candidate)))
      return failure();
  }
  return success();
}

void StructureChooser::write() {
  ProblemSize size = getProblemSize(kernel, n1, n2);
  Schedule chosen;
  chosen.n1 = size.n1;
  chosen.n2 = size.n2;
  // Cuts that were decided belong to structured derivatives.
  chosen.method = KernelMethod::Structured;
  if (fastest) {
    chosen.method = fastest->method;
    chosen.cuts = fastest->cuts;
  }
  decided.complete(chosen);
  kernel.setDecisions(decided);
}

LogicalResult mlir::ntk::chooseStructures(ModuleOp module, int64_t n1,
                                          int64_t n2,
                                          const MachineModel &machine,
                                          bool compareMethods) {
  for (auto kernel : module.getOps<KernelOp>()) {
    FailureOr<NetworkOp> network = findNetwork(kernel);
    if (failed(network))
      return failure();
    StructureChooser chooser(kernel, *network, n1, n2, machine);
    if (compareMethods || !kernel.getDecisions().method)
      if (failed(chooser.compareMethods()))
        return failure();
    if (failed(chooser.compareCuts()))
      return failure();
    chooser.write();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Pass
//===----------------------------------------------------------------------===//

/// A network of which no kernel is asked is left as it is; that is said, for it
/// is not what one who runs the pipeline on it expects.
static void remarkOnIdleNetworks(ModuleOp module) {
  if (!module.getOps<KernelOp>().empty())
    return;
  for (auto network : module.getOps<NetworkOp>())
    emitRemark(network.getLoc(),
               "expected a request for a kernel, but there is none: "
               "add `ntk.kernel @theta of @")
        << network.getName() << " \"now, mpw -> nmop\" (J1, J2)`";
}

namespace {
struct ChoosePass : mlir::ntk::impl::ChoosePassBase<ChoosePass> {
  using ChoosePassBase::ChoosePassBase;
  void runOnOperation() override {
    remarkOnIdleNetworks(getOperation());
    if (failed(chooseStructures(getOperation(), n1, n2, MachineModel(),
                                /*compareMethods=*/true)))
      signalPassFailure();
  }
};
} // namespace
