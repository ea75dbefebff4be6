// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The operator interfaces of Level 1 and Level 2, and the small types they
// speak in.

#ifndef NTK_DIALECTS_NTK_INTERFACES_NTKINTERFACES_H
#define NTK_DIALECTS_NTK_INTERFACES_NTKINTERFACES_H

#include "dialects/NTK/Interfaces/Batch.h"
#include "dialects/NTK/Interfaces/Dual.h"
#include "dialects/NTK/Interfaces/Lowering.h"
#include "dialects/NTK/Interfaces/Polynomial.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/TypeUtilities.h"

#include <optional>

namespace mlir::ntk {

/// How a result depends on the floating-point operands of its op.
enum class Linearity {
  Constant, ///< no derivative: compare, sign, winners
  None,     ///< a derivative rule of its own
  Joint,    ///< linear in all operands together: add, concat, reshape
  Multi     ///< linear in each operand: mul, contract, conv
};

/// The Jacobian of one op in one parameter operand, as index sharing. Indices
/// are single letters a-z, A-Z; n, o, m and p are kept free for examples and
/// outputs.
struct JacobianStructure {
  /// Values of one example and the letters of their dimensions.
  SmallVector<Value> features;
  SmallVector<std::string> featureIndices;
  /// Letters and sizes of y (its cotangent is reshaped to them).
  std::string resultIndices;
  SmallVector<int64_t> resultShape;
  /// Letters and sizes of θ, in row-major order of θ.
  std::string operandIndices;
  SmallVector<int64_t> operandShape;
};

/// Default of `BatchableOpInterface::buildBatched`.
Value cloneBatched(OpBuilder &builder, Operation *op, ValueRange operands,
                   ArrayRef<std::string> batch);

/// Default of `DifferentiableOpInterface::buildJvp`, by the linearity of `op`.
Value buildLinearJvp(OpBuilder &builder, Operation *op, ValueRange tangents);

/// Defaults of `CostOpInterface`.
Polynomial getBatchedFlops(Operation *op, int64_t coreFlops);
Polynomial getOperandAndResultBytes(Operation *op);

} // namespace mlir::ntk

#include "dialects/NTK/Interfaces/NTKInterfaces.h.inc"

#endif // NTK_DIALECTS_NTK_INTERFACES_NTKINTERFACES_H
