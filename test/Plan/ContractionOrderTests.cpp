// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dynamic program against brute force: all sequences of pairwise products
// of random contractions, costed by their definition.

#include "ntk/Plan/ContractionOrder.h"
#include "gtest/gtest.h"

#include <random>

using namespace mlir::ntk;

namespace {

/// The cost of contracting everything, by trying every pair at every step.
class BruteForce {
public:
  BruteForce(const Einsum &einsum, const LetterSizes &sizes, double share)
      : result(einsum.result), sizes(sizes), share(share) {
    for (const std::string &word : einsum.operands)
      hasSecondOutput |= word.find('p') != std::string::npos;
    std::vector<std::string> words(einsum.operands.begin(),
                                   einsum.operands.end());
    search(words, words, 0);
  }
  double best = 1e300;

private:
  double volume(const std::string &letters) const {
    double product = 1;
    for (char letter : letters)
      product *= sizes.at(letter);
    return product;
  }

  static std::string join(const std::string &a, const std::string &b) {
    std::string letters = a;
    for (char letter : b)
      if (letters.find(letter) == std::string::npos)
        letters += letter;
    return letters;
  }

  static std::string keep(const std::string &letters,
                          const std::string &needed) {
    std::string kept;
    for (char letter : letters)
      if (needed.find(letter) != std::string::npos)
        kept += letter;
    return kept;
  }

  /// `origin[i]` has all letters that ever were in term i: its sides.
  void search(const std::vector<std::string> &words,
              const std::vector<std::string> &origin, double cost) {
    if (words.size() == 1) {
      best = std::min(best, cost);
      return;
    }
    for (size_t i = 0; i < words.size(); ++i)
      for (size_t j = i + 1; j < words.size(); ++j)
        multiply(words, origin, cost, i, j);
  }

  double step(const std::string &origin, double flops, double elements) const {
    double factor = getSides(origin, hasSecondOutput) == 3 ? share : 1;
    return factor * (flops + 4 * 4 * elements);
  }

  void multiply(const std::vector<std::string> &words,
                const std::vector<std::string> &origin, double cost, size_t i,
                size_t j) {
    std::string needed = result;
    std::vector<std::string> nextWords, nextOrigin;
    for (size_t k = 0; k < words.size(); ++k)
      if (k != i && k != j) {
        needed += words[k];
        nextWords.push_back(words[k]);
        nextOrigin.push_back(origin[k]);
      }
    std::string a = keep(words[i], needed + words[j]);
    std::string b = keep(words[j], needed + words[i]);
    if (a != words[i])
      cost += step(origin[i], volume(words[i]), volume(a));
    if (b != words[j])
      cost += step(origin[j], volume(words[j]), volume(b));
    std::string all = join(a, b), kept = keep(all, needed);
    nextOrigin.push_back(join(origin[i], origin[j]));
    cost += step(nextOrigin.back(), (kept == all ? 1 : 2) * volume(all),
                 volume(kept));
    nextWords.push_back(kept);
    search(nextWords, nextOrigin, cost);
  }

  std::string result;
  const LetterSizes &sizes;
  double share;
  bool hasSecondOutput = false;
};

TEST(ContractionOrder, IsTheCheapest) {
  std::mt19937 random(7);
  for (int trial = 0; trial < 200; ++trial) {
    size_t count = 2 + random() % 4;
    Einsum einsum;
    LetterSizes sizes;
    for (char letter : std::string("nompktcs"))
      sizes[letter] = 1 + random() % 40;
    for (size_t i = 0; i < count; ++i) {
      std::string word;
      for (char letter : std::string(i % 2 ? "mpktcs" : "noktcs"))
        if (random() % 2)
          word += letter;
      einsum.operands.push_back(word.empty() ? "k" : word);
    }
    for (char letter : std::string("nomp"))
      if (einsum.getLetters().find(letter) != std::string::npos)
        einsum.result += letter;
    auto orders = findContractionOrders(einsum, sizes, 0.5, 4);
    ASSERT_FALSE(orders.empty());
    double expected = BruteForce(einsum, sizes, 0.5).best;
    EXPECT_NEAR(orders.front().cost, expected, 1e-9 * expected) << einsum.str();
  }
}

LetterSizes layer(double examples, double outputs, double pixels,
                  double features, double channels) {
  return {{'n', examples}, {'m', examples}, {'o', outputs},  {'p', outputs},
          {'t', pixels},   {'s', pixels},   {'k', features}, {'c', channels}};
}

OrderClass choose(const LetterSizes &sizes) {
  Einsum einsum = Einsum::get("notc, ntk, mpsc, msk -> nomp");
  return findContractionOrders(einsum, sizes, 0.5, 4).front().orderClass;
}

// The paper's rule for convolutions: many pixels, explicit gradients; few
// pixels, inside-out. Sizes of CIFAR ResNet-18's first and last stage.
TEST(ContractionOrder, FollowsThePaper) {
  EXPECT_EQ(choose(layer(16, 10, 1024, 576, 64)), OrderClass::OutsideIn);
  EXPECT_EQ(choose(layer(16, 10, 16, 4608, 512)), OrderClass::InsideOut);
}

// Work per pair and per side is what design and paper say.
TEST(ContractionOrder, CountsWork) {
  Einsum einsum = Einsum::get("notc, ntk, mpsc, msk -> nomp");
  double n = 4, o = 3, s = 16, k = 50, c = 20;
  auto orders = findContractionOrders(einsum, layer(n, o, s, k, c), 1, 4);
  EXPECT_EQ(orders.size(), 4u); // all rows of the design's table
  for (const ContractionOrder &order : orders) {
    if (order.orderClass == OrderClass::OutsideIn) {
      EXPECT_EQ(order.sideFlops, 2 * n * 2 * o * s * k * c);
      EXPECT_EQ(order.pairFlops, n * n * 2 * o * o * k * c);
    } else if (order.orderClass == OrderClass::InsideOut) {
      EXPECT_EQ(order.sideFlops, 0);
      EXPECT_EQ(order.pairFlops,
                n * n * 2 * (s * s * k + o * s * s * c + o * o * s * c));
    } else if (order.orderClass == OrderClass::TwoGrams) {
      EXPECT_EQ(order.sideFlops, 0);
      EXPECT_EQ(order.pairFlops,
                n * n * 2 * (s * s * k + o * o * s * s * c + o * o * s * s));
    } else {
      EXPECT_EQ(order.sideFlops, n * 2 * o * s * k * c);
      EXPECT_EQ(order.pairFlops, n * n * 2 * (o * s * k * c + o * o * s * c));
    }
  }
}

/// The cost of an order, by the definition of its steps.
double getCost(const Einsum &einsum, const LetterSizes &sizes,
               const ContractionOrder &order) {
  std::vector<std::string> words(einsum.operands.begin(),
                                 einsum.operands.end());
  auto volume = [&](const std::string &letters) {
    double product = 1;
    for (char letter : letters)
      product *= sizes.at(letter);
    return product;
  };
  double cost = 0;
  for (size_t step = 0; step < order.results.size(); ++step) {
    std::string all;
    for (size_t side : {0, 1})
      for (char letter : words.at(order.order[2 * step + side]))
        if (all.find(letter) == std::string::npos)
          all += letter;
    const std::string &kept = order.results[step];
    cost += (kept.size() == all.size() ? 1 : 2) * volume(all) +
            4 * 4 * volume(kept);
    words.push_back(kept);
  }
  return cost;
}

// More operands than all orders are compared of: a chain of matrices behind a
// vector is taken from the vector on, which is the cheapest there is; each
// value is used once, and costs are as the steps say.
TEST(ContractionOrder, IsGreedyForManyOperands) {
  for (size_t count : {10, 20, 40}) {
    Einsum einsum;
    LetterSizes sizes;
    std::string letters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (char letter : letters)
      sizes[letter] = 7;
    einsum.operands.push_back("a");
    for (size_t i = 0; i + 1 < count; ++i)
      einsum.operands.push_back(letters.substr(i, 2));
    einsum.result = letters.substr(count - 1, 1);
    auto orders = findContractionOrders(einsum, sizes, 1, 4);
    ASSERT_EQ(orders.size(), 1u);
    const ContractionOrder &order = orders.front();
    ASSERT_EQ(order.results.size(), count - 1);
    EXPECT_EQ(order.results.back(), einsum.result);
    std::vector<int64_t> used(order.order.begin(), order.order.end());
    std::sort(used.begin(), used.end());
    for (size_t i = 0; i < used.size(); ++i)
      EXPECT_EQ(used[i], static_cast<int64_t>(i));
    double vectorByMatrix = 2 * 7 * 7 + 4 * 4 * 7;
    EXPECT_EQ(order.cost, (count - 1) * vectorByMatrix);
    EXPECT_EQ(getCost(einsum, sizes, order), order.cost);
  }
}

} // namespace
