// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random valid networks.

#ifndef NTK_TEST_RANDOM_GENERATOR_H
#define NTK_TEST_RANDOM_GENERATOR_H

#include "Recipes.h"

namespace mlir::ntk::random {

/// A module with one network in f64, drawn from `recipes`. Its arguments have
/// their ranges; with the values that drawArgument gives for this seed, at
/// examples 0 to `examples` - 1, everything in it is finite and smooth.
OwningOpRef<ModuleOp> generateNetwork(MLIRContext *context, uint64_t seed,
                                      int64_t examples,
                                      ArrayRef<Recipe> recipes);

} // namespace mlir::ntk::random

#endif // NTK_TEST_RANDOM_GENERATOR_H
