// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How a loop nest, or an op that becomes one, is shared out among threads.

#ifndef NTK_LIB_LOWER_NESTPARTITION_H
#define NTK_LIB_LOWER_NESTPARTITION_H

#include "mlir/IR/Operation.h"
#include "ntk/Lower/LoopPartition.h"

namespace mlir::ntk {

/// The partition of the outer parallel loops of a nest, those of one trip left
/// out; nothing is collapsed where there are none that can be cut.
LoopPartition planNest(Operation *nest);

} // namespace mlir::ntk

#endif // NTK_LIB_LOWER_NESTPARTITION_H
