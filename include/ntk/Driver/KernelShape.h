// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The axes of a kernel in its file.

#ifndef NTK_DRIVER_KERNELSHAPE_H
#define NTK_DRIVER_KERNELSHAPE_H

#include "dialects/NTK/IR/NTKOps.h"

namespace mlir::ntk {

/// The shape of a kernel in its file: [n1, n2] and the output axes. A full
/// kernel of one output with axes a, b has [n1, n2, a, a, b, b]; several
/// outputs are joined flat.
SmallVector<int64_t> getKernelShape(NetworkOp network, KernelOutputs outputs,
                                    int64_t n1, int64_t n2);

/// Brings a full kernel from [n1, n2, O, O] to the interleaved axes above, in
/// place; leaves all others alone.
void interleaveOutputAxes(NetworkOp network, KernelOutputs outputs,
                          int64_t pairs, int64_t elementBytes, char *theta);

} // namespace mlir::ntk

#endif // NTK_DRIVER_KERNELSHAPE_H
