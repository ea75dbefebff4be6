// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The geometry of windows.

#include "dialects/NTK/IR/Window.h"

using namespace mlir;
using namespace mlir::ntk;

FailureOr<Window> Window::get(ArrayRef<int64_t> input, ArrayRef<int64_t> window,
                              ArrayRef<int64_t> strides,
                              ArrayRef<int64_t> padding,
                              ArrayRef<int64_t> dilations,
                              ErrorFunction emitError) {
  int64_t rank = input.size();
  if (failed(checkNumbers("window sizes", window, rank, 1, emitError)) ||
      failed(checkNumbers("strides", strides, rank, 1, emitError)) ||
      failed(checkNumbers("paddings", padding, 2 * rank, 0, emitError)) ||
      failed(checkNumbers("dilations", dilations, rank, 1, emitError)))
    return failure();
  Window result{llvm::to_vector(input), llvm::to_vector(window),
                llvm::to_vector(strides), llvm::to_vector(dilations),
                llvm::to_vector(padding)};
  for (int64_t axis = 0; axis < rank; ++axis) {
    int64_t extent = dilations[axis] * (window[axis] - 1) + 1;
    int64_t padded = input[axis] + padding[2 * axis] + padding[2 * axis + 1];
    if (input[axis] < 1 || extent > padded)
      return emitError() << "expected a window that fits into spatial axis "
                         << axis << " of padded size " << padded
                         << ", but got one that spans " << extent;
  }
  return result;
}

int64_t Window::getOutputSize(size_t axis) const {
  int64_t padded = input[axis] + padding[2 * axis] + padding[2 * axis + 1];
  return (padded - dilations[axis] * (window[axis] - 1) - 1) / strides[axis] +
         1;
}

SmallVector<int64_t> Window::getOutputSizes() const {
  SmallVector<int64_t> sizes;
  for (size_t axis = 0; axis < getRank(); ++axis)
    sizes.push_back(getOutputSize(axis));
  return sizes;
}

SmallVector<int64_t> Window::getPaddedSizes() const {
  SmallVector<int64_t> sizes;
  for (size_t axis = 0; axis < getRank(); ++axis)
    sizes.push_back(input[axis] + padding[2 * axis] + padding[2 * axis + 1]);
  return sizes;
}

SmallVector<int64_t> Window::getLows() const {
  SmallVector<int64_t> lows;
  for (size_t axis = 0; axis < getRank(); ++axis)
    lows.push_back(getLow(axis));
  return lows;
}

bool Window::isPadded() const {
  return llvm::any_of(padding, [](int64_t pad) { return pad != 0; });
}

bool Window::isPartition() const {
  SmallVector<int64_t> padded = getPaddedSizes();
  for (size_t axis = 0; axis < getRank(); ++axis) {
    bool isDense = dilations[axis] == 1 || window[axis] == 1;
    bool isNext = strides[axis] == window[axis] || getOutputSize(axis) == 1;
    if (!isDense || !isNext ||
        padded[axis] != getOutputSize(axis) * window[axis])
      return false;
  }
  return true;
}

std::optional<SmallVector<int64_t>>
Window::getPixel(ArrayRef<int64_t> output, ArrayRef<int64_t> tap) const {
  SmallVector<int64_t> pixel;
  for (size_t axis = 0; axis < getRank(); ++axis) {
    pixel.push_back(output[axis] * strides[axis] + tap[axis] * dilations[axis] -
                    getLow(axis));
    if (pixel.back() < 0 || pixel.back() >= input[axis])
      return std::nullopt;
  }
  return pixel;
}

std::optional<int64_t> Window::getEmptyWindow(size_t axis) const {
  int64_t low = getLow(axis), stride = strides[axis], size = input[axis];
  int64_t dilation = dilations[axis], count = getOutputSize(axis);
  // Windows that begin in front of the input; their first tap behind its
  // border lies at the same places again after `dilation` of them.
  int64_t inFront = std::min(count, (low + stride - 1) / stride);
  for (int64_t s = 0; s < std::min(inFront, dilation); ++s) {
    int64_t distance = low - s * stride;
    int64_t tap = (distance + dilation - 1) / dilation;
    if (tap >= window[axis] || tap * dilation - distance >= size)
      return s;
  }
  // The first that begins behind it.
  int64_t behind = (low + size + stride - 1) / stride;
  return behind < count ? std::optional(behind) : std::nullopt;
}

int64_t Window::getValidTaps() const {
  int64_t product = 1;
  for (size_t axis = 0; axis < getRank(); ++axis) {
    int64_t valid = 0;
    for (int64_t tap = 0; tap < window[axis]; ++tap) {
      // Output pixels s with 0 ≤ s·stride + tap·dilation − low < input.
      int64_t offset = getLow(axis) - tap * dilations[axis];
      int64_t stride = strides[axis];
      int64_t first = offset <= 0 ? 0 : (offset + stride - 1) / stride;
      int64_t end = offset + input[axis];
      int64_t past = end <= 0 ? 0 : (end + stride - 1) / stride;
      past = std::min(past, getOutputSize(axis));
      valid += std::max<int64_t>(0, past - first);
    }
    product *= valid;
  }
  return product;
}

SmallVector<AffineExpr> Window::getPaddedPixels(MLIRContext *context,
                                                unsigned outputDim,
                                                unsigned tapDim) const {
  SmallVector<AffineExpr> pixels;
  for (size_t axis = 0; axis < getRank(); ++axis)
    pixels.push_back(
        getAffineDimExpr(outputDim + axis, context) * strides[axis] +
        getAffineDimExpr(tapDim + axis, context) * dilations[axis]);
  return pixels;
}
