// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loop nests of emitted code: the outer loops in parallel, in pieces that are
// worth a thread's while; and what tells the compiler that the innermost one
// may be vectorised.

#ifndef NTK_RT_LOOPS_H
#define NTK_RT_LOOPS_H

#include "ntk-rt/Parallel.h"
#include "ntk-rt/Tensor.h"
#include "ntk-rt/Tuning.h"

#include <cstddef>
#include <utility>

/// Before a loop whose iterations don't depend on each other.
#if defined(_OPENMP)
#define NTK_RT_SIMD _Pragma("omp simd")
#elif defined(__clang__)
#define NTK_RT_SIMD _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define NTK_RT_SIMD _Pragma("GCC ivdep")
#else
#define NTK_RT_SIMD
#endif

/// Before a loop that adds up `sum`, in any order.
#if defined(_OPENMP)
#define NTK_RT_PRAGMA(text) _Pragma(#text)
#define NTK_RT_SIMD_SUM(sum) NTK_RT_PRAGMA(omp simd reduction(+ : sum))
#else
#define NTK_RT_SIMD_SUM(sum)
#endif

// A loop that is not vectorised after all (at -O1 none is) is no error of the
// code; clang warns at the place of the loop, and does so by default.
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wpass-failed"
#endif

namespace ntk {
namespace rt {
namespace detail {

/// Calls at a time of a loop whose body does this much.
inline int64_t grainFor(int64_t work) {
  return std::max<int64_t>(tuning::loopPiece / std::max<int64_t>(work, 1), 1);
}

template <int Rank, typename F, std::size_t... Axes>
void callAt(const int64_t (&at)[Rank], F &&body, std::index_sequence<Axes...>) {
  body(at[Axes]...);
}

} // namespace detail

/// Calls body(begin, end) on disjoint ranges that cover 0..count, in parallel.
/// `work`: operations of one of its elements, roughly.
template <typename F>
void parallelRange(int64_t count, int64_t work, F &&body) {
  parallelFor(count, detail::grainFor(work), body);
}

/// Calls body(i, j, …) for all indices below `extents`, in parallel; the calls
/// must not depend on each other. `work`: operations of one call, roughly.
template <int Rank, typename F>
void parallelLoop(const int64_t (&extents)[Rank], int64_t work, F &&body) {
  int64_t count = 1;
  for (int64_t extent : extents)
    count *= extent;
  parallelFor(count, detail::grainFor(work), [&](int64_t begin, int64_t end) {
    int64_t at[Rank], rest = begin;
    for (int i = Rank - 1; i >= 0; --i) {
      at[i] = rest % extents[i];
      rest /= extents[i];
    }
    for (int64_t call = begin; call < end; ++call) {
      detail::callAt(at, body, std::make_index_sequence<Rank>());
      for (int i = Rank - 1; i >= 0 && ++at[i] == extents[i]; --i)
        at[i] = 0;
    }
  });
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_LOOPS_H
