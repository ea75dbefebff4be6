// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Prints the kernel of two examples, one number a line.

#include "mlp.h"

#include <cstdio>
#include <cstdlib>
#include <vector>

int main() {
  const int64_t n = 2;
  std::vector<float> x(n * 6);
  for (size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<float>(i) / 8 - 0.5f;
  std::vector<float> theta(n * n * 3 * 3);
  void *workspace =
      std::aligned_alloc(64, (mlp_theta_workspace_bytes(n, n) + 63) / 64 * 64);
  const int error = mlp_theta(mlp_embedded_params(), x.data(), n, nullptr, n,
                              theta.data(), workspace);
  if (error)
    std::fprintf(stderr, "error: %s\n", mlp_theta_error(error));
  else
    for (float value : theta)
      std::printf("%.9g\n", value);
  std::free(workspace);
  return error;
}
