// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The numbers a network is checked at. They follow from its text and a seed
// alone: every argument has a name and a range, and each element is a hash of
// the seed, that name, the example and the position. So a network that was made
// smaller keeps the numbers of the arguments it still has, and a .mlir file and
// a seed are all there is to keep.

#ifndef NTK_TEST_RANDOM_VALUES_H
#define NTK_TEST_RANDOM_VALUES_H

#include "ntk/Reference/ReferenceKernel.h"
#include "ntk/Run/Examples.h"

namespace mlir::ntk::random {

/// The attribute of an argument that holds [low, high): floats are drawn from
/// it and rounded to f32, integers are the floors of such numbers, masks below
/// [0, 2). Without it floats are from [-1, 1), integers and masks from [0, 2).
inline constexpr StringLiteral rangeAttrName = "check.range";

/// The name of an argument: of its parameter, buffer or input.
std::string getArgumentName(NetworkOp network, unsigned argument);

/// The value of an argument; `example` matters to inputs alone.
DualTensor drawArgument(NetworkOp network, unsigned argument, int64_t example,
                        uint64_t seed);

/// One value for each argument, at one example.
Arguments drawArguments(NetworkOp network, int64_t example, uint64_t seed);

/// The inputs of examples first, first + 1, … as the driver takes them.
llvm::Expected<Examples> drawExamples(NetworkOp network, int64_t first,
                                      int64_t count, uint64_t seed);

/// The parameters and buffers as the driver takes them.
llvm::Expected<ParameterStore> drawParameters(NetworkOp network, uint64_t seed);

} // namespace mlir::ntk::random

#endif // NTK_TEST_RANDOM_VALUES_H
