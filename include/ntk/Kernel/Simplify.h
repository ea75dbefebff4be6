// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rewrites of contractions, one by one; see --ntk-simplify.

#ifndef NTK_KERNEL_SIMPLIFY_H
#define NTK_KERNEL_SIMPLIFY_H

#include "dialects/NTK/IR/NTKOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::ntk {

/// Σ_j δ[i,j] A[…,j,…] = A[…,i,…].
LogicalResult foldIdentityOperand(ContractOp op, PatternRewriter &rewriter);
/// `"ab -> ab" (%x)` is %x.
LogicalResult foldTrivialContract(ContractOp op, PatternRewriter &rewriter);
/// `"tc, tk -> ck" (broadcast %c, %z)` is `"c, tk -> ck" (%c, %z)`.
LogicalResult foldBroadcastOperand(ContractOp op, PatternRewriter &rewriter);

/// Does `op` make something larger of something small, which is better made
/// where it is used: an identity, a broadcast?
bool belongsInTile(Operation *op);

/// Simplifies all functions of `module` and moves identities and broadcasts of
/// factors into the tiles of its kernels.
LogicalResult simplifyKernels(ModuleOp module);

/// All patterns above.
void populateSimplifyPatterns(RewritePatternSet &patterns);

} // namespace mlir::ntk

#endif // NTK_KERNEL_SIMPLIFY_H
