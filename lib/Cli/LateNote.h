// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A word on work that takes long without anybody having foreseen it.

#ifndef NTK_LIB_CLI_LATENOTE_H
#define NTK_LIB_CLI_LATENOTE_H

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace mlir::ntk {

/// Calls `say`, on a thread of its own, when it has lived for `delay`. Whoever
/// has one writes nothing meanwhile to where `say` writes.
class LateNote {
public:
  LateNote(std::chrono::duration<double> delay, std::function<void()> say);
  ~LateNote();
  LateNote(const LateNote &) = delete;
  LateNote &operator=(const LateNote &) = delete;

private:
  std::mutex mutex; ///< guards `isOver`
  std::condition_variable over;
  bool isOver = false;
  std::thread waiter;
};

} // namespace mlir::ntk

#endif // NTK_LIB_CLI_LATENOTE_H
