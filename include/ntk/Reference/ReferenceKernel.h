// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Dense Jacobians and kernels of whole networks by dual numbers: the oracle of
// `ntk-run --reference` and of the tests.

#ifndef NTK_REFERENCE_REFERENCEKERNEL_H
#define NTK_REFERENCE_REFERENCEKERNEL_H

#include "ntk/Reference/Interpreter.h"

namespace mlir::ntk {

/// One value for each argument of a network.
using Arguments = std::vector<DualTensor>;

/// The results of `network`, flattened and joined: the vector f of O outputs.
FailureOr<std::vector<Dual>> evaluateNetwork(NetworkOp network,
                                             const Arguments &arguments);

/// The dense Jacobian of f in the arguments numbered `wrt`, joined row-major in
/// this order: O rows of as many columns as they have elements.
FailureOr<std::vector<double>> evaluateJacobian(NetworkOp network,
                                                const Arguments &arguments,
                                                ArrayRef<unsigned> wrt);

/// Θ[n,m,o,p] = Σ_θ ∂f_o(x1_n)/∂θ · ∂f_p(x2_m)/∂θ, row-major, over the
/// arguments numbered `wrt`. `arguments` holds parameters and buffers; its
/// inputs are replaced by those of each example, in the order of the network's
/// input arguments. Without examples on the second side they are those of the
/// first. Derivatives are taken in Dual::directions directions at a time, and
/// no Jacobian is stored.
FailureOr<std::vector<double>> referenceKernel(NetworkOp network,
                                               const Arguments &arguments,
                                               ArrayRef<Arguments> examples1,
                                               ArrayRef<Arguments> examples2,
                                               ArrayRef<unsigned> wrt);

} // namespace mlir::ntk

#endif // NTK_REFERENCE_REFERENCEKERNEL_H
