// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How far a run is, once it has taken a while: one line that changes on a
// terminal, a line each half minute in a log, also where a single tile takes
// longer than that.

#ifndef NTK_LIB_CLI_PROGRESS_H
#define NTK_LIB_CLI_PROGRESS_H

#include "llvm/Support/raw_ostream.h"
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace mlir::ntk {

/// Where progress goes, and how.
struct ProgressStyle {
  bool wanted = true;
  bool isTerminal = false; ///< a line that is written over, or lines of a log
  std::chrono::duration<double> first{2};     ///< before it says anything
  std::chrono::duration<double> interval{.2}; ///< between two times

  /// What suits stderr.
  static ProgressStyle ofErrors(bool wanted);
};

class Progress {
public:
  Progress(ProgressStyle style, llvm::raw_ostream &os);
  /// Clears the line of a terminal.
  ~Progress();

  /// To be called after each tile; refers to this object.
  std::function<bool(int64_t done, int64_t total)> getFunction();

private:
  void run();
  std::string describe() const;

  ProgressStyle style;
  llvm::raw_ostream &os;
  std::chrono::steady_clock::time_point start;
  std::mutex mutex; ///< guards all below
  std::condition_variable changed;
  int64_t done = 0, total = 0;
  bool shown = false, stops = false;
  std::thread writer;
};

} // namespace mlir::ntk

#endif // NTK_LIB_CLI_PROGRESS_H
