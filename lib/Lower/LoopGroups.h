// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Neighbouring loops of an op that go through memory as one loop would.

#ifndef NTK_LIB_LOWER_LOOPGROUPS_H
#define NTK_LIB_LOWER_LOOPGROUPS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::ntk {

/// The loops of `op` in groups that can be one loop each; every loop alone
/// where the op reads its indices, or its operands are windows.
SmallVector<ReassociationIndices> findLoopGroups(linalg::LinalgOp op);

} // namespace mlir::ntk

#endif // NTK_LIB_LOWER_LOOPGROUPS_H
