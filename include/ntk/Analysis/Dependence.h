// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Activity analysis: which values of a straight-line block depend on which
// others. Derivatives are built only for what some requested parameter reaches.

#ifndef NTK_ANALYSIS_DEPENDENCE_H
#define NTK_ANALYSIS_DEPENDENCE_H

#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"
#include "mlir/IR/ValueRange.h"
#include "llvm/ADT/DenseSet.h"

namespace mlir::ntk {

/// `sources` and every value of `block` that is computed from one of them, by
/// whatever op.
DenseSet<Value> getDependents(Block &block, ValueRange sources);

/// As above, but only along operands in which the ops are differentiable:
/// the values whose derivatives by `sources` can differ from zero.
DenseSet<Value> getActiveDependents(Block &block, ValueRange sources);

} // namespace mlir::ntk

#endif // NTK_ANALYSIS_DEPENDENCE_H
