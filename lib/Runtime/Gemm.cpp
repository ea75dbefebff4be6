// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The C entry points of the thread pool, the clock and the matrix product; the
// kernels themselves are the headers of ntk-rt.

#include "ntk-rt/Gemm.h"
#include "ntk-rt/Clock.h"

void ntk_rt_parallel_for(void (*body)(void *context, int64_t begin,
                                      int64_t end),
                         void *context, int64_t n, int64_t grain) {
  ntk::rt::parallelFor(
      n, grain, [&](int64_t begin, int64_t end) { body(context, begin, end); });
}

int64_t ntk_rt_threads(void) { return ntk::rt::threads(); }

void ntk_rt_set_threads(int64_t n) { ntk::rt::setThreads(n); }

void ntk_rt_clock(int64_t step) { ntk::rt::clock(step); }

void ntk_rt_listen(ntk_rt_step_time *times, int64_t steps) {
  ntk::rt::listen(times, steps);
}

void ntk_rt_gemm_f32(const int64_t *d, const float *a, const float *b,
                     float *c) {
  ntk::rt::gemm(d, a, b, c);
}

void ntk_rt_gemm_f64(const int64_t *d, const double *a, const double *b,
                     double *c) {
  ntk::rt::gemm(d, a, b, c);
}
