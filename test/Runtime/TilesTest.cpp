// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tile driver against a kernel that is a plain sum: factors are rows of two
// random matrices J1[n][o][k] and J2[m][p][k], and Θ is their product. Every
// layout, block size and way of caching gives the same Θ, in the workspace that
// was promised.

#include "ntk-rt/Tiles.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <random>
#include <vector>

using namespace ntk::rt;

namespace {

constexpr int64_t depth = 3; // k
constexpr OutputPairs full = {/*shared=*/false, /*kept=*/true},
                      diagonal = {/*shared=*/true, /*kept=*/true},
                      trace = {/*shared=*/true, /*kept=*/false},
                      scalar = {/*shared=*/false, /*kept=*/false};
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Jacobians {
  int64_t outputs;
  std::vector<double> side[2]; // [example][output][depth]

  Jacobians(int64_t n1, int64_t n2, int64_t outputs, bool symmetric)
      : outputs(outputs) {
    std::mt19937 random(1);
    std::uniform_real_distribution<double> uniform(-1, 1);
    for (int s = 0; s < 2; ++s) {
      side[s].resize((s ? n2 : n1) * outputs * depth);
      for (double &v : side[s])
        v = uniform(random);
    }
    if (symmetric)
      side[1] = side[0];
  }
  const double *row(int s, int64_t n, int64_t o) const {
    return side[s].data() + (n * outputs + o) * depth;
  }
  double product(int64_t n, int64_t o, int64_t m, int64_t p) const {
    double sum = 0;
    for (int64_t k = 0; k < depth; ++k)
      sum += row(0, n, o)[k] * row(1, m, p)[k];
    return sum;
  }
};

/// Factors start with the numbers of their first example and output, and go on
/// with the rows of J. Values that a symmetric kernel must not read are NaN.
struct SumKernel {
  const Jacobians &j;
  const TileProblem &problem;
  int factorCalls[2] = {0, 0};
  int tileCalls = 0;

  int64_t block() const {
    return problem.layout.pairs == scalar ? j.outputs : problem.blocks.outputs;
  }
  int64_t factorBytes(int side, int64_t n) const {
    return (2 + n * block() * depth) * int64_t(sizeof(double)) + 4 * side;
  }
  void factors(int side, int64_t firstExample, int64_t n, int64_t firstOutput,
               void *factors) {
    ++factorCalls[side - 1];
    std::memset(factors, 0xff, factorBytes(side, n));
    double *f = static_cast<double *>(factors);
    *f++ = double(firstExample);
    *f++ = double(firstOutput);
    for (int64_t i = 0; i < n; ++i)
      for (int64_t o = 0; o < block(); ++o, f += depth)
        std::copy_n(j.row(side - 1, firstExample + i, firstOutput + o), depth,
                    f);
  }
  void tile(const void *factors1, int64_t n, const void *factors2, int64_t m,
            double *out) {
    ++tileCalls;
    const double *f1 = static_cast<const double *>(factors1);
    const double *f2 = static_cast<const double *>(factors2);
    const int64_t ob = block();
    auto value = [&](int64_t i, int64_t o, int64_t l, int64_t p) {
      const bool same = f1[0] + i == f2[0] + l;
      if (problem.symmetric &&
          (f1[0] + i < f2[0] + l || (same && f1[1] + o < f2[1] + p)))
        return nan;
      double sum = 0;
      for (int64_t k = 0; k < depth; ++k)
        sum +=
            f1[2 + (i * ob + o) * depth + k] * f2[2 + (l * ob + p) * depth + k];
      return sum;
    };
    for (int64_t i = 0; i < n; ++i)
      for (int64_t l = 0; l < m; ++l)
        for (int64_t o = 0; o < ob; ++o)
          if (problem.layout.pairs == full)
            for (int64_t p = 0; p < ob; ++p)
              out[((i * ob + o) * m + l) * ob + p] = value(i, o, l, p);
          else if (problem.layout.pairs == diagonal)
            out[(i * ob + o) * m + l] = value(i, o, l, o);
          else
            out[i * m + l] = (o == 0 ? 0 : out[i * m + l]) + value(i, o, l, o);
  }
};

double expected(const Jacobians &j, const Layout &l, int64_t n, int64_t m,
                int64_t element) {
  if (l.pairs == full)
    return j.product(n, element / l.outputs, m, element % l.outputs);
  if (l.pairs == diagonal)
    return j.product(n, element, m, element);
  double sum = 0;
  for (int64_t o = 0; o < j.outputs; ++o)
    sum += j.product(n, o, m, o);
  return sum;
}

/// Runs in a workspace of exactly the promised size, and compares.
void check(const TileProblem &p) {
  Jacobians j(p.examples1, p.examples2, p.layout.outputs, p.symmetric);
  SumKernel kernel{j, p};
  const int64_t bytes = tileWorkspaceBytes<double>(kernel, p);
  ASSERT_EQ(bytes % 64, 0);
  const unsigned char guard = 0xa5;
  std::unique_ptr<void, decltype(&free)> workspace(
      aligned_alloc(64, bytes + 64), free);
  memset(workspace.get(), guard, bytes + 64);
  const int64_t pair = p.layout.pairSize();
  std::vector<double> theta(p.examples1 * p.examples2 * pair, nan);
  ASSERT_EQ(computeTiles(kernel, p, theta.data(), workspace.get()),
            TileStatus::Done);
  for (int i = 0; i < 64; ++i)
    ASSERT_EQ(static_cast<unsigned char *>(workspace.get())[bytes + i], guard);
  auto at = [&](int64_t n, int64_t m, int64_t e) {
    return theta[(n * p.examples2 + m) * pair + e];
  };
  for (int64_t n = 0; n < p.examples1; ++n)
    for (int64_t m = 0; m < p.examples2; ++m)
      for (int64_t e = 0; e < pair; ++e) {
        ASSERT_NEAR(at(n, m, e), p.scale * expected(j, p.layout, n, m, e),
                    1e-13)
            << n << " " << m << " " << e;
        const int64_t o = p.layout.outputs;
        const int64_t mirrored = p.layout.pairs == full ? e % o * o + e / o : e;
        if (p.symmetric) {
          ASSERT_EQ(at(n, m, e), at(m, n, mirrored));
        }
      }
}

TEST(Tiles, EveryLayoutBlockAndCache) {
  for (OutputPairs pairs : {full, trace, diagonal, scalar})
    for (int64_t outputs : {1, 5, 6})
      for (int64_t block : {1, 2, 3, 4, 5, 6})
        for (int64_t n1 : {1, 7, 11})
          for (int64_t n2 : {1, 5, 11})
            for (int64_t size : {1, 3, 4, 100})
              for (int flags = 0; flags < 16; ++flags) {
                TileProblem p;
                p.symmetric = flags & 1;
                p.sharedFactors = flags & 2;
                p.examples1 = n1;
                p.examples2 = p.symmetric ? n1 : n2;
                p.layout = {outputs, pairs};
                p.blocks = {size, size == 3 ? 2 : size, block, (flags & 4) != 0,
                            (flags & 8) != 0};
                p.scale = pairs == trace ? 1.0 / outputs : 1;
                if (checkTileProblem(p))
                  continue;
                SCOPED_TRACE(testing::Message()
                             << "shared " << pairs.shared << " kept "
                             << pairs.kept << " outputs " << outputs << " by "
                             << block << ", " << n1 << "x" << n2 << " by "
                             << size << ", flags " << flags);
                check(p);
                if (testing::Test::HasFatalFailure())
                  return;
              }
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

/// Outputs [traced][once][kept1][kept2], as factors have them. Θ has the axes
/// in the order [kept1 twice][once][kept2 twice].
struct GroupedAxes {
  int64_t traced, once, kept1, kept2;

  Layout layout(OutputPairs pairs) const {
    const int64_t inner = kept2 * kept2, middle = once * inner;
    if (pairs == diagonal) // kept axes have one index
      return {once * kept1 * kept2,
              pairs,
              traced,
              traced,
              4,
              {{traced, 0, 0},
               {once, kept2, 0},
               {kept1, once * kept2, 0},
               {kept2, 1, 0}}};
    return {kept1 * kept2,
            pairs,
            traced * once,
            traced,
            4,
            {{traced, 0, 0},
             {once, inner, 0},
             {kept1, kept1 * middle, middle},
             {kept2, kept2, 1}}};
  }
  int64_t outputs() const { return traced * once * kept1 * kept2; }
  int64_t output(int64_t t, int64_t d, int64_t a, int64_t b) const {
    return ((t * once + d) * kept1 + a) * kept2 + b;
  }
};

/// Compares with sums over all indices of the axes.
void checkGroups(const GroupedAxes &axes, const TileProblem &p) {
  const Jacobians j(p.examples1, p.examples2, axes.outputs(), p.symmetric);
  SumKernel kernel{j, p};
  std::vector<double> theta(p.examples1 * p.examples2 * p.layout.pairSize(),
                            nan);
  ASSERT_EQ(computeTiles(kernel, p, theta.data()), TileStatus::Done);
  const bool isFull = p.layout.pairs.isFull();
  size_t at = 0;
  for (int64_t n = 0; n < p.examples1; ++n)
    for (int64_t m = 0; m < p.examples2; ++m)
      for (int64_t a = 0; a < axes.kept1; ++a)
        for (int64_t a2 = isFull ? 0 : a; a2 < (isFull ? axes.kept1 : a + 1);
             ++a2)
          for (int64_t d = 0; d < axes.once; ++d)
            for (int64_t b = 0; b < axes.kept2; ++b)
              for (int64_t b2 = isFull ? 0 : b;
                   b2 < (isFull ? axes.kept2 : b + 1); ++b2) {
                double sum = 0;
                for (int64_t t = 0; t < axes.traced; ++t)
                  sum += j.product(n, axes.output(t, d, a, b), m,
                                   axes.output(t, d, a2, b2));
                ASSERT_NEAR(theta[at++], p.scale * sum, 1e-13)
                    << n << " " << m << " " << a << " " << a2 << " " << d << " "
                    << b << " " << b2;
              }
  ASSERT_EQ(at, theta.size());
}

TEST(Tiles, GroupsOfOutputs) {
  for (GroupedAxes axes : {GroupedAxes{3, 2, 2, 3}, {1, 4, 1, 3}, {5, 1, 3, 1}})
    for (OutputPairs pairs : {full, diagonal})
      for (int64_t block : {1, 2, 4, 6, 12})
        for (int flags = 0; flags < 16; ++flags) {
          TileProblem p;
          p.symmetric = flags & 1;
          p.sharedFactors = flags & 2;
          p.examples1 = 5;
          p.examples2 = p.symmetric ? 5 : 3;
          p.layout = axes.layout(pairs);
          p.blocks = {2, 2, block, (flags & 4) != 0, (flags & 8) != 0};
          p.scale = 0.5;
          if (checkTileProblem(p))
            continue;
          SCOPED_TRACE(testing::Message() << "shared " << pairs.shared << " by "
                                          << block << ", flags " << flags);
          checkGroups(axes, p);
          if (testing::Test::HasFatalFailure())
            return;
        }
}

TEST(Tiles, RefusesUnevenGroups) {
  TileProblem p = {2, 2, false, false, {2, full, 3, 2}, {1, 1, 2, false, false},
                   1};
  EXPECT_STREQ(checkTileProblem(p),
               "expected groups of outputs, and as many in every sum");
}

TileProblem problem(OutputPairs pairs) {
  return {11, 11, true, true, {6, pairs}, {4, 4, 3, true, false}, 1};
}

TEST(Tiles, FactorsAreComputedOnce) {
  // 3 blocks of examples, 2 blocks of outputs.
  TileProblem p = problem(diagonal);
  Jacobians j(11, 11, 6, true);
  std::vector<double> theta(11 * 11 * 36);
  SumKernel shared{j, p};
  computeTiles(shared, p, theta.data());
  EXPECT_EQ(shared.factorCalls[0], 3 * 2);
  EXPECT_EQ(shared.factorCalls[1], 0);
  EXPECT_EQ(shared.tileCalls, 6 * 2); // on and below the diagonal

  p.sharedFactors = false;
  SumKernel apart{j, p};
  computeTiles(apart, p, theta.data());
  EXPECT_EQ(apart.factorCalls[0], 3 * 2);
  EXPECT_EQ(apart.factorCalls[1], 6 * 2); // not cached: once a tile

  p = problem(full);
  p.blocks.cacheFactors1 = false; // one block of each side at a time
  SumKernel uncached{j, p};
  computeTiles(uncached, p, theta.data());
  EXPECT_EQ(uncached.tileCalls, 6 * 4);
  // Per pair of output blocks 3 of side 1; below the diagonal 3 more, and on it
  // 3 more where the two blocks of outputs differ.
  EXPECT_EQ(uncached.factorCalls[0], 4 * (3 + 3) + 2 * 3);
}

TEST(Tiles, ProgressCountsTilesAndStops) {
  TileProblem p = problem(full);
  Jacobians j(11, 11, 6, true);
  std::vector<double> theta(11 * 11 * 36);
  SumKernel kernel{j, p};
  std::vector<int64_t> done;
  auto status = computeTiles(kernel, p, theta.data(), nullptr,
                             [&](int64_t at, int64_t total) {
                               EXPECT_EQ(total, 6 * 4);
                               done.push_back(at);
                               return at < 5;
                             });
  EXPECT_EQ(status, TileStatus::Stopped);
  EXPECT_EQ(done, (std::vector<int64_t>{1, 2, 3, 4, 5}));
  EXPECT_EQ(kernel.tileCalls, 5);
}

TEST(Tiles, NoExamples) {
  TileProblem p = problem(full);
  p.examples1 = p.examples2 = 0;
  Jacobians j(0, 0, 6, true);
  SumKernel kernel{j, p};
  EXPECT_EQ(computeTiles(kernel, p, static_cast<double *>(nullptr)),
            TileStatus::Done);
  EXPECT_EQ(kernel.tileCalls, 0);
}

TEST(Tiles, RefusesBlocksThatDoNotFit) {
  TileProblem p = problem(trace);
  Jacobians j(11, 11, 6, true);
  SumKernel kernel{j, p};
  std::vector<double> theta(121);
  p.blocks.outputs = 4;
  EXPECT_STREQ(checkTileProblem(p), "expected a block of outputs that divides "
                                    "the outputs of a trace");
  EXPECT_EQ(computeTiles(kernel, p, theta.data()), TileStatus::Invalid);
  EXPECT_EQ(allowedOutputBlock(p.layout, 4), 3);
  EXPECT_EQ(allowedOutputBlock({7, trace}, 4), 1);
  EXPECT_EQ(allowedOutputBlock({7, full}, 4), 4);
  EXPECT_EQ(allowedOutputBlock({7, full}, 100), 7);
  p = problem(full);
  p.blocks.outputs = 7;
  EXPECT_NE(checkTileProblem(p), nullptr);
  p = problem(full);
  p.examples2 = 10;
  EXPECT_NE(checkTileProblem(p), nullptr);
}

} // namespace
