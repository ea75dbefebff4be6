// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cuts. Where parameters reach the outputs f only through a value b of B
// elements, their part of the kernel is that of b between its Jacobians,
//
//     Θ[n,m,o,p] = Σ_{B,D} J[n,o,B] Θ_b[n,m,B,D] J[m,p,D] + (all others),
//     J = ∂f/∂b,
//
// which takes B backward passes for them instead of O. Cuts nest: the kernel of
// b may be cut again before b.

#ifndef NTK_KERNEL_CUTS_H
#define NTK_KERNEL_CUTS_H

#include "dialects/NTK/IR/NTKOps.h"

namespace mlir::ntk {

/// The name by which a schedule knows the value that `op`, one of a network,
/// computes: that of its location, "pool", if no other op has it; else with its
/// place among the ops, "pool#7", or the place alone, "#7".
std::string getValueName(Operation *op);

/// The op of `network` whose value has that name; null if there is none.
Operation *findValue(NetworkOp network, StringRef name);

} // namespace mlir::ntk

#endif // NTK_KERNEL_CUTS_H
