/* Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A kernel in a C program: compiled once from text, called with examples and
 * with parameters that change, as in a training loop.
 *
 *     cc mlp_kernel.c -I include -L build/lib -lntk -o mlp_kernel
 *
 * The network is f(x) = w2 · tanh(W1 x), so that the kernel can be written by
 * hand: h1·h2 + (x1·x2) Σ_c w2[c]² (1 - h1[c]²)(1 - h2[c]²), h = tanh(W1 x). */

#include <math.h>
#include <ntk-c/ntk.h>
#include <stdio.h>
#include <string.h>

enum { N = 3, IN = 2, HIDDEN = 4 };

static const char network[] =
    "ntk.network @mlp(%x: tensor<2xf64>,\n"
    "                 %w1: tensor<4x2xf64> {ntk.param = \"w1\"},\n"
    "                 %w2: tensor<4xf64> {ntk.param = \"w2\"}) -> tensor<f64> {\n"
    "  %a = ntk.contract \"k, ck -> c\" (%x, %w1)\n"
    "      : (tensor<2xf64>, tensor<4x2xf64>) -> tensor<4xf64>\n"
    "  %h = ntk.tanh %a : (tensor<4xf64>) -> tensor<4xf64>\n"
    "  %y = ntk.contract \"c, c -> \" (%h, %w2)\n"
    "      : (tensor<4xf64>, tensor<4xf64>) -> tensor<f64>\n"
    "  ntk.return %y : tensor<f64>\n"
    "}\n";

static double x[N][IN] = {{0.5, -1.0}, {1.5, 0.25}, {-0.75, 2.0}};
static double w1[HIDDEN][IN], w2[HIDDEN];

static double kernel_by_hand(const double *a, const double *b) {
  double products = 0, cotangents = 0;
  for (int c = 0; c < HIDDEN; ++c) {
    double ha = tanh(w1[c][0] * a[0] + w1[c][1] * a[1]);
    double hb = tanh(w1[c][0] * b[0] + w1[c][1] * b[1]);
    products += ha * hb;
    cotangents += w2[c] * w2[c] * (1 - ha * ha) * (1 - hb * hb);
  }
  return products + (a[0] * b[0] + a[1] * b[1]) * cotangents;
}

static int fail(void) {
  fprintf(stderr, "error: %s\n", ntk_error_message());
  return 1;
}

/* One step: the kernel of all examples with the parameters as they are. */
static int step(ntk_kernel *kernel, int number) {
  static const int64_t x_shape[] = {N, IN}, w1_shape[] = {HIDDEN, IN};
  static const int64_t w2_shape[] = {HIDDEN};
  double theta[N][N], error = 0;
  ntk_array examples = {NULL, NTK_FLOAT64, 2, x_shape, x};
  ntk_array values[] = {{"w1", NTK_FLOAT64, 2, w1_shape, w1},
                        {"w2", NTK_FLOAT64, 1, w2_shape, w2}};
  ntk_parameters *parameters;
  if (ntk_parameters_create(kernel, values, 2, NTK_BORROWED, &parameters))
    return fail();
  ntk_call call = {0};
  call.x1 = &examples;
  call.x1_count = 1;
  call.parameters = parameters;
  ntk_status status = ntk_kernel_call(kernel, &call, theta, sizeof theta);
  ntk_parameters_destroy(parameters);
  if (status != NTK_OK)
    return fail();
  for (int n = 0; n < N; ++n)
    for (int m = 0; m < N; ++m)
      error = fmax(error, fabs(theta[n][m] - kernel_by_hand(x[n], x[m])));
  printf("step %d: theta[0][1] = %.6f, %s\n", number, theta[0][1],
         error < 1e-12 ? "as by hand" : "NOT as by hand");
  return error < 1e-12 ? 0 : 1;
}

int main(void) {
  ntk_options *options = ntk_options_create();
  ntk_kernel *kernel;
  if (ntk_options_set(options, "kernel", "sum") ||
      ntk_kernel_from_bytes("mlp", network, strlen(network), options, &kernel))
    return fail();
  ntk_options_destroy(options);
  int failed = 0;
  for (int number = 0; number < 3 && !failed; ++number) {
    for (int c = 0; c < HIDDEN; ++c) {
      w1[c][0] = sin(c + number);
      w1[c][1] = cos(2 * c - number);
      w2[c] = 0.5 * c - 1 + 0.1 * number;
    }
    failed = step(kernel, number);
  }
  ntk_kernel_destroy(kernel);
  return failed;
}
