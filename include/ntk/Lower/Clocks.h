// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Clocks of the steps of a program.

#ifndef NTK_LOWER_CLOCKS_H
#define NTK_LOWER_CLOCKS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::ntk {

/// Reads a clock where the function begins, and behind each numbered step.
void addClocks(func::FuncOp function);

} // namespace mlir::ntk

#endif // NTK_LOWER_CLOCKS_H
