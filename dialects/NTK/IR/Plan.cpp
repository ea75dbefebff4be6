// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `#ntk.plan`: what is an order of evaluation, and what is one of a given
// contraction.

#include "dialects/NTK/IR/NTKOps.h"
#include "dialects/Support/Einsum.h"

using namespace mlir;
using namespace mlir::ntk;

LogicalResult PlanAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               ArrayRef<int64_t> order,
                               ArrayRef<StringAttr> results,
                               std::optional<int64_t> group) {
  if (order.size() != 2 * results.size())
    return emitError() << "expected a pair of operands for each of "
                       << results.size() << " results, but got " << order.size()
                       << " numbers";
  // Each pair uses two of the values there are; a value is used once.
  int64_t operands = static_cast<int64_t>(results.size()) + 1;
  SmallVector<bool> used(2 * results.size() + 1, false);
  for (auto [i, number] : llvm::enumerate(order)) {
    int64_t available = operands + static_cast<int64_t>(i / 2);
    if (number < 0 || number >= available)
      return emitError() << "expected a number below " << available
                         << ", but got " << number;
    if (used[number])
      return emitError() << "expected each value to be used once, but "
                         << number << " is used twice";
    used[number] = true;
  }
  if (group && *group < 0)
    return emitError() << "expected a group from 0 on, but got " << *group;
  return success();
}

namespace {
/// The values of a contraction that its plan has come to, by their words.
class PlanWalk {
public:
  explicit PlanWalk(const Einsum &einsum)
      : result(einsum.result), words(einsum.operands),
        live(words.size(), true) {}

  /// The letters of the values `a` and `b` that another value, or the result,
  /// still needs.
  std::string getKeptLetters(int64_t a, int64_t b) const {
    std::string needed = result, kept;
    for (auto [i, word] : llvm::enumerate(words))
      if (live[i] && static_cast<int64_t>(i) != a &&
          static_cast<int64_t>(i) != b)
        needed += word;
    for (char letter : words[a] + words[b])
      if (StringRef(needed).contains(letter) &&
          !StringRef(kept).contains(letter))
        kept += letter;
    return kept;
  }

  void step(int64_t a, int64_t b, StringRef word) {
    live[a] = live[b] = false;
    words.push_back(word.str());
    live.push_back(true);
  }

private:
  std::string result;
  SmallVector<std::string> words;
  SmallVector<bool> live;
};
} // namespace

/// The same letters, each once, in any order?
static bool isPermutation(StringRef a, StringRef b) {
  return a.size() == b.size() &&
         std::is_permutation(a.begin(), a.end(), b.begin());
}

LogicalResult ContractOp::verify() {
  PlanAttr plan = getPlanAttr();
  if (!plan)
    return success();
  ArrayRef<StringAttr> results = plan.getResults();
  if (results.size() + 1 != getFactors().size())
    return emitOpError("expected a plan of ")
           << getFactors().size() - 1 << " steps for " << getFactors().size()
           << " factors, but got " << results.size();
  Einsum einsum = Einsum::get(getSpec());
  PlanWalk walk(einsum);
  for (auto [i, word] : llvm::enumerate(results)) {
    int64_t a = plan.getOrder()[2 * i], b = plan.getOrder()[2 * i + 1];
    std::string kept = walk.getKeptLetters(a, b);
    if (!isPermutation(word.getValue(), kept))
      return emitOpError("expected result ")
             << i << " of the plan to have the letters of its pair that are "
             << "still needed, \"" << kept << "\" in any order, but got "
             << word;
    walk.step(a, b, word);
  }
  if (!results.empty() && results.back().getValue() != einsum.result)
    return emitOpError("expected the last result of the plan to be that of the "
                       "contraction, \"")
           << einsum.result << "\", but got " << results.back();
  if (plan.getGroup() && !getInit())
    return emitOpError("expected a contraction of a group to be added into a "
                       "value");
  return success();
}
