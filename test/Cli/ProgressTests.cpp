// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a long run says while it runs, in a log and on a terminal.

#include "lib/Cli/LateNote.h"
#include "lib/Cli/Progress.h"
#include "ntk/Cli/Report.h"
#include "gtest/gtest.h"

using namespace mlir::ntk;
using std::chrono::milliseconds;

/// A run of `tiles` tiles that takes a while before and behind each.
static std::string run(ProgressStyle style, int64_t tiles, milliseconds each) {
  std::string text;
  llvm::raw_string_ostream os(text);
  {
    Progress progress(style, os);
    auto function = progress.getFunction();
    for (int64_t tile = 1; tile <= tiles; ++tile) {
      std::this_thread::sleep_for(each);
      EXPECT_TRUE(function(tile, tiles));
    }
    std::this_thread::sleep_for(each);
  }
  return text;
}

static ProgressStyle makeStyle(bool isTerminal, milliseconds first,
                               milliseconds interval) {
  ProgressStyle style;
  style.isTerminal = isTerminal;
  style.first = first;
  style.interval = interval;
  return style;
}

TEST(Progress, LogsLines) {
  std::string text = run(makeStyle(false, milliseconds(5), milliseconds(20)), 2,
                         milliseconds(80));
  llvm::SmallVector<llvm::StringRef> lines;
  llvm::StringRef(text).split(lines, '\n');
  EXPECT_TRUE(lines.pop_back_val().empty());
  ASSERT_GE(lines.size(), 3u);
  EXPECT_EQ(lines.front(), "note: 0 s, the first tile is not done yet");
  EXPECT_TRUE(lines.back().starts_with("note: 2 of 2 tiles, 0 s left")) << text;
  EXPECT_EQ(text.find('\r'), std::string::npos);
}

TEST(Progress, IsOneLineOnATerminal) {
  std::string text = run(makeStyle(true, milliseconds(5), milliseconds(20)), 2,
                         milliseconds(80));
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_NE(text.find("1 of 2 tiles, 0 s left"), std::string::npos) << text;
  EXPECT_TRUE(llvm::StringRef(text).ends_with("\r\033[K"));
}

TEST(Progress, IsSilentWhereARunIsShort) {
  milliseconds minute(60000), none(0);
  EXPECT_EQ(run(makeStyle(false, minute, minute), 3, none), "");
  EXPECT_EQ(run(makeStyle(true, minute, minute), 3, none), "");
  ProgressStyle unwanted = makeStyle(false, milliseconds(1), milliseconds(1));
  unwanted.wanted = false;
  EXPECT_EQ(run(unwanted, 3, milliseconds(5)), "");
}

TEST(Progress, DurationsAreRound) {
  EXPECT_EQ(formatDuration(44.4), "44 s");
  EXPECT_EQ(formatDuration(119), "119 s");
  EXPECT_EQ(formatDuration(170), "3 min");
  EXPECT_EQ(formatDuration(3 * 3600), "3 h");
}

TEST(LateNote, IsSaidOnceAfterItsDelay) {
  int said = 0;
  {
    LateNote note(milliseconds(5), [&] { ++said; });
    std::this_thread::sleep_for(milliseconds(200));
  }
  EXPECT_EQ(said, 1);
}

TEST(LateNote, IsNotSaidOfWorkThatIsOver) {
  int said = 0;
  auto start = std::chrono::steady_clock::now();
  {
    LateNote note(std::chrono::hours(1), [&] { ++said; });
  }
  EXPECT_EQ(said, 0);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::minutes(1));
}
