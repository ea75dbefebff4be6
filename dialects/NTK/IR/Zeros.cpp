// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ntk.zeros, the start of a sum of contributions to a tile.

#include "dialects/NTK/IR/NTKOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::ntk;

FailureOr<RankedTensorType>
ZerosOp::inferCoreType(ArrayRef<RankedTensorType>, Adaptor adaptor,
                       function_ref<InFlightDiagnostic()> emitError) {
  ArrayRef<int64_t> shape = adaptor.getShape();
  size_t dynamic = llvm::count(shape, ShapedType::kDynamic);
  if (dynamic != adaptor.getSizes().size())
    return emitError() << "expected a size for each of " << dynamic
                       << " dynamic dimensions, but got "
                       << adaptor.getSizes().size();
  return RankedTensorType::get(shape, adaptor.getElement());
}

void ZerosOp::evaluate(ArrayRef<const DualTensor *>, DualTensor &) {
  // The interpreter hands out results filled with zeros.
}

FailureOr<Value> ZerosOp::lower(Lowering &lowering, ValueRange operands) {
  OpBuilder &builder = lowering.builder;
  auto type = cast<RankedTensorType>(getResult().getType());
  Value zero = builder.create<arith::ConstantOp>(
      getLoc(), builder.getZeroAttr(type.getElementType()));
  Value empty = builder.create<tensor::EmptyOp>(
      getLoc(), type.getShape(), type.getElementType(), operands);
  return builder.create<linalg::FillOp>(getLoc(), zero, empty).getResult(0);
}
