// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums of the ops' costs over the functions of a kernel.

#include "ntk/Plan/Cost.h"

using namespace mlir;
using namespace mlir::ntk;

Polynomial mlir::ntk::getFlops(func::FuncOp function) {
  Polynomial sum;
  function.walk([&](CostOpInterface op) { sum += op.getFlops(); });
  return sum;
}

Polynomial mlir::ntk::getBytes(func::FuncOp function) {
  Polynomial sum;
  function.walk([&](CostOpInterface op) { sum += op.getBytes(); });
  return sum;
}

KernelCost mlir::ntk::getKernelCost(KernelFunctions functions,
                                    const ProblemSize &size) {
  auto evaluate = [&](func::FuncOp function, auto &&sizeOf) {
    return Cost{getFlops(function).evaluate(sizeOf),
                getBytes(function).evaluate(sizeOf)};
  };
  KernelCost cost;
  cost.factors1 = evaluate(functions.factors1, [&](char) { return size.n1; });
  if (!size.symmetric || functions.factors1 != functions.factors2)
    cost.factors2 = evaluate(functions.factors2, [&](char) { return size.n2; });
  cost.tile = evaluate(functions.tile, size) * size.getPairShare();
  return cost;
}
