// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Of few operands dynamic programming over their subsets. A subset's value has
// the letters of its operands that others, or the result, still need; joining
// two subsets costs two FLOPs for each tuple of their letters, one if nothing
// is summed. A subset is kept once for each class of trees, so that the best
// order of every class is found. Subsets are too many for many operands: these
// are joined greedily.

#include "ntk/Plan/ContractionOrder.h"
#include "ntk/Plan/OperandLayout.h"

#include "llvm/ADT/bit.h"
#include <array>
#include <deque>
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
  // Where o and p are one letter, it belongs to both sides.
  auto has = [&](int side) {
    return llvm::any_of(letters, [&](char letter) {
      return getSideLetters(side).contains(letter) &&
             (letter != 'o' || hasSecondOutput);
    });
  };
  return has(1) | (has(2) << 1);
}

namespace {

/// FLOPs a byte costs as much as.
constexpr double flopsPerByte = 4;

/// A set of the letters of a contraction, by their numbers.
using LetterSet = uint64_t;

/// The letters of a contraction: numbers, sizes, and who has them.
class Letters {
public:
  Letters(const Einsum &einsum, const LetterSizes &sizes) {
    for (StringRef word : einsum.operands) {
      operands.push_back(getSet(word, sizes));
      hasSecondOutput |= word.contains('p');
    }
    result = getSet(einsum.result, sizes);
    for (const auto &[i, name] : llvm::enumerate(names))
      sides[getSides(StringRef(&name, 1), hasSecondOutput)] |= LetterSet(1)
                                                               << i;
  }

  double getVolume(LetterSet set) const {
    double volume = 1;
    for (; set; set &= set - 1)
      volume *= extents[llvm::countr_zero(set)];
    return volume;
  }

  std::string getWord(LetterSet set) const {
    std::string word;
    for (; set; set &= set - 1)
      word += names[llvm::countr_zero(set)];
    return word;
  }

  /// Bit 0 for side 1, bit 1 for side 2.
  unsigned getSidesOf(LetterSet set) const {
    return (set & (sides[1] | sides[3]) ? 1 : 0) |
           (set & (sides[2] | sides[3]) ? 2 : 0);
  }

  std::vector<LetterSet> operands;
  LetterSet result = 0;

private:
  LetterSet getSet(StringRef word, const LetterSizes &sizes) {
    LetterSet set = 0;
    for (char letter : word) {
      size_t number = names.find(letter);
      if (number == std::string::npos) {
        number = names.size();
        names += letter;
        auto size = sizes.find(letter);
        extents.push_back(size == sizes.end() ? 1 : size->second);
      }
      set |= LetterSet(1) << number;
    }
    return set;
  }

  std::string names;
  std::vector<double> extents;
  bool hasSecondOutput = false;
  LetterSet sides[4] = {0, 0, 0, 0};
};

/// The best tree over some operands. `words` are all their letters, `kept`
/// those that others, or the result, still need.
struct Node {
  double cost = std::numeric_limits<double>::infinity();
  double pairFlops = 0, sideFlops = 0, bytes = 0;
  LetterSet words = 0, kept = 0;
  const Node *left = nullptr, *right = nullptr; ///< null for an operand
  unsigned firstOperand = 0;
};

/// What steps cost.
class StepCosts {
public:
  StepCosts(const Letters &letters, double pairShare, int64_t bytesPerElement)
      : letters(letters), pairShare(pairShare),
        bytesPerElement(bytesPerElement) {}

  /// An operand alone; letters that only it has are summed first, if there are
  /// others.
  Node getLeaf(unsigned operand, LetterSet kept, bool isAlone) const {
    Node leaf;
    leaf.cost = 0;
    leaf.words = letters.operands[operand];
    leaf.kept = kept;
    leaf.firstOperand = operand;
    if (kept != leaf.words && !isAlone)
      addStep(leaf, letters.getVolume(leaf.words));
    return leaf;
  }

  Node join(const Node &a, const Node &b, LetterSet kept) const {
    Node node;
    node.left = &a;
    node.right = &b;
    node.firstOperand = std::min(a.firstOperand, b.firstOperand);
    node.words = a.words | b.words;
    node.kept = kept;
    node.pairFlops = a.pairFlops + b.pairFlops;
    node.sideFlops = a.sideFlops + b.sideFlops;
    node.bytes = a.bytes + b.bytes;
    LetterSet all = a.kept | b.kept;
    addStep(node, (kept != all ? 2 : 1) * letters.getVolume(all));
    return node;
  }

private:
  void addStep(Node &node, double flops) const {
    bool isPair = letters.getSidesOf(node.words) == 3;
    double share = isPair ? pairShare : 1;
    (isPair ? node.pairFlops : node.sideFlops) += flops * share;
    node.bytes += letters.getVolume(node.kept) * bytesPerElement * share;
    node.cost = node.pairFlops + node.sideFlops + flopsPerByte * node.bytes;
  }

  const Letters &letters;
  double pairShare;
  int64_t bytesPerElement;
};

static bool isOneSided(unsigned sides) { return sides == 1 || sides == 2; }

//===----------------------------------------------------------------------===//
// Few operands: every tree
//===----------------------------------------------------------------------===//

/// Entries of the table of a subset: trees without, and with, a product of
/// operands of one side alone.
enum Kind : unsigned { Plain = 0, HasSideProduct = 1, Kinds = 2 };

class ExactSearch {
public:
  ExactSearch(const Letters &letters, const StepCosts &costs)
      : letters(letters), costs(costs),
        all((1u << letters.operands.size()) - 1), table(all + 1),
        words(all + 1), kept(all + 1) {}

  std::map<OrderClass, Node> run() {
    for (unsigned subset = 1; subset <= all; ++subset) {
      unsigned last = subset & (subset - 1);
      words[subset] = words[last] | letters.operands[llvm::countr_zero(subset)];
    }
    for (unsigned subset = 1; subset <= all; ++subset) {
      kept[subset] = words[subset] & (words[all ^ subset] | letters.result);
      fill(subset);
    }
    return roots;
  }

private:
  void fill(unsigned subset) {
    if (llvm::isPowerOf2_32(subset)) {
      table[subset][Plain] =
          costs.getLeaf(llvm::countr_zero(subset), kept[subset], subset == all);
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
    Node node = costs.join(x, y, kept[subset]);
    Kind kind = isOneSided(letters.getSidesOf(words[subset])) ||
                        a == HasSideProduct || b == HasSideProduct
                    ? HasSideProduct
                    : Plain;
    if (node.cost < table[subset][kind].cost)
      table[subset][kind] = node;
    if (subset != all)
      return;
    auto [it, isNew] = roots.try_emplace(getClass(node, kind), node);
    if (!isNew && node.cost < it->second.cost)
      it->second = node;
  }

  OrderClass getClass(const Node &root, Kind kind) const {
    unsigned left = letters.getSidesOf(root.left->words),
             right = letters.getSidesOf(root.right->words);
    if (isOneSided(left) && isOneSided(right))
      return OrderClass::OutsideIn;
    if (kind == HasSideProduct)
      return OrderClass::LeftToRight;
    return left == 3 && right == 3 ? OrderClass::TwoGrams
                                   : OrderClass::InsideOut;
  }

  const Letters &letters;
  const StepCosts &costs;
  unsigned all;
  std::vector<std::array<Node, Kinds>> table;
  std::vector<LetterSet> words, kept;
  std::map<OrderClass, Node> roots;
};

//===----------------------------------------------------------------------===//
// Many operands: one pair after the other
//===----------------------------------------------------------------------===//

/// Joins, again and again, the two values of which the product is smallest in
/// comparison with both, at equal sizes those of which the step costs least.
class GreedySearch {
public:
  GreedySearch(const Letters &letters, const StepCosts &costs)
      : letters(letters), costs(costs) {
    for (unsigned i = 0; i < letters.operands.size(); ++i) {
      LetterSet others = letters.result;
      for (unsigned j = 0; j < letters.operands.size(); ++j)
        if (j != i)
          others |= letters.operands[j];
      nodes.push_back(
          costs.getLeaf(i, letters.operands[i] & others, /*isAlone=*/false));
      open.push_back(&nodes.back());
    }
  }

  Node run() {
    while (open.size() > 1)
      joinBest();
    return *open.front();
  }

private:
  /// What is still needed of the letters of two values: at most those that
  /// others have, and which letters of how many values are counted.
  LetterSet getKept(const Node &a, const Node &b, LetterSet inThree,
                    LetterSet inTwo) const {
    LetterSet both = a.kept & b.kept, either = a.kept | b.kept;
    LetterSet outside = (both & inThree) | ((either & ~both) & inTwo);
    return either & (outside | letters.result);
  }

  void joinBest() {
    LetterSet inOne = 0, inTwo = 0, inThree = 0; // values, at least
    for (const Node *node : open) {
      inThree |= inTwo & node->kept;
      inTwo |= inOne & node->kept;
      inOne |= node->kept;
    }
    size_t left = 0, right = 1;
    std::pair<double, double> least = {std::numeric_limits<double>::infinity(),
                                       0};
    for (size_t i = 0; i < open.size(); ++i) {
      for (size_t j = i + 1; j < open.size(); ++j) {
        const Node &a = *open[i], &b = *open[j];
        LetterSet kept = getKept(a, b, inThree, inTwo);
        std::pair<double, double> price = {letters.getVolume(kept) -
                                               letters.getVolume(a.kept) -
                                               letters.getVolume(b.kept),
                                           letters.getVolume(a.kept | b.kept)};
        if (price < least) {
          least = price;
          left = i;
          right = j;
        }
      }
    }
    LetterSet kept = getKept(*open[left], *open[right], inThree, inTwo);
    nodes.push_back(costs.join(*open[left], *open[right], kept));
    open[left] = &nodes.back();
    open.erase(open.begin() + right);
  }

  const Letters &letters;
  const StepCosts &costs;
  std::deque<Node> nodes; ///< which stay where they are
  std::vector<const Node *> open;
};

//===----------------------------------------------------------------------===//
// Orders
//===----------------------------------------------------------------------===//

/// Writes trees as pairs of numbered values.
class OrderWriter {
public:
  OrderWriter(const Einsum &einsum, const Letters &letters)
      : einsum(einsum), letters(letters) {}

  ContractionOrder write(OrderClass orderClass, const Node &root) const {
    ContractionOrder order;
    order.orderClass = orderClass;
    order.pairFlops = root.pairFlops;
    order.sideFlops = root.sideFlops;
    order.bytes = root.bytes;
    order.cost = root.cost;
    number(root, order);
    order.results.back() = einsum.result;
    return order;
  }

private:
  /// Numbers the values of a tree in the order in which they are computed.
  int64_t number(const Node &node, ContractionOrder &order) const {
    if (!node.left)
      return node.firstOperand;
    int64_t a = number(*node.left, order), b = number(*node.right, order);
    // Operands in the order they were given keep side 1 on the left.
    if (node.left->firstOperand > node.right->firstOperand)
      std::swap(a, b);
    order.order.append({a, b});
    order.results.push_back(letters.getWord(node.kept));
    return static_cast<int64_t>(einsum.operands.size() + order.results.size()) -
           1;
  }

  const Einsum &einsum;
  const Letters &letters;
};

} // namespace

std::vector<ContractionOrder>
mlir::ntk::findContractionOrders(const Einsum &einsum, const LetterSizes &sizes,
                                 double pairShare, int64_t bytesPerElement) {
  Letters letters(einsum, sizes);
  StepCosts costs(letters, pairShare, bytesPerElement);
  OrderWriter writer(einsum, letters);
  std::vector<ContractionOrder> orders;
  if (einsum.operands.size() <= mostOperandsOfExactSearch) {
    ExactSearch search(letters, costs);
    for (const auto &[orderClass, root] : search.run())
      orders.push_back(writer.write(orderClass, root));
  } else {
    GreedySearch search(letters, costs);
    orders.push_back(writer.write(OrderClass::InsideOut, search.run()));
  }
  for (ContractionOrder &order : orders)
    chooseLayouts(einsum, sizes, order);
  llvm::sort(orders, [](const auto &a, const auto &b) {
    return std::tie(a.cost, a.orderClass) < std::tie(b.cost, b.orderClass);
  });
  return orders;
}
