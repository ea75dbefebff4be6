// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The Jacobians of reshapes, transposes and broadcasts, which are deltas: a
// parameter behind such views has the structure of its use, with the letters
// moved.

#include "dialects/NTK/IR/OpHelpers.h"

using namespace mlir;
using namespace mlir::ntk;

std::optional<JacobianStructure> ReshapeOp::getJacobianStructure(OpBuilder &,
                                                                 unsigned) {
  return getElementwiseStructure(ntk::getShape(getInput()));
}

std::optional<JacobianStructure> TransposeOp::getJacobianStructure(OpBuilder &,
                                                                   unsigned) {
  JacobianStructure structure = getElementwiseStructure(getShape(getInput()));
  structure.result = {"", llvm::to_vector(getShape(getResult())), {}};
  for (int64_t axis : getPermutation())
    structure.result.letters += structure.operand.letters[axis];
  return structure;
}

std::optional<JacobianStructure> BroadcastOp::getJacobianStructure(OpBuilder &,
                                                                   unsigned) {
  JacobianStructure structure = getElementwiseStructure(getShape());
  structure.operand = {"", llvm::to_vector(ntk::getShape(getInput())), {}};
  for (int64_t axis : getDimensions())
    structure.operand.letters += structure.result.letters[axis];
  return structure;
}
