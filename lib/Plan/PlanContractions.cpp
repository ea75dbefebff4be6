// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// --ntk-plan: an order for each contraction, as an attribute.

#include "Groups.h"
#include "ntk/Plan/ContractionOrder.h"
#include "ntk/Plan/Passes.h"
#include "ntk/Plan/Plan.h"

namespace mlir::ntk {
#define GEN_PASS_DEF_PLANPASS
#include "ntk/Plan/Passes.h.inc"
} // namespace mlir::ntk

using namespace mlir;
using namespace mlir::ntk;

ProblemSize mlir::ntk::getProblemSize(KernelOp kernel, int64_t n1, int64_t n2) {
  bool symmetric = kernel.getSymmetric();
  Schedule schedule = kernel.getDecisions();
  if (symmetric) {
    int64_t n = schedule.n1.value_or(schedule.n2.value_or(n1));
    return {n, n, symmetric};
  }
  return {schedule.n1.value_or(n1), schedule.n2.value_or(n2), symmetric};
}

/// The planned size of each letter of a contraction.
static LetterSizes getLetterSizes(ContractOp contract, const Einsum &einsum,
                                  const ProblemSize &size) {
  LetterSizes sizes;
  for (auto [letters, factor] :
       llvm::zip_equal(einsum.operands, contract.getFactors()))
    for (auto [letter, extent] : llvm::zip_equal(
             letters, cast<RankedTensorType>(factor.getType()).getShape()))
      sizes[letter] = static_cast<double>(
          ShapedType::isDynamic(extent) ? size(letter) : extent);
  return sizes;
}

IntegerAttr mlir::ntk::getCountAttr(Builder &builder, double count) {
  return builder.getI64IntegerAttr(
      static_cast<int64_t>(std::min(count, 0x1p62)));
}

static Attribute describe(Builder &builder, const ContractionOrder &order) {
  auto number = [&](StringRef name, double value) {
    return builder.getNamedAttr(name, getCountAttr(builder, value));
  };
  return builder.getDictionaryAttr({number("pair_flops", order.pairFlops),
                                    number("side_flops", order.sideFlops),
                                    number("bytes", order.bytes)});
}

static PlanAttr getPlan(Builder &builder, const ContractionOrder &order) {
  SmallVector<StringAttr> results;
  for (StringRef result : order.results)
    results.push_back(builder.getStringAttr(result));
  return PlanAttr::get(builder.getContext(), order.order, results,
                       /*group=*/std::nullopt);
}

static bool isPlan(PlanAttr plan, const ContractionOrder &order) {
  return plan.getOrder() == ArrayRef(order.order) &&
         llvm::equal(plan.getResults(), order.results,
                     [](StringAttr a, StringRef b) { return a == b; });
}

bool mlir::ntk::planContraction(ContractOp contract, const ProblemSize &size) {
  Einsum einsum = Einsum::get(contract.getSpec());
  if (einsum.operands.size() < 2)
    return false;
  int64_t width =
      getElementTypeOrSelf(contract.getType()).getIntOrFloatBitWidth() / 8;
  std::vector<ContractionOrder> orders =
      findContractionOrders(einsum, getLetterSizes(contract, einsum, size),
                            size.getPairShare(), width);
  Builder builder(contract.getContext());
  SmallVector<NamedAttribute> alternatives;
  for (const ContractionOrder &order : orders)
    alternatives.push_back(builder.getNamedAttr(
        stringifyOrderClass(order.orderClass), describe(builder, order)));
  bool isNew = !contract.getPlan();
  if (isNew)
    contract.setPlanAttr(getPlan(builder, orders.front()));
  auto chosen = llvm::find_if(orders, [&](const auto &order) {
    return isPlan(contract.getPlanAttr(), order);
  });
  contract->setAttr(
      "ntk.order",
      builder.getStringAttr(chosen == orders.end()
                                ? StringRef("by-hand")
                                : stringifyOrderClass(chosen->orderClass)));
  contract->setAttr("ntk.alternatives",
                    builder.getDictionaryAttr(alternatives));
  return isNew;
}

void mlir::ntk::planContractions(ModuleOp module, int64_t n1, int64_t n2) {
  for (auto kernel : module.getOps<KernelOp>()) {
    KernelFunctions functions =
        findKernelFunctions(module, kernel.getSymName());
    ProblemSize size = getProblemSize(kernel, n1, n2);
    SmallVector<ContractOp> planned;
    if (functions.tile)
      functions.tile.walk([&](ContractOp contract) {
        if (planContraction(contract, size))
          planned.push_back(contract);
      });
    planGroups(planned);
    // In the factors only what the network itself has of several operands.
    for (func::FuncOp factors : {functions.factors1, functions.factors2})
      if (factors)
        factors.walk([&](ContractOp contract) {
          if (contract.getFactors().size() > 2)
            planContraction(contract, size);
        });
  }
}

namespace {
struct PlanPass : mlir::ntk::impl::PlanPassBase<PlanPass> {
  using PlanPassBase::PlanPassBase;
  void runOnOperation() override { planContractions(getOperation(), n1, n2); }
};
} // namespace
