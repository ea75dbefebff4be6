// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "LateNote.h"

using namespace mlir::ntk;

LateNote::LateNote(std::chrono::duration<double> delay,
                   std::function<void()> say)
    : waiter([this, delay, say = std::move(say)] {
        std::unique_lock<std::mutex> lock(mutex);
        if (!over.wait_for(lock, delay, [this] { return isOver; }))
          say();
      }) {}

LateNote::~LateNote() {
  {
    std::lock_guard<std::mutex> lock(mutex);
    isOver = true;
  }
  over.notify_all();
  waiter.join();
}
