// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Post-dominators in one pass against the order of the graph: what dominates a
// value is where the ways of its users meet, which are known before it (Cooper,
// Harvey and Kennedy, "A Simple, Fast Dominance Algorithm", without its loop,
// for there are no cycles).

#include "ntk/Analysis/PostDominators.h"
#include "dialects/NTK/IR/NTKOps.h"

using namespace mlir;
using namespace mlir::ntk;

PostDominators::PostDominators(ArrayRef<Operation *> ops, ValueRange results) {
  for (auto [place, op] : llvm::enumerate(ops))
    places[op->getResult(0)] = static_cast<int64_t>(place);
  for (Value result : results)
    next[result] = Value();
  for (Operation *op : llvm::reverse(ops)) {
    Value user = op->getResult(0);
    auto rule = dyn_cast<DifferentiableOpInterface>(op);
    if (!rule || !reachesResults(user))
      continue;
    for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
      if (!rule.isDifferentiableIn(i))
        continue;
      auto [known, isNew] = next.try_emplace(operand, user);
      if (!isNew)
        known->second = meet(known->second, user);
    }
  }
}

int64_t PostDominators::getPlace(Value value) const {
  if (!value)
    return std::numeric_limits<int64_t>::max();
  auto found = places.find(value);
  return found == places.end() ? -1 : found->second;
}

Value PostDominators::meet(Value a, Value b) const {
  while (a != b) {
    if (getPlace(a) < getPlace(b))
      a = getNext(a);
    else
      b = getNext(b);
  }
  return a;
}

Value PostDominators::getCommon(ValueRange values) const {
  std::optional<Value> common;
  for (Value value : values)
    if (reachesResults(value))
      common = common ? meet(*common, value) : value;
  return common.value_or(Value());
}
