// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Groups of contractions that are carried out together:
//
//     Θ + Z∘D + D = Θ + (Z + 1)∘D
//
// A layer's bias has the cotangent Gram D of its weight, and its feature is a
// one. Which contractions are a group is decided when they are planned, and
// carried out when the plans are.

#ifndef NTK_LIB_PLAN_GROUPS_H
#define NTK_LIB_PLAN_GROUPS_H

#include "dialects/NTK/IR/NTKOps.h"
#include "dialects/Support/Einsum.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::ntk {

/// On the last step of a contraction of a group, until groups are joined.
inline constexpr llvm::StringLiteral groupAttrName = "ntk.group";

/// The same sum of products, whatever its summed letters are called?
bool isSameEinsum(const Einsum &a, const Einsum &b);

/// Is a product of the word `result` one of the word `gram`, with each entry
/// multiplied by one of `with`, which has examples and outputs only?
bool isScaledBy(StringRef result, StringRef gram, StringRef with);

/// Makes groups of those `contractions`, planned and in their order, of which
/// one is a Gram that another has on its way.
void planGroups(ArrayRef<ContractOp> contractions);

/// Joins the steps that have `ntk.group`; `onJoin` is told which Gram goes and
/// what adds a one in its place. Fails, with an error on it, if one of a group
/// has no other that it could be joined with.
LogicalResult
joinGroups(func::FuncOp tile,
           function_ref<void(Operation *gram, Operation *one)> onJoin);

} // namespace mlir::ntk

#endif // NTK_LIB_PLAN_GROUPS_H
