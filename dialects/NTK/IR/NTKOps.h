// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dialect `ntk`: networks (Level 1) and the kernel algebra (Level 2).

#ifndef NTK_DIALECTS_NTK_IR_NTKOPS_H
#define NTK_DIALECTS_NTK_IR_NTKOPS_H

#include "dialects/NTK/IR/Elementwise.h"
#include "dialects/NTK/IR/KernelSpec.h"
#include "dialects/NTK/Interfaces/NTKInterfaces.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace mlir::ntk {

/// Attribute names of network arguments.
inline constexpr llvm::StringLiteral paramAttrName = "ntk.param";
inline constexpr llvm::StringLiteral bufferAttrName = "ntk.buffer";

class ReturnOp;

using CoreTypeFunction = function_ref<FailureOr<RankedTensorType>(
    ArrayRef<RankedTensorType>, function_ref<InFlightDiagnostic()>)>;

/// Infers the type of a batched op: strips the batch letters of each operand,
/// asks `inferCore` for the core, and puts the union of the letters in front.
LogicalResult inferBatchedType(MLIRContext *context,
                               std::optional<Location> location,
                               StringRef opName, ValueRange operands,
                               ArrayAttr batch, CoreTypeFunction inferCore,
                               SmallVectorImpl<Type> &types);

/// An ntk.constant of the given type with one value everywhere.
Value createSplat(OpBuilder &builder, Location loc, RankedTensorType type,
                  double value);

} // namespace mlir::ntk

#include "dialects/NTK/IR/NTKDialect.h.inc"
#include "dialects/NTK/IR/NTKEnums.h.inc"
#include "dialects/NTK/IR/Schedule.h"
#define GET_ATTRDEF_CLASSES
#include "dialects/NTK/IR/NTKAttributes.h.inc"
#define GET_OP_CLASSES
#include "dialects/NTK/IR/NTKOps.h.inc"

namespace mlir::ntk {

/// Builds an op of one example (without batch letters) and returns its result:
/// `createOp<ReluOp>(builder, loc, x)`.
template <typename OpTy, typename... Args>
Value createOp(OpBuilder &builder, Location loc, Args &&...args) {
  return builder.create<OpTy>(loc, std::forward<Args>(args)...,
                              /*batch=*/ArrayAttr());
}

/// Builds an `ntk.contract` of one example: `createContract(b, loc, "k, ck ->
/// c", {x, w})`.
Value createContract(OpBuilder &builder, Location loc, StringRef spec,
                     ValueRange factors);

} // namespace mlir::ntk

#endif // NTK_DIALECTS_NTK_IR_NTKOPS_H
