// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks of lowerings: functions of the batched op that count the elements
// which differ from the reference evaluation. The letter n has a dynamic size,
// as in kernel functions. The module is for ntk-opt and a JIT to run.

#include "OpCheck.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::opcheck;

/// A tensor type with `n` dynamic.
static RankedTensorType getDynamicType(StringRef letters,
                                       ArrayRef<int64_t> shape, Type element) {
  SmallVector<int64_t> sizes(shape);
  for (auto [i, letter] : llvm::enumerate(letters))
    if (letter == 'n')
      sizes[i] = ShapedType::kDynamic;
  return RankedTensorType::get(sizes, element);
}

/// The values of `tensor` as a constant.
static Value createConstant(OpBuilder &builder, Location loc,
                            const DualTensor &tensor, Type element) {
  SmallVector<Attribute> values;
  for (const Dual &value : tensor.elements)
    values.push_back(isa<FloatType>(element)
                         ? Attribute(builder.getFloatAttr(element, value.value))
                         : builder.getIntegerAttr(
                               element, static_cast<int64_t>(value.value)));
  auto type = RankedTensorType::get(tensor.shape, element);
  return builder.create<arith::ConstantOp>(
      loc, DenseElementsAttr::get(type, values));
}

static Value toF64(OpBuilder &builder, Location loc, Value x) {
  if (x.getType().isF64())
    return x;
  if (isa<FloatType>(x.getType()))
    return builder.create<arith::ExtFOp>(loc, builder.getF64Type(), x);
  if (x.getType().isInteger(1))
    return builder.create<arith::UIToFPOp>(loc, builder.getF64Type(), x);
  return builder.create<arith::SIToFPOp>(loc, builder.getF64Type(), x);
}

/// The number of elements with |found − expected| > 1e-9 (1 + |expected|), as
/// an f64. A NaN counts.
static Value countWrong(OpBuilder &builder, Location loc, Value found,
                        Value expected) {
  Type real = builder.getF64Type();
  auto constant = [&](OpBuilder &b, double value) -> Value {
    return b.create<arith::ConstantOp>(loc, b.getFloatAttr(real, value));
  };
  Value empty = builder.create<tensor::EmptyOp>(loc, ArrayRef<int64_t>(), real);
  Value zero = builder.create<linalg::FillOp>(loc, constant(builder, 0), empty)
                   .getResult(0);
  int64_t rank = cast<RankedTensorType>(found.getType()).getRank();
  AffineMap all = builder.getMultiDimIdentityMap(rank);
  AffineMap none = AffineMap::get(rank, 0, builder.getContext());
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::reduction);
  auto body = [&](OpBuilder &b, Location, ValueRange x) {
    Value f = toF64(b, loc, x[0]), e = toF64(b, loc, x[1]);
    Value difference =
        b.create<math::AbsFOp>(loc, b.create<arith::SubFOp>(loc, f, e));
    Value size = b.create<arith::AddFOp>(loc, b.create<math::AbsFOp>(loc, e),
                                         constant(b, 1));
    Value bound = b.create<arith::MulFOp>(loc, size, constant(b, 1e-9));
    Value isEqual =
        b.create<arith::CmpFOp>(loc, arith::CmpFPredicate::OEQ, f, e);
    Value isClose = b.create<arith::OrIOp>(
        loc, isEqual,
        b.create<arith::CmpFOp>(loc, arith::CmpFPredicate::OLE, difference,
                                bound));
    Value wrong =
        b.create<arith::SelectOp>(loc, isClose, constant(b, 0), constant(b, 1));
    Value sum = b.create<arith::AddFOp>(loc, x[2], wrong);
    b.create<linalg::YieldOp>(loc, sum);
  };
  Value count = builder
                    .create<linalg::GenericOp>(
                        loc, zero.getType(), ValueRange{found, expected}, zero,
                        ArrayRef<AffineMap>{all, all, none}, loops, body)
                    .getResult(0);
  return builder.create<tensor::ExtractOp>(loc, count, ValueRange());
}

static size_t countFunctions(ModuleOp module) {
  auto functions = module.getOps<func::FuncOp>();
  return std::distance(functions.begin(), functions.end());
}

/// `number(expected, operands…, n) -> f64`: builds the batched op and counts.
static func::FuncOp emitFunction(OpBuilder &builder, StringRef name,
                                 const Point &point, const BatchedCase &batched,
                                 TypeRange types) {
  Location loc = point.op->getLoc();
  auto function = builder.create<func::FuncOp>(
      loc, name, builder.getFunctionType(types, builder.getF64Type()));
  OpBuilder::InsertionGuard guard(builder);
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToStart(body);
  function.setArgAttr(types.size() - 1, "ntk.size", builder.getStringAttr("n"));
  ValueRange operands = body->getArguments().drop_front().drop_back();
  Value found = cast<BatchableOpInterface>(point.op).buildBatched(
      builder, operands, batched.batch);
  Value wrong = countWrong(builder, loc, found, body->getArgument(0));
  builder.create<func::ReturnOp>(loc, wrong);
  return function;
}

void opcheck::emitLoweringChecks(ModuleOp module, const Point &point) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  Location loc = point.op->getLoc();
  for (const BatchedCase &batched : getBatchedCases(point)) {
    SmallVector<Type> types = {
        getDynamicType(unionOfBatches(batched.batch), batched.expected.shape,
                       getElementTypeOrSelf(point.op->getResult(0)))};
    for (auto [operand, letters, value] : llvm::zip_equal(
             batched.operands, batched.batch, point.op->getOperands()))
      types.push_back(
          getDynamicType(letters, operand.shape, getElementTypeOrSelf(value)));
    types.push_back(builder.getIndexType());
    size_t number = countFunctions(module) / 2 + 1;
    std::string suffix = std::to_string(number);
    auto check =
        emitFunction(builder, "check_" + suffix, point, batched, types);

    auto caller = builder.create<func::FuncOp>(
        loc, "run_" + suffix,
        builder.getFunctionType({}, builder.getF64Type()));
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(caller.addEntryBlock());
    SmallVector<Value> arguments;
    auto add = [&](const DualTensor &tensor, Type type) {
      Value constant = createConstant(
          builder, loc, tensor, cast<RankedTensorType>(type).getElementType());
      arguments.push_back(
          builder.createOrFold<tensor::CastOp>(loc, type, constant));
    };
    add(batched.expected, types[0]);
    for (auto [i, operand] : llvm::enumerate(batched.operands))
      add(operand, types[i + 1]);
    arguments.push_back(builder.create<arith::ConstantIndexOp>(loc, 2));
    auto call = builder.create<func::CallOp>(loc, check, arguments);
    builder.create<func::ReturnOp>(loc, call.getResults());
  }
}

void opcheck::emitLoweringMain(ModuleOp module) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  Location loc = module.getLoc();
  size_t count = countFunctions(module) / 2;
  auto main = builder.create<func::FuncOp>(
      loc, "main", builder.getFunctionType({}, builder.getI32Type()));
  builder.setInsertionPointToStart(main.addEntryBlock());
  auto number = [&](size_t i) -> Value {
    return builder.create<arith::ConstantIntOp>(loc, i, 32);
  };
  Value zero =
      builder.create<arith::ConstantOp>(loc, builder.getF64FloatAttr(0));
  Value first = number(0);
  for (size_t i = count; i > 0; --i) {
    auto call = builder.create<func::CallOp>(loc, "run_" + std::to_string(i),
                                             builder.getF64Type());
    Value isWrong = builder.create<arith::CmpFOp>(
        loc, arith::CmpFPredicate::UNE, call.getResult(0), zero);
    first = builder.create<arith::SelectOp>(loc, isWrong, number(i), first);
  }
  builder.create<func::ReturnOp>(loc, first);
}
