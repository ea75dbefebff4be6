// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which memory a memref of Level 3 is. Parts of a block are views at offsets of
// their own, and no two that are used by one step overlap.

#ifndef NTK_LIB_LOWER_MEMORYKEY_H
#define NTK_LIB_LOWER_MEMORYKEY_H

#include "mlir/IR/Value.h"

#include <utility>

namespace mlir::ntk {

/// The block, and where in it the part begins.
using MemoryKey = std::pair<const void *, const void *>;

/// Memrefs of different keys share no element; of equal keys they may.
MemoryKey getMemoryKey(Value memref);

} // namespace mlir::ntk

#endif // NTK_LIB_LOWER_MEMORYKEY_H
