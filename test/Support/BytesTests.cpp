// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers of bytes: what there is, and words for them.

#include "ntk/Support/Bytes.h"
#include "gtest/gtest.h"

using namespace mlir::ntk;

TEST(Bytes, InWords) {
  EXPECT_EQ(parseByteSize("4GiB"), int64_t(4) << 30);
  EXPECT_EQ(parseByteSize("4 gib"), int64_t(4) << 30);
  EXPECT_EQ(parseByteSize("0.5K"), 512);
  EXPECT_EQ(parseByteSize("2MB"), 2000000);
  EXPECT_EQ(parseByteSize("12345"), 12345);
  for (const char *text : {"", "GiB", "-1", "0", "1e9", "4 Gi", "99999999TiB",
                           "1.2.3", "inf", "nan"})
    EXPECT_EQ(parseByteSize(text), std::nullopt) << text;
  EXPECT_EQ(formatBytes(512), "512 B");
  EXPECT_EQ(formatBytes(1536), "1.5 KiB");
  EXPECT_EQ(formatBytes(0x1p30 * 200), "200 GiB");
}

TEST(Bytes, ThereAreSome) {
  EXPECT_GT(getDefaultMemoryLimit(), 1 << 20);
  EXPECT_GT(getPeakResidentBytes(), 1 << 20);
}
