// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ntk-run --reference: the kernel by the reference interpreter.

#ifndef NTK_RUN_REFERENCERUN_H
#define NTK_RUN_REFERENCERUN_H

#include "ntk/Compile/KernelShape.h"
#include "ntk/Run/Examples.h"

namespace mlir::ntk {

/// Elements `first`, `first` + 1, … of an array that convertTo has made, as a
/// tensor of this shape.
DualTensor toDual(const Array &array, ArrayRef<int64_t> shape, int64_t first);

/// The kernel of `shape`, in f64 and with the shape of its file. `x2` is null
/// if x1 = x2. `bytes` are those of the result.
llvm::Expected<Array> runReference(Model &model, const KernelShape &shape,
                                   const Examples &x1, const Examples *x2,
                                   MutableArrayRef<char> &bytes);

} // namespace mlir::ntk

#endif // NTK_RUN_REFERENCERUN_H
