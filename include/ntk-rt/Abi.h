// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/*
 * The C interface of the runtime library, libntk_rt: what code compiled in
 * process calls. Plain pointers, and one array of 64-bit integers that
 * describes a call. Sizes and strides count elements, not bytes; strides may be
 * any numbers, also 0 or negative. A size of 0 is allowed everywhere.
 *
 * Nothing here fails or allocates on behalf of the caller; the caller vouches
 * that the descriptions fit the memory. All functions may be called from
 * several threads at once, also from inside ntk_rt_parallel_for.
 */
#ifndef NTK_RT_ABI_H
#define NTK_RT_ABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Threads ----------------------------------------------------------- */

/* Calls body(context, begin, end) on disjoint ranges that cover 0..n, grain
 * indices at a time. Nested calls run serially. */
void ntk_rt_parallel_for(void (*body)(void *context, int64_t begin,
                                      int64_t end),
                         void *context, int64_t n, int64_t grain);
/* Threads that a loop started here would use; 1 inside a parallel loop. */
int64_t ntk_rt_threads(void);
void ntk_rt_set_threads(int64_t n);

/* ---- Clock ------------------------------------------------------------- */

/* What a step of a program took, in all of its calls. */
struct ntk_rt_step_time {
  double seconds;
  int64_t calls;
};
/* The time since the last call on this thread is that of a step, or, for a
 * number below 0, nobody's. It is added to what ntk_rt_listen gave. */
void ntk_rt_clock(int64_t step);
/* Where this thread's clock writes from now on: times[0..steps), or nowhere if
 * that is null. */
void ntk_rt_listen(struct ntk_rt_step_time *times, int64_t steps);

/* ---- Libraries --------------------------------------------------------- */

/* A library that the kernels lean on, and which of its own it runs here. */
struct ntk_rt_library {
  const char *name, *version, *kernels;
  int is_reference; /* portable code for no processor in particular: slow */
};
/* Library i, from 0 on; one without a name behind the last. */
struct ntk_rt_library ntk_rt_get_library(int64_t i);

/* ---- Matrix product ---------------------------------------------------- */

/* For every index vector l of the loops, and all i < M, j < N:
 *
 *   C[l·sc + i·rsC + j·csC] (+)= Σ_{k<K} A[l·sa + i·rsA + k·csA]
 *                                      · B[l·sb + k·rsB + j·csB]
 *
 *   d = { M, N, K, rsA, csA, rsB, csB, rsC, csC, accumulate, loops,
 *         then for each of at most 52 loops: size, sa, sb, sc }
 *
 * accumulate = 0 overwrites C, 1 adds to it. A loop with sc = 0 (and size
 * above 1) is a sum: its contributions add up in one element, whatever
 * `accumulate` says about the first. Apart from such loops no element of C may
 * be named twice, and C overlaps neither A nor B. With K = 0 or an empty sum C
 * is zeroed, or left alone when accumulating. */
enum {
  NTK_RT_GEMM_M,
  NTK_RT_GEMM_N,
  NTK_RT_GEMM_K,
  NTK_RT_GEMM_ROW_A,
  NTK_RT_GEMM_COL_A,
  NTK_RT_GEMM_ROW_B,
  NTK_RT_GEMM_COL_B,
  NTK_RT_GEMM_ROW_C,
  NTK_RT_GEMM_COL_C,
  NTK_RT_GEMM_ACCUMULATE,
  NTK_RT_GEMM_LOOPS,
  NTK_RT_GEMM_HEADER,        /* where the loops begin */
  NTK_RT_GEMM_MAX_LOOPS = 52 /* as many as a contraction has letters */
};
void ntk_rt_gemm_f32(const int64_t *d, const float *a, const float *b,
                     float *c);
void ntk_rt_gemm_f64(const int64_t *d, const double *a, const double *b,
                     double *c);

/* ---- Convolution ------------------------------------------------------- */

/* All arrays are dense and row-major:
 *
 *   x [N][Cin][in...]   w [Cout][Cin/groups][kernel...]   y [N][Cout][out...]
 *
 *   y[n, g·Cout/groups + c, q] = Σ_{a,t} w[g·Cout/groups + c, a, t]
 *               · x[n, g·Cin/groups + a, stride·q + dilation·t - padLow]
 *
 * (a cross-correlation; x is zero outside). For spatial rank r in 1..3
 *
 *   d = { r, N, Cin, Cout, groups,
 *         in[r], kernel[r], stride[r], padLow[r], padHigh[r], dilation[r] }
 *   out = floor((in + padLow + padHigh - dilation·(kernel-1) - 1)/stride) + 1
 *
 * where a negative numerator means an empty output. Pads may be negative. */
enum {
  NTK_RT_CONV_RANK,
  NTK_RT_CONV_N,
  NTK_RT_CONV_CIN,
  NTK_RT_CONV_COUT,
  NTK_RT_CONV_GROUPS,
  NTK_RT_CONV_HEADER, /* where the lists of r numbers begin */
  NTK_RT_CONV_MAX_RANK = 3
};

/* y, overwritten, from x and w. */
void ntk_rt_conv_f32(const int64_t *d, const float *x, const float *w,
                     float *y);
void ntk_rt_conv_f64(const int64_t *d, const double *x, const double *w,
                     double *y);
/* dx, overwritten, from dy (shaped as y) and w: the transpose of the linear
 * map x -> y. */
void ntk_rt_conv_backward_data_f32(const int64_t *d, const float *dy,
                                   const float *w, float *dx);
void ntk_rt_conv_backward_data_f64(const int64_t *d, const double *dy,
                                   const double *w, double *dx);
/* The patches that a convolution reads, out [N][groups][Cin/groups][taps][q]:
 *   out[n, g, a, t, q] = x[n, g·Cin/groups + a, stride·q + dilation·t - padLow]
 * with taps and output pixels q flattened row-major, zero outside of x. Cout
 * is not read. */
void ntk_rt_patches_f32(const int64_t *d, const float *x, float *out);
void ntk_rt_patches_f64(const int64_t *d, const double *x, double *out);

#ifdef __cplusplus
}
#endif

#endif /* NTK_RT_ABI_H */
