// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One-hot factors, the features of tables that are picked from. They are never
// made: what they are multiplied with is read, or added up, at their positions.

#ifndef NTK_LIB_KERNEL_ONEHOTS_H
#define NTK_LIB_KERNEL_ONEHOTS_H

#include "ntk/Kernel/Sites.h"

namespace mlir::ntk {

/// Σ_v [ids[i…] = v] A[…,v,…] = A[…,ids[i…],…]: what else has the letter of a
/// position is read there, until θ alone has it; if not even θ has, the sum of
/// the one-hot is one, and it leaves.
void readAtPositions(OpBuilder &builder, SiteTerm &term);

/// start + step · ids, for positions counted in a part of an axis of θ.
void countInWholeAxes(OpBuilder &builder, SiteTerm &term);

/// The term with the cotangents of equal positions added up,
///
///     C'[f…] = Σ_{t: f is the first with ids[f] = ids[t]} C[t…],
///
/// so that each position of another term has at most one equal. Row 0 is zero
/// and stands for "none"; the rows behind it are those of t. Nothing if factors
/// beside the cotangent depend on t, or if there is but one t.
std::optional<SiteTerm>
mergeEqualPositions(OpBuilder &builder, const SiteTerm &term, char selected);

/// For each t of `a` the first s with b[s] = a[t], or 0 if there is none; i32,
/// with the letters of both batches. `a` and `b` have one core dimension.
BatchedValue createFirstEqual(OpBuilder &builder, Location loc,
                              const BatchedValue &a, const BatchedValue &b);

/// [a[t…] = b[s…]], a mask, with the letters of both batches and the core
/// dimensions of both.
BatchedValue createEqual(OpBuilder &builder, Location loc,
                         const BatchedValue &a, const BatchedValue &b);

} // namespace mlir::ntk

#endif // NTK_LIB_KERNEL_ONEHOTS_H
