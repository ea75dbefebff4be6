// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counting the calls of the tile loop. All blocks of a side have one size but
// the last.

#include "ntk/Compile/CallCounts.h"

using namespace mlir::ntk;
using ::ntk::rt::TileProblem;
using ::ntk::rt::detail::TilePlan;

namespace {
/// The blocks of one side: all of `size` examples but the last.
struct Side {
  double count;
  int64_t size, last;

  Side(int64_t count, int64_t size, int64_t examples)
      : count(static_cast<double>(count)), size(size),
        last(examples - (count - 1) * size) {}
};

class Counter {
public:
  /// Factors of every block once, `times` over.
  void addPass(KernelFunction function, const Side &side, double times) {
    add(function, side.size, side.size, (side.count - 1) * times);
    add(function, side.last, side.last, times);
  }

  /// Factors of side 2 for every tile of one pair of output blocks.
  void addPassForTiles(KernelFunction function, const Side &side1,
                       const Side &side2, bool symmetric, double times) {
    if (!symmetric)
      return addPass(function, side2, side1.count * times);
    // Block j stands beside the blocks i >= j.
    double all = side2.count * (side2.count + 1) / 2;
    add(function, side2.size, side2.size, (all - 1) * times);
    add(function, side2.last, side2.last, times);
  }

  /// The tiles of one pair of output blocks.
  void addTiles(const Side &side1, const Side &side2, bool symmetric,
                double times) {
    double before1 = side1.count - 1, before2 = side2.count - 1;
    add(TileFunction, side1.size, side2.size,
        (symmetric ? before1 * side1.count / 2 : before1 * before2) * times);
    add(TileFunction, side1.last, side2.size, before2 * times);
    if (!symmetric)
      add(TileFunction, side1.size, side2.last, before1 * times);
    add(TileFunction, side1.last, side2.last, times);
  }

  std::vector<CallCount> take() { return std::move(calls); }

private:
  void add(KernelFunction function, int64_t n, int64_t m, double count) {
    if (count == 0)
      return;
    for (CallCount &call : calls)
      if (call.function == function && call.n == n && call.m == m) {
        call.count += count;
        return;
      }
    calls.push_back({function, n, m, count});
  }

  std::vector<CallCount> calls;
};
} // namespace

std::vector<CallCount> mlir::ntk::countCalls(const TileProblem &problem) {
  const TilePlan plan(problem);
  Side side1(plan.count1, plan.size1, problem.examples1);
  Side side2(plan.count2, plan.size2, problem.examples2);
  auto pairs = static_cast<double>(plan.outputPairs(problem.layout));
  auto blocks = static_cast<double>(plan.oBlocks);
  // Pairs of output blocks where side 2 wants what side 1 has.
  double same = plan.oneSide ? blocks : 0;
  double own = plan.cache1 ? pairs - same : pairs;
  KernelFunction function2 = plan.oneSide ? Factors1 : Factors2;
  Counter counter;
  counter.addPass(Factors1, side1, plan.cache1 ? blocks : pairs);
  if (plan.cache2) {
    counter.addPass(function2, side2, own);
  } else {
    counter.addPassForTiles(function2, side1, side2, problem.symmetric, own);
    if (!plan.cache1) // tiles on the diagonal have them
      counter.addPass(function2, side2, -same);
  }
  counter.addTiles(side1, side2, problem.symmetric, pairs);
  return counter.take();
}
