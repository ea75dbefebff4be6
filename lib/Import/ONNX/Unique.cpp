// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Unique: the different elements, or slices along an axis, of a known value.
// How many there are is a size, so that they must be known while importing.

#include "Sampling.h"
#include "Themes.h"
#include <map>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

namespace {
/// The elements of a slice, in an order; integers have real 0 and reals have
/// integer 0.
using Key = std::vector<std::pair<double, int64_t>>;

/// The different slices.
struct Distinct {
  /// By slice: where it first stands, and how often.
  std::vector<int64_t> firsts, counts;
  /// By slice of the input: which of them it is.
  std::vector<int64_t> inverse;
};
} // namespace

/// Slices `x[i, …]`, ascending or in the order in which they first stand.
static Distinct findDistinct(const GraphValue &x, bool sorts) {
  int64_t count = x.shape[0];
  size_t size = count == 0 ? 0 : x.numbers->size() / count;
  std::map<Key, SmallVector<int64_t>> groups;
  for (int64_t i = 0; i < count; ++i) {
    Key key;
    for (size_t j = 0; j < size; ++j) {
      const Number &number = (*x.numbers)[i * size + j];
      key.push_back({number.real, number.integer});
    }
    groups[key].push_back(i);
  }
  std::vector<ArrayRef<int64_t>> order;
  for (const auto &group : groups)
    order.push_back(group.second);
  if (!sorts)
    llvm::sort(order, [](ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
      return a.front() < b.front();
    });
  Distinct distinct;
  distinct.inverse.resize(count);
  for (auto [i, group] : llvm::enumerate(order)) {
    distinct.firsts.push_back(group.front());
    distinct.counts.push_back(static_cast<int64_t>(group.size()));
    for (int64_t member : group)
      distinct.inverse[member] = static_cast<int64_t>(i);
  }
  return distinct;
}

static LogicalResult importUnique(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  GraphValue x = graph.decide(node.input(0));
  auto isPlain = [](const Number &number) {
    return number.isPlain() && number.real == number.real;
  };
  if (!x.isKnown() || x.batch || !llvm::all_of(*x.numbers, isPlain))
    return node.emitError() << "expected an input that is known while "
                               "importing, but it depends on the network's "
                               "inputs or parameters";
  // The slices first.
  bool isFlat = !node.hasAttribute("axis");
  Result moved = graph.reshape(x, {*product(x.shape)}, std::nullopt);
  SmallVector<int64_t> order;
  if (!isFlat) {
    FailureOr<int64_t> axis =
        node.getAxis(node.getInteger("axis", 0), x.rank());
    if (failed(axis))
      return failure();
    order = llvm::to_vector(llvm::seq<int64_t>(0, x.rank()));
    std::swap(order[0], order[*axis]); // its own inverse
    moved = graph.transpose(x, order);
  }
  if (failed(moved))
    return failure();
  Distinct distinct = findDistinct(*moved, node.getInteger("sorted", 1) != 0);
  Result y = graph.pick(moved, 0, distinct.firsts);
  if (!isFlat)
    y = graph.transpose(y, order);
  if (failed(node.setResult(y)))
    return failure();
  const std::vector<int64_t> *others[] = {&distinct.firsts, &distinct.inverse,
                                          &distinct.counts};
  for (auto [i, integers] : llvm::enumerate(others))
    if (failed(node.setOutput(i + 1, makeIntegers(*integers))))
      return failure();
  return success();
}

ArrayRef<Operator> onnximport::getUniqueOperators() {
  static const Operator operators[] = {
      {"Unique", 11, newestOpset, 1, 1, importUnique},
  };
  return operators;
}
