// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The strided matrix product against the sum that defines it (Abi.h), over
// random sizes, index orders, shared operands, sums and layouts.

#include "ntk-rt/Abi.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace {

void run(const int64_t *d, const float *a, const float *b, float *c) {
  ntk_rt_gemm_f32(d, a, b, c);
}
void run(const int64_t *d, const double *a, const double *b, double *c) {
  ntk_rt_gemm_f64(d, a, b, c);
}

/// One index of a test case: its size, and who has it.
struct Index {
  int64_t size;
  bool a, b, c;
  int64_t sa = 0, sb = 0, sc = 0;
};

/// A product over indices 0 (m), 1 (n), 2 (k) and further loops.
struct Case {
  std::vector<Index> indices;
  bool accumulate = false;
  int64_t sizeA = 0, sizeB = 0, sizeC = 0;

  /// Gives each array a dense layout in a random order of its indices, with a
  /// stride of `gap` elements innermost.
  void layOut(std::mt19937 &random, int64_t gapA, int64_t gapB, int64_t gapC) {
    auto dense = [&](bool Index::*has, int64_t Index::*stride, int64_t gap) {
      std::vector<Index *> own;
      for (Index &i : indices)
        if (i.*has)
          own.push_back(&i);
      std::shuffle(own.begin(), own.end(), random);
      int64_t size = gap;
      for (Index *i : own) {
        i->*stride = size;
        size *= std::max<int64_t>(i->size, 1);
      }
      return size;
    };
    sizeA = dense(&Index::a, &Index::sa, gapA);
    sizeB = dense(&Index::b, &Index::sb, gapB);
    sizeC = dense(&Index::c, &Index::sc, gapC);
  }

  std::vector<int64_t> description() const {
    const Index &m = indices[0], &n = indices[1], &k = indices[2];
    std::vector<int64_t> d = {m.size,
                              n.size,
                              k.size,
                              m.sa,
                              k.sa,
                              k.sb,
                              n.sb,
                              m.sc,
                              n.sc,
                              accumulate,
                              int64_t(indices.size()) - 3};
    for (size_t i = 3; i < indices.size(); ++i)
      d.insert(d.end(),
               {indices[i].size, indices[i].sa, indices[i].sb, indices[i].sc});
    return d;
  }
};

/// The definition, in f64; `magnitude` gets the sums of absolute values.
template <typename T>
void reference(const Case &t, const std::vector<T> &a, const std::vector<T> &b,
               std::vector<double> &c, std::vector<double> &magnitude) {
  std::vector<bool> written(c.size(), t.accumulate);
  auto visit = [&](auto &&self, size_t depth, int64_t ia, int64_t ib,
                   int64_t ic, bool empty) -> void {
    if (depth < t.indices.size()) {
      const Index &i = t.indices[depth];
      if (i.size == 0 && !i.c) // an empty sum still defines the element
        return self(self, depth + 1, ia, ib, ic, true);
      for (int64_t x = 0; x < i.size; ++x)
        self(self, depth + 1, ia + x * i.sa, ib + x * i.sb, ic + x * i.sc,
             empty);
      return;
    }
    if (!written[ic])
      c[ic] = 0;
    written[ic] = true;
    if (empty)
      return;
    double product = double(a[ia]) * double(b[ib]);
    c[ic] += product;
    magnitude[ic] += std::abs(product);
  };
  visit(visit, 0, 0, 0, 0, false);
}

template <typename T> std::vector<T> values(std::mt19937 &random, int64_t n) {
  std::uniform_real_distribution<T> uniform(-1, 1);
  std::vector<T> v(n);
  for (T &x : v)
    x = uniform(random);
  return v;
}

template <typename T> void check(const Case &t, std::mt19937 &random) {
  std::vector<T> a = values<T>(random, t.sizeA), b = values<T>(random, t.sizeB),
                 c = values<T>(random, t.sizeC);
  if (!t.accumulate) { // what is overwritten must not be read
    for (size_t i = 0; i < c.size(); i += 2)
      c[i] = std::numeric_limits<T>::quiet_NaN();
  }
  std::vector<double> expected(c.begin(), c.end()), magnitude(c.size(), 0);
  const std::vector<T> before = c;
  reference(t, a, b, expected, magnitude);
  std::vector<int64_t> d = t.description();
  run(d.data(), a.data(), b.data(), c.data());
  for (size_t i = 0; i < c.size(); ++i) {
    if (std::isnan(expected[i])) {
      ASSERT_TRUE(std::isnan(c[i])) << "at " << i;
      continue;
    }
    double bound = 20 * std::numeric_limits<T>::epsilon() *
                   (magnitude[i] + std::abs(double(before[i])));
    if (!(bound >= 0)) // `before` was NaN
      bound = 20 * std::numeric_limits<T>::epsilon() * magnitude[i];
    ASSERT_NEAR(c[i], expected[i], bound) << "at " << i;
  }
}

template <typename T> class Gemm : public testing::Test {};
using Types = testing::Types<float, double>;
TYPED_TEST_SUITE(Gemm, Types);

TYPED_TEST(Gemm, RandomProducts) {
  std::mt19937 random(1);
  auto pick = [&](std::initializer_list<int64_t> list) {
    return list.begin()[random() % list.size()];
  };
  for (int trial = 0; trial < 400; ++trial) {
    Case t;
    t.indices = {{pick({1, 1, 2, 3, 7, 16, 33, 70}), true, false, true},
                 {pick({1, 1, 2, 5, 8, 17, 32, 67}), false, true, true},
                 {pick({1, 1, 2, 3, 9, 40, 129}), true, true, false}};
    int64_t loops = pick({0, 0, 1, 1, 2, 3, 4, 6});
    int64_t work = 1;
    for (int64_t i = 0; i < loops; ++i) {
      int64_t size = pick({1, 2, 2, 3, 5});
      work *= size;
      switch (random() % 6) {
      case 0: // a batch
        t.indices.push_back({size, true, true, true});
        break;
      case 1: // more rows
        t.indices.push_back({size, true, false, true});
        break;
      case 2: // more columns
        t.indices.push_back({size, false, true, true});
        break;
      case 3: // a sum
        t.indices.push_back({size, true, true, false});
        break;
      case 4: // a sum over one operand
        t.indices.push_back({size, random() % 2 == 0, false, false});
        break;
      default: // a copy
        t.indices.push_back({size, false, false, true});
      }
    }
    if (work > 64)
      continue;
    t.accumulate = random() % 2;
    t.layOut(random, pick({1, 1, 1, 2}), pick({1, 1, 1, 3}),
             pick({1, 1, 1, 2}));
    SCOPED_TRACE(testing::Message() << "trial " << trial);
    check<TypeParam>(t, random);
    if (this->HasFatalFailure())
      return;
  }
}

/// As many indices as can be told from each other, in orders of which none
/// folds.
TYPED_TEST(Gemm, ManyLoops) {
  std::mt19937 random(5);
  for (int64_t loops : {7, 12, 20, static_cast<int>(NTK_RT_GEMM_MAX_LOOPS)}) {
    Case t;
    t.indices = {
        {3, true, false, true}, {2, false, true, true}, {5, true, true, false}};
    for (int64_t i = 0; i < loops; ++i) {
      const int64_t size = i < 12 ? 2 : 1, kind = i % 4;
      t.indices.push_back({size, kind != 2, kind != 1, kind != 3});
    }
    t.accumulate = loops % 2;
    t.layOut(random, 1, 2, 1);
    SCOPED_TRACE(testing::Message() << loops << " loops");
    check<TypeParam>(t, random);
  }
}

TYPED_TEST(Gemm, SizesThatAreZero) {
  std::mt19937 random(2);
  for (int which = 0; which < 5; ++which)
    for (bool accumulate : {false, true}) {
      Case t;
      t.indices = {{5, true, false, true},
                   {6, false, true, true},
                   {7, true, true, false},
                   {3, true, true, true},
                   {2, true, true, false}};
      t.indices[which].size = 0;
      t.accumulate = accumulate;
      t.layOut(random, 1, 1, 1);
      SCOPED_TRACE(testing::Message() << "index " << which);
      check<TypeParam>(t, random);
    }
}

/// Large enough for threads, and for cutting one product into parts.
TYPED_TEST(Gemm, LargeProducts) {
  std::mt19937 random(3);
  struct {
    int64_t m, n, k, batch, sum;
  } shapes[] = {
      {317, 111, 65, 1, 1}, {16, 300, 130, 1, 1}, {900, 1, 500, 1, 1},
      {1, 900, 500, 1, 1},  {10, 10, 300, 37, 1}, {64, 33, 40, 3, 5},
      {3000, 3, 20, 1, 1},  {2, 2, 3, 5000, 1},   {1, 1, 1, 40000, 1},
      {1, 1, 50, 2000, 1},  {200, 300, 1, 3, 1},  {129, 65, 100, 1, 2}};
  for (auto &s : shapes)
    for (int order = 0; order < 4; ++order) {
      Case t;
      t.indices = {{s.m, true, false, true},
                   {s.n, false, true, true},
                   {s.k, true, true, false},
                   {s.batch, true, true, true},
                   {s.sum, true, true, false}};
      t.accumulate = order == 1;
      t.layOut(random, 1, 1, order == 3 ? 2 : 1);
      SCOPED_TRACE(testing::Message() << s.m << "x" << s.n << "x" << s.k);
      check<TypeParam>(t, random);
    }
}

TYPED_TEST(Gemm, NegativeStrides) {
  // C[i][j] = Σ_k A[i][4-k]·B[k][j], with A read backwards from its last
  // column.
  std::vector<TypeParam> a(15), b(10), c(6), expected(6, 0);
  for (size_t i = 0; i < a.size(); ++i)
    a[i] = TypeParam(i) - 4;
  for (size_t i = 0; i < b.size(); ++i)
    b[i] = TypeParam(i % 4) - 1;
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 2; ++j)
      for (int k = 0; k < 5; ++k)
        expected[i * 2 + j] += a[i * 5 + 4 - k] * b[k * 2 + j];
  int64_t d[] = {3, 2, 5, 5, -1, 2, 1, 2, 1, 0, 0};
  run(d, a.data() + 4, b.data(), c.data());
  EXPECT_EQ(c, expected);
}

TYPED_TEST(Gemm, SameBitsInsideAParallelLoop) {
  // Calls from several threads at once do not disturb each other.
  std::mt19937 random(4);
  const int64_t n = 96, calls = 16;
  std::vector<TypeParam> a = values<TypeParam>(random, n * n * calls),
                         b = values<TypeParam>(random, n * n), c(n * n * calls),
                         once(n * n);
  struct Context {
    TypeParam *a, *b, *c;
    int64_t n;
  } context{a.data(), b.data(), c.data(), n};
  ntk_rt_parallel_for(
      [](void *data, int64_t begin, int64_t end) {
        Context &x = *static_cast<Context *>(data);
        int64_t d[] = {x.n, x.n, x.n, x.n, 1, x.n, 1, x.n, 1, 0, 0};
        for (int64_t i = begin; i < end; ++i)
          run(d, x.a + i * x.n * x.n, x.b, x.c + i * x.n * x.n);
      },
      &context, calls, 1);
  int64_t threads = ntk_rt_threads();
  ntk_rt_set_threads(1);
  for (int64_t i = 0; i < calls; ++i) {
    int64_t d[] = {n, n, n, n, 1, n, 1, n, 1, 0, 0};
    run(d, a.data() + i * n * n, b.data(), once.data());
    EXPECT_TRUE(std::equal(once.begin(), once.end(), c.begin() + i * n * n));
  }
  ntk_rt_set_threads(threads);
}

TEST(Parallel, CoversTheRangeOnce) {
  for (int64_t n : {0, 1, 7, 1000})
    for (int64_t grain : {0, 1, 3, 5000}) {
      std::vector<int> visits(n, 0);
      ntk_rt_parallel_for(
          [](void *data, int64_t begin, int64_t end) {
            EXPECT_TRUE(ntk_rt_threads() >= 1);
            for (int64_t i = begin; i < end; ++i)
              ++static_cast<int *>(data)[i];
          },
          visits.data(), n, grain);
      EXPECT_EQ(visits, std::vector<int>(n, 1));
    }
}

TEST(Parallel, NestedCallsRunSerially) {
  std::vector<int64_t> threads(8, 0);
  ntk_rt_set_threads(2);
  ntk_rt_parallel_for(
      [](void *data, int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
          ntk_rt_parallel_for(
              [](void *slot, int64_t, int64_t last) {
                *static_cast<int64_t *>(slot) = ntk_rt_threads() * 100 + last;
              },
              static_cast<int64_t *>(data) + i, 5, 1);
      },
      threads.data(), 8, 1);
  EXPECT_EQ(threads, std::vector<int64_t>(8, 105)); // one call of 0..5
}

} // namespace
