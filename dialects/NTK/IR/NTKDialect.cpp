// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registration of the dialect.

#include "dialects/NTK/IR/Assembly.h"
#include "dialects/NTK/IR/NTKOps.h"
#include "dialects/NTK/IR/PowerOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::ntk;

#include "dialects/NTK/IR/NTKDialect.cpp.inc"
#include "dialects/NTK/IR/NTKEnums.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/NTK/IR/NTKAttributes.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/NTK/IR/NTKOps.cpp.inc"
#include "dialects/NTK/Interfaces/NTKInterfaces.cpp.inc"

void NTKDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/NTK/IR/NTKAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/NTK/IR/NTKOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/NTK/IR/PowerOps.cpp.inc"
      >();
}

Operation *NTKDialect::materializeConstant(OpBuilder &builder, Attribute value,
                                           Type type, Location loc) {
  if (auto elements = dyn_cast<ElementsAttr>(value))
    return builder.create<ConstantOp>(loc, elements, ArrayAttr());
  return nullptr;
}

Value mlir::ntk::createSplat(OpBuilder &builder, Location loc,
                             RankedTensorType type, double value) {
  Attribute element =
      isa<FloatType>(type.getElementType())
          ? Attribute(builder.getFloatAttr(type.getElementType(), value))
          : builder.getIntegerAttr(type.getElementType(),
                                   static_cast<int64_t>(value));
  return createOp<ConstantOp>(builder, loc,
                              DenseElementsAttr::get(type, element));
}
