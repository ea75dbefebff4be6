// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls of C functions from code on memrefs: addresses, arrays of 64-bit
// numbers on the stack, declarations.

#ifndef NTK_LIB_LOWER_CALLSUPPORT_H
#define NTK_LIB_LOWER_CALLSUPPORT_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::ntk {

/// The struct that a memref becomes: two pointers, offset, sizes, strides.
Type getDescriptorType(MemRefType type);

/// One number of the descriptor of a memref: the offset {2}, a size {3, axis},
/// a stride {4, axis}; or the address of the aligned pointer {1}, as i64.
Value readDescriptor(OpBuilder &builder, Location loc, Value memref,
                     ArrayRef<int64_t> position);

/// The address of the first element of a memref as i64. Without the static
/// offset, a memref of the same type at this address names the same elements.
Value createAddress(OpBuilder &builder, Location loc, Value memref,
                    bool addStaticOffset);

/// The address of the first element of a memref as a pointer.
Value createPointer(OpBuilder &builder, Location loc, Value memref);

/// A size of a memref as i64.
Value createSize(OpBuilder &builder, Location loc, Value memref, int64_t axis);

/// An array of i64 with these values (index, i64 or attributes), allocated on
/// the stack at the entry of the function, filled where the builder stands.
/// Returns a pointer to it.
Value createNumbers(OpBuilder &builder, Location loc,
                    ArrayRef<OpFoldResult> values);

/// The values from outside that `op` and its regions use, in the order of use.
SetVector<Value> getUsedValues(Operation *op);

/// Erases what nothing uses of the top level of a function of one block.
void eraseUnusedOps(func::FuncOp function);

/// The declaration of a C function, made if there is none.
func::FuncOp declareFunction(ModuleOp module, StringRef name,
                             FunctionType type);

} // namespace mlir::ntk

#endif // NTK_LIB_LOWER_CALLSUPPORT_H
