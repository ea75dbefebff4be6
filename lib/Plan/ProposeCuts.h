// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Proposing where a kernel is cut, by estimates.

#ifndef NTK_LIB_PLAN_PROPOSECUTS_H
#define NTK_LIB_PLAN_PROPOSECUTS_H

#include "ntk/Plan/Cost.h"

namespace mlir::ntk {

/// The values, by name and in the order of the network, that `kernel` should be
/// cut at; none if estimates say that it is cheaper whole.
std::vector<std::string> proposeCuts(KernelOp kernel, NetworkOp network,
                                     const ProblemSize &size);

} // namespace mlir::ntk

#endif // NTK_LIB_PLAN_PROPOSECUTS_H
