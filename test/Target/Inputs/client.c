/* Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Calls an emitted kernel of one input, from C:
 *
 *   client N1 N2 EXAMPLE PAIR < examples > theta
 *
 * EXAMPLE and PAIR are the numbers of one example and of one pair's kernel.
 * Reads N1 examples x1 and N2 examples x2; with N2 = 0 x1 stands for both.
 * Writes theta, then the tile of all of them by the two steps. HEADER, REAL and
 * NET(name) say which kernel. Every block has just the bytes that were asked
 * for, so that a sanitizer sees what goes beyond. */

#define _POSIX_C_SOURCE 200112L

#include HEADER

#include <stdio.h>
#include <stdlib.h>

static void *allocate(int64_t bytes) {
  void *block = NULL;
  if (posix_memalign(&block, 64, (size_t)bytes))
    exit(2);
  return block;
}

static REAL *read_examples(int64_t count) {
  REAL *x = allocate(count * (int64_t)sizeof(REAL));
  if (fread(x, sizeof(REAL), (size_t)count, stdin) != (size_t)count)
    exit(2);
  return x;
}

static void check(int error) {
  if (!error)
    return;
  fprintf(stderr, "error: %s\n", NET(theta_error)(error));
  exit(1);
}

/* The kernel by the two steps, without blocks of examples. */
static void compute_tile(const REAL *x1, int64_t n1, const REAL *x2, int64_t n2,
                         REAL *tile) {
  void *factors1 = allocate(NET(theta_factor_bytes)(1, n1));
  void *factors2 = allocate(NET(theta_factor_bytes)(2, n2));
  void *scratch = allocate(NET(theta_scratch_bytes)(n1, n2));
  check(NET(theta_factors)(1, NET(embedded_params)(), x1, n1, 0, factors1,
                           scratch));
  check(NET(theta_factors)(2, NET(embedded_params)(), x2, n2, 0, factors2,
                           scratch));
  check(NET(theta_tile)(NET(embedded_params)(), factors1, n1, factors2, n2, tile,
                        scratch));
  free(factors1);
  free(factors2);
  free(scratch);
}

int main(int argc, char **argv) {
  int64_t n1, n2, m, example, pair;
  REAL *x1, *x2, *theta;
  void *workspace;
  if (argc != 5)
    return 2;
  n1 = atoi(argv[1]);
  n2 = atoi(argv[2]);
  m = n2 ? n2 : n1;
  example = atoi(argv[3]);
  pair = n1 * m * atoi(argv[4]);
  x1 = read_examples(n1 * example);
  x2 = n2 ? read_examples(n2 * example) : NULL;
  theta = allocate(pair * (int64_t)sizeof(REAL));
  workspace = allocate(NET(theta_workspace_bytes)(n1, n2));
  /* Without x2 nobody looks at n2. */
  check(NET(theta)(NET(embedded_params)(), x1, n1, x2, x2 ? n2 : -1, theta,
                   workspace));
  fwrite(theta, sizeof(REAL), (size_t)pair, stdout);
  compute_tile(x1, n1, x2 ? x2 : x1, m, theta);
  fwrite(theta, sizeof(REAL), (size_t)pair, stdout);
  free(x1);
  free(x2);
  free(theta);
  free(workspace);
  return 0;
}
