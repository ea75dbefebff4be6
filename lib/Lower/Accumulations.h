// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A kernel is a sum over sites, each of which adds into what the one before
// leaves. All values of such a chain are one buffer, and bufferization compares
// every read of a buffer with every write of it for every op that might write
// in place: a cost of the chain's length cubed, seconds for hundreds of sites.
// So a long chain is written to its destination every few links.

#ifndef NTK_LIB_LOWER_ACCUMULATIONS_H
#define NTK_LIB_LOWER_ACCUMULATIONS_H

#include "mlir/IR/Builders.h"

namespace mlir::ntk {

/// `sum` is to be written to the memref `destination`, of the same shape, which
/// nothing else in the block reads or writes and which is defined before the
/// chain of ops that ends in `sum`. Writes every few links of the chain there,
/// and lets the next link start from what is written.
void cutAccumulations(OpBuilder &builder, Value sum, Value destination);

} // namespace mlir::ntk

#endif // NTK_LIB_LOWER_ACCUMULATIONS_H
