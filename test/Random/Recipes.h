// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How each op of the dialect is drawn: one row for each.

#ifndef NTK_TEST_RANDOM_RECIPES_H
#define NTK_TEST_RANDOM_RECIPES_H

#include "Draft.h"

namespace mlir::ntk::random {

/// How an op comes into a network.
struct Recipe {
  StringLiteral op; ///< without the dialect's name
  /// Adds the op, and what its operands need, to the draft. Null if what was
  /// drawn does not fit; to be tried again.
  Value (*draw)(Draft &draft, StringRef op);
};

ArrayRef<Recipe> getElementwiseRecipes();
ArrayRef<Recipe> getMovementRecipes();
ArrayRef<Recipe> getWindowRecipes();

/// All rows.
SmallVector<Recipe> getRecipes();

/// The ops of the dialect that can stand in a network and have no recipe.
SmallVector<StringRef> getOpsWithoutRecipe(MLIRContext *context);

} // namespace mlir::ntk::random

#endif // NTK_TEST_RANDOM_RECIPES_H
