// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a kernel costs: FLOPs and bytes, summed over the ops of its functions by
// CostOpInterface. A factor function runs once for each example of its side, a
// tile once for each pair.

#ifndef NTK_PLAN_COST_H
#define NTK_PLAN_COST_H

#include "ntk/Kernel/Expand.h"

namespace mlir::ntk {

/// The sizes a kernel is planned for.
struct ProblemSize {
  int64_t n1 = 1, n2 = 1;
  bool symmetric = false; ///< x1 = x2: pairs on and below the diagonal only

  /// Examples of a letter: n is N1, m is N2.
  int64_t operator()(char letter) const { return letter == 'm' ? n2 : n1; }
  /// The share of the N1·N2 pairs that is computed.
  double getPairShare() const {
    return symmetric ? (static_cast<double>(n1) + 1) / (2.0 * n1) : 1;
  }
};

struct Cost {
  double flops = 0, bytes = 0;

  Cost &operator+=(const Cost &other) {
    flops += other.flops;
    bytes += other.bytes;
    return *this;
  }
  Cost operator*(double factor) const {
    return {flops * factor, bytes * factor};
  }
};

/// Turns work and traffic into seconds, for the choice between methods. What is
/// predicted of a run is priced step by step, by `Machine`.
struct MachineModel {
  double flopsPerSecond = 150e9; ///< of f32; half of it for f64
  double bytesPerSecond = 20e9;

  double getSeconds(const Cost &cost, bool isDouble) const {
    return cost.flops / (isDouble ? flopsPerSecond / 2 : flopsPerSecond) +
           cost.bytes / bytesPerSecond;
  }
};

/// Costs of the parts of a kernel for a problem size; `tile` is over all pairs
/// that are computed.
struct KernelCost {
  Cost factors1, factors2, tile;

  Cost getTotal() const {
    Cost total = factors1;
    total += factors2;
    total += tile;
    return total;
  }
};

/// FLOPs and bytes of one function as polynomials of n and m.
Polynomial getFlops(func::FuncOp function);
Polynomial getBytes(func::FuncOp function);

/// The cost of a kernel at `size`. Where both sides are computed by one
/// function and x1 = x2, factors are counted once.
KernelCost getKernelCost(KernelFunctions functions, const ProblemSize &size);

} // namespace mlir::ntk

#endif // NTK_PLAN_COST_H
