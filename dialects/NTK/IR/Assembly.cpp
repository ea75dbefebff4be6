// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types in the text of ops: none twice.

#include "dialects/NTK/IR/Assembly.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// Elementwise ops
//===----------------------------------------------------------------------===//

/// One type for all, or `(T, …) -> R` of so many operands.
static ParseResult parseTypes(OpAsmParser &parser,
                              MutableArrayRef<Type *> operands, Type &result) {
  SMLoc loc = parser.getCurrentLocation();
  if (failed(parser.parseOptionalLParen())) {
    if (parser.parseType(result))
      return failure();
    for (Type *type : operands)
      *type = result;
    return success();
  }
  SmallVector<Type> types;
  if (parser.parseTypeList(types) || parser.parseRParen() ||
      parser.parseArrowTypeList(types))
    return failure();
  if (types.size() != operands.size() + 1)
    return parser.emitError(loc, "expected types of ")
           << operands.size() << " operands and a result";
  for (auto [operand, type] : llvm::zip(operands, types))
    *operand = type;
  result = types.back();
  return success();
}

static void printTypes(OpAsmPrinter &printer, TypeRange operands, Type result) {
  if (llvm::all_equal(operands) && operands.front() == result)
    printer << result;
  else
    printer.printFunctionalType(operands, TypeRange(ArrayRef(result)));
}

ParseResult mlir::ntk::parseSameTypes(OpAsmParser &parser, Type &operand,
                                      Type &result) {
  Type *operands[] = {&operand};
  return parseTypes(parser, operands, result);
}

void mlir::ntk::printSameTypes(OpAsmPrinter &printer, Operation *, Type operand,
                               Type result) {
  printTypes(printer, operand, result);
}

ParseResult mlir::ntk::parseSameTypes(OpAsmParser &parser, Type &lhs, Type &rhs,
                                      Type &result) {
  Type *operands[] = {&lhs, &rhs};
  return parseTypes(parser, operands, result);
}

void mlir::ntk::printSameTypes(OpAsmPrinter &printer, Operation *, Type lhs,
                               Type rhs, Type result) {
  Type operands[] = {lhs, rhs};
  printTypes(printer, operands, result);
}

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

ParseResult mlir::ntk::parseContractTypes(
    OpAsmParser &parser, SmallVectorImpl<Type> &factors, Type &init,
    Type &result,
    const std::optional<OpAsmParser::UnresolvedOperand> &initOperand) {
  if (parser.parseLParen() || parser.parseTypeList(factors))
    return failure();
  bool hasInitType = succeeded(parser.parseOptionalKeyword("into"));
  if ((hasInitType && parser.parseType(init)) || parser.parseRParen() ||
      parser.parseArrow() || parser.parseType(result))
    return failure();
  if (initOperand && !hasInitType)
    init = result;
  return success();
}

void mlir::ntk::printContractTypes(OpAsmPrinter &printer, Operation *,
                                   TypeRange factors, Type, Type result,
                                   Value) {
  printer << '(' << factors << ") -> " << result;
}

//===----------------------------------------------------------------------===//
// Types that attributes say
//===----------------------------------------------------------------------===//

ParseResult mlir::ntk::parseShapeType(OpAsmParser &parser,
                                      DenseI64ArrayAttr &shape,
                                      TypeAttr &element) {
  RankedTensorType type;
  if (parser.parseType(type))
    return failure();
  shape = parser.getBuilder().getDenseI64ArrayAttr(type.getShape());
  element = TypeAttr::get(type.getElementType());
  return success();
}

void mlir::ntk::printShapeType(OpAsmPrinter &printer, Operation *,
                               DenseI64ArrayAttr shape, TypeAttr element) {
  printer << RankedTensorType::get(shape.asArrayRef(), element.getValue());
}

ParseResult mlir::ntk::parseIdentityType(OpAsmParser &parser,
                                         IntegerAttr &outputs,
                                         IntegerAttr &block,
                                         TypeAttr &element) {
  SMLoc loc = parser.getCurrentLocation();
  RankedTensorType type;
  if (parser.parseType(type))
    return failure();
  if (type.getRank() != 2 || !type.hasStaticShape())
    return parser.emitError(loc, "expected rows of an identity, but got ")
           << type;
  block = parser.getBuilder().getI64IntegerAttr(type.getDimSize(0));
  outputs = parser.getBuilder().getI64IntegerAttr(type.getDimSize(1));
  element = TypeAttr::get(type.getElementType());
  return success();
}

void mlir::ntk::printIdentityType(OpAsmPrinter &printer, Operation *,
                                  IntegerAttr outputs, IntegerAttr block,
                                  TypeAttr element) {
  printer << RankedTensorType::get({block.getInt(), outputs.getInt()},
                                   element.getValue());
}
