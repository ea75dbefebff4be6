// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the libraries behind the kernels run: which kernels of BLIS suit which
// processor, that a user's choice is obeyed, and that products of f64 are as
// fast as those of f32 let expect.

#include "ntk-rt/Abi.h"
#include "ntk-rt/GemmLibrary.h"
#include "ntk-rt/Parallel.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

using namespace ntk::rt;

namespace {

Processor makeProcessor(bool isAmd, bool isIntel, unsigned family, int level,
                        bool fullFma = false) {
  Processor processor;
  processor.isAmd = isAmd;
  processor.isIntel = isIntel;
  processor.family = family;
  processor.sse41 = level >= 1;
  processor.avx = level >= 2;
  processor.fma = level >= 3;
  processor.avx512 = level >= 4;
  processor.fullFma = fullFma;
  return processor;
}
Processor amd(unsigned family, int level, bool fullFma = false) {
  return makeProcessor(true, false, family, level, fullFma);
}
Processor intel(int level, bool fullFma = false) {
  return makeProcessor(false, true, 6, level, fullFma);
}
Processor other(int level, bool fullFma = false) {
  return makeProcessor(false, false, 6, level, fullFma);
}

} // namespace

TEST(BlisKernels, AreThoseOfTheInstructions) {
  constexpr int own = -1;
  // Zen 5, with and without multiply-adds of 512 bits in one step.
  EXPECT_EQ(chooseBlisKernels(amd(0x1a, 4, true)), BLIS_ARCH_SKX);
  EXPECT_EQ(chooseBlisKernels(amd(0x1a, 4)), BLIS_ARCH_ZEN3);
  EXPECT_EQ(chooseBlisKernels(amd(0x1b, 3)), BLIS_ARCH_ZEN3);
  // Bulldozer, Zen, Zen 3, Zen 4: BLIS knows them.
  EXPECT_EQ(chooseBlisKernels(amd(0x15, 2)), own);
  EXPECT_EQ(chooseBlisKernels(amd(0x17, 3)), own);
  EXPECT_EQ(chooseBlisKernels(amd(0x19, 3)), own);
  EXPECT_EQ(chooseBlisKernels(amd(0x19, 4)), own);
  // Jaguar, Bobcat: not in its list.
  EXPECT_EQ(chooseBlisKernels(amd(0x16, 2)), BLIS_ARCH_SANDYBRIDGE);
  EXPECT_EQ(chooseBlisKernels(amd(0x14, 0)), own);
  // Sapphire Rapids, which BLIS takes for Haswell; Tiger Lake; Haswell.
  EXPECT_EQ(chooseBlisKernels(intel(4, true)), BLIS_ARCH_SKX);
  EXPECT_EQ(chooseBlisKernels(intel(4)), own);
  EXPECT_EQ(chooseBlisKernels(intel(3)), own);
  // Makers that BLIS does not know.
  EXPECT_EQ(chooseBlisKernels(other(4, true)), BLIS_ARCH_SKX);
  EXPECT_EQ(chooseBlisKernels(other(3)), BLIS_ARCH_HASWELL);
  EXPECT_EQ(chooseBlisKernels(other(1)), BLIS_ARCH_PENRYN);
}

/// Run with BLIS_ARCH_TYPE set, and without.
TEST(BlisKernels, AreTheUsersChoice) {
  const char *variable = std::getenv("BLIS_ARCH_TYPE");
  const std::string before = variable ? variable : "";
  const BlisKernels &taken = blisKernels();
  if (variable) {
    EXPECT_STREQ(taken.name, bli_arch_string(arch_t(std::stoi(before))));
    EXPECT_EQ(taken.isReference, std::stoi(before) == BLIS_ARCH_GENERIC);
  } else {
    EXPECT_EQ(std::getenv("BLIS_ARCH_TYPE"), nullptr); // as it was
    if (detail::readProcessor().fma) {
      EXPECT_FALSE(taken.isReference);
    }
  }
}

TEST(Libraries, SayWhatTheyRun) {
  ntk_rt_library oneDnn = ntk_rt_get_library(0), blis = ntk_rt_get_library(1);
  EXPECT_STREQ(oneDnn.name, "oneDNN");
  EXPECT_STREQ(blis.name, "BLIS");
  EXPECT_STREQ(blis.kernels, blisKernels().name);
  EXPECT_NE(std::string(oneDnn.version).find('.'), std::string::npos);
  EXPECT_EQ(ntk_rt_get_library(2).name, nullptr);
}

/// Half as many numbers fit a register, so half the speed is the most there is.
/// Portable code has a tenth, kernels for registers of half the width a fourth.
/// Other work may run beside this: the fastest of many times, taken in turn.
TEST(Libraries, DoublesAreNearlyHalfAsFastAsFloats) {
  constexpr int64_t n = 384;
  std::vector<float> a(n * n, 1), b(n * n, 1), c(n * n);
  std::vector<double> da(n * n, 1), db(n * n, 1), dc(n * n);
  auto time = [](const std::function<void()> &f) {
    auto start = std::chrono::steady_clock::now();
    f();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() -
                                         start)
        .count();
  };
  setThreads(1); // as in every task of a product
  double floats = 1e9, doubles = 1e9;
  for (int i = 0; i < 200 && (i < 20 || doubles > 2.4 * floats); ++i) {
    floats =
        std::min(floats, time([&] {
                   detail::libraryGemm<float>(n, n, n, a.data(), n, 1, b.data(),
                                              n, 1, c.data(), n, 1, false);
                 }));
    doubles = std::min(doubles, time([&] {
                         detail::libraryGemm<double>(n, n, n, da.data(), n, 1,
                                                     db.data(), n, 1, dc.data(),
                                                     n, 1, false);
                       }));
  }
  RecordProperty("ratio", std::to_string(floats / doubles));
  EXPECT_LT(doubles, 2.5 * floats)
      << "f32 " << 2e-9 * n * n * n / floats << " GFLOP/s, f64 "
      << 2e-9 * n * n * n / doubles << " GFLOP/s by the kernels "
      << blisKernels().name;
}
