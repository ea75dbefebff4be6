// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which contractions share a Gram, read off their plans.

#include "Groups.h"
#include "dialects/Support/Einsum.h"
#include "ntk/Plan/Plan.h"

using namespace mlir;
using namespace mlir::ntk;

namespace {
/// A contraction whose last step multiplies the Gram of two of its factors by
/// something smaller.
struct Host {
  ContractOp contract;
  Einsum gram;
};

using Factors = std::pair<Value, Value>;
} // namespace

/// The Gram of a planned contraction, and the factors it is of; none if it is
/// not of that kind.
static std::optional<std::pair<Factors, Host>> getHost(ContractOp contract) {
  Einsum einsum = Einsum::get(contract.getSpec());
  PlanAttr plan = contract.getPlanAttr();
  int64_t count = static_cast<int64_t>(einsum.operands.size());
  int64_t steps = static_cast<int64_t>(plan.getResults().size());
  if (steps < 2)
    return std::nullopt;
  ArrayRef<int64_t> order = plan.getOrder();
  int64_t gram = order[2 * steps - 2] - count, other = order[2 * steps - 1];
  if (gram < 0)
    return std::nullopt;
  int64_t a = order[2 * gram], b = order[2 * gram + 1];
  if (a >= count || b >= count)
    return std::nullopt;
  if (other < count &&
      !isa<FloatType>(getElementTypeOrSelf(contract.getFactors()[other])))
    return std::nullopt; // a mask: one cannot be added to it
  std::string word = plan.getResults()[gram].str();
  std::string with = other < count ? einsum.operands[other]
                                   : plan.getResults()[other - count].str();
  if (!isScaledBy(einsum.result, word, with))
    return std::nullopt;
  Host host{contract, {{einsum.operands[a], einsum.operands[b]}, word}};
  return std::pair(Factors(contract.getFactors()[a], contract.getFactors()[b]),
                   std::move(host));
}

/// The Gram of two factors in whose place `hosts`, which have it or one of
/// other letters, may take it: the last of those that have the first that fits.
static ContractOp findHost(ArrayRef<Host> hosts, const Einsum &rider) {
  const auto *first = llvm::find_if(
      hosts, [&](const Host &host) { return isSameEinsum(host.gram, rider); });
  if (first == hosts.end())
    return {};
  std::string spec = first->gram.str();
  for (const Host &host : llvm::reverse(hosts))
    if (host.gram.str() == spec)
      return host.contract;
  return {};
}

static void setGroup(ContractOp contract, int64_t group) {
  PlanAttr plan = contract.getPlanAttr();
  contract.setPlanAttr(PlanAttr::get(contract.getContext(), plan.getOrder(),
                                     plan.getResults(), group));
}

void mlir::ntk::planGroups(ArrayRef<ContractOp> contractions) {
  DenseMap<Factors, SmallVector<Host>> hosts;
  for (ContractOp contract : contractions)
    if (contract.getInit())
      if (auto host = getHost(contract))
        hosts[host->first].push_back(host->second);
  int64_t groups = 0;
  for (ContractOp contract : contractions) {
    if (!contract.getInit() || contract.getFactors().size() != 2)
      continue;
    Einsum einsum = Einsum::get(contract.getSpec());
    int64_t a = contract.getPlanAttr().getOrder()[0], b = 1 - a;
    Einsum rider{{einsum.operands[a], einsum.operands[b]}, einsum.result};
    ContractOp host = findHost(
        hosts.lookup({contract.getFactors()[a], contract.getFactors()[b]}),
        rider);
    if (!host)
      continue;
    if (!host.getPlanAttr().getGroup())
      setGroup(host, groups++);
    setGroup(contract, *host.getPlanAttr().getGroup());
  }
}
