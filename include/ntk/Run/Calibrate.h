// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Measuring this machine: the kernels of the runtime on a grid of shapes, loops
// as they are compiled here, and the memory behind them.

#ifndef NTK_RUN_CALIBRATE_H
#define NTK_RUN_CALIBRATE_H

#include "mlir/IR/MLIRContext.h"
#include "ntk/Machine/Machine.h"
#include "llvm/Support/Error.h"

namespace mlir::ntk {

/// Measures this machine with the threads that there are, in a few seconds.
/// Fails if there is not enough memory, or if loops cannot be compiled.
llvm::Expected<Machine> calibrate(MLIRContext &context);

} // namespace mlir::ntk

#endif // NTK_RUN_CALIBRATE_H
