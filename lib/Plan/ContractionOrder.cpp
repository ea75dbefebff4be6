// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Dynamic programming over subsets of operands. A subset's value has the
// letters of its operands that others, or the result, still need; joining two
// subsets costs two FLOPs for each tuple of their letters, one if nothing is
// summed. A subset is kept once for each class of trees, so that the best
// order of every class is found.

#include "ntk/Plan/ContractionOrder.h"
#include "ntk/Plan/Layout.h"

#include <limits>

using namespace mlir;
using namespace mlir::ntk;

StringRef mlir::ntk::stringifyOrderClass(OrderClass orderClass) {
  switch (orderClass) {
  case OrderClass::OutsideIn:
    return "outside-in";
  case OrderClass::LeftToRight:
    return "left-to-right";
  case OrderClass::InsideOut:
    return "inside-out";
  case OrderClass::TwoGrams:
    return "two-grams";
  }
  return "";
}

unsigned mlir::ntk::getSides(StringRef letters, bool hasSecondOutput) {
  bool side1 =
      letters.contains('n') || (hasSecondOutput && letters.contains('o'));
  bool side2 = letters.contains('m') || letters.contains('p');
  return side1 | (side2 << 1);
}

namespace {

/// FLOPs a byte costs as much as.
constexpr double flopsPerByte = 4;

/// The best tree over a subset.
struct Node {
  double cost = std::numeric_limits<double>::infinity();
  double pairFlops = 0, sideFlops = 0, bytes = 0;
  unsigned left = 0, right = 0;         ///< subsets
  unsigned leftKind = 0, rightKind = 0; ///< entries of their tables
};

/// Entries of the table of a subset: trees without, and with, a product of
/// operands of one side alone.
enum Kind : unsigned { Plain = 0, HasSideProduct = 1, Kinds = 2 };

class OrderSearch {
public:
  OrderSearch(const Einsum &einsum, const LetterSizes &sizes, double pairShare,
              int64_t bytesPerElement)
      : einsum(einsum), sizes(sizes), pairShare(pairShare),
        bytesPerElement(bytesPerElement), count(einsum.operands.size()),
        table(size_t(1) << count) {
    for (StringRef word : einsum.operands)
      hasSecondOutput |= word.contains('p');
  }

  std::vector<ContractionOrder> run() {
    for (unsigned subset = 1; subset < table.size(); ++subset)
      fill(subset);
    std::vector<ContractionOrder> orders;
    for (auto &[orderClass, node] : roots)
      orders.push_back(getOrder(orderClass, node));
    llvm::sort(orders, [](const auto &a, const auto &b) {
      return std::tie(a.cost, a.orderClass) < std::tie(b.cost, b.orderClass);
    });
    return orders;
  }

private:
  double getVolume(StringRef letters) const {
    double volume = 1;
    for (char letter : letters)
      volume *= sizes.at(letter);
    return volume;
  }

  std::string getWords(unsigned subset) const {
    std::string words;
    for (size_t i = 0; i < count; ++i)
      if (subset >> i & 1)
        for (char letter : einsum.operands[i])
          if (!StringRef(words).contains(letter))
            words += letter;
    return words;
  }

  /// The letters of a subset that are still needed.
  std::string getKept(unsigned subset) const {
    std::string outside =
                    getWords(~subset & (table.size() - 1)) + einsum.result,
                kept;
    for (char letter : getWords(subset))
      if (StringRef(outside).contains(letter))
        kept += letter;
    return kept;
  }

  unsigned getSubsetSides(unsigned subset) const {
    return getSides(getWords(subset), hasSecondOutput);
  }

  void addStep(Node &node, unsigned subset, double flops,
               double elements) const {
    bool isPair = getSubsetSides(subset) == 3;
    double share = isPair ? pairShare : 1;
    (isPair ? node.pairFlops : node.sideFlops) += flops * share;
    node.bytes += elements * bytesPerElement * share;
    node.cost = node.pairFlops + node.sideFlops + flopsPerByte * node.bytes;
  }

  /// An operand alone; letters that only it has are summed first.
  Node getLeaf(unsigned subset) const {
    Node leaf;
    leaf.cost = 0;
    std::string words = getWords(subset), kept = getKept(subset);
    if (kept.size() < words.size() && count > 1)
      addStep(leaf, subset, getVolume(words), getVolume(kept));
    return leaf;
  }

  Node join(const Node &a, const Node &b, unsigned left, unsigned right) const {
    Node node;
    node.left = left;
    node.right = right;
    node.pairFlops = a.pairFlops + b.pairFlops;
    node.sideFlops = a.sideFlops + b.sideFlops;
    node.bytes = a.bytes + b.bytes;
    std::string letters = getKept(left);
    for (char letter : getKept(right))
      if (!StringRef(letters).contains(letter))
        letters += letter;
    std::string kept = getKept(left | right);
    double perTuple = kept.size() < letters.size() ? 2 : 1;
    addStep(node, left | right, perTuple * getVolume(letters), getVolume(kept));
    return node;
  }

  static bool isOneSided(unsigned sides) { return sides == 1 || sides == 2; }

  Kind getKind(unsigned subset, Kind left, Kind right) const {
    if (isOneSided(getSubsetSides(subset)))
      return HasSideProduct;
    return left == HasSideProduct || right == HasSideProduct ? HasSideProduct
                                                             : Plain;
  }

  void fill(unsigned subset) {
    if ((subset & (subset - 1)) == 0) {
      table[subset][Plain] = getLeaf(subset);
      return;
    }
    for (unsigned left = (subset - 1) & subset; left;
         left = (left - 1) & subset) {
      unsigned right = subset ^ left;
      if (left < right)
        continue; // each split once
      for (Kind a : {Plain, HasSideProduct})
        for (Kind b : {Plain, HasSideProduct})
          consider(subset, left, right, a, b);
    }
  }

  void consider(unsigned subset, unsigned left, unsigned right, Kind a,
                Kind b) {
    const Node &x = table[left][a], &y = table[right][b];
    if (std::isinf(x.cost) || std::isinf(y.cost))
      return;
    Node node = join(x, y, left, right);
    node.leftKind = a;
    node.rightKind = b;
    Kind kind = getKind(subset, a, b);
    if (node.cost < table[subset][kind].cost)
      table[subset][kind] = node;
    if (subset + 1 != table.size())
      return;
    unsigned sides[] = {getSubsetSides(left), getSubsetSides(right)};
    OrderClass orderClass = OrderClass::InsideOut;
    if (isOneSided(sides[0]) && isOneSided(sides[1]))
      orderClass = OrderClass::OutsideIn;
    else if (kind == HasSideProduct)
      orderClass = OrderClass::LeftToRight;
    else if (sides[0] == 3 && sides[1] == 3)
      orderClass = OrderClass::TwoGrams;
    auto [it, isNew] = roots.try_emplace(orderClass, node);
    if (!isNew && node.cost < it->second.cost)
      it->second = node;
  }

  /// Numbers the values of a tree in the order in which they are computed.
  int64_t number(const Node &node, unsigned subset,
                 ContractionOrder &order) const {
    if ((subset & (subset - 1)) == 0)
      return llvm::Log2_32(subset);
    int64_t a = number(table[node.left][node.leftKind], node.left, order);
    int64_t b = number(table[node.right][node.rightKind], node.right, order);
    // Operands in the order they were given keep side 1 on the left.
    if ((node.left & -node.left) > (node.right & -node.right))
      std::swap(a, b);
    order.order.append({a, b});
    order.results.push_back(getKept(subset));
    return static_cast<int64_t>(count + order.results.size()) - 1;
  }

  ContractionOrder getOrder(OrderClass orderClass, const Node &root) const {
    ContractionOrder order;
    order.orderClass = orderClass;
    order.pairFlops = root.pairFlops;
    order.sideFlops = root.sideFlops;
    order.bytes = root.bytes;
    order.cost = root.cost;
    number(root, table.size() - 1, order);
    order.results.back() = einsum.result;
    chooseLayouts(einsum, sizes, order);
    return order;
  }

  const Einsum &einsum;
  const LetterSizes &sizes;
  double pairShare;
  int64_t bytesPerElement;
  size_t count;
  bool hasSecondOutput = false;
  std::vector<std::array<Node, Kinds>> table;
  std::map<OrderClass, Node> roots;
};

} // namespace

std::vector<ContractionOrder>
mlir::ntk::findContractionOrders(const Einsum &einsum, const LetterSizes &sizes,
                                 double pairShare, int64_t bytesPerElement) {
  return OrderSearch(einsum, sizes, pairShare, bytesPerElement).run();
}
