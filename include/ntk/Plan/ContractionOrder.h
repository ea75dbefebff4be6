// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of a contraction: exact dynamic programming over all binary trees
// on its operands. The paper's orders are classes of these trees: outside-in
// (each side's product first, explicit gradients), left-to-right (the product
// of one side, then the factors of the other) and, without a product of one
// side alone, inside-out (the Gram of the features, then one cotangent, then
// the other) and two-grams (that of the features times that of the cotangents).

#ifndef NTK_PLAN_CONTRACTIONORDER_H
#define NTK_PLAN_CONTRACTIONORDER_H

#include "dialects/Support/Einsum.h"
#include "ntk/Plan/Cost.h"

#include <map>

namespace mlir::ntk {

/// Sizes by letter, as they are planned for.
using LetterSizes = std::map<char, double>;

enum class OrderClass { OutsideIn, LeftToRight, InsideOut, TwoGrams };

StringRef stringifyOrderClass(OrderClass orderClass);

/// An evaluation order and its work.
struct ContractionOrder {
  SmallVector<int64_t> order; ///< pairs, flattened, see PlanAttr
  SmallVector<std::string> results;
  OrderClass orderClass = OrderClass::InsideOut;
  double pairFlops = 0; ///< of steps that read both sides
  double sideFlops = 0; ///< of steps that read one side, or none
  double bytes = 0;     ///< of all results
  double cost = 0;      ///< what was minimised
};

/// Contractions of more operands are planned greedily: the exact search takes
/// three times as long for each operand more.
constexpr size_t mostOperandsOfExactSearch = 9;

/// The best order of each class that has one, best first; of many operands one
/// good order. `bytesPerElement` is the width of the element type.
std::vector<ContractionOrder> findContractionOrders(const Einsum &einsum,
                                                    const LetterSizes &sizes,
                                                    double pairShare,
                                                    int64_t bytesPerElement);

/// Which sides an operand with these letters belongs to: bit 0 for side 1
/// (n, and o if there is a p), bit 1 for side 2 (m, p).
unsigned getSides(StringRef letters, bool hasSecondOutput);

} // namespace mlir::ntk

#endif // NTK_PLAN_CONTRACTIONORDER_H
