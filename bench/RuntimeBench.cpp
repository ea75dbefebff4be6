// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rates of the runtime kernels on shapes that kernels of networks consist of:
// the layers of a CIFAR ResNet-18 for 16 examples and 10 outputs, and matrix
// products of its contractions and of wide dense layers. Prints the fastest of
// several runs; a multiply-add counts as two, padding as data.
//
//   ninja runtime-bench && bin/runtime-bench [f64]

#include "ntk-rt/Abi.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <vector>

namespace {

void gemm(const int64_t *d, const float *a, const float *b, float *c) {
  ntk_rt_gemm_f32(d, a, b, c);
}
void gemm(const int64_t *d, const double *a, const double *b, double *c) {
  ntk_rt_gemm_f64(d, a, b, c);
}
void conv(bool backward, const int64_t *d, const float *x, const float *w,
          float *y) {
  (backward ? ntk_rt_conv_backward_data_f32 : ntk_rt_conv_f32)(d, x, w, y);
}
void conv(bool backward, const int64_t *d, const double *x, const double *w,
          double *y) {
  (backward ? ntk_rt_conv_backward_data_f64 : ntk_rt_conv_f64)(d, x, w, y);
}

template <typename F> double fastest(F run) {
  double best = 1e9, total = 0;
  for (int i = 0; i < 40 && (i < 3 || total < 1); ++i) {
    auto start = std::chrono::steady_clock::now();
    run();
    std::chrono::duration<double> took =
        std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count());
    total += took.count();
  }
  return best;
}

void report(const char *name, double multiplies, double seconds) {
  printf("  %-34s %9.3f ms %7.1f GFLOP/s\n", name, 1e3 * seconds,
         2e-9 * multiplies / seconds);
  fflush(stdout);
}

/// `loops` products of row-major matrices; B is stored transposed if `bt`, and
/// one for all products if `shared`.
template <typename T>
void benchGemm(const char *name, int64_t m, int64_t n, int64_t k, bool bt,
               int64_t loops, bool shared) {
  std::vector<T> a(m * k * loops, T(0.5)),
      b(n * k * (shared ? 1 : loops), T(2)), c(m * n * loops);
  const int64_t d[] = {m, n, k, k,     1,     bt ? 1 : n,         bt ? k : 1, n,
                       1, 0, 1, loops, m * k, shared ? 0 : n * k, m * n};
  double seconds = fastest([&] { gemm(d, a.data(), b.data(), c.data()); });
  report(name, double(m) * n * k * loops, seconds);
}

template <typename T>
void benchConv(const char *name, bool backward, int64_t examples, int64_t cin,
               int64_t cout, int64_t side, int64_t kernel, int64_t stride,
               int64_t groups = 1) {
  const int64_t pad = kernel / 2, out = (side + 2 * pad - kernel) / stride + 1;
  std::vector<T> x(examples * cin * side * side, T(0.5)),
      w(cout * cin / groups * kernel * kernel, T(2)),
      y(examples * cout * out * out, T(1));
  const int64_t d[] = {2,    examples, cin,    cout,   groups, side,
                       side, kernel,   kernel, stride, stride, pad,
                       pad,  pad,      pad,    1,      1};
  double seconds = fastest([&] {
    if (backward)
      conv(true, d, y.data(), w.data(), x.data());
    else
      conv(false, d, x.data(), w.data(), y.data());
  });
  report(name,
         double(examples) * cout * cin / groups * kernel * kernel * out * out,
         seconds);
}

template <typename T> void benchAll() {
  printf("matrix products\n");
  benchGemm<T>("1024x1024x1024", 1024, 1024, 1024, false, 1, false);
  benchGemm<T>("gram 320x320x1024", 320, 320, 1024, true, 1, false);
  benchGemm<T>("gram 128x128x2048", 128, 128, 2048, true, 1, false);
  benchGemm<T>("gram 160x160x36864", 160, 160, 36864, true, 1, false);
  benchGemm<T>("16x2048x3072 weights transposed", 16, 2048, 3072, true, 1,
               true);
  benchGemm<T>("16x2048x2048", 16, 2048, 2048, false, 1, true);
  benchGemm<T>("1280x512x512", 1280, 512, 512, false, 1, true);
  benchGemm<T>("160 x 64x1024x576", 64, 1024, 576, true, 160, false);
  benchGemm<T>("160 x 64x576x1024", 64, 576, 1024, true, 160, false);
  benchGemm<T>("256 x 10x10x8192", 10, 10, 8192, true, 256, false);
  benchGemm<T>("1000 x 64x64x64", 64, 64, 64, false, 1000, false);
  benchGemm<T>("4000 x 16x16x64", 16, 16, 64, true, 4000, false);
  benchGemm<T>("20000 x 10x10x10", 10, 10, 10, true, 20000, false);
  benchGemm<T>("100000 x 1x1x128", 1, 1, 128, true, 100000, false);
  benchGemm<T>("gemv 4096x4096", 4096, 1, 4096, false, 1, false);
  benchGemm<T>("gemv transposed 4096x4096", 1, 4096, 4096, false, 1, false);
  printf("convolutions, forward, 16 examples\n");
  benchConv<T>("A   3- 64 at 32", false, 16, 3, 64, 32, 3, 1);
  benchConv<T>("B  64- 64 at 32", false, 16, 64, 64, 32, 3, 1);
  benchConv<T>("C  64-128 at 32, stride 2", false, 16, 64, 128, 32, 3, 2);
  benchConv<T>("D 128-128 at 16", false, 16, 128, 128, 16, 3, 1);
  benchConv<T>("F 256-256 at 8", false, 16, 256, 256, 8, 3, 1);
  benchConv<T>("H 512-512 at 4", false, 16, 512, 512, 4, 3, 1);
  benchConv<T>("1x1 64-128 at 32, stride 2", false, 16, 64, 128, 32, 1, 2);
  benchConv<T>("depthwise 64 at 32", false, 16, 64, 64, 32, 3, 1, 64);
  benchConv<T>("B, one example", false, 1, 64, 64, 32, 3, 1);
  printf("convolutions, backward data, 160 cotangents\n");
  benchConv<T>("B  64- 64 at 32", true, 160, 64, 64, 32, 3, 1);
  benchConv<T>("C  64-128 at 32, stride 2", true, 160, 64, 128, 32, 3, 2);
  benchConv<T>("D 128-128 at 16", true, 160, 128, 128, 16, 3, 1);
  benchConv<T>("E 128-256 at 16, stride 2", true, 160, 128, 256, 16, 3, 2);
  benchConv<T>("F 256-256 at 8", true, 160, 256, 256, 8, 3, 1);
  benchConv<T>("H 512-512 at 4", true, 160, 512, 512, 4, 3, 1);
  benchConv<T>("1x1 64-128 at 32, stride 2", true, 160, 64, 128, 32, 1, 2);
  benchConv<T>("depthwise 64 at 32", true, 160, 64, 64, 32, 3, 1, 64);
}

} // namespace

int main(int argc, char **argv) {
  bool f64 = argc > 1 && strcmp(argv[1], "f64") == 0;
  printf("%s, %d threads\n", f64 ? "f64" : "f32", int(ntk_rt_threads()));
  f64 ? benchAll<double>() : benchAll<float>();
}
