// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A thread that writes, and sleeps in between; tiles only tell it how many they
// are.

#include "Progress.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Process.h"

using namespace mlir::ntk;
using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

ProgressStyle ProgressStyle::ofErrors(bool wanted) {
  ProgressStyle style;
  style.wanted = wanted;
  style.isTerminal = llvm::sys::Process::StandardErrIsDisplayed();
  if (!style.isTerminal)
    style.first = style.interval = Seconds(30);
  return style;
}

Progress::Progress(ProgressStyle style, llvm::raw_ostream &os)
    : style(style), os(os), start(Clock::now()) {
  if (style.wanted)
    writer = std::thread([this] { run(); });
}

Progress::~Progress() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    stops = true;
  }
  changed.notify_all();
  if (writer.joinable())
    writer.join();
  if (shown && style.isTerminal)
    os << "\r\033[K";
}

/// "12 of 40 tiles, 35 s left"; before the first there is nothing to go by.
std::string Progress::describe() const {
  double elapsed = Seconds(Clock::now() - start).count();
  if (done == 0)
    return llvm::formatv("{0:f0} s, the first tile is not done yet", elapsed);
  return llvm::formatv("{0} of {1} tiles, {2:f0} s left", done, total,
                       elapsed * static_cast<double>(total - done) /
                           static_cast<double>(done));
}

void Progress::run() {
  std::unique_lock<std::mutex> lock(mutex);
  Seconds pause = style.first;
  while (!changed.wait_for(lock, pause, [this] { return stops; })) {
    pause = style.interval;
    shown = true;
    if (style.isTerminal)
      os << "\r\033[K" << describe();
    else
      os << "note: " << describe() << '\n';
    os.flush();
  }
}

std::function<bool(int64_t, int64_t)> Progress::getFunction() {
  return [this](int64_t doneNow, int64_t totalNow) {
    std::lock_guard<std::mutex> lock(mutex);
    done = doneNow;
    total = totalNow;
    return true;
  };
}
