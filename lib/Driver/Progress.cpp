// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The progress line.

#include "Progress.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir::ntk;
using Clock = std::chrono::steady_clock;

static double secondsBetween(Clock::time_point from, Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

Progress::Progress(bool wanted)
    : wanted(wanted && llvm::sys::Process::StandardErrIsDisplayed()),
      start(Clock::now()), last(start) {}

Progress::~Progress() {
  if (shown)
    llvm::errs() << "\r\033[K";
}

void Progress::show(int64_t done, int64_t total) {
  Clock::time_point time = Clock::now();
  double elapsed = secondsBetween(start, time);
  if (elapsed < 2 || secondsBetween(last, time) < 0.2)
    return;
  last = time;
  shown = true;
  llvm::errs() << "\r\033[K" << done << " of " << total << " tiles, "
               << llvm::format("%.0f s left", elapsed * (total - done) / done);
}

std::function<bool(int64_t, int64_t)> Progress::getFunction() {
  return [this](int64_t done, int64_t total) {
    if (wanted && done > 0)
      show(done, total);
    return true;
  };
}
