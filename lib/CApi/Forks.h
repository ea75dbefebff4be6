// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Processes that fork while they use the library. Of all threads the child has
// only the one that forked: the others of a thread pool are gone without the
// pool knowing, and mutexes that they held stay locked.

#ifndef NTK_LIB_CAPI_FORKS_H
#define NTK_LIB_CAPI_FORKS_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

namespace mlir::ntk {

/// From here on forks are counted.
void watchForks();

/// How often this process, or one that it comes from, was forked since then.
int64_t countForks();

/// A mutex that is open in a child, whoever held it in the parent.
class ForkMutex {
public:
  /// False if somebody was inside when the process forked: what the mutex
  /// guards may be half done.
  bool lock();
  void unlock();
  /// Does the calling thread hold it?
  bool isHeldHere() const { return owner == std::this_thread::get_id(); }

private:
  std::mutex inner;
  int64_t forks = countForks();
  bool isInside = false, isBroken = false;
  std::atomic<std::thread::id> owner{};
};

/// Calls `work` with so many threads for what it computes, those of the caller
/// if none is given, and leaves the caller's number as it was. In a child it
/// runs on a new thread, which has a pool of its own, and alone.
void runWithThreads(std::optional<int64_t> threads,
                    llvm::function_ref<void()> work);

} // namespace mlir::ntk

#endif // NTK_LIB_CAPI_FORKS_H
