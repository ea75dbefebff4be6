// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowers ntk.contract of one or two operands. Letters that only one operand
// has are summed first; a product with something to sum and with rows or
// columns is a matrix product of the library (rt.contract); sums,
// transpositions, Hadamard, outer and row-wise dot products are loops
// (linalg.generic), which fuse with elementwise ops.

#include "dialects/NTK/IR/NTKOps.h"
#include "dialects/NTK/IR/Names.h"
#include "dialects/RT/RTOps.h"
#include "dialects/Support/Einsum.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::ntk;

namespace {
/// Builds the ops of one contraction.
class ContractLowering {
public:
  ContractLowering(ContractOp op, Lowering &lowering)
      : op(op), builder(lowering.builder), lowering(lowering) {}

  /// The sum of `operand` to the letters `result`, or the same reordered.
  Value sumTo(Value operand, StringRef letters, StringRef result) {
    return createLoops({letters}, operand, result, Value());
  }

  /// Σ Π operands as one linalg.generic; `init` is what it is added to.
  Value createLoops(ArrayRef<StringRef> words, ValueRange operands,
                    StringRef result, Value init);

  /// The product of two operands by the runtime library.
  Value createProduct(ArrayRef<StringRef> words, ValueRange operands,
                      StringRef result, Value init);

private:
  /// Where loops come from: `what` they do, if nobody said more of the op.
  Location describe(StringRef what) {
    Location loc = op.getLoc();
    return getDescription(loc) == "contract" ? replaceDescription(loc, what)
                                             : loc;
  }
  Type getElementType() {
    return cast<RankedTensorType>(op.getResult().getType()).getElementType();
  }
  Value createEmpty(ArrayRef<StringRef> words, ValueRange operands,
                    StringRef letters);
  Value createZeros(Value empty);
  Value convert(OpBuilder &nested, Location loc, Value scalar);

  ContractOp op;
  OpBuilder &builder;
  Lowering &lowering;
};
} // namespace

/// A destination with the given letters, their sizes taken from the operands.
Value ContractLowering::createEmpty(ArrayRef<StringRef> words,
                                    ValueRange operands, StringRef letters) {
  SmallVector<int64_t> shape;
  SmallVector<Value> dynamicSizes;
  for (char letter : letters) {
    for (auto [word, operand] : llvm::zip_equal(words, operands)) {
      size_t axis = word.find(letter);
      if (axis == StringRef::npos)
        continue;
      auto type = cast<RankedTensorType>(operand.getType());
      shape.push_back(type.getDimSize(axis));
      if (type.isDynamicDim(axis)) {
        Value size = lowering.getSize(letter);
        dynamicSizes.push_back(
            size ? size
                 : builder.create<tensor::DimOp>(op.getLoc(), operand, axis));
      }
      break;
    }
  }
  return builder.create<tensor::EmptyOp>(op.getLoc(), shape, getElementType(),
                                         dynamicSizes);
}

Value ContractLowering::createZeros(Value empty) {
  Value zero = builder.create<arith::ConstantOp>(
      op.getLoc(), builder.getFloatAttr(getElementType(), 0));
  return builder.create<linalg::FillOp>(op.getLoc(), zero, empty).getResult(0);
}

/// Masks count as 0 and 1.
Value ContractLowering::convert(OpBuilder &nested, Location loc, Value scalar) {
  if (isa<FloatType>(scalar.getType()))
    return scalar;
  if (scalar.getType().isInteger(1))
    return nested.create<arith::UIToFPOp>(loc, getElementType(), scalar);
  return nested.create<arith::SIToFPOp>(loc, getElementType(), scalar);
}

/// Is `value` filled with 0?
static bool isZeros(Value value) {
  auto fill = value.getDefiningOp<linalg::FillOp>();
  return fill && matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
}

/// The map from the loops `order` to the dimensions `word` of an operand.
static AffineMap getMap(MLIRContext *context, StringRef order, StringRef word) {
  SmallVector<AffineExpr> dimensions;
  for (char letter : word)
    dimensions.push_back(getAffineDimExpr(order.find(letter), context));
  return AffineMap::get(order.size(), 0, dimensions, context);
}

/// Loops in the order of the result, sums inside. A sum goes on in what it is
/// added to; a product without sum reads it as one more operand, so that the
/// loop fuses with others.
Value ContractLowering::createLoops(ArrayRef<StringRef> words,
                                    ValueRange operands, StringRef result,
                                    Value init) {
  std::string order = result.str();
  for (StringRef word : words)
    for (char letter : word)
      if (!StringRef(order).contains(letter))
        order += letter;
  bool sums = order.size() > result.size();
  if (init && !sums && isZeros(init))
    init = Value();
  SmallVector<utils::IteratorType> loops(order.size(),
                                         utils::IteratorType::reduction);
  std::fill_n(loops.begin(), result.size(), utils::IteratorType::parallel);
  SmallVector<Value> inputs(operands);
  SmallVector<AffineMap> maps;
  for (StringRef word : words)
    maps.push_back(getMap(builder.getContext(), order, word));
  maps.push_back(getMap(builder.getContext(), order, result));

  Value out = sums && init ? init : createEmpty(words, operands, result);
  if (sums && !init)
    out = createZeros(out);
  if (init && !sums) {
    inputs.push_back(init);
    maps.push_back(getMap(builder.getContext(), order, result));
  }
  auto body = [&](OpBuilder &nested, Location loc, ValueRange scalars) {
    Value product = convert(nested, loc, scalars[0]);
    for (Value factor : scalars.take_front(operands.size()).drop_front())
      product = nested.create<arith::MulFOp>(loc, product,
                                             convert(nested, loc, factor));
    if (init || sums)
      product =
          nested.create<arith::AddFOp>(loc, scalars[operands.size()], product);
    nested.create<linalg::YieldOp>(loc, product);
  };
  StringRef what = words.size() > 1 ? (sums ? "sum of products" : "product")
                   : sums           ? "sum"
                                    : "transpose";
  return builder
      .create<linalg::GenericOp>(describe(what), out.getType(), inputs, out,
                                 maps, loops, body)
      .getResult(0);
}

Value ContractLowering::createProduct(ArrayRef<StringRef> words,
                                      ValueRange operands, StringRef result,
                                      Value init) {
  SmallVector<Value> numbers;
  for (auto [word, operand] : llvm::zip_equal(words, operands)) {
    Type element = getElementTypeOrSelf(operand);
    numbers.push_back(element == getElementType() ? operand
                                                  : sumTo(operand, word, word));
  }
  bool accumulate = static_cast<bool>(init);
  if (!init)
    init = createEmpty(words, operands, result);
  // Zeros need not be read: the product writes over them.
  if (isZeros(init)) {
    init = init.getDefiningOp<linalg::FillOp>().getOutputs()[0];
    accumulate = false;
  }
  std::string spec = (words[0] + ", " + words[1] + " -> " + result).str();
  return builder
      .create<rt::ContractOp>(op.getLoc(), numbers[0], numbers[1], init, spec,
                              accumulate)
      .getResults()[0];
}

/// The letters of `word` that `first` or `second` has too.
static std::string keepLetters(StringRef word, StringRef first,
                               StringRef second) {
  std::string kept;
  for (char letter : word)
    if (first.contains(letter) || second.contains(letter))
      kept += letter;
  return kept;
}

/// Does the library do this product better than a loop nest?
static bool isMatrixProduct(StringRef lhs, StringRef rhs, StringRef result) {
  auto hasLetter = [](StringRef word, StringRef with, StringRef without) {
    return llvm::any_of(word, [&](char letter) {
      return with.contains(letter) && !without.contains(letter);
    });
  };
  bool rows = hasLetter(lhs, result, rhs);
  bool columns = hasLetter(rhs, result, lhs);
  bool sums = hasLetter(lhs, rhs, result);
  return sums && (rows || columns);
}

FailureOr<Value> ContractOp::lower(Lowering &lowering, ValueRange operands) {
  size_t count = getFactors().size();
  if (count > 2)
    return emitOpError("expected a binary contraction, run --ntk-apply-plan, "
                       "but got ")
           << count << " operands";
  Einsum einsum = Einsum::get(getSpec());
  StringRef result = einsum.result;
  Value init = getInit() ? operands.back() : Value();
  ContractLowering builder(*this, lowering);
  if (count == 1)
    return builder.createLoops({einsum.operands[0]}, operands[0], result, init);

  SmallVector<Value> factors(operands.take_front(2));
  std::string words[2] = {
      keepLetters(einsum.operands[0], einsum.operands[1], result),
      keepLetters(einsum.operands[1], einsum.operands[0], result)};
  for (int i : {0, 1})
    if (words[i] != einsum.operands[i])
      factors[i] = builder.sumTo(factors[i], einsum.operands[i], words[i]);
  SmallVector<StringRef> kept = {words[0], words[1]};
  if (isMatrixProduct(words[0], words[1], result))
    return builder.createProduct(kept, factors, result, init);
  return builder.createLoops(kept, factors, result, init);
}
