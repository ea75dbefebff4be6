// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The axes of kernels in files, as neural-tangents has them: output axes come
// in pairs, one of each side.

#include "ntk/Driver/KernelShape.h"
#include "mlir/IR/BuiltinTypes.h"
#include <cstring>
#include <vector>

using namespace mlir;
using namespace mlir::ntk;

/// The axes of the one output, or of all outputs joined.
static SmallVector<int64_t> getOutputAxes(NetworkOp network) {
  if (network.getResultTypes().size() != 1)
    return {network.getOutputs()};
  auto type = cast<RankedTensorType>(network.getResultTypes().front());
  return SmallVector<int64_t>(type.getShape());
}

SmallVector<int64_t> mlir::ntk::getKernelShape(NetworkOp network,
                                               KernelOutputs outputs,
                                               int64_t n1, int64_t n2) {
  SmallVector<int64_t> shape = {n1, n2};
  for (int64_t size : getOutputAxes(network)) {
    if (outputs == KernelOutputs::Full)
      shape.append({size, size});
    if (outputs == KernelOutputs::Diagonal)
      shape.push_back(size);
  }
  return shape;
}

/// Copies element (o, p), both over `axes`, to where its interleaved indices
/// say, for one pair of examples. Recursion over the axes keeps the position in
/// source and target.
static void interleave(ArrayRef<int64_t> axes, int64_t bytes, int64_t outputs,
                       int64_t o, int64_t p, int64_t target, const char *from,
                       char *to) {
  if (axes.empty()) {
    std::memcpy(to + target * bytes, from + (o * outputs + p) * bytes, bytes);
    return;
  }
  int64_t size = axes.front();
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j < size; ++j)
      interleave(axes.drop_front(), bytes, outputs, o * size + i, p * size + j,
                 (target * size + i) * size + j, from, to);
}

void mlir::ntk::interleaveOutputAxes(NetworkOp network, KernelOutputs outputs,
                                     int64_t pairs, int64_t elementBytes,
                                     char *theta) {
  SmallVector<int64_t> axes = getOutputAxes(network);
  if (outputs != KernelOutputs::Full || axes.size() < 2)
    return;
  int64_t size = network.getOutputs();
  int64_t pairBytes = size * size * elementBytes;
  std::vector<char> copy(pairBytes);
  for (int64_t i = 0; i < pairs; ++i, theta += pairBytes) {
    std::memcpy(copy.data(), theta, pairBytes);
    interleave(axes, elementBytes, size, 0, 0, 0, copy.data(), theta);
  }
}
