// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a kernel request to Level 2: functions that compute the factors of a
// block of examples, one for each side, and one that contracts two blocks of
// factors to a tile of the kernel.
//
//     @theta_factors1/2(x[n], …, parameters) -> factors
//     @theta_tile(factors1, factors2, n, m, parameters) -> tile [n, o, m, p]

#ifndef NTK_KERNEL_EXPAND_H
#define NTK_KERNEL_EXPAND_H

#include "dialects/NTK/IR/NTKOps.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace mlir::ntk {

/// Attributes of the functions of a kernel program. `kernelAttrName` names the
/// kernel on a function, `roleAttrName` is "factors" or "tile", `sidesAttrName`
/// lists the sides (1, 2) a factor function computes.
inline constexpr llvm::StringLiteral kernelAttrName = "ntk.kernel";
inline constexpr llvm::StringLiteral roleAttrName = "ntk.role";
inline constexpr llvm::StringLiteral sidesAttrName = "ntk.sides";

/// Attributes of their arguments: an input of the network by name, its batch
/// letters, the runtime size of a letter, the first output of the block, and
/// the number and side of a factor.
inline constexpr llvm::StringLiteral inputAttrName = "ntk.input";
inline constexpr llvm::StringLiteral batchArgAttrName = "ntk.batch";
inline constexpr llvm::StringLiteral sizeAttrName = "ntk.size";
inline constexpr llvm::StringLiteral firstOutputAttrName = "ntk.first_output";
inline constexpr llvm::StringLiteral factorAttrName = "ntk.factor";
inline constexpr llvm::StringLiteral sideAttrName = "ntk.side";

/// The functions of one kernel.
struct KernelFunctions {
  func::FuncOp factors1, factors2; ///< the same function if the sides agree
  func::FuncOp tile;
};

/// Finds them by their attributes; members are null if there are none.
KernelFunctions findKernelFunctions(ModuleOp module, StringRef kernel);

/// The network of a request; an error on the request if there is none.
FailureOr<NetworkOp> findNetwork(KernelOp kernel);

/// Expands one kernel by the method its schedule says (structured without one),
/// next to the kernel. Fails, with an error on the kernel, if the
/// request does not fit the network.
FailureOr<KernelFunctions> expandKernel(KernelOp kernel);

/// Is the network argument `i` asked for in the `wrt` of `kernel`?
bool isRequested(KernelOp kernel, NetworkOp network, unsigned i);

} // namespace mlir::ntk

#endif // NTK_KERNEL_EXPAND_H
