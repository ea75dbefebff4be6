// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registration of the dialect, and its one attribute.

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

LogicalResult PlanAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               ArrayRef<int64_t> order,
                               ArrayRef<StringAttr> results) {
  if (order.size() != 2 * results.size())
    return emitError() << "expected a pair of operands for each of "
                       << results.size() << " results, but got "
                       << order.size() << " numbers";
  // Each pair uses two of the values there are; a value is used once.
  int64_t operands = static_cast<int64_t>(results.size()) + 1;
  SmallVector<bool> used(2 * results.size() + 1, false);
  for (auto [i, number] : llvm::enumerate(order)) {
    int64_t available = operands + static_cast<int64_t>(i / 2);
    if (number < 0 || number >= available)
      return emitError() << "expected a number below " << available
                         << ", but got " << number;
    if (used[number])
      return emitError() << "expected each value to be used once, but "
                         << number << " is used twice";
    used[number] = true;
  }
  return success();
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
