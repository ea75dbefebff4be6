// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Choosing blocks of examples. The peak is a known function of the blocks; the
// search only halves.

#include "ntk/Compile/Blocks.h"

using namespace mlir::ntk;
using ::ntk::rt::Blocks;

/// Blocks on each side of a symmetric kernel that is large enough: k blocks
/// compute (k + 1) / 2k of all pairs.
static constexpr int64_t symmetricBlocks = 4;
/// Rows (examples times outputs) a block needs for its matrix products to run
/// at full speed.
static constexpr int64_t enoughRows = 128;

static int64_t ceilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// The blocks one would take with memory to spare.
static Blocks getLargestBlocks(const BlockProblem &problem) {
  Blocks blocks;
  blocks.examples1 = problem.examples1;
  blocks.examples2 = problem.examples2;
  blocks.outputs = problem.outputs;
  blocks.cacheFactors1 = blocks.cacheFactors2 = true;
  if (problem.symmetric) {
    int64_t rows = problem.examples1 * problem.rowsPerExample;
    int64_t count = std::clamp<int64_t>(rows / enoughRows, 1, symmetricBlocks);
    blocks.examples1 = blocks.examples2 = ceilDiv(problem.examples1, count);
  }
  auto decide = [](int64_t &block, std::optional<int64_t> decided,
                   int64_t examples) {
    if (decided)
      block = std::min(*decided, std::max<int64_t>(examples, 1));
  };
  decide(blocks.examples1, problem.decided.blockN, problem.examples1);
  decide(blocks.examples2, problem.decided.blockM, problem.examples2);
  return blocks;
}

/// Halves the side with the larger block, of those that may be; false if there
/// is none of more than one example.
static bool halve(Blocks &blocks, const BlockProblem &problem) {
  bool may1 = !problem.decided.blockN && blocks.examples1 > 1;
  bool may2 = !problem.decided.blockM && blocks.examples2 > 1;
  if (problem.symmetric) {
    if (!may1 || !may2)
      return false;
    blocks.examples1 = blocks.examples2 = ceilDiv(blocks.examples1, 2);
  } else if (may1 && (!may2 || blocks.examples1 >= blocks.examples2)) {
    blocks.examples1 = ceilDiv(blocks.examples1, 2);
  } else if (may2) {
    blocks.examples2 = ceilDiv(blocks.examples2, 2);
  }
  return may1 || may2;
}

/// Halves until the peak fits; the last blocks tried if it never does.
static BlockChoice shrink(Blocks blocks, const BlockProblem &problem,
                          int64_t limit, const PeakFunction &peak) {
  int64_t bytes = peak(blocks);
  while (bytes > limit && halve(blocks, problem))
    bytes = peak(blocks);
  return {blocks, bytes};
}

/// Which factors may be kept: of both sides, of side 2, or none. Those of side
/// 1, the outer loop, are computed once in any case.
static std::vector<std::pair<bool, bool>>
getKeptChoices(const BlockProblem &problem) {
  if (problem.decided.keeps1)
    return {{*problem.decided.keeps1, *problem.decided.keeps2}};
  if (problem.symmetric)
    return {{true, true}, {false, false}};
  return {{true, true}, {false, true}, {false, false}};
}

/// The work of a run in units of one example's factors: a call costs as much
/// as `callExamples` of them, whatever it computes.
static double getWork(const BlockProblem &problem, const Blocks &blocks) {
  static constexpr double callExamples = 2;
  double n1 = problem.examples1, n2 = problem.examples2;
  double count1 = ceilDiv(problem.examples1, blocks.examples1);
  double count2 = ceilDiv(problem.examples2, blocks.examples2);
  double share = problem.symmetric ? (count1 + 1) / (2 * count1) : 1;
  double passes2 = !blocks.cacheFactors2 ? count1 * share
                   : problem.symmetric   ? 0 // side 1 has them
                                         : 1;
  double calls = count1 * count2 * share + count1 + count2 * passes2;
  return n1 + n2 * passes2 + callExamples * calls;
}

BlockChoice mlir::ntk::chooseBlocks(const BlockProblem &problem, int64_t limit,
                                    const PeakFunction &peak) {
  std::optional<BlockChoice> best;
  for (auto [keep1, keep2] : getKeptChoices(problem)) {
    Blocks blocks = getLargestBlocks(problem);
    blocks.cacheFactors1 = keep1;
    blocks.cacheFactors2 = keep2;
    BlockChoice choice = shrink(blocks, problem, limit, peak);
    bool fits = choice.peakBytes <= limit;
    bool bestFits = best && best->peakBytes <= limit;
    bool isBetter =
        fits && bestFits
            ? getWork(problem, choice.blocks) < getWork(problem, best->blocks)
            : !best || choice.peakBytes < best->peakBytes;
    if (isBetter)
      best = choice;
  }
  return *best;
}

Blocks mlir::ntk::getBlocks(const Schedule &schedule, int64_t examples1,
                            int64_t examples2, int64_t outputs) {
  auto get = [](std::optional<int64_t> block, int64_t examples) {
    int64_t all = std::max<int64_t>(examples, 1);
    return std::min(block.value_or(all), all);
  };
  return {get(schedule.blockN, examples1), get(schedule.blockM, examples2),
          schedule.blockO.value_or(outputs), schedule.keeps1.value_or(true),
          schedule.keeps2.value_or(true)};
}
