// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a kernel costs in its blocks: the calls that the tile loop of
// ntk-rt/Tiles.h makes, counted without making them. Factors that are not kept
// are paid for each time, and tiles on the diagonal are computed whole.

#include "ntk/Compile/FittedKernel.h"

using namespace mlir::ntk;
using ::ntk::rt::TileProblem;
using ::ntk::rt::detail::TilePlan;

namespace {
/// The blocks of one side: all of `size` examples but the last.
struct Side {
  double count;
  int64_t size, last;

  Side(int64_t count, int64_t size, int64_t examples)
      : count(count), size(size), last(examples - (count - 1) * size) {}
};
} // namespace

static Cost evaluate(const FunctionWork &work, int64_t n, int64_t m) {
  auto sizeOf = [&](char letter) { return letter == 'm' ? m : n; };
  return {work.flops.evaluate(sizeOf), work.bytes.evaluate(sizeOf)};
}

/// Factors of every block once.
static Cost getPass(const FunctionWork &work, const Side &side) {
  Cost cost = evaluate(work, side.size, side.size) * (side.count - 1);
  cost += evaluate(work, side.last, side.last);
  return cost;
}

/// Factors of side 2 for every tile of one pair of output blocks.
static Cost getPassForTiles(const FunctionWork &work, const Side &side1,
                            const Side &side2, bool symmetric) {
  if (!symmetric)
    return getPass(work, side2) * side1.count;
  // Block j stands beside the blocks i >= j.
  double all = side2.count * (side2.count + 1) / 2;
  Cost cost = evaluate(work, side2.size, side2.size) * (all - 1);
  cost += evaluate(work, side2.last, side2.last);
  return cost;
}

/// The tiles of one pair of output blocks.
static Cost getTiles(const FunctionWork &work, const Side &side1,
                     const Side &side2, bool symmetric) {
  double before1 = side1.count - 1, before2 = side2.count - 1;
  Cost cost = evaluate(work, side1.size, side2.size) *
              (symmetric ? before1 * side1.count / 2 : before1 * before2);
  cost += evaluate(work, side1.last, side2.size) * before2;
  if (!symmetric)
    cost += evaluate(work, side1.size, side2.last) * before1;
  cost += evaluate(work, side1.last, side2.last);
  return cost;
}

KernelCost mlir::ntk::getBlockedCost(const FunctionWork (&work)[3],
                                     const TileProblem &problem) {
  const TilePlan plan(problem);
  Side side1(plan.count1, plan.size1, problem.examples1);
  Side side2(plan.count2, plan.size2, problem.examples2);
  double pairs = plan.outputPairs(problem.layout);
  // Pairs of output blocks where side 2 wants what side 1 has.
  double same = plan.oneSide ? plan.oBlocks : 0;
  KernelCost cost;
  cost.factors1 =
      getPass(work[0], side1) * (plan.cache1 ? plan.oBlocks : pairs);
  const FunctionWork &work2 = work[plan.oneSide ? 0 : 1];
  Cost pass = getPass(work2, side2);
  if (plan.cache2) {
    cost.factors2 = pass * (plan.cache1 ? pairs - same : pairs);
  } else {
    Cost tiles = getPassForTiles(work2, side1, side2, problem.symmetric);
    cost.factors2 = tiles * (plan.cache1 ? pairs - same : pairs);
    if (!plan.cache1) // tiles on the diagonal have them
      cost.factors2 += pass * -same;
  }
  cost.tile = getTiles(work[2], side1, side2, problem.symmetric) * pairs;
  return cost;
}
