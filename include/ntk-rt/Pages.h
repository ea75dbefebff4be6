// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory for large arrays. A page that is touched for the first time is fetched
// from the system; with pages of 2 MiB instead of 4 KiB that takes a fifth of
// the time.

#ifndef NTK_RT_PAGES_H
#define NTK_RT_PAGES_H

#include <cstdint>
#include <cstdlib>
#ifdef __linux__
#include <sys/mman.h>
#endif

namespace ntk {
namespace rt {

inline constexpr int64_t largePageBytes = int64_t(1) << 21;

/// Are so many bytes worth large pages?
inline bool areLarge(int64_t bytes) { return bytes >= 2 * largePageBytes; }

/// Asks the system for large pages within a block of memory, none of which
/// reach out of it; it may refuse. The contents stay.
inline void useLargePages(void *memory, int64_t bytes) {
#ifdef MADV_HUGEPAGE
  if (!memory || !areLarge(bytes))
    return;
  const uintptr_t mask = static_cast<uintptr_t>(largePageBytes) - 1;
  const uintptr_t begin = (reinterpret_cast<uintptr_t>(memory) + mask) & ~mask;
  const uintptr_t end =
      (reinterpret_cast<uintptr_t>(memory) + static_cast<uintptr_t>(bytes)) &
      ~mask;
  madvise(reinterpret_cast<void *>(begin), end - begin, MADV_HUGEPAGE);
#else
  (void)memory;
  (void)bytes;
#endif
}

/// Uninitialised memory on a 64-byte boundary or, if it is large, on that of a
/// large page; null if there is none. To be freed with std::free.
inline void *allocatePages(int64_t bytes) {
  const int64_t alignment = areLarge(bytes) ? largePageBytes : 64;
  if (bytes < 0 || bytes > INT64_MAX - alignment)
    return nullptr;
  const int64_t whole = (bytes / alignment + 1) * alignment;
  void *memory = std::aligned_alloc(static_cast<size_t>(alignment),
                                    static_cast<size_t>(whole));
  useLargePages(memory, bytes);
  return memory;
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_PAGES_H
