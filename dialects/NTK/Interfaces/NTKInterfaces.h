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
#include "dialects/NTK/Interfaces/Structure.h"
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
