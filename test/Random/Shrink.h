// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Making a network that fails smaller.

#ifndef NTK_TEST_RANDOM_SHRINK_H
#define NTK_TEST_RANDOM_SHRINK_H

#include "Values.h"

namespace mlir::ntk::random {

/// A smaller module that still has the property, by the steps, repeated while
/// one helps: an output is dropped, or an earlier value returned; an op is
/// replaced by an operand or by a new argument of the range its value has; a
/// parameter becomes a buffer; unused arguments go. `stillFails` is asked of
/// modules with one valid network.
OwningOpRef<ModuleOp> shrinkNetwork(ModuleOp module, uint64_t seed,
                                    int64_t examples,
                                    function_ref<bool(ModuleOp)> stillFails);

} // namespace mlir::ntk::random

#endif // NTK_TEST_RANDOM_SHRINK_H
