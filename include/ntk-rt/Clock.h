// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The clock of a kernel program: how long each of its steps takes, by number. A
// program made with clocks reads it behind each step; who wants to know listens
// on the thread that runs the program.

#ifndef NTK_RT_CLOCK_H
#define NTK_RT_CLOCK_H

#include "ntk-rt/Abi.h"

#include <chrono>

namespace ntk {
namespace rt {

/// What a thread's clock writes to.
struct StepClock {
  ntk_rt_step_time *times = nullptr; ///< by number; null: nobody listens
  int64_t steps = 0;
  std::chrono::steady_clock::time_point last;

  static StepClock &ofThisThread() {
    static thread_local StepClock clock;
    return clock;
  }
};

/// Lets this thread's clock write to times[0..steps) from now on; null: nobody
/// listens any more.
inline void listen(ntk_rt_step_time *times, int64_t steps) {
  StepClock &clock = StepClock::ofThisThread();
  clock.times = times;
  clock.steps = steps;
  clock.last = std::chrono::steady_clock::now();
}

/// Reads the clock behind a step, or, without one, where a function begins.
inline void clock(int64_t step = -1) {
  StepClock &clock = StepClock::ofThisThread();
  if (!clock.times)
    return;
  const auto now = std::chrono::steady_clock::now();
  if (step >= 0 && step < clock.steps) {
    clock.times[step].seconds +=
        std::chrono::duration<double>(now - clock.last).count();
    clock.times[step].calls += 1;
  }
  clock.last = now;
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_CLOCK_H
