// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the name of a value of torch's graph says of how it was made. Names are
// those of operators, numbered: `permute_3` is a permute.

#ifndef NTK_LIB_IMPORT_ONNX_UNDO_FXNAMES_H
#define NTK_LIB_IMPORT_ONNX_UNDO_FXNAMES_H

#include "llvm/ADT/StringRef.h"

namespace mlir::ntk::onnximport {

/// The name without what numbers it and tells overloads apart.
llvm::StringRef baseName(llvm::StringRef name);

/// Is it `val_7`, which names no operator?
bool isUnnamed(llvm::StringRef name);

/// What an operator does to the elements of a tensor. The classes are bits: an
/// operator may be of several.
enum FxClass : unsigned {
  Transposes = 1,  ///< swaps axes
  Reshapes = 2,    ///< the same elements in the same order, of other axes
  Picks = 4,       ///< some of the elements
  Repeats = 8,     ///< elements more than once
  Joins = 16,      ///< several tensors to one
  Indexes = 32,    ///< arithmetic of positions
  Makes = 64,      ///< makes values of nothing
  Carries = 128,   ///< no more than passes values or sizes on
  LooksUp = 256,   ///< picks at positions that are data
  Positions = 512, ///< arithmetic that positions need more often than values
  Neutral = 1024   ///< passes a value on beside some number
};
/// Each element once.
inline constexpr unsigned Moves = Transposes | Reshapes;
/// What holds no parameter that matters by itself.
inline constexpr unsigned Harmless =
    Moves | Picks | Repeats | Joins | Makes | Carries;

/// The classes of an operator by its base name; 0 for arithmetic.
unsigned classify(llvm::StringRef base);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_UNDO_FXNAMES_H
