// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Trying layouts. A contraction has few intermediate values with few letters,
// so a handful of natural layouts for each, in all combinations, are compared.

#include "ntk/Plan/OperandLayout.h"
#include "dialects/Support/LetterLoops.h"

#include <limits>

using namespace mlir;
using namespace mlir::ntk;

double GemmShape::getTime() const {
  auto fill = [](double size, double half) { return (size + half) / size; };
  constexpr double callOverhead = 2000;
  return loops * (rows * columns * depth * fill(rows, 8) * fill(columns, 8) *
                      fill(depth, 8) +
                  callOverhead);
}

GemmShape mlir::ntk::getGemmShape(StringRef a, StringRef b, StringRef result,
                                  const LetterSizes &sizes) {
  // A letter of one operand alone is summed before.
  auto isLeft = [&](StringRef word, StringRef other) {
    std::string left;
    llvm::copy_if(word, std::back_inserter(left), [&](char letter) {
      return other.contains(letter) || result.contains(letter);
    });
    return left;
  };
  const std::string words[] = {isLeft(a, b), isLeft(b, a), result.str()};
  std::map<char, int64_t> whole;
  for (auto [letter, size] : sizes)
    whole[letter] = static_cast<int64_t>(size);
  auto loops = getLetterLoops(words[0], words[2], whole, /*accumulate=*/false,
                              [&](unsigned i, char letter) {
                                return getDenseStride(StringRef(words[i]),
                                                      letter, whole);
                              });
  loops.normalise();
  auto toNumber = [](int64_t size) { return static_cast<double>(size); };
  return {toNumber(loops.m.size), toNumber(loops.n.size),
          toNumber(loops.k.size),
          toNumber(loops.iterations(true) * loops.iterations(false))};
}

/// `letters` ordered as they stand in `like`, those that do not at the end.
static std::string arrange(StringRef letters, StringRef like) {
  std::string arranged;
  for (char letter : like)
    if (letters.contains(letter) && !StringRef(arranged).contains(letter))
      arranged += letter;
  for (char letter : letters)
    if (!StringRef(arranged).contains(letter))
      arranged += letter;
  return arranged;
}

namespace {

/// One search over the layouts of all intermediate values.
class LayoutSearch {
public:
  LayoutSearch(const Einsum &einsum, const LetterSizes &sizes,
               ContractionOrder &order)
      : einsum(einsum), sizes(sizes), order(order),
        current(order.results.begin(), order.results.end()), best(current) {}

  void run() {
    tryFrom(0);
    order.results.assign(best.begin(), best.end());
  }

private:
  /// The word of value `number`, with letters it sums first left out.
  std::string getWord(int64_t number) const {
    int64_t count = einsum.operands.size();
    if (number >= count)
      return current[number - count];
    return einsum.operands[number];
  }

  /// Natural layouts of the result of `step`: canonical letters first, or as
  /// its operands or the final result have them.
  SmallVector<std::string> getCandidates(size_t step) const {
    StringRef letters = order.results[step];
    std::string a = getWord(order.order[2 * step]);
    std::string b = getWord(order.order[2 * step + 1]);
    std::string others;
    for (StringRef word : einsum.operands)
      others += word;
    std::string canonical = canonicalOrder.str();
    SmallVector<std::string> candidates;
    for (const std::string &like :
         {canonical + a + b, canonical + b + a, a + b, b + a,
          einsum.result + a + b, einsum.result + others}) {
      std::string word = arrange(letters, like);
      if (!llvm::is_contained(candidates, word))
        candidates.push_back(word);
    }
    return candidates;
  }

  double getTime() const {
    double time = 0;
    for (size_t step = 0; step < current.size(); ++step)
      time +=
          getGemmShape(getWord(order.order[2 * step]),
                       getWord(order.order[2 * step + 1]), current[step], sizes)
              .getTime();
    return time;
  }

  void tryFrom(size_t step) {
    if (step + 1 >= current.size()) {
      double time = getTime();
      if (time < bestTime) {
        bestTime = time;
        best = current;
      }
      return;
    }
    for (const std::string &word : getCandidates(step)) {
      current[step] = word;
      tryFrom(step + 1);
    }
  }

  const Einsum &einsum;
  const LetterSizes &sizes;
  ContractionOrder &order;
  std::vector<std::string> current, best;
  double bestTime = std::numeric_limits<double>::infinity();
};

} // namespace

void mlir::ntk::chooseLayouts(const Einsum &einsum, const LetterSizes &sizes,
                              ContractionOrder &order) {
  constexpr size_t limit = 6; // more combinations than are worth trying
  if (order.results.size() > 1 && order.results.size() <= limit)
    LayoutSearch(einsum, sizes, order).run();
}
