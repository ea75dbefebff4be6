// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One line on a terminal that says how far a run is, once it has taken more
// than two seconds.

#ifndef NTK_LIB_DRIVER_PROGRESS_H
#define NTK_LIB_DRIVER_PROGRESS_H

#include <chrono>
#include <cstdint>
#include <functional>

namespace mlir::ntk {

class Progress {
public:
  /// Shows nothing if not wanted or if stderr is not a terminal.
  explicit Progress(bool wanted);
  /// Clears the line.
  ~Progress();

  /// To be called after each tile; refers to this object.
  std::function<bool(int64_t done, int64_t total)> getFunction();

private:
  void show(int64_t done, int64_t total);

  bool wanted, shown = false;
  std::chrono::steady_clock::time_point start, last;
};

} // namespace mlir::ntk

#endif // NTK_LIB_DRIVER_PROGRESS_H
