// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The sizes of the blocks that a kernel is computed in, under a memory limit.
// Counted are the parameter block, inputs, the kernel itself, the factors that
// are kept, the tile, and the scratch arena of the kernel's functions.

#ifndef NTK_COMPILE_BLOCKS_H
#define NTK_COMPILE_BLOCKS_H

#include "dialects/NTK/IR/Schedule.h"
#include "ntk-rt/Tiles.h"
#include <cstdint>
#include <functional>
#include <optional>

namespace mlir::ntk {

/// Bytes that a run with these blocks has at its peak.
using PeakFunction = std::function<int64_t(const ::ntk::rt::Blocks &)>;

/// What is to be split.
struct BlockProblem {
  int64_t examples1, examples2;
  bool symmetric; ///< x2 is x1
  /// Outputs of a tile on each side; together with the examples its rows.
  int64_t outputs;
  int64_t rowsPerExample; ///< outputs where the kernel has them, else 1
  /// Blocks of examples and kept factors that are decided.
  Schedule decided = {};
};

struct BlockChoice {
  ::ntk::rt::Blocks blocks;
  int64_t peakBytes;
};

/// Blocks whose peak is at most `limit`: all examples at once, or for x1 = x2
/// some blocks, so that tiles above the diagonal are saved; halved until they
/// fit, with factors kept or computed again, whichever is less work; what is
/// decided already stays. If nothing fits, the smallest blocks that there are
/// then, whose peak is above the limit.
BlockChoice chooseBlocks(const BlockProblem &problem, int64_t limit,
                         const PeakFunction &peak);

/// The blocks that a schedule has decided, for so many examples of both sides
/// and all `outputs`.
::ntk::rt::Blocks getBlocks(const Schedule &schedule, int64_t examples1,
                            int64_t examples2, int64_t outputs);

} // namespace mlir::ntk

#endif // NTK_COMPILE_BLOCKS_H
