// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For tests only: the threads of a block on the CPU, one after the other, each
// until it waits for others: at __syncthreads for the block, in a shuffle for
// its warp. A thread that waits keeps its stack (a fiber), and a fiber goes on
// with the next thread when one has ended, so that kernels without waiting run
// on one. Waiting for a thread that has ended, undefined on a GPU, ends the
// program.

#ifndef NTK_TEST_BLOCK_H
#define NTK_TEST_BLOCK_H

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <ucontext.h>
#include <vector>

struct dim3 {
  unsigned x, y, z;
  dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

inline dim3 blockIdx(0, 0, 0), threadIdx(0, 0, 0), blockDim, gridDim;

constexpr unsigned warpThreads = 32;

class ThreadBlock {
public:
  /// Runs kernel() for each of `count` threads, from the last to the first:
  /// their order must not matter.
  void run(unsigned count, const std::function<void()> &body) {
    kernel = &body;
    unstarted = count;
    threads.assign(count, Thread());
    while (resumeOne())
      ;
  }

  /// Waits for the threads from first to last - 1 to call this too.
  void wait(unsigned first, unsigned last) {
    const unsigned self = threadIdx.x;
    threads[self].first = first;
    threads[self].last = last;
    threads[self].state = Waiting;
    swapcontext(&threads[self].fiber->context, &scheduler);
    threadIdx.x = self;
  }

  /// What each thread shows the others of its warp.
  uint64_t shown[1024];

private:
  enum State { Unstarted, Waiting, Released, Ended };
  struct Fiber {
    static constexpr size_t stackBytes = 1 << 17;
    ucontext_t context;
    std::unique_ptr<char[]> stack{new char[stackBytes]};
  };
  struct Thread {
    State state = Unstarted;
    unsigned first = 0, last = 0; ///< whom it waits for
    Fiber *fiber = nullptr;
  };

  /// Runs a thread until it waits; false if all have ended.
  bool resumeOne() {
    for (Thread &thread : threads) {
      if (thread.state == Released) {
        swapcontext(&scheduler, &thread.fiber->context);
        return true;
      }
    }
    if (unstarted > 0) {
      start();
      return true;
    }
    bool waits = false;
    for (const Thread &thread : threads) {
      waits |= thread.state == Waiting;
      if (thread.state == Waiting && release(thread.first, thread.last))
        return true;
    }
    if (waits) {
      std::fprintf(stderr, "a thread waits for one that has ended\n");
      std::abort();
    }
    return false;
  }

  /// Lets threads go on that all wait for each other.
  bool release(unsigned first, unsigned last) {
    for (unsigned i = first; i < last; ++i)
      if (threads[i].state != Waiting || threads[i].first != first ||
          threads[i].last != last)
        return false;
    for (unsigned i = first; i < last; ++i)
      threads[i].state = Released;
    return true;
  }

  /// Begins the threads that are left on a fiber that no thread waits on.
  void start() {
    if (idle.empty()) {
      fibers.push_back(std::make_unique<Fiber>());
      idle.push_back(fibers.back().get());
    }
    Fiber *fiber = idle.back();
    idle.pop_back();
    getcontext(&fiber->context);
    fiber->context.uc_stack.ss_sp = fiber->stack.get();
    fiber->context.uc_stack.ss_size = Fiber::stackBytes;
    fiber->context.uc_link = nullptr;
    current = this;
    started = fiber;
    makecontext(&fiber->context, runThreads, 0);
    swapcontext(&scheduler, &fiber->context);
  }

  static void runThreads() {
    ThreadBlock &block = *current;
    Fiber *fiber = started;
    while (block.unstarted > 0) {
      const unsigned self = --block.unstarted;
      block.threads[self].fiber = fiber;
      threadIdx.x = self;
      (*block.kernel)();
      block.threads[self].state = Ended;
    }
    block.idle.push_back(fiber);
    setcontext(&block.scheduler);
  }

  const std::function<void()> *kernel = nullptr;
  unsigned unstarted = 0;
  std::vector<Thread> threads;
  std::vector<std::unique_ptr<Fiber>> fibers;
  std::vector<Fiber *> idle;
  ucontext_t scheduler;
  static inline ThreadBlock *current = nullptr;
  static inline Fiber *started = nullptr;
};

inline ThreadBlock threadBlock;

inline void __syncthreads() { threadBlock.wait(0, blockDim.x); }

/// The value of the thread of the warp whose number differs in the bits of
/// `distance`.
template <typename T>
T __shfl_xor_sync(unsigned mask, T value, unsigned distance) {
  const unsigned self = threadIdx.x;
  const unsigned first = self / warpThreads * warpThreads;
  if (mask != 0xffffffffu || distance >= warpThreads ||
      first + warpThreads > blockDim.x)
    std::abort();
  std::memcpy(&threadBlock.shown[self], &value, sizeof(T));
  threadBlock.wait(first, first + warpThreads);
  std::memcpy(&value, &threadBlock.shown[self ^ distance], sizeof(T));
  threadBlock.wait(first, first + warpThreads);
  return value;
}

#endif // NTK_TEST_BLOCK_H
