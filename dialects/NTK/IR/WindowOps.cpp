// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Pooling: sums and maxima over windows of the trailing axes. Types,
// derivatives, cost, evaluation; lowering is in WindowLowering.cpp.

#include "dialects/NTK/IR/Window.h"

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// What they share
//===----------------------------------------------------------------------===//

/// The window over the trailing axes of a value of shape `shape`.
template <typename AdaptorT>
static FailureOr<Window> inferWindow(ArrayRef<int64_t> shape, AdaptorT adaptor,
                                     ErrorFunction emitError) {
  size_t rank = adaptor.getWindow().size();
  if (shape.size() < rank)
    return emitError() << "expected at least " << rank << " axes, but got "
                       << printShape(shape);
  return Window::get(shape.take_back(rank), adaptor.getWindow(),
                     adaptor.getStrides(), adaptor.getPadding(),
                     adaptor.getDilations(), emitError);
}

/// `shape` with other trailing axes.
static SmallVector<int64_t> replaceTrailing(ArrayRef<int64_t> shape,
                                            ArrayRef<int64_t> trailing) {
  SmallVector<int64_t> result(shape.drop_back(trailing.size()));
  llvm::append_range(result, trailing);
  return result;
}

template <typename AdaptorT>
static FailureOr<RankedTensorType> inferPooled(RankedTensorType input,
                                               AdaptorT adaptor, Type element,
                                               ErrorFunction emitError) {
  FailureOr<Window> window = inferWindow(input.getShape(), adaptor, emitError);
  if (failed(window))
    return failure();
  return RankedTensorType::get(
      replaceTrailing(input.getShape(), window->getOutputSizes()), element);
}

/// The window of a pooling op over its operand's core.
template <typename OpTy> static Window getWindow(OpTy op) {
  ArrayRef<int64_t> shape = getCoreOperandType(op, 0).getShape();
  return Window::get(op, shape.take_back(op.getWindow().size()),
                     op.getWindow());
}

/// One operation for each tap that lies inside.
template <typename OpTy> static int64_t getPoolingFlops(OpTy op) {
  ArrayRef<int64_t> shape = getCoreOperandType(op, 0).getShape();
  return *getVolume(shape.drop_back(op.getWindow().size())) *
         getWindow(op).getValidTaps();
}

/// Calls `f(output position, input position)` for every tap inside, output
/// positions and taps in row-major order; both positions are of the whole core.
template <typename F>
static void forEachTap(const Window &window, ArrayRef<int64_t> input, F &&f) {
  size_t rank = window.getRank();
  forEachIndex(
      replaceTrailing(input, window.getOutputSizes()),
      [&](ArrayRef<int64_t> output) {
        forEachIndex(window.window, [&](ArrayRef<int64_t> tap) {
          if (auto pixel = window.getPixel(output.take_back(rank), tap)) {
            SmallVector<int64_t> position = replaceTrailing(output, *pixel);
            f(output, ArrayRef<int64_t>(position));
          }
        });
      });
}

//===----------------------------------------------------------------------===//
// window_sum, window_spread
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
WindowSumOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor adaptor,
                           ErrorFunction emitError) {
  return inferPooled(operands[0], adaptor, operands[0].getElementType(),
                     emitError);
}

Value WindowSumOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  ArrayRef<int64_t> size =
      ntk::getShape(getInput()).take_back(getWindow().size());
  return createOp<WindowSpreadOp>(
      builder, getLoc(), cotangent, builder.getDenseI64ArrayAttr(size),
      getWindowAttr(), getStridesAttr(), getPaddingAttr(), getDilationsAttr());
}

int64_t WindowSumOp::getCoreFlops() { return getPoolingFlops(*this); }

void WindowSumOp::evaluate(ArrayRef<const DualTensor *> operands,
                           DualTensor &result) {
  forEachTap(::getWindow(*this), operands[0]->shape,
             [&](ArrayRef<int64_t> output, ArrayRef<int64_t> pixel) {
               result.at(output) += operands[0]->at(pixel);
             });
}

FailureOr<RankedTensorType>
WindowSpreadOp::inferCoreType(ArrayRef<RankedTensorType> operands,
                              Adaptor adaptor, ErrorFunction emitError) {
  ArrayRef<int64_t> shape = operands[0].getShape();
  size_t rank = adaptor.getWindow().size();
  if (shape.size() < rank || adaptor.getOutputSize().size() != rank)
    return emitError() << "expected at least " << rank << " axes and " << rank
                       << " output sizes, but got " << printShape(shape)
                       << " and " << printShape(adaptor.getOutputSize());
  FailureOr<Window> window =
      inferWindow(adaptor.getOutputSize(), adaptor, emitError);
  if (failed(window))
    return failure();
  SmallVector<int64_t> expected =
      replaceTrailing(shape, window->getOutputSizes());
  if (shape != ArrayRef<int64_t>(expected))
    return emitError() << "expected an operand of shape "
                       << printShape(expected) << ", but got "
                       << printShape(shape);
  return RankedTensorType::get(replaceTrailing(shape, adaptor.getOutputSize()),
                               operands[0].getElementType());
}

/// The window whose transpose this is.
static Window getSpreadWindow(WindowSpreadOp op) {
  return Window::get(op, op.getOutputSize(), op.getWindow());
}

Value WindowSpreadOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  return createOp<WindowSumOp>(builder, getLoc(), cotangent, getWindowAttr(),
                               getStridesAttr(), getPaddingAttr(),
                               getDilationsAttr());
}

int64_t WindowSpreadOp::getCoreFlops() {
  ArrayRef<int64_t> shape = getCoreOperandType(*this, 0).getShape();
  return *getVolume(shape.drop_back(getWindow().size())) *
         getSpreadWindow(*this).getValidTaps();
}

void WindowSpreadOp::evaluate(ArrayRef<const DualTensor *> operands,
                              DualTensor &result) {
  forEachTap(getSpreadWindow(*this), result.shape,
             [&](ArrayRef<int64_t> output, ArrayRef<int64_t> pixel) {
               result.at(pixel) += operands[0]->at(output);
             });
}

//===----------------------------------------------------------------------===//
// max_pool
//===----------------------------------------------------------------------===//

/// As `inferPooled`; each window must hold an element, since a maximum over
/// nothing is none.
template <typename AdaptorT>
static FailureOr<RankedTensorType>
inferMaxPooled(RankedTensorType input, AdaptorT adaptor, Type element,
               ErrorFunction emitError) {
  FailureOr<Window> window = inferWindow(input.getShape(), adaptor, emitError);
  if (failed(window))
    return failure();
  for (size_t axis = 0; axis < window->getRank(); ++axis) {
    if (std::optional<int64_t> empty = window->getEmptyWindow(axis))
      return emitError() << "expected windows with an element each, but window "
                         << *empty << " along spatial axis " << axis
                         << " holds padding only";
  }
  return inferPooled(input, adaptor, element, emitError);
}

FailureOr<RankedTensorType>
MaxPoolOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor adaptor,
                         ErrorFunction emitError) {
  return inferMaxPooled(operands[0], adaptor, operands[0].getElementType(),
                        emitError);
}

/// `shape` with its last `rank` axes as one.
static SmallVector<int64_t> flattenTrailing(ArrayRef<int64_t> shape,
                                            size_t rank) {
  SmallVector<int64_t> result(shape.drop_back(rank));
  result.push_back(*getVolume(shape.take_back(rank)));
  return result;
}

/// The winners of `op`, its windows as one axis.
static Value createFlatWinners(OpBuilder &builder, MaxPoolOp op) {
  Value winners = createOp<MaxPoolWinnerOp>(
      builder, op.getLoc(), op.getInput(), op.getWindowAttr(),
      op.getStridesAttr(), op.getPaddingAttr(), op.getDilationsAttr());
  return createReshape(
      builder, op.getLoc(), winners,
      flattenTrailing(getShape(winners), op.getWindow().size()));
}

Value MaxPoolOp::buildJvp(OpBuilder &builder, ValueRange tangents) {
  size_t rank = getWindow().size();
  Value pixels =
      createReshape(builder, getLoc(), tangents[0],
                    flattenTrailing(ntk::getShape(getInput()), rank));
  Value taken = createOp<TakeAlongOp>(builder, getLoc(), pixels,
                                      createFlatWinners(builder, *this));
  return createReshape(builder, getLoc(), taken, ntk::getShape(getResult()));
}

Value MaxPoolOp::buildVjp(OpBuilder &builder, unsigned, Value cotangent) {
  size_t rank = getWindow().size();
  ArrayRef<int64_t> shape = ntk::getShape(getInput());
  Value windows =
      createReshape(builder, getLoc(), cotangent,
                    flattenTrailing(ntk::getShape(getResult()), rank));
  Value put = createOp<PutAlongOp>(
      builder, getLoc(), windows, createFlatWinners(builder, *this),
      builder.getI64IntegerAttr(*getVolume(shape.take_back(rank))));
  return createReshape(builder, getLoc(), put, shape);
}

int64_t MaxPoolOp::getCoreFlops() { return getPoolingFlops(*this); }

/// Whether a tap with value `v` wins over `best`, the first largest so far; a
/// NaN wins, as in PyTorch.
static bool wins(double v, double best) { return v > best || std::isnan(v); }

void MaxPoolOp::evaluate(ArrayRef<const DualTensor *> operands,
                         DualTensor &result) {
  FixedFlops flops(getCoreFlops());
  for (Dual &element : result.elements)
    element = Dual(-std::numeric_limits<double>::infinity());
  forEachTap(::getWindow(*this), operands[0]->shape,
             [&](ArrayRef<int64_t> output, ArrayRef<int64_t> pixel) {
               const Dual &x = operands[0]->at(pixel);
               if (wins(x.value, result.at(output).value))
                 result.at(output) = x;
             });
}

FailureOr<RankedTensorType>
MaxPoolWinnerOp::inferCoreType(ArrayRef<RankedTensorType> operands,
                               Adaptor adaptor, ErrorFunction emitError) {
  size_t rank = adaptor.getWindow().size();
  if (operands[0].getRank() >= static_cast<int64_t>(rank)) {
    auto pixels = getVolume(operands[0].getShape().take_back(rank));
    if (!pixels || *pixels > std::numeric_limits<int32_t>::max())
      return emitError() << "expected fewer than 2^31 pixels, but got "
                         << printShape(operands[0].getShape());
  }
  return inferMaxPooled(operands[0], adaptor,
                        IntegerType::get(operands[0].getContext(), 32),
                        emitError);
}

int64_t MaxPoolWinnerOp::getCoreFlops() { return getPoolingFlops(*this); }

void MaxPoolWinnerOp::evaluate(ArrayRef<const DualTensor *> operands,
                               DualTensor &result) {
  FixedFlops flops(getCoreFlops());
  const DualTensor &x = *operands[0];
  Window window = ::getWindow(*this);
  std::vector<double> best(result.size(),
                           -std::numeric_limits<double>::infinity());
  std::vector<bool> hasWinner(result.size(), false);
  forEachTap(
      window, x.shape, [&](ArrayRef<int64_t> output, ArrayRef<int64_t> pixel) {
        int64_t i = result.offset(output);
        if (hasWinner[i] && !wins(x.at(pixel).value, best[i]))
          return;
        hasWinner[i] = true;
        best[i] = x.at(pixel).value;
        int64_t position = 0;
        for (auto [size, coordinate] :
             llvm::zip_equal(window.input, pixel.take_back(window.getRank())))
          position = position * size + coordinate;
        result[i] = Dual(static_cast<double>(position));
      });
}
