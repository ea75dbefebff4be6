// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the values of a tile go in Θ. A tile comes as the matrix products write
// it, examples and outputs of a side together, [n][o][m][p]; Θ has examples
// first, [n][m][o][p], as neural-tangents has it, and outputs of several axes
// a, b interleaved, [n][m][a][a'][b][b']. A symmetric kernel is written at both
// places from one value.
//
// Where only some axes of the outputs are traced, or kept once, the outputs
// come in groups, one for each index of these axes, and Θ has the pairs within
// a group: of outputs [t][d][k], t traced, d kept once, k kept, t and d are the
// group and Θ[n][m][d][k][k'] sums over t.

#ifndef NTK_RT_TILEOUTPUT_H
#define NTK_RT_TILEOUTPUT_H

#include "ntk-rt/OutputPairs.h"
#include "ntk-rt/Parallel.h"

namespace ntk {
namespace rt {

/// An axis of the outputs: its size, and how far apart in Θ its next index is
/// for o and for p. A traced axis has no strides, one that is kept once has
/// only the first.
struct OutputAxis {
  int64_t size, stride1, stride2;
};
constexpr int maxOutputAxes = 12;

/// The output axes of Θ.
struct Layout {
  int64_t outputs; ///< of a group
  OutputPairs pairs;
  /// Θ has pairs of outputs within a group only.
  int64_t groups = 1;
  /// Of the groups, so many in turn are added up: those that are groups/summed
  /// apart.
  int64_t summed = 1;
  /// The axes of all outputs, groups included, the slowest first; none stand
  /// for one axis of the only group.
  int rank = 0;
  OutputAxis axes[maxOutputAxes] = {};

  NTK_RT_DEVICE bool hasO() const { return pairs.kept; }
  NTK_RT_DEVICE bool hasP() const { return pairs.isFull(); }
  /// Elements of Θ for each pair of examples.
  NTK_RT_DEVICE int64_t pairSize() const {
    int64_t size = rank ? 1 : (hasO() ? outputs : 1) * (hasP() ? outputs : 1);
    for (int i = 0; i < rank; ++i)
      size *= (axes[i].stride1 ? axes[i].size : 1) *
              (axes[i].stride2 ? axes[i].size : 1);
    return size;
  }
  /// Where output `o`, of all groups', begins in a pair of examples.
  NTK_RT_DEVICE int64_t place1(int64_t o) const {
    int64_t at = rank ? 0 : o * (hasP() ? outputs : 1);
    for (int i = rank; i-- > 0; o /= axes[i].size)
      at += o % axes[i].size * axes[i].stride1;
    return at;
  }
  /// How far behind that is output `p`.
  NTK_RT_DEVICE int64_t place2(int64_t p) const {
    int64_t at = rank ? 0 : p;
    for (int i = rank; i-- > 0; p /= axes[i].size)
      at += p % axes[i].size * axes[i].stride2;
    return at;
  }
  /// The fastest axis, along which places are evenly spaced.
  NTK_RT_DEVICE OutputAxis lastAxis() const {
    return rank ? axes[rank - 1] : OutputAxis{outputs, outputs, 1};
  }
};

namespace detail {

/// A block of outputs, numbered through all groups. The first `skip` of them
/// are written by another block.
struct OutputRange {
  int64_t first, count, skip;
};

/// Which part of Θ a tile holds.
struct TilePlace {
  int64_t n, count1, m, count2; // first examples, and how many
  OutputRange o, p;
  bool mirror; // Θ[m][n] is written too; above the diagonal nothing is read
  bool accumulate; // added to what Θ holds: a trace in blocks or groups
};

/// Row `o` of one pair of examples, of which columns from `begin` on are read:
/// as far as the fastest axis goes at a time.
template <typename T>
void writeRow(const Layout &l, const TilePlace &at, T scale, const T *row,
              int64_t o, int64_t begin, int64_t end, T *pair, T *mirrored) {
  const OutputAxis axis = l.lastAxis();
  const int64_t place1 = l.place1(o), place2 = l.place2(o);
  for (int64_t j = begin; j < end;) {
    const int64_t p = at.p.first + j;
    const int64_t count = std::min(end - j, axis.size - p % axis.size);
    T *out = pair + place1 + l.place2(p);
    const T *in = row + j;
    if (at.accumulate)
      for (int64_t k = 0; k < count; ++k)
        out[k * axis.stride2] += scale * in[k];
    else
      for (int64_t k = 0; k < count; ++k)
        out[k * axis.stride2] = scale * in[k];
    if (mirrored) {
      T *other = mirrored + l.place1(p) + place2;
      for (int64_t k = 0; k < count; ++k)
        other[k * axis.stride1] = out[k * axis.stride2];
    }
    j += count;
  }
}

/// The values of one pair of examples. `tile` points at its o = p = 0, rows of
/// p are contiguous, rows of o are `strideO` apart; `pair` is Θ[n][m] and
/// `mirrored` Θ[m][n], or null. On the diagonal, n = m, where the two are the
/// same, only o >= p is read.
template <typename T>
void writePair(const Layout &l, const TilePlace &at, T scale, const T *tile,
               int64_t strideO, T *pair, T *mirrored) {
  auto write = [&](int64_t place, T value) {
    pair[place] = (at.accumulate ? pair[place] : T(0)) + scale * value;
    if (mirrored)
      mirrored[place] = pair[place];
  };
  if (!l.hasO())
    return write(0, *tile);
  for (int64_t i = at.o.skip; i < at.o.count; ++i) {
    const T *row = tile + i * strideO;
    const int64_t o = at.o.first + i;
    if (!l.hasP()) {
      write(l.place1(o), *row);
      continue;
    }
    int64_t end = at.p.count;
    if (mirrored == pair)
      end = std::min(end, o - at.p.first + 1);
    writeRow(l, at, scale, row, o, at.p.skip, end, pair, mirrored);
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
