// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Blocks of examples that fit into memory.

#include "ntk/Compile/Blocks.h"
#include "gtest/gtest.h"

using namespace mlir::ntk;
using ::ntk::rt::Blocks;

namespace {
/// A kernel whose factors take 10 bytes an example and whose tile one a pair.
struct Memory {
  BlockProblem problem;
  int64_t operator()(const Blocks &b) const {
    int64_t n1 = b.cacheFactors1 ? problem.examples1 : b.examples1;
    int64_t n2 = b.cacheFactors2 ? problem.examples2 : b.examples2;
    return 10 * (n1 + n2) + b.examples1 * b.examples2;
  }
};
} // namespace

TEST(Blocks, AllAtOnceWhereThereIsRoom) {
  BlockProblem problem{30, 50, false, 1, 1};
  BlockChoice choice = chooseBlocks(problem, 1 << 20, Memory{problem});
  EXPECT_EQ(choice.blocks.examples1, 30);
  EXPECT_EQ(choice.blocks.examples2, 50);
  EXPECT_TRUE(choice.blocks.cacheFactors1 && choice.blocks.cacheFactors2);
  EXPECT_EQ(choice.peakBytes, 800 + 1500);
}

TEST(Blocks, SymmetricOnesAreSplitWhereTheyAreLarge) {
  BlockProblem problem{1000, 1000, true, 10, 10};
  BlockChoice choice = chooseBlocks(problem, 1 << 30, Memory{problem});
  EXPECT_EQ(choice.blocks.examples1, 250);
  problem = {16, 16, true, 10, 10};
  EXPECT_EQ(chooseBlocks(problem, 1 << 30, Memory{problem}).blocks.examples1,
            16);
}

TEST(Blocks, ShrinkUntilTheyFit) {
  for (bool symmetric : {false, true})
    for (int64_t limit : {1000000, 20000, 5000, 2500, 500, 100, 30, 21}) {
      BlockProblem problem{101, 101, symmetric, 1, 1};
      Memory memory{problem};
      BlockChoice choice = chooseBlocks(problem, limit, memory);
      EXPECT_LE(choice.peakBytes, limit);
      EXPECT_EQ(choice.peakBytes, memory(choice.blocks));
      EXPECT_GE(choice.blocks.examples1, 1);
      // Factors are kept where they fit; side 1 is the outer loop, where each
      // is computed once in any case.
      if (limit >= 2500) {
        EXPECT_TRUE(choice.blocks.cacheFactors2);
      }
    }
}

TEST(Blocks, TheSmallestPeakIfNoneFits) {
  BlockProblem problem{101, 101, false, 1, 1};
  BlockChoice choice = chooseBlocks(problem, 5, Memory{problem});
  EXPECT_EQ(choice.peakBytes, 21);
  EXPECT_EQ(choice.blocks.examples1, 1);
  EXPECT_EQ(choice.blocks.examples2, 1);
}

TEST(Blocks, WhatIsDecidedStays) {
  BlockProblem problem{101, 103, false, 1, 1};
  problem.decided.blockM = 17;
  problem.decided.keeps1 = true;
  problem.decided.keeps2 = false;
  for (int64_t limit : {1 << 20, 3000, 2000, 1}) {
    BlockChoice choice = chooseBlocks(problem, limit, Memory{problem});
    EXPECT_EQ(choice.blocks.examples2, 17);
    EXPECT_TRUE(choice.blocks.cacheFactors1);
    EXPECT_FALSE(choice.blocks.cacheFactors2);
    EXPECT_EQ(choice.peakBytes, Memory{problem}(choice.blocks));
    EXPECT_TRUE(choice.peakBytes <= limit || choice.blocks.examples1 == 1);
  }
}

TEST(Blocks, BothSidesOfASymmetricKernelStay) {
  BlockProblem problem{1000, 1000, true, 10, 10};
  problem.decided.blockN = problem.decided.blockM = 300;
  BlockChoice choice = chooseBlocks(problem, 1, Memory{problem});
  EXPECT_EQ(choice.blocks.examples1, 300);
  EXPECT_EQ(choice.blocks.examples2, 300);
}

TEST(Blocks, ThoseOfAScheduleAreNoLargerThanAllThereIs) {
  Schedule schedule;
  schedule.blockN = int64_t(1) << 60;
  schedule.blockO = 2;
  schedule.keeps1 = false;
  schedule.keeps2 = true;
  Blocks blocks = getBlocks(schedule, 30, 50, 10);
  EXPECT_EQ(blocks.examples1, 30);
  EXPECT_EQ(blocks.examples2, 50);
  EXPECT_EQ(blocks.outputs, 2);
  EXPECT_FALSE(blocks.cacheFactors1);
  EXPECT_TRUE(blocks.cacheFactors2);
  EXPECT_EQ(getBlocks({}, 30, 50, 10).outputs, 10);
}
