// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tile driver: the loop that computes a kernel between N1 and N2 examples
// from two functions, factors of a block of examples of one side, and a tile
// of Θ from the factors of two blocks.
//
//   for each block of outputs o, and of outputs p of its group
//     for each block of examples n          factors1(n, o)
//       for each block of examples m        factors2(m, p), cached or not
//         tile(factors1, factors2)          -> [n][o][m][p]
//         Θ[n][m][o][p] = scale · tile      (TileOutput.h)
//
// If both sides are the same examples, only tiles on and below the diagonal are
// computed and the rest is mirrored: Θ[n,m,o,p] and Θ[m,n,p,o] are the same
// bits. The loop is serial: the kernel's functions use all threads inside.

#ifndef NTK_RT_TILES_H
#define NTK_RT_TILES_H

#include "ntk-rt/TileOutput.h"

#include <cstdlib>

namespace ntk {
namespace rt {

/// The sizes of the blocks that a kernel is computed in.
struct Blocks {
  /// Examples a tile has on each side. At least 1; larger than the number of
  /// examples means all of them. With x1 = x2 both sides take `examples1`.
  int64_t examples1, examples2;
  /// Outputs a tile has on each side: exactly as many as the kernel's functions
  /// were made for, at most layout.outputs. If they don't divide
  /// layout.outputs, the last block overlaps the one before; its values are
  /// computed twice and written once. A trace, which sums over the block, has
  /// to be divided evenly.
  int64_t outputs;
  /// Whether the factors of all examples (for one block of outputs) are kept,
  /// or computed again for every tile.
  bool cacheFactors1, cacheFactors2;
};

/// What to compute.
struct TileProblem {
  int64_t examples1, examples2;
  /// x2 is x1. Needs examples1 = examples2.
  bool symmetric;
  /// Factors of both sides are the same function. With `symmetric`, only side 1
  /// is asked for factors then, and one cache serves both.
  bool sharedFactors;
  Layout layout;
  Blocks blocks;
  /// What Θ is multiplied by; 1/outputs for a normalised trace.
  double scale;
};

enum class TileStatus {
  Done,
  Stopped,    ///< the progress function said so; Θ is incomplete
  Invalid,    ///< the blocks don't fit the layout; see checkTileProblem
  OutOfMemory ///< no workspace was given, and none could be allocated
};

namespace detail {

/// A TileProblem with its blocks counted.
struct TilePlan {
  int64_t size1, size2;   // examples a block
  int64_t count1, count2; // blocks of examples
  int64_t outputs;        // outputs a block
  int64_t groupBlocks;    // blocks of outputs in a group
  int64_t oBlocks;        // in all groups
  bool oneSide;           // side 2 takes side 1's factors
  bool cache1, cache2;

  explicit TilePlan(const TileProblem &p) {
    auto clamp = [](int64_t size, int64_t all) {
      return std::max<int64_t>(std::min(size, all), 1);
    };
    size1 = clamp(p.blocks.examples1, p.examples1);
    size2 = p.symmetric ? size1 : clamp(p.blocks.examples2, p.examples2);
    count1 = (p.examples1 + size1 - 1) / size1;
    count2 = (p.examples2 + size2 - 1) / size2;
    outputs =
        p.layout.pairs.isSum() ? 1 : clamp(p.blocks.outputs, p.layout.outputs);
    groupBlocks =
        p.layout.pairs.isSum() ? 1 : (p.layout.outputs + outputs - 1) / outputs;
    oBlocks = groupBlocks * p.layout.groups;
    oneSide = p.symmetric && p.sharedFactors;
    cache1 = p.blocks.cacheFactors1 || (oneSide && p.blocks.cacheFactors2);
    cache2 = p.blocks.cacheFactors2 || (oneSide && p.blocks.cacheFactors1);
  }

  /// Pairs of output blocks; a full kernel has all of them in a group.
  int64_t outputPairs(const Layout &l) const {
    return l.pairs.isFull() ? oBlocks * groupBlocks : oBlocks;
  }
  int64_t tiles(bool symmetric) const {
    return symmetric ? count1 * (count1 + 1) / 2 : count1 * count2;
  }
  /// Whether side 2 ever has factors of its own: not if one cache serves both
  /// sides for the only block of outputs there is at a time.
  bool ownFactors2(const Layout &l) const {
    return !(oneSide && cache1 && (groupBlocks == 1 || !l.pairs.isFull()));
  }
  static int64_t aligned(int64_t bytes) { return (bytes + 63) / 64 * 64; }

  int64_t tileElements(const Layout &l) const {
    return size1 * size2 * (l.hasO() ? outputs : 1) * (l.hasP() ? outputs : 1);
  }
};

/// Where the factors of one side lie: all blocks, or one at a time.
struct FactorBuffer {
  char *memory = nullptr;
  int64_t stride = 0; // bytes between blocks; 0: only one is kept
  int64_t bytes = 0;

  template <typename Kernel>
  FactorBuffer(Kernel &kernel, int side, int64_t size, int64_t count,
               int64_t examples, bool cached) {
    if (count == 0)
      return;
    const int64_t block = TilePlan::aligned(kernel.factorBytes(side, size));
    const int64_t last = examples - (count - 1) * size;
    if (cached) {
      stride = block;
      bytes = (count - 1) * block +
              TilePlan::aligned(kernel.factorBytes(side, last));
    } else {
      bytes = block;
    }
  }
  void *at(int64_t block) const { return memory + block * stride; }
};

/// The buffers of a run, in the order they lie in the workspace.
template <typename T> struct TileBuffers {
  FactorBuffer factors1, factors2;
  int64_t tileBytes;
  T *tile = nullptr;

  template <typename Kernel>
  TileBuffers(Kernel &kernel, const TileProblem &p, const TilePlan &plan)
      : factors1(kernel, 1, plan.size1, plan.count1, p.examples1, plan.cache1),
        factors2(kernel, plan.oneSide ? 1 : 2, plan.size2,
                 plan.ownFactors2(p.layout) ? plan.count2 : 0, p.examples2,
                 plan.cache2),
        tileBytes(TilePlan::aligned(plan.tileElements(p.layout) *
                                    static_cast<int64_t>(sizeof(T)))) {}

  int64_t bytes() const { return factors1.bytes + factors2.bytes + tileBytes; }
  void place(void *workspace) {
    factors1.memory = static_cast<char *>(workspace);
    factors2.memory = factors1.memory + factors1.bytes;
    tile = reinterpret_cast<T *>(factors2.memory + factors2.bytes);
  }
};

/// Writes a tile by the kernel's own function, if it has one.
template <typename T, typename Kernel>
auto writeTileOf(Kernel &kernel, const Layout &l, const TilePlace &at,
                 int64_t examples2, T scale, const T *tile, T *theta, int)
    -> decltype(kernel.write(l, at, examples2, scale, tile, theta)) {
  kernel.write(l, at, examples2, scale, tile, theta);
}
template <typename T, typename Kernel>
void writeTileOf(Kernel &, const Layout &l, const TilePlace &at,
                 int64_t examples2, T scale, const T *tile, T *theta, long) {
  writeTile(l, at, examples2, scale, tile, theta);
}

/// The loop over tiles, with the state it carries from tile to tile.
template <typename T, typename Kernel, typename Progress> class TileLoop {
public:
  TileLoop(Kernel &kernel, const TileProblem &p, const TilePlan &plan,
           const TileBuffers<T> &buffers, T *theta, Progress &progress)
      : kernel(kernel), p(p), plan(plan), buffers(buffers), theta(theta),
        progress(progress),
        total(plan.outputPairs(p.layout) * plan.tiles(p.symmetric)) {}

  TileStatus run() {
    for (int64_t o = 0; o < plan.oBlocks; ++o) {
      if (plan.cache1)
        for (int64_t i = 0; i < plan.count1; ++i)
          fill(1, i, o, buffers.factors1.at(i));
      const bool full = p.layout.pairs.isFull();
      const int64_t first = full ? o - o % plan.groupBlocks : o;
      const int64_t count = full ? plan.groupBlocks : 1;
      for (int64_t q = first; q < first + count; ++q)
        if (!runOutputs(o, q))
          return TileStatus::Stopped;
    }
    return TileStatus::Done;
  }

private:
  int64_t firstOutput(int64_t block) const {
    if (p.layout.pairs.isSum())
      return 0;
    return block / plan.groupBlocks * p.layout.outputs +
           std::min(block % plan.groupBlocks * plan.outputs,
                    p.layout.outputs - plan.outputs);
  }
  OutputRange range(int64_t block) const {
    const int64_t first = firstOutput(block);
    const int64_t unshifted = block / plan.groupBlocks * p.layout.outputs +
                              block % plan.groupBlocks * plan.outputs;
    return {first, plan.outputs, unshifted - first};
  }
  /// Does Θ hold a part of the sum already?
  bool isLaterPart(int64_t block) const {
    if (p.layout.pairs.isTrace())
      return block > 0;
    return block / plan.groupBlocks >= p.layout.groups / p.layout.summed;
  }
  int64_t examples(int side, int64_t block) const {
    const int64_t size = side == 1 ? plan.size1 : plan.size2;
    const int64_t all = side == 1 ? p.examples1 : p.examples2;
    return std::min(size, all - block * size);
  }

  void fill(int side, int64_t block, int64_t outputs, void *factors) {
    const int64_t size = side == 1 ? plan.size1 : plan.size2;
    kernel.factors(side == 2 && plan.oneSide ? 1 : side, block * size,
                   examples(side, block), firstOutput(outputs), factors);
  }

  /// All tiles for output blocks o and q; false to stop.
  bool runOutputs(int64_t o, int64_t q) {
    const bool same = plan.oneSide && o == q; // as factors of side 1
    const bool fromCache1 = same && plan.cache1;
    if (plan.cache2 && !fromCache1)
      for (int64_t j = 0; j < plan.count2; ++j)
        fill(2, j, q, buffers.factors2.at(j));
    for (int64_t i = 0; i < plan.count1; ++i) {
      const void *factors1 = buffers.factors1.at(i);
      if (!plan.cache1)
        fill(1, i, o, buffers.factors1.at(i));
      for (int64_t j = 0; j < (p.symmetric ? i + 1 : plan.count2); ++j) {
        const void *factors2 = buffers.factors2.at(j);
        if (fromCache1)
          factors2 = buffers.factors1.at(j);
        else if (same && i == j && !plan.cache2)
          factors2 = factors1;
        else if (!plan.cache2)
          fill(2, j, q, buffers.factors2.at(j));
        runTile(i, j, o, q, factors1, factors2);
        if (!progress(++done, total))
          return false;
      }
    }
    return true;
  }

  void runTile(int64_t i, int64_t j, int64_t o, int64_t q, const void *factors1,
               const void *factors2) {
    TilePlace place;
    place.n = i * plan.size1;
    place.m = j * plan.size2;
    place.count1 = examples(1, i);
    place.count2 = examples(2, j);
    place.o = range(o);
    place.p = range(q);
    kernel.tile(factors1, place.count1, factors2, place.count2, buffers.tile);
    place.mirror = p.symmetric;
    place.accumulate = isLaterPart(o);
    writeTileOf(kernel, p.layout, place, p.examples2, static_cast<T>(p.scale),
                buffers.tile, theta, 0);
  }

  Kernel &kernel;
  const TileProblem &p;
  const TilePlan &plan;
  const TileBuffers<T> &buffers;
  T *theta;
  Progress &progress;
  int64_t done = 0, total;
};

} // namespace detail

/// Null if the problem can be computed, otherwise what is wrong with it.
inline const char *checkTileProblem(const TileProblem &p) {
  if (p.examples1 < 0 || p.examples2 < 0)
    return "expected a number of examples, but got a negative one";
  if (p.symmetric && p.examples1 != p.examples2)
    return "expected as many examples on both sides of a symmetric kernel";
  if (p.layout.groups < 1 || p.layout.summed < 1 ||
      p.layout.groups % p.layout.summed)
    return "expected groups of outputs, and as many in every sum";
  if (p.layout.pairs.isSum())
    return nullptr;
  if (p.blocks.outputs < 1 || p.blocks.outputs > p.layout.outputs)
    return "expected a block of outputs between 1 and all of them";
  if (p.layout.pairs.isTrace() && p.layout.outputs % p.blocks.outputs)
    return "expected a block of outputs that divides the outputs of a trace";
  return nullptr;
}

/// The largest block of outputs, `wanted` at most, that the layout allows.
inline int64_t allowedOutputBlock(const Layout &layout, int64_t wanted) {
  if (layout.pairs.isSum())
    return 1;
  int64_t block = std::max<int64_t>(std::min(wanted, layout.outputs), 1);
  while (layout.pairs.isTrace() && layout.outputs % block)
    --block;
  return block;
}

/// Bytes of workspace that computeTiles needs, all of them: factors, cached or
/// not, and the tile. The kernel is only asked for factorBytes.
template <typename T, typename Kernel>
int64_t tileWorkspaceBytes(Kernel &&kernel, const TileProblem &problem) {
  if (checkTileProblem(problem))
    return 0;
  const detail::TilePlan plan(problem);
  return detail::TileBuffers<T>(kernel, problem, plan).bytes();
}

/// Computes Θ, laid out as TileOutput.h says. The kernel has three functions:
///
///   int64_t factorBytes(int side, int64_t n)
///       bytes of the factors of n examples; must not fall as n grows
///   void factors(int side, int64_t firstExample, int64_t n,
///                int64_t firstOutput, void *factors)
///       the factors of examples firstExample.. and blocks.outputs outputs
///       from firstOutput on
///   void tile(const void *factors1, int64_t n, const void *factors2,
///             int64_t m, T *out)
///       overwrites out, [n][o][m][p] for a full kernel, [n][o][m] for a
///       diagonal, [n][m] for a trace (summed over o) and a scalar kernel
///
/// and, if the memory is not this program's, a fourth, write, with the
/// arguments of detail::writeTile.
///
/// `workspace` has tileWorkspaceBytes bytes, 64-byte aligned, or is null: then
/// it is allocated. progress(done, total) is called after each tile, and stops
/// the loop by returning false.
template <typename T, typename Kernel, typename Progress>
TileStatus computeTiles(Kernel &&kernel, const TileProblem &problem, T *theta,
                        void *workspace, Progress &&progress) {
  if (checkTileProblem(problem))
    return TileStatus::Invalid;
  if (problem.examples1 == 0 || problem.examples2 == 0)
    return TileStatus::Done;
  const detail::TilePlan plan(problem);
  detail::TileBuffers<T> buffers(kernel, problem, plan);
  void *own = nullptr;
  if (!workspace) {
    own = aligned_alloc(64, static_cast<size_t>(buffers.bytes()));
    if (!own)
      return TileStatus::OutOfMemory;
  }
  buffers.place(own ? own : workspace);
  detail::TileLoop<T, Kernel, Progress> loop(kernel, problem, plan, buffers,
                                             theta, progress);
  const TileStatus status = loop.run();
  free(own);
  return status;
}

/// The same without progress.
template <typename T, typename Kernel>
TileStatus computeTiles(Kernel &&kernel, const TileProblem &problem, T *theta,
                        void *workspace = nullptr) {
  return computeTiles(kernel, problem, theta, workspace,
                      [](int64_t, int64_t) { return true; });
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_TILES_H
