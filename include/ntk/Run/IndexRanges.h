// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Integers of examples that a network reads a table with, or compares with
// classes: whether they are in the table, or a class.

#ifndef NTK_RUN_INDEXRANGES_H
#define NTK_RUN_INDEXRANGES_H

#include "ntk/Run/Examples.h"

namespace mlir::ntk {

/// Refuses examples of which an op of the network would get integers that it is
/// not defined for. What the network computes from the inputs is evaluated, as
/// far as no parameter is in it. The error names the input, the integers that
/// are right, and the one that is not.
llvm::Error checkIndices(Model &model, const ParameterStore &store,
                         const Examples &examples, ExampleSource source);

/// A bound of the ids that a gather reads its table with, if the input is one:
/// they are from -bound to bound - 1. 0: the input has no bound.
int64_t getIdBound(Model &model, const NetworkInput &input);

} // namespace mlir::ntk

#endif // NTK_RUN_INDEXRANGES_H
