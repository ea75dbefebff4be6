// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one thread pool. Everything parallel in the runtime and in emitted code
// goes through parallelFor, which is OpenMP inside, so that its threads are
// also those of oneDNN and of an OpenMP build of BLIS: a second pool that spins
// beside the first doubles the time of both.
//
// Without OpenMP everything runs on the calling thread. A compiler that has no
// libgomp of its own (clang brings libomp, which would be that second pool) is
// given -DNTK_RT_GOMP, and calls libgomp by its two entry points.

#ifndef NTK_RT_PARALLEL_H
#define NTK_RT_PARALLEL_H

#include <algorithm>
#include <atomic>
#include <cstdint>

#if defined(NTK_RT_GOMP)
extern "C" {
void GOMP_parallel(void (*body)(void *), void *data, unsigned threads,
                   unsigned flags);
int omp_get_max_threads(void);
int omp_in_parallel(void);
void omp_set_num_threads(int);
}
#elif defined(_OPENMP)
#include <omp.h>
#endif

namespace ntk {
namespace rt {

#if defined(NTK_RT_GOMP) || defined(_OPENMP)
/// Threads that a parallelFor started here would use: 1 inside another one.
inline int64_t threads() {
  return omp_in_parallel() ? 1 : omp_get_max_threads();
}
/// Sets the number of threads for loops started by the calling thread.
inline void setThreads(int64_t n) {
  omp_set_num_threads(static_cast<int>(std::max<int64_t>(n, 1)));
}
#else
inline int64_t threads() { return 1; }
inline void setThreads(int64_t) {}
#endif

/// Keeps everything the calling thread starts on that thread, while in scope
/// and if `wanted`.
class OneThread {
public:
  explicit OneThread(bool wanted = true) : before(wanted ? threads() : 0) {
    if (before > 1)
      setThreads(1);
  }
  ~OneThread() {
    if (before > 1)
      setThreads(before);
  }
  OneThread(const OneThread &) = delete;
  OneThread &operator=(const OneThread &) = delete;

private:
  int64_t before;
};

namespace detail {

/// Runs body(data) once on each of `n` threads. Inside, OpenMP's own thread
/// count is 1, so that a library called there stays on its thread.
inline void onThreads(int64_t n, void (*body)(void *), void *data) {
#if defined(NTK_RT_GOMP)
  GOMP_parallel(body, data, static_cast<unsigned>(n), 0);
#elif defined(_OPENMP)
#pragma omp parallel num_threads(static_cast <int>(n))
  body(data);
#else
  (void)n;
  body(data);
#endif
}

} // namespace detail

/// Calls f(begin, end) on disjoint ranges that cover 0..n, `grain` indices at a
/// time (the last range may be shorter), on threads() threads, first come first
/// served. `f` must not throw. Nested calls run serially.
template <typename F> void parallelFor(int64_t n, int64_t grain, F &&f) {
  if (n <= 0)
    return;
  grain = std::max<int64_t>(grain, 1);
  int64_t workers = std::min(threads(), (n + grain - 1) / grain);
  if (workers <= 1) {
    f(int64_t(0), n);
    return;
  }
  struct Job {
    F &f;
    int64_t n, grain;
    std::atomic<int64_t> next;
  } job{f, n, grain, {0}};
  detail::onThreads(
      workers,
      [](void *data) {
        setThreads(1);
        Job &job = *static_cast<Job *>(data);
        for (int64_t begin; (begin = job.next.fetch_add(job.grain)) < job.n;)
          job.f(begin, std::min(begin + job.grain, job.n));
      },
      &job);
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_PARALLEL_H
