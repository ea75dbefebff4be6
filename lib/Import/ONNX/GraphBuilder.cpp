// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How values come into the network: ops, constants, arguments.

#include "GraphBuilder.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// Constants of more elements become buffers.
static constexpr int64_t maxConstantElements = 1024;

SmallVector<int64_t> Frame::coreShape() const {
  GraphValue value;
  value.shape = shape;
  value.batch = batch;
  return value.coreShape();
}

Type GraphBuilder::elementType(ElementKind kind) {
  if (isFloat(kind))
    return real;
  if (kind == ElementKind::Bool)
    return builder.getI1Type();
  if (kind == ElementKind::Int32)
    return builder.getI32Type();
  return builder.getI64Type();
}

LogicalResult GraphBuilder::refusePlaces() {
  return emitError() << "expected values of one example, but got the size of "
                        "the batch or a place in it as a number";
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

NamedAttribute GraphBuilder::attribute(StringRef name,
                                       ArrayRef<int64_t> values) {
  return builder.getNamedAttr(name, builder.getDenseI64ArrayAttr(values));
}

NamedAttribute GraphBuilder::attribute(StringRef name, int64_t value) {
  return builder.getNamedAttr(name, builder.getI64IntegerAttr(value));
}

NamedAttribute GraphBuilder::attribute(StringRef name, double value) {
  return builder.getNamedAttr(name, builder.getF64FloatAttr(value));
}

FailureOr<Value> GraphBuilder::finish(StringRef name, ValueRange operands,
                                      DictionaryAttr attributes,
                                      ArrayRef<Type> types) {
  if (!product(cast<RankedTensorType>(types.front()).getShape()))
    return emitError() << "expected sizes that fit memory, but got "
                       << types.front();
  OperationState state(current, name, operands, types, attributes.getValue());
  Operation *op = builder.create(state);
  if (failed(verify(op, /*verifyRecursively=*/false)))
    return failure();
  Value result = op->getResult(0);
  auto differentiable = cast<DifferentiableOpInterface>(op);
  if (differentiable.getLinearity() != Linearity::Constant &&
      isa<FloatType>(getElementTypeOrSelf(result)) &&
      llvm::any_of(operands, [&](Value v) { return isActive(v); }))
    setActive(result);
  if (llvm::any_of(operands, [&](Value v) { return varying.contains(v); }))
    setVarying(result);
  return result;
}

GraphValue GraphBuilder::wrap(Value core, const GraphValue &like) {
  return wrap(core, like.kind, {like.shape, like.batch});
}

GraphValue GraphBuilder::wrap(Value core, ElementKind kind, Frame frame) {
  GraphValue value;
  value.kind = kind;
  value.shape = std::move(frame.shape);
  value.batch = frame.batch;
  value.core = core;
  return value;
}

//===----------------------------------------------------------------------===//
// Arguments and constants
//===----------------------------------------------------------------------===//

Value GraphBuilder::addArgument(StringRef name, const Array &values,
                                bool trainable) {
  auto type = RankedTensorType::get(values.shape, elementType(values.kind));
  auto location = NameLoc::get(builder.getStringAttr(name));
  Value argument = body.addArgument(type, location);
  store.add(name, values, trainable);
  if (trainable)
    setActive(argument);
  return argument;
}

/// The numbers as a dense attribute.
static DenseElementsAttr toDense(ShapedType type, ArrayRef<Number> numbers) {
  Type element = type.getElementType();
  if (auto real = dyn_cast<FloatType>(element)) {
    SmallVector<APFloat> values;
    for (const Number &number : numbers) {
      APFloat value(number.real);
      bool losesInfo;
      value.convert(real.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                    &losesInfo);
      values.push_back(value);
    }
    return DenseElementsAttr::get(type, values);
  }
  SmallVector<APInt> values;
  for (const Number &number : numbers)
    values.push_back(APInt(element.getIntOrFloatBitWidth(),
                           static_cast<uint64_t>(number.integer),
                           /*isSigned=*/true));
  return DenseElementsAttr::get(type, values);
}

/// Many constants do not belong into the text: they are stored as a buffer
/// with the name of the value.
FailureOr<Value> GraphBuilder::addBuffer(const GraphValue &x) {
  MutableArrayRef<char> bytes;
  ElementKind kind = x.isFloat() ? ElementKind::Float64 : ElementKind::Int64;
  llvm::Expected<Array> values = Array::allocate(kind, x.coreShape(), bytes);
  if (!values)
    return emitError() << llvm::toString(values.takeError());
  for (auto [i, number] : llvm::enumerate(*x.numbers)) {
    if (x.isFloat())
      reinterpret_cast<double *>(bytes.data())[i] = number.real;
    else
      reinterpret_cast<int64_t *>(bytes.data())[i] = number.integer;
  }
  std::string name = cast<NameLoc>(current).getName().str();
  for (int64_t copy = 1; store.find(name); ++copy)
    name =
        (cast<NameLoc>(current).getName().getValue() + "." + Twine(copy)).str();
  return addArgument(name, *values, /*trainable=*/false);
}

FailureOr<Value> GraphBuilder::constant(ArrayRef<int64_t> shape,
                                        ElementKind kind,
                                        ArrayRef<Number> numbers) {
  auto type = RankedTensorType::get(shape, elementType(kind));
  return create<ConstantOp>(
      {}, builder.getNamedAttr("value", toDense(type, numbers)));
}

FailureOr<Value> GraphBuilder::materialize(const GraphValue &x) {
  if (!x.isKnown())
    return x.core;
  for (const Number &number : *x.numbers)
    if (!number.isPlain())
      return refusePlaces();
  if (std::optional<Number> splat = x.splat())
    return constant(x.coreShape(), x.kind, {*splat});
  if (x.kind != ElementKind::Bool && x.numbers->size() > maxConstantElements)
    return addBuffer(x);
  return constant(x.coreShape(), x.kind, *x.numbers);
}

GraphValue GraphBuilder::scalar(double value) {
  Number number;
  number.real = value;
  return makeKnown(ElementKind::Float32, {}, {number});
}
