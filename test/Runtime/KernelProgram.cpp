// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program as it is generated for a network of two inputs, with a kernel that
// is quick to say: of features f[n] = x[n] + Σ_j table[ids[n, j]] in R^3,
//
//   theta[n, m, k] = scale · f[n, k] · f[m, k]

#include "ntk-rt/KernelMain.h"

extern "C" {

typedef struct {
  float table[5][3];
  float scale;
} net_params;

typedef struct {
  const float *x;     /* [n][3] */
  const int64_t *ids; /* [n][2] */
} net_inputs;

static int64_t net_theta_workspace_bytes(int64_t n1, int64_t n2) {
  return (n1 + n2) * 3 * static_cast<int64_t>(sizeof(float));
}

static void net_features(const net_params *params, const net_inputs *inputs,
                         int64_t n, float *features) {
  for (int64_t i = 0; i < n; ++i)
    for (int64_t k = 0; k < 3; ++k) {
      features[i * 3 + k] = inputs->x[i * 3 + k];
      for (int64_t j = 0; j < 2; ++j) {
        const int64_t id = inputs->ids[i * 2 + j];
        features[i * 3 + k] += params->table[id < 0 ? id + 5 : id][k];
      }
    }
}

static int net_theta(const net_params *params, const net_inputs *x1, int64_t n1,
                     const net_inputs *x2, int64_t n2, float *theta,
                     void *workspace) {
  if (n1 > 100 || n2 > 100)
    return 1;
  float *f1 = static_cast<float *>(workspace);
  float *f2 = x2 ? f1 + n1 * 3 : f1;
  net_features(params, x1, n1, f1);
  if (x2)
    net_features(params, x2, n2, f2);
  for (int64_t n = 0; n < n1; ++n)
    for (int64_t m = 0; m < n2; ++m)
      for (int64_t k = 0; k < 3; ++k)
        theta[(n * n2 + m) * 3 + k] =
            params->scale * f1[n * 3 + k] * f2[m * 3 + k];
  return 0;
}

static const char *net_theta_error(int code) {
  return code == 1 ? "expected at most 100 examples" : "unknown error";
}

} // extern "C"

static const ntk::rt::ParameterEntry net_entries[] = {
    {"embedding.weight",
     offsetof(net_params, table),
     {5, 3},
     2,
     ntk::rt::ElementType::F32},
    {"scale", offsetof(net_params, scale), {}, 0, ntk::rt::ElementType::F32}};

static const ntk::rt::KernelInput net_input_table[] = {
    {"x", ntk::rt::ElementType::F32, {3}, 1, 0},
    {"ids", ntk::rt::ElementType::I64, {2}, 1, 5}};

static const int64_t net_pair_shape[] = {3};

static net_inputs net_make_inputs(const void *const *inputs) {
  return {static_cast<const float *>(inputs[0]),
          static_cast<const int64_t *>(inputs[1])};
}

static int net_run(const void *params, const void *const *inputs1, int64_t n1,
                   const void *const *inputs2, int64_t n2, void *theta,
                   void *workspace) {
  const net_inputs x1 = net_make_inputs(inputs1);
  const net_inputs x2 = net_make_inputs(inputs2 ? inputs2 : inputs1);
  return net_theta(static_cast<const net_params *>(params), &x1, n1,
                   inputs2 ? &x2 : nullptr, n2, static_cast<float *>(theta),
                   workspace);
}

int main(int argc, char **argv) {
  ntk::rt::Kernel kernel;
  kernel.name = "net";
  kernel.inputs = net_input_table;
  kernel.inputCount = 2;
  kernel.parameters = net_entries;
  kernel.parameterCount = 2;
  kernel.parameterBytes = sizeof(net_params);
  kernel.type = ntk::rt::ElementType::F32;
  kernel.pairShape = net_pair_shape;
  kernel.pairRank = 1;
  kernel.workspaceBytes = net_theta_workspace_bytes;
  kernel.run = net_run;
  kernel.error = net_theta_error;
  return ntk::rt::kernelMain(kernel, argc, argv);
}
