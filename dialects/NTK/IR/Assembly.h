// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Parts of the ops' text forms that their declarations name as custom<…>. What
// is printed leaves out the types that others say; parsed is also the form that
// has all of them.

#ifndef NTK_DIALECTS_NTK_IR_ASSEMBLY_H
#define NTK_DIALECTS_NTK_IR_ASSEMBLY_H

#include "mlir/IR/OpImplementation.h"
#include <optional>

namespace mlir::ntk {

/// One type for an operand and the result if they are the same, otherwise
/// `(T) -> R`.
ParseResult parseSameTypes(OpAsmParser &parser, Type &operand, Type &result);
void printSameTypes(OpAsmPrinter &printer, Operation *op, Type operand,
                    Type result);

/// The same of two operands.
ParseResult parseSameTypes(OpAsmParser &parser, Type &lhs, Type &rhs,
                           Type &result);
void printSameTypes(OpAsmPrinter &printer, Operation *op, Type lhs, Type rhs,
                    Type result);

/// `(T, …) -> R`, where R is also the type of `init`, if there is one.
ParseResult parseContractTypes(
    OpAsmParser &parser, SmallVectorImpl<Type> &factors, Type &init,
    Type &result,
    const std::optional<OpAsmParser::UnresolvedOperand> &initOperand);
void printContractTypes(OpAsmPrinter &printer, Operation *op, TypeRange factors,
                        Type init, Type result, Value initOperand);

/// A type for the attributes that say it: of zeros, and of the rows of an
/// identity.
ParseResult parseShapeType(OpAsmParser &parser, DenseI64ArrayAttr &shape,
                           TypeAttr &element);
void printShapeType(OpAsmPrinter &printer, Operation *op,
                    DenseI64ArrayAttr shape, TypeAttr element);
ParseResult parseIdentityType(OpAsmParser &parser, IntegerAttr &outputs,
                              IntegerAttr &block, TypeAttr &element);
void printIdentityType(OpAsmPrinter &printer, Operation *op,
                       IntegerAttr outputs, IntegerAttr block,
                       TypeAttr element);

/// `(J1, J2)`.
ParseResult parseKernelOperands(OpAsmParser &parser, ArrayAttr &operands);
void printKernelOperands(OpAsmPrinter &printer, Operation *op,
                         ArrayAttr operands);

} // namespace mlir::ntk

#endif // NTK_DIALECTS_NTK_IR_ASSEMBLY_H
