// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The Jacobians of reshapes, transposes and broadcasts, which are deltas: a
// parameter behind such views has the structure of its use, with the letters
// moved.

#include "dialects/NTK/IR/Einsum.h"
#include "dialects/NTK/IR/NTKOps.h"

using namespace mlir;
using namespace mlir::ntk;

/// As many different letters as `shape` has dimensions, none of n, o, m, p.
static std::string getLetters(size_t count) {
  std::string letters, used = canonicalOrder.str();
  for (size_t i = 0; i < count; ++i) {
    letters += getFreeLetter(used);
    used += letters.back();
  }
  return letters;
}

static SmallVector<int64_t> getShapeOf(Value value) {
  return llvm::to_vector(cast<RankedTensorType>(value.getType()).getShape());
}

std::optional<JacobianStructure> ReshapeOp::getJacobianStructure(OpBuilder &,
                                                                 unsigned) {
  JacobianStructure structure;
  structure.operandShape = structure.resultShape = getShapeOf(getInput());
  structure.operandIndices = structure.resultIndices =
      getLetters(structure.operandShape.size());
  return structure;
}

std::optional<JacobianStructure> TransposeOp::getJacobianStructure(OpBuilder &,
                                                                   unsigned) {
  JacobianStructure structure;
  structure.operandShape = getShapeOf(getInput());
  structure.resultShape = getShapeOf(getResult());
  structure.operandIndices = getLetters(structure.operandShape.size());
  for (int64_t axis : getPermutation())
    structure.resultIndices += structure.operandIndices[axis];
  return structure;
}

std::optional<JacobianStructure> BroadcastOp::getJacobianStructure(OpBuilder &,
                                                                   unsigned) {
  JacobianStructure structure;
  structure.operandShape = getShapeOf(getInput());
  structure.resultShape = getShapeOf(getResult());
  structure.resultIndices = getLetters(structure.resultShape.size());
  for (int64_t axis : getDimensions())
    structure.operandIndices += structure.resultIndices[axis];
  return structure;
}
