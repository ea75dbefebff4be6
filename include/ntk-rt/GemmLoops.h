// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The description of a matrix product with loops around it, and its normal
// form. A caller names one loop for every index of an einsum; many of them are
// just more rows, columns or inner indices of a larger product. Folding them
// turns many small calls into few large ones:
//
//   a loop that B does not see, rows (l, i) equally spaced in A and C  -> M
//   a loop that A does not see, columns equally spaced in B and C      -> N
//   a loop that C does not see, equally spaced in A and B              -> K
//
// This is the only place where indices become M, N and K: the compiler folds
// with sizes that are known only at run time as products, and prices what runs.

#ifndef NTK_RT_GEMMLOOPS_H
#define NTK_RT_GEMMLOOPS_H

#include "ntk-rt/Abi.h"

#include <utility>

namespace ntk {
namespace rt {

/// One index of the computation C += A·B and its stride in each array; a
/// stride of 0 says that the array does not have the index. Numbers are those
/// of a call, or, in the compiler, products of sizes.
template <typename Number> struct IndexOf {
  Number size;
  Number a, b, c;
};

/// A strided matrix product with loops around it; see Abi.h for its meaning.
template <typename Number> struct LoopsOf {
  using Index = IndexOf<Number>;
  /// Loops there may be around a product.
  static constexpr int maximum = NTK_RT_GEMM_MAX_LOOPS;

  Index m, n, k;
  bool accumulate;
  int loops;
  Index loop[maximum];

  /// Reads the array form of Abi.h.
  static LoopsOf parse(const Number *d) {
    LoopsOf g;
    g.m = {d[NTK_RT_GEMM_M], d[NTK_RT_GEMM_ROW_A], 0, d[NTK_RT_GEMM_ROW_C]};
    g.n = {d[NTK_RT_GEMM_N], 0, d[NTK_RT_GEMM_COL_B], d[NTK_RT_GEMM_COL_C]};
    g.k = {d[NTK_RT_GEMM_K], d[NTK_RT_GEMM_COL_A], d[NTK_RT_GEMM_ROW_B], 0};
    g.accumulate = d[NTK_RT_GEMM_ACCUMULATE] != 0;
    g.loops = static_cast<int>(d[NTK_RT_GEMM_LOOPS]);
    const Number *l = d + NTK_RT_GEMM_HEADER;
    for (int i = 0; i < g.loops; ++i, l += 4)
      g.loop[i] = {l[0], l[1], l[2], l[3]};
    return g;
  }

  /// True if some element of C exists; false means nothing to do.
  bool writesAnything() const {
    if (m.size <= 0 || n.size <= 0)
      return false;
    for (int i = 0; i < loops; ++i)
      if (loop[i].size <= 0 && !isSum(loop[i]))
        return false;
    return true;
  }

  /// True if every element of C is an empty sum.
  bool isEmptySum() const {
    if (k.size <= 0)
      return true;
    for (int i = 0; i < loops; ++i)
      if (loop[i].size <= 0)
        return true;
    return false;
  }

  /// Iterations of the loops with the given role.
  Number iterations(bool sums) const {
    Number count = 1;
    for (int i = 0; i < loops; ++i)
      if (isSum(loop[i]) == sums)
        count = count * loop[i].size;
    return count;
  }

  /// Multiply-adds of one iteration.
  Number multiplies() const { return m.size * n.size * k.size; }

  /// A loop whose contributions add up in one element of C.
  static bool isSum(const Index &l) { return l.c == 0 && l.size != 1; }

  /// Folds loops into M, N, K and into each other, and moves those that add up
  /// behind the others. The product stays the same.
  void normalise();

private:
  void remove(int i) {
    for (--loops; i < loops; ++i)
      loop[i] = loop[i + 1];
  }
  bool foldOne();
};

using GemmIndex = IndexOf<int64_t>;
using GemmLoops = LoopsOf<int64_t>;

namespace detail {

/// Joins two indices whose steps form one evenly spaced run in all three
/// arrays; false if they don't.
template <typename Number>
bool joinIndices(IndexOf<Number> &into, const IndexOf<Number> &other) {
  using Index = IndexOf<Number>;
  auto nests = [](const Index &in, const Index &out) {
    return out.a == in.size * in.a && out.b == in.size * in.b &&
           out.c == in.size * in.c;
  };
  if (nests(into, other)) { // `other` is the outer one
    into.size = into.size * other.size;
    return true;
  }
  if (nests(other, into)) {
    into = {into.size * other.size, other.a, other.b, other.c};
    return true;
  }
  return false;
}

/// Can `loop` stand for the matrix index `index`, which is absent (size 1)?
template <typename Number>
bool replaces(const IndexOf<Number> &loop, IndexOf<Number> &index, bool fits) {
  if (!fits || index.size != 1)
    return false;
  index = loop;
  return true;
}

} // namespace detail

template <typename Number> bool LoopsOf<Number>::foldOne() {
  for (int i = 0; i < loops; ++i) {
    const Index l = loop[i];
    bool done = l.size == 1;
    done = done || (l.b == 0 && l.c != 0 && detail::joinIndices(m, l));
    done = done || (l.a == 0 && l.c != 0 && detail::joinIndices(n, l));
    done = done || (l.c == 0 && detail::joinIndices(k, l));
    for (int j = i + 1; j < loops && !done; ++j)
      done = isSum(l) == isSum(loop[j]) && detail::joinIndices(loop[j], l);
    if (done) {
      remove(i);
      return true;
    }
  }
  // Nothing is evenly spaced: take the longest loop that fills an empty place.
  int best = -1;
  for (int i = 0; i < loops; ++i) {
    const Index &l = loop[i];
    bool fits = (m.size == 1 && l.b == 0 && l.c != 0) ||
                (n.size == 1 && l.a == 0 && l.c != 0) ||
                (k.size == 1 && l.c == 0);
    if (fits && (best < 0 || l.size > loop[best].size))
      best = i;
  }
  if (best < 0)
    return false;
  const Index l = loop[best];
  if (!detail::replaces(l, m, l.b == 0 && l.c != 0) &&
      !detail::replaces(l, n, l.a == 0 && l.c != 0))
    detail::replaces(l, k, l.c == 0);
  remove(best);
  return true;
}

template <typename Number> void LoopsOf<Number>::normalise() {
  // An index of size 1 has no stride, so it joins anything.
  for (Index *index : {&m, &n, &k})
    if (index->size == 1)
      *index = {1, 0, 0, 0};
  while (foldOne()) {
  }
  int first = 0;
  for (int i = 0; i < loops; ++i)
    if (!isSum(loop[i]))
      std::swap(loop[first++], loop[i]);
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_GEMMLOOPS_H
