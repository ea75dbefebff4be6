// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The algebra of structures. By the chain rule, J[y, θ] = Σ_v J[y, v] J[v, θ]
// is again a product over shared indices, if both factors take v apart into
// axes that can be split until they are the same.

#ifndef NTK_LIB_KERNEL_COMPOSITION_H
#define NTK_LIB_KERNEL_COMPOSITION_H

#include "ntk/Kernel/Sites.h"

namespace mlir::ntk {

/// The positions of an axis that both spans have, in the order of `b`; nothing
/// if there are none.
std::optional<Span> intersect(const Span &a, const Span &b);

/// The values of an index that runs over `whole` which stand for the positions
/// `part`, all of them positions of `whole`.
Span locate(const Span &part, const Span &whole);

/// The elements of `value` at the positions `span` of `axis`.
Value takeSpan(OpBuilder &builder, Value value, size_t axis, const Span &span);

/// Sizes that every one of `shapes`, which have as many elements, can be split
/// into, in row-major order and without ones; nothing if there are none.
std::optional<SmallVector<int64_t>>
getCommonShape(ArrayRef<ArrayRef<int64_t>> shapes);

/// Splits the indices of `axes`, which are `structure`'s result or operand, so
/// that the axes have the sizes `shape`, ones aside. Fails where a span or a
/// one-hot feature forbids it.
LogicalResult splitAxes(OpBuilder &builder, JacobianStructure &structure,
                        const IndexedAxes &axes, ArrayRef<int64_t> shape);

/// How many different indices a structure has. Two structures of a pair, and n,
/// m, o, p, have to do with 52 letters.
inline constexpr size_t mostIndices = 20;
size_t countIndices(const JacobianStructure &structure);

/// J[y, θ] from J[y, v] and J[v, θ]; nothing if it is no product over indices,
/// or one of too many factors to order. Its scale is 0 if y does not depend on
/// θ by way of v.
std::optional<JacobianStructure>
compose(OpBuilder &builder, JacobianStructure use, JacobianStructure view);

} // namespace mlir::ntk

#endif // NTK_LIB_KERNEL_COMPOSITION_H
