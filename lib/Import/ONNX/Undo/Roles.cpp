// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table of roles: torch's operator and argument, ONNX operator and input.

#include "Undo/Roles.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;
using llvm::StringRef;

namespace {
struct Row {
  StringRef op;
  unsigned argument;
  StringRef type;
  int input;
};
} // namespace

/// Operators that are decomposed stand as a product and a sum.
static constexpr Row table[] = {
    {"linear", 1, "Gemm", 1},
    {"linear", 1, "MatMul", 1},
    {"linear", 2, "Gemm", 2},
    {"linear", 2, "Add", -1},
    {"addmm", 0, "Gemm", 2},
    {"addmm", 0, "Add", -1},
    {"addmm", 1, "Gemm", 0},
    {"addmm", 1, "MatMul", 0},
    {"addmm", 2, "Gemm", 1},
    {"addmm", 2, "MatMul", 1},
    {"convolution", 1, "Conv", 1},
    {"convolution", 1, "ConvTranspose", 1},
    {"convolution", 2, "Conv", 2},
    {"convolution", 2, "ConvTranspose", 2},
    {"layer_norm", 2, "LayerNormalization", 1},
    {"layer_norm", 2, "Mul", -1},
    {"layer_norm", 3, "LayerNormalization", 2},
    {"layer_norm", 3, "Add", -1},
    {"rms_norm", 2, "RMSNormalization", 1},
    {"rms_norm", 2, "Mul", -1},
    {"group_norm", 2, "GroupNormalization", 1},
    {"group_norm", 2, "Mul", -1},
    {"group_norm", 3, "GroupNormalization", 2},
    {"group_norm", 3, "Add", -1},
    {"native_group_norm", 1, "GroupNormalization", 1},
    {"native_group_norm", 1, "Mul", -1},
    {"native_group_norm", 2, "GroupNormalization", 2},
    {"native_group_norm", 2, "Add", -1},
    {"instance_norm", 1, "InstanceNormalization", 1},
    {"instance_norm", 1, "Mul", -1},
    {"instance_norm", 2, "InstanceNormalization", 2},
    {"instance_norm", 2, "Add", -1},
    {"batch_norm", 1, "BatchNormalization", 1},
    {"batch_norm", 2, "BatchNormalization", 2},
    {"batch_norm", 3, "BatchNormalization", 3},
    {"batch_norm", 4, "BatchNormalization", 4},
    {"embedding", 0, "Gather", 0},
    {"prelu", 1, "PRelu", 1},
    {"bilinear", 2, "Einsum", 1},
};

/// Operators that have the arguments of another.
static StringRef canonical(StringRef op) {
  return llvm::StringSwitch<StringRef>(op)
      .Cases("conv1d", "conv2d", "conv3d", "convolution")
      .Cases("conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
             "convolution")
      .Case("native_layer_norm", "layer_norm")
      .Case("_prelu_kernel", "prelu")
      .Case("_native_batch_norm_legit_no_training", "batch_norm")
      .Default(op);
}

std::vector<Role> onnximport::getRoles(StringRef op, size_t argument) {
  std::vector<Role> roles;
  for (const Row &row : table)
    if (row.op == canonical(op) && row.argument == argument)
      roles.push_back({row.type, row.input});
  return roles;
}

bool onnximport::hasRoles(StringRef op) {
  return llvm::any_of(table,
                      [&](const Row &row) { return row.op == canonical(op); });
}

int onnximport::getBiasArgument(StringRef op, StringRef type) {
  if (type == "Conv" || type == "ConvTranspose")
    return 2;
  if (type != "Gemm")
    return -1;
  return op == "linear" ? 2 : op == "addmm" ? 0 : -1;
}
