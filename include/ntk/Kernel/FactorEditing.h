// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Moving work between the factors of one side and the tile. A factor is a
// result of a factor function and an argument of the tile; letters are n and o
// in the former, m and p in the tile on side 2.

#ifndef NTK_KERNEL_FACTOREDITING_H
#define NTK_KERNEL_FACTOREDITING_H

#include "mlir/IR/IRMapping.h"
#include "ntk/Kernel/Expand.h"

namespace mlir::ntk {

/// Edits the factors of one side of a kernel whose sides have functions of
/// their own.
class FactorEditor {
public:
  FactorEditor(KernelFunctions functions, int side);

  /// The tile's arguments that are factors of this side.
  SmallVector<BlockArgument> getFactors();

  /// What the factor function returns for a factor argument of the tile.
  Value getResult(BlockArgument factor);

  /// Computes a factor in the tile: the op that makes it is cloned to the start
  /// of the tile, its operands become factors (or are parameters there).
  void sink(BlockArgument factor);

  /// Moves the ops of the tile all of whose operands are factors of this side,
  /// parameters or constants, or results of such ops, to the end of the factor
  /// function, but for those of which `stays` holds. What others read of their
  /// results becomes factors.
  void hoistOneSidedOps(function_ref<bool(Operation *)> stays);

  /// Removes factors that the tile does not read, and what only they needed.
  void removeUnused();

private:
  /// Is every operand of `op`, an op of the tile, a factor of this side, a
  /// parameter, a buffer, a constant or in `moved`, and at least one a factor
  /// or in `moved`?
  bool isOneSided(Operation *op, const IRMapping &moved);
  Value findInFactors(Value value, const IRMapping &moved,
                      const DenseMap<StringAttr, Value> &stored);
  Operation *cloneIntoFactors(Operation *op, const IRMapping &moved,
                              const DenseMap<StringAttr, Value> &stored);
  /// A value of the factor function that is to be a factor; its letters in the
  /// tile.
  struct NewFactor {
    Value result;
    std::string letters;
    Location loc;
  };
  SmallVector<BlockArgument> addFactors(ArrayRef<NewFactor> added);
  std::string toFactorLetters(StringRef letters) const;
  std::string toTileLetters(StringRef letters) const;
  Value getOtherFunctionValue(func::FuncOp from, func::FuncOp to, Value value);
  void renameBatch(Operation *op, bool toTile);

  func::FuncOp factors, tile;
  int side;
};

} // namespace mlir::ntk

#endif // NTK_KERNEL_FACTOREDITING_H
