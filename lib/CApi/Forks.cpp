// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Forks, counted in the child, and what is different there.

#include "Forks.h"
#include "ntk-rt/Parallel.h"
#include <new>
#include <pthread.h>

using namespace mlir::ntk;

static std::atomic<int64_t> forkCount{0};

void mlir::ntk::watchForks() {
  static std::once_flag once;
  std::call_once(once,
                 [] { pthread_atfork(nullptr, nullptr, [] { ++forkCount; }); });
}

int64_t mlir::ntk::countForks() { return forkCount; }

bool ForkMutex::lock() {
  if (forks != countForks()) { // only the thread that forked can be here
    new (&inner) std::mutex;
    forks = countForks();
    isBroken |= isInside;
    isInside = false;
    owner = std::thread::id();
  }
  inner.lock();
  isInside = true;
  owner = std::this_thread::get_id();
  return !isBroken;
}

void ForkMutex::unlock() {
  isInside = false;
  owner = std::thread::id();
  inner.unlock();
}

void mlir::ntk::runWithThreads(std::optional<int64_t> threads,
                               llvm::function_ref<void()> work) {
  if (countForks()) {
    std::thread([&] {
      ::ntk::rt::setThreads(1);
      work();
    }).join();
    return;
  }
  int64_t before = ::ntk::rt::threads();
  if (threads)
    ::ntk::rt::setThreads(*threads);
  work();
  if (threads)
    ::ntk::rt::setThreads(before);
}
