// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The matrix product of the runtime: strided, with loops around it (Abi.h), on
// all threads. It is brought to normal form (GemmLoops.h), cut into tasks, and
// every task is one product on one thread: a library call, or lines where a
// library would be slow. One thread per product beats a library's own threads
// for everything but the largest products, and equals them there.

#ifndef NTK_RT_GEMM_H
#define NTK_RT_GEMM_H

#include "ntk-rt/GemmLibrary.h"
#include "ntk-rt/GemmLoops.h"
#include "ntk-rt/Lines.h"
#include "ntk-rt/Parallel.h"
#include "ntk-rt/Tuning.h"

namespace ntk {
namespace rt {
namespace detail {

/// C (+)= A·B on the calling thread, by whatever suits the shape; with `l` a
/// further index that small products take into their nest (size 1: none).
template <typename T>
void serialGemm(const GemmIndex &m, const GemmIndex &n, const GemmIndex &k,
                const GemmIndex &l, const T *a, const T *b, T *c,
                bool accumulate) {
  if (isThin(m.size, n.size, k.size))
    return nest(m, n, k, l, a, b, c, accumulate);
  for (int64_t i = 0; i < l.size; ++i, a += l.a, b += l.b, c += l.c) {
    if (n.size == 1)
      gemv(m.size, k.size, a, m.a, k.a, b, k.b, c, m.c, accumulate);
    else if (m.size == 1)
      gemv(n.size, k.size, b, n.b, k.b, a, k.a, c, n.c, accumulate);
    else
      libraryGemm(m.size, n.size, k.size, a, m.a, k.a, b, k.b, n.b, c, m.c, n.c,
                  accumulate);
  }
}

/// Part `part` of `parts` of an index, in multiples of 16 where that is fair.
inline GemmIndex partOf(const GemmIndex &index, int64_t part, int64_t parts,
                        int64_t &begin) {
  const int64_t unit = index.size >= 64 * parts ? 16 : 1;
  const int64_t units = (index.size + unit - 1) / unit;
  begin = std::min(units * part / parts * unit, index.size);
  GemmIndex result = index;
  result.size = std::min(units * (part + 1) / parts * unit, index.size) - begin;
  return result;
}

/// Adds the offsets of iteration `at` of the loops first..last to a, b, c.
template <typename T>
void advance(const GemmLoops &g, int first, int last, int64_t at, const T *&a,
             const T *&b, T *&c) {
  for (int i = last - 1; i >= first; --i) {
    const int64_t step = at % g.loop[i].size;
    at /= g.loop[i].size;
    a += step * g.loop[i].a;
    b += step * g.loop[i].b;
    c += step * g.loop[i].c;
  }
}

/// Sets every element of C to zero.
template <typename T> void zeroFill(const GemmLoops &g, T *c) {
  const T *none = nullptr;
  GemmLoops outer = g;
  outer.loops = 0;
  for (int i = 0; i < g.loops; ++i)
    if (!GemmLoops::isSum(g.loop[i]))
      outer.loop[outer.loops++] = {g.loop[i].size, 0, 0, g.loop[i].c};
  const int64_t iterations = outer.iterations(false);
  for (int64_t l = 0; l < iterations; ++l) {
    const T *a = none, *b = none;
    T *out = c;
    advance(outer, 0, outer.loops, l, a, b, out);
    for (int64_t i = 0; i < g.m.size; ++i)
      for (int64_t j = 0; j < g.n.size; ++j)
        out[i * g.m.c + j * g.n.c] = T(0);
  }
}

} // namespace detail

/// C (+)= A·B with loops around it, on threads() threads. See Abi.h.
template <typename T> void gemm(GemmLoops g, const T *a, const T *b, T *c) {
  if (!g.writesAnything())
    return;
  if (g.isEmptySum()) {
    if (!g.accumulate)
      detail::zeroFill(g, c);
    return;
  }
  g.normalise();
  int parallel = 0;
  while (parallel < g.loops && !GemmLoops::isSum(g.loop[parallel]))
    ++parallel;
  const int64_t sums = g.iterations(true);
  const GemmTasks tasks = shareOut(g, g.iterations(false), threads());
  const int64_t parts = tasks.rowParts * tasks.columnParts;
  // Where there is no cutting, a task is a run along the last loop.
  const bool runs = parts == 1 && parallel > 0 && sums == 1;
  const GemmIndex none = {1, 0, 0, 0};
  parallelFor(
      tasks.iterations * parts, tasks.grain, [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end;) {
          int64_t firstRow, firstColumn;
          const int64_t part = task % parts;
          const GemmIndex m = detail::partOf(g.m, part / tasks.columnParts,
                                             tasks.rowParts, firstRow);
          const GemmIndex n = detail::partOf(g.n, part % tasks.columnParts,
                                             tasks.columnParts, firstColumn);
          const T *ta = a + firstRow * m.a, *tb = b + firstColumn * n.b;
          T *tc = c + firstRow * m.c + firstColumn * n.c;
          detail::advance(g, 0, parallel, task / parts, ta, tb, tc);
          GemmIndex run = none;
          if (runs) {
            run = g.loop[parallel - 1];
            run.size = std::min(run.size - task % run.size, end - task);
          }
          task += run.size;
          for (int64_t s = 0; s < sums; ++s) {
            const T *sa = ta, *sb = tb;
            T *sc = tc;
            detail::advance(g, parallel, g.loops, s, sa, sb, sc);
            detail::serialGemm(m, n, g.k, run, sa, sb, sc,
                               g.accumulate || s > 0);
          }
        }
      });
}

/// The same from the array form of Abi.h.
template <typename T>
void gemm(const int64_t *d, const T *a, const T *b, T *c) {
  gemm(GemmLoops::parse(d), a, b, c);
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_GEMM_H
