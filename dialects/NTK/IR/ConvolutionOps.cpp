// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types, cost and evaluation of convolutions, patches and their transposes.

#include "dialects/NTK/IR/Convolution.h"

using namespace mlir;
using namespace mlir::ntk;

//===----------------------------------------------------------------------===//
// Windows and sizes
//===----------------------------------------------------------------------===//

static ArrayRef<int64_t> getCoreShape(Operation *op, unsigned operand) {
  return getCoreOperandType(op, operand).getShape();
}

Window mlir::ntk::getWindow(ConvOp op) {
  return Window::get(op, getCoreShape(op, 0).drop_front(),
                     getCoreShape(op, 1).drop_front(2));
}
Window mlir::ntk::getWindow(ConvTransposeOp op) {
  return Window::get(op, op.getOutputSize(), getCoreShape(op, 1).drop_front(2));
}
Window mlir::ntk::getWindow(PatchesOp op) {
  return Window::get(op, getCoreShape(op, 0).drop_front(), op.getKernelSize());
}
Window mlir::ntk::getWindow(FoldPatchesOp op) {
  return Window::get(op, op.getOutputSize(), op.getKernelSize());
}

template <typename OpTy> static ConvolutionSizes getSizesOf(OpTy op) {
  ArrayRef<int64_t> kernel = getCoreShape(op, 1);
  int64_t groups = op.getGroups();
  return {groups, kernel[0] / groups, kernel[1],
          *getVolume(kernel.drop_front(2)),
          *getVolume(getWindow(op).getOutputSizes())};
}

ConvolutionSizes mlir::ntk::getSizes(ConvOp op) { return getSizesOf(op); }
ConvolutionSizes mlir::ntk::getSizes(ConvTransposeOp op) {
  return getSizesOf(op);
}

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

/// An image [channels, pixels…] with at least one spatial axis.
static LogicalResult checkImage(RankedTensorType image,
                                ErrorFunction emitError) {
  if (image.getRank() >= 2)
    return success();
  return emitError() << "expected an input of channels and spatial axes, but "
                        "got "
                     << image;
}

/// A kernel [C, A, taps…] for images like `image`, in `groups` groups.
static LogicalResult checkKernel(RankedTensorType image,
                                 RankedTensorType kernel, int64_t groups,
                                 ErrorFunction emitError) {
  if (kernel.getRank() != image.getRank() + 1 ||
      kernel.getElementType() != image.getElementType())
    return emitError() << "expected a kernel of rank " << image.getRank() + 1
                       << " and element type " << image.getElementType()
                       << ", but got " << kernel;
  if (groups < 1 || kernel.getDimSize(0) % groups != 0)
    return emitError() << "expected groups that divide " << kernel.getDimSize(0)
                       << " output channels, but got " << groups;
  return success();
}

template <typename AdaptorT>
static FailureOr<Window> inferWindow(AdaptorT adaptor, ArrayRef<int64_t> image,
                                     ArrayRef<int64_t> kernelSize,
                                     ErrorFunction emitError) {
  return Window::get(image, kernelSize, adaptor.getStrides(),
                     adaptor.getPadding(), adaptor.getDilations(), emitError);
}

static RankedTensorType getImageType(int64_t channels, ArrayRef<int64_t> pixels,
                                     Type element) {
  SmallVector<int64_t> shape = {channels};
  llvm::append_range(shape, pixels);
  return RankedTensorType::get(shape, element);
}

FailureOr<RankedTensorType>
ConvOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor adaptor,
                      ErrorFunction emitError) {
  RankedTensorType image = operands[0], kernel = operands[1];
  int64_t groups = adaptor.getGroups();
  if (failed(checkImage(image, emitError)) ||
      failed(checkKernel(image, kernel, groups, emitError)))
    return failure();
  if (image.getDimSize(0) != groups * kernel.getDimSize(1))
    return emitError() << "expected " << groups << " x " << kernel.getDimSize(1)
                       << " input channels, but got " << image.getDimSize(0);
  FailureOr<Window> window =
      inferWindow(adaptor, image.getShape().drop_front(),
                  kernel.getShape().drop_front(2), emitError);
  if (failed(window))
    return failure();
  return getImageType(kernel.getDimSize(0), window->getOutputSizes(),
                      image.getElementType());
}

FailureOr<RankedTensorType>
ConvTransposeOp::inferCoreType(ArrayRef<RankedTensorType> operands,
                               Adaptor adaptor, ErrorFunction emitError) {
  RankedTensorType input = operands[0], kernel = operands[1];
  int64_t groups = adaptor.getGroups();
  if (failed(checkImage(input, emitError)) ||
      failed(checkKernel(input, kernel, groups, emitError)))
    return failure();
  FailureOr<Window> window =
      inferWindow(adaptor, adaptor.getOutputSize(),
                  kernel.getShape().drop_front(2), emitError);
  if (failed(window))
    return failure();
  RankedTensorType expected = getImageType(
      kernel.getDimSize(0), window->getOutputSizes(), input.getElementType());
  if (input != expected)
    return emitError() << "expected an input of type " << expected
                       << ", but got " << input;
  return getImageType(groups * kernel.getDimSize(1), adaptor.getOutputSize(),
                      input.getElementType());
}

FailureOr<RankedTensorType>
PatchesOp::inferCoreType(ArrayRef<RankedTensorType> operands, Adaptor adaptor,
                         ErrorFunction emitError) {
  RankedTensorType image = operands[0];
  int64_t groups = adaptor.getGroups();
  if (failed(checkImage(image, emitError)))
    return failure();
  if (groups < 1 || image.getDimSize(0) % groups != 0)
    return emitError() << "expected groups that divide " << image.getDimSize(0)
                       << " input channels, but got " << groups;
  FailureOr<Window> window = inferWindow(adaptor, image.getShape().drop_front(),
                                         adaptor.getKernelSize(), emitError);
  if (failed(window))
    return failure();
  return RankedTensorType::get({groups, image.getDimSize(0) / groups,
                                *getVolume(adaptor.getKernelSize()),
                                *getVolume(window->getOutputSizes())},
                               image.getElementType());
}

FailureOr<RankedTensorType>
FoldPatchesOp::inferCoreType(ArrayRef<RankedTensorType> operands,
                             Adaptor adaptor, ErrorFunction emitError) {
  FailureOr<Window> window = inferWindow(adaptor, adaptor.getOutputSize(),
                                         adaptor.getKernelSize(), emitError);
  if (failed(window))
    return failure();
  RankedTensorType patches = operands[0];
  int64_t groups = adaptor.getGroups();
  int64_t taps = *getVolume(adaptor.getKernelSize());
  int64_t pixels = *getVolume(window->getOutputSizes());
  ArrayRef<int64_t> shape = patches.getShape();
  if (shape.size() != 4 || shape[0] != groups || shape[2] != taps ||
      shape[3] != pixels)
    return emitError() << "expected patches of " << groups << " groups, "
                       << taps << " taps and " << pixels << " pixels, but got "
                       << printShape(shape);
  return getImageType(groups * shape[1], adaptor.getOutputSize(),
                      patches.getElementType());
}

//===----------------------------------------------------------------------===//
// Cost: two for each tap inside, for a multiplication and an addition
//===----------------------------------------------------------------------===//

template <typename OpTy> static int64_t getConvolutionFlops(OpTy op) {
  ArrayRef<int64_t> kernel = getCoreShape(op, 1);
  return 2 * kernel[0] * kernel[1] * getWindow(op).getValidTaps();
}

int64_t ConvOp::getCoreFlops() { return getConvolutionFlops(*this); }
int64_t ConvTransposeOp::getCoreFlops() { return getConvolutionFlops(*this); }
int64_t FoldPatchesOp::getCoreFlops() {
  return getCoreResultType(*this).getDimSize(0) *
         getWindow(*this).getValidTaps();
}

//===----------------------------------------------------------------------===//
// Evaluation
//===----------------------------------------------------------------------===//

static SmallVector<int64_t> join(ArrayRef<int64_t> a, ArrayRef<int64_t> b) {
  SmallVector<int64_t> joined(a);
  llvm::append_range(joined, b);
  return joined;
}

/// Calls `f(s, τ, q)` for every output pixel s, tap τ and the input pixel q
/// under it, if there is one.
template <typename F> static void forEachTap(const Window &window, F &&f) {
  forEachIndex(window.getOutputSizes(), [&](ArrayRef<int64_t> s) {
    forEachIndex(window.window, [&](ArrayRef<int64_t> tap) {
      if (auto pixel = window.getPixel(s, tap))
        f(s, tap, ArrayRef<int64_t>(*pixel));
    });
  });
}

/// Calls `f(c, s, input channel, q, w index)` for every term of a convolution.
template <typename OpTy, typename F>
static void forEachTerm(OpTy op, ArrayRef<int64_t> kernel, F &&f) {
  int64_t channels = kernel[0], perGroup = kernel[0] / op.getGroups();
  forEachTap(getWindow(op), [&](ArrayRef<int64_t> s, ArrayRef<int64_t> tap,
                                ArrayRef<int64_t> q) {
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t a = 0; a < kernel[1]; ++a)
        f(join(c, s), join(c / perGroup * kernel[1] + a, q), join({c, a}, tap));
  });
}

void ConvOp::evaluate(ArrayRef<const DualTensor *> operands,
                      DualTensor &result) {
  const DualTensor &x = *operands[0], &w = *operands[1];
  forEachTerm(*this, w.shape,
              [&](ArrayRef<int64_t> output, ArrayRef<int64_t> input,
                  ArrayRef<int64_t> kernel) {
                result.at(output) += w.at(kernel) * x.at(input);
              });
}

void ConvTransposeOp::evaluate(ArrayRef<const DualTensor *> operands,
                               DualTensor &result) {
  const DualTensor &c = *operands[0], &w = *operands[1];
  forEachTerm(*this, w.shape,
              [&](ArrayRef<int64_t> output, ArrayRef<int64_t> input,
                  ArrayRef<int64_t> kernel) {
                result.at(input) += w.at(kernel) * c.at(output);
              });
}

/// Row-major position of `index` in `shape`.
static int64_t flatten(ArrayRef<int64_t> index, ArrayRef<int64_t> shape) {
  int64_t position = 0;
  for (auto [i, size] : llvm::zip_equal(index, shape))
    position = position * size + i;
  return position;
}

/// Calls `f(patch position, image position)` for every tap inside.
template <typename F>
static void forEachPatchElement(const Window &window, int64_t groups,
                                int64_t channels, F &&f) {
  SmallVector<int64_t> outputs = window.getOutputSizes();
  forEachTap(window, [&](ArrayRef<int64_t> s, ArrayRef<int64_t> tap,
                         ArrayRef<int64_t> q) {
    for (int64_t g = 0; g < groups; ++g) {
      for (int64_t a = 0; a < channels; ++a)
        f(SmallVector<int64_t>{g, a, flatten(tap, window.window),
                               flatten(s, outputs)},
          join(g * channels + a, q));
    }
  });
}

void PatchesOp::evaluate(ArrayRef<const DualTensor *> operands,
                         DualTensor &result) {
  forEachPatchElement(getWindow(*this), getGroups(), result.shape[1],
                      [&](ArrayRef<int64_t> patch, ArrayRef<int64_t> image) {
                        result.at(patch) = operands[0]->at(image);
                      });
}

void FoldPatchesOp::evaluate(ArrayRef<const DualTensor *> operands,
                             DualTensor &result) {
  forEachPatchElement(getWindow(*this), getGroups(), operands[0]->shape[1],
                      [&](ArrayRef<int64_t> patch, ArrayRef<int64_t> image) {
                        result.at(image) += operands[0]->at(patch);
                      });
}
