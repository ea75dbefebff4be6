// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the values of a tile go in Θ. A tile comes as the matrix products write
// it, examples and outputs of a side together, [n][o][m][p]; Θ has examples
// first, [n][m][o][p], as neural-tangents has it. A symmetric kernel is written
// at both places from one value.

#ifndef NTK_RT_TILEOUTPUT_H
#define NTK_RT_TILEOUTPUT_H

#include "ntk-rt/Device.h"
#include "ntk-rt/Parallel.h"

namespace ntk {
namespace rt {

/// The output axes of Θ.
struct Layout {
  int64_t outputs;
  enum Kind {
    Full,     ///< Θ[n][m][o][p]
    Trace,    ///< Θ[n][m], summed over o = p
    Diagonal, ///< Θ[n][m][o], o = p
    Scalar    ///< Θ[n][m], of factors without outputs
  } kind;

  NTK_RT_DEVICE bool hasO() const { return kind == Full || kind == Diagonal; }
  NTK_RT_DEVICE bool hasP() const { return kind == Full; }
  /// Elements of Θ for each pair of examples.
  NTK_RT_DEVICE int64_t pairSize() const {
    return (hasO() ? outputs : 1) * (hasP() ? outputs : 1);
  }
};

namespace detail {

/// A block of outputs, of which the first `skip` are written by another block.
struct OutputRange {
  int64_t first, count, skip;
};

/// Which part of Θ a tile holds.
struct TilePlace {
  int64_t n, count1, m, count2; // first examples, and how many
  OutputRange o, p;
  bool mirror;     // Θ[m][n] is written too; above the diagonal nothing is read
  bool accumulate; // added to what Θ holds: a trace in blocks of outputs
};

/// The values of one pair of examples. `tile` points at its o = p = 0, rows of
/// p are contiguous, rows of o are `strideO` apart; `pair` is Θ[n][m] and
/// `mirrored` Θ[m][n], or null. On the diagonal, n = m, where the two are the
/// same, only o >= p is read.
template <typename T>
void writePair(const Layout &l, const TilePlace &at, T scale, const T *tile,
               int64_t strideO, T *pair, T *mirrored) {
  if (!l.hasO()) {
    *pair = (at.accumulate ? *pair : T(0)) + scale * *tile;
    if (mirrored)
      *mirrored = *pair;
    return;
  }
  for (int64_t i = at.o.skip; i < at.o.count; ++i) {
    const T *row = tile + i * strideO;
    const int64_t o = at.o.first + i;
    if (!l.hasP()) {
      pair[o] = scale * *row;
      if (mirrored)
        mirrored[o] = pair[o];
      continue;
    }
    int64_t end = at.p.count;
    if (mirrored == pair)
      end = std::min(end, o - at.p.first + 1);
    T *out = pair + o * l.outputs + at.p.first;
    for (int64_t j = at.p.skip; j < end; ++j)
      out[j] = scale * row[j];
    if (mirrored)
      for (int64_t j = at.p.skip; j < end; ++j)
        mirrored[(at.p.first + j) * l.outputs + o] = out[j];
  }
}

/// Writes a tile, scaled, into Θ, which has `examples2` columns of examples.
template <typename T>
void writeTile(const Layout &l, const TilePlace &at, int64_t examples2, T scale,
               const T *tile, T *theta) {
  const int64_t pairSize = l.pairSize();
  const int64_t countP = l.hasP() ? at.p.count : 1;
  const int64_t strideO = at.count2 * countP;
  const int64_t strideN = strideO * (l.hasO() ? at.o.count : 1);
  const int64_t grain = 1 + 16384 / std::max<int64_t>(strideN, 1);
  parallelFor(at.count1, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t n = at.n + i;
      for (int64_t j = 0; j < at.count2; ++j) {
        const int64_t m = at.m + j;
        if (at.mirror && m > n)
          break;
        T *pair = theta + (n * examples2 + m) * pairSize;
        T *mirrored = theta + (m * examples2 + n) * pairSize;
        writePair(l, at, scale, tile + i * strideN + j * countP, strideO, pair,
                  at.mirror ? mirrored : nullptr);
      }
    }
  });
}

} // namespace detail
} // namespace rt
} // namespace ntk

#endif // NTK_RT_TILEOUTPUT_H
