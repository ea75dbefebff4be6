// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory of every size: aligned, writable to its last byte, and refused where
// there cannot be as much.

#include "ntk-rt/Pages.h"
#include "gtest/gtest.h"
#include <cstring>

using namespace ntk::rt;

TEST(Pages, AreAlignedAndWhole) {
  for (int64_t bytes : {int64_t(0), int64_t(1), int64_t(64), int64_t(4097),
                        2 * largePageBytes - 1, 2 * largePageBytes,
                        3 * largePageBytes + 5}) {
    void *memory = allocatePages(bytes);
    ASSERT_NE(memory, nullptr) << bytes;
    const int64_t alignment = areLarge(bytes) ? largePageBytes : 64;
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % alignment, 0u) << bytes;
    std::memset(memory, 1, static_cast<size_t>(bytes));
    free(memory);
  }
}

TEST(Pages, RefuseWhatThereIsNot) {
  for (int64_t bytes : {int64_t(-1), INT64_MIN, INT64_MAX, INT64_MAX - 64})
    EXPECT_EQ(allocatePages(bytes), nullptr) << bytes;
}

// Wherever a block begins and ends, nothing outside is asked for, and what is
// in it stays.
TEST(Pages, KeepContents) {
  const int64_t bytes = 5 * largePageBytes;
  char *memory = static_cast<char *>(allocatePages(bytes));
  ASSERT_NE(memory, nullptr);
  for (int64_t i = 0; i < bytes; ++i)
    memory[i] = static_cast<char>(i * 7 % 251);
  for (int64_t begin : {int64_t(0), int64_t(1), largePageBytes - 1})
    useLargePages(memory + begin, bytes - 2 * begin);
  useLargePages(nullptr, bytes);
  for (int64_t i = 0; i < bytes; ++i)
    ASSERT_EQ(memory[i], static_cast<char>(i * 7 % 251)) << i;
  free(memory);
}
