// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A pair of terms in the tile,
//
//     Σ_θ Σ C1 Π F1 · C2 Π F2,
//
// with the letters of θ shared by the two sides and all others private to one.

#ifndef NTK_LIB_KERNEL_PAIRPRODUCT_H
#define NTK_LIB_KERNEL_PAIRPRODUCT_H

#include "dialects/Support/Einsum.h"
#include "ntk/Kernel/Sites.h"

namespace mlir::ntk {

/// The operands of a contraction, and its letters; the result has the batch
/// letters of the operands.
struct PairProduct {
  SmallVector<Value> operands;
  Einsum einsum;
};

/// The factors of both terms as `getFactor(side, value)` has them in the tile.
/// One-hot factors leave: two of one axis of θ meet in equal positions,
///
///     Σ_v [a[t] = v] [b[s] = v] = [a[t] = b[s]],
///
/// as a mask, or, where there is at most one such s for each t, by reading the
/// other factors of s there; and where one term alone has a one-hot, the
/// factors of the other are read at its positions. No value of the size of that
/// axis is made.
PairProduct
buildPairProduct(OpBuilder &builder, Location loc, const TermPair &pair,
                 function_ref<BatchedValue(int side, Value)> getFactor);

} // namespace mlir::ntk

#endif // NTK_LIB_KERNEL_PAIRPRODUCT_H
