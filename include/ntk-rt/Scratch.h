// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scratch memory for the duration of a call. Every thread keeps a few buffers
// for reuse, so that kernels called in a loop don't go to the allocator, whose
// large blocks come as fresh pages each time.

#ifndef NTK_RT_SCRATCH_H
#define NTK_RT_SCRATCH_H

#include "ntk-rt/Pages.h"
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace ntk {
namespace rt {

/// A 64-byte aligned, uninitialised buffer of the calling thread, given back
/// when it goes out of scope. Scopes nest. Running out of memory ends the
/// program with a message: kernels have no way to report it.
class Scratch {
public:
  explicit Scratch(int64_t bytes) : slot(pool().used++) {
    if (slot < slots && pool().bytes[slot] >= bytes) {
      memory = pool().memory[slot];
      return;
    }
    if (slot < slots)
      free(pool().memory[slot]);
    memory = allocatePages(bytes);
    if (!memory) {
      fprintf(stderr, "error: out of memory for a buffer of %lld bytes\n",
              static_cast<long long>(bytes));
      abort();
    }
    if (slot < slots) {
      pool().memory[slot] = memory;
      pool().bytes[slot] = bytes;
    }
  }
  ~Scratch() {
    --pool().used;
    if (slot >= slots)
      free(memory);
  }
  Scratch(const Scratch &) = delete;
  Scratch &operator=(const Scratch &) = delete;

  template <typename T> T *as() const { return static_cast<T *>(memory); }

private:
  static constexpr int slots = 8;
  struct Pool {
    void *memory[slots] = {};
    int64_t bytes[slots] = {};
    int used = 0;
    ~Pool() {
      for (void *m : memory)
        free(m);
    }
  };
  static Pool &pool() {
    static thread_local Pool instance;
    return instance;
  }

  int slot;
  void *memory;
};

} // namespace rt
} // namespace ntk

#endif // NTK_RT_SCRATCH_H
