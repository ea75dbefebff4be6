// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The methods of the paper as ways to build factors and tile.

#ifndef NTK_LIB_KERNEL_METHODS_H
#define NTK_LIB_KERNEL_METHODS_H

#include "KernelRequest.h"

namespace mlir::ntk {

/// Structured derivatives: one contraction for each pair of terms of a
/// parameter. With `explicitGradients` every parameter's one site is itself:
/// Jacobian contraction.
KernelFunctions expandStructured(KernelRequest &request,
                                 bool explicitGradients);

/// NTK-vector products: side 2 gives the gradients of a block of (m, p), the
/// tile is the JVP of the network along them, at the examples of side 1.
KernelFunctions expandVectorProducts(KernelRequest &request);

} // namespace mlir::ntk

#endif // NTK_LIB_KERNEL_METHODS_H
