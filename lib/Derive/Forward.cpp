// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The forward pass of a network as part of another function, and the one
// vector of outputs that kernels are defined on.

#include "ntk/Derive/Forward.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace mlir::ntk;

Forward mlir::ntk::cloneForward(OpBuilder &builder, NetworkOp network,
                                ValueRange arguments) {
  Forward forward;
  forward.arguments = llvm::to_vector(arguments);
  IRMapping mapping;
  Block &body = network.getBody().front();
  mapping.map(body.getArguments(), arguments);
  for (Operation &op : body.without_terminator())
    forward.ops.push_back(builder.clone(op, mapping));
  for (Value result : network.getReturn().getOperands())
    forward.results.push_back(mapping.lookup(result));
  return forward;
}

static int64_t getNumElements(Value value) {
  return cast<RankedTensorType>(value.getType()).getNumElements();
}

static Value reshapeTo(OpBuilder &builder, Location loc, Value value,
                       ArrayRef<int64_t> shape) {
  if (cast<RankedTensorType>(value.getType()).getShape() == shape)
    return value;
  return createOp<ReshapeOp>(builder, loc, value,
                             builder.getDenseI64ArrayAttr(shape));
}

Value mlir::ntk::createConverted(OpBuilder &builder, Value value, Type real) {
  Type element = getElementTypeOrSelf(value);
  if (element == real || !isa<FloatType>(element))
    return value;
  return createOp<ConvertOp>(builder, value.getLoc(), value,
                             TypeAttr::get(real));
}

Value mlir::ntk::buildFlatOutput(OpBuilder &builder, Location loc,
                                 const Forward &forward) {
  SmallVector<Value> parts;
  Type real = getElementTypeOrSelf(forward.results.front());
  for (Value result : forward.results)
    if (!isEmpty(result))
      parts.push_back(createConverted(
          builder, reshapeTo(builder, loc, result, getNumElements(result)),
          real));
  if (parts.size() == 1)
    return parts.front();
  return createOp<ConcatOp>(builder, loc, parts, builder.getI64IntegerAttr(0));
}

SmallVector<Value> mlir::ntk::splitFlatCotangent(OpBuilder &builder,
                                                 Location loc,
                                                 const Forward &forward,
                                                 Value cotangent) {
  SmallVector<Value> parts;
  int64_t start = 0;
  for (Value result : forward.results) {
    int64_t size = getNumElements(result);
    if (size == 0) {
      parts.push_back(Value());
      continue;
    }
    Value part = cotangent;
    if (size != getNumElements(cotangent))
      part = createOp<SliceOp>(
          builder, loc, cotangent, builder.getDenseI64ArrayAttr(start),
          builder.getDenseI64ArrayAttr(size), builder.getDenseI64ArrayAttr(1));
    part = reshapeTo(builder, loc, part,
                     cast<RankedTensorType>(result.getType()).getShape());
    parts.push_back(
        createConverted(builder, part, getElementTypeOrSelf(result)));
    start += size;
  }
  return parts;
}
