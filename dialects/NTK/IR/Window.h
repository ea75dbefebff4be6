// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The geometry of windows, shared by pooling and convolution: which input
// pixel lies under tap τ of the window at output pixel s,
//   q = s·stride + τ·dilation − low,
// and how many of them lie inside the input.

#ifndef NTK_DIALECTS_NTK_IR_WINDOW_H
#define NTK_DIALECTS_NTK_IR_WINDOW_H

#include "dialects/NTK/IR/OpHelpers.h"

namespace mlir::ntk {

/// Windows over `input.size()` spatial axes.
struct Window {
  /// Sizes of the input and of the window.
  SmallVector<int64_t> input, window;
  SmallVector<int64_t> strides, dilations;
  /// Low and high of each axis: [low0, high0, low1, …].
  SmallVector<int64_t> padding;

  /// Checks all numbers; says what does not fit.
  static FailureOr<Window>
  get(ArrayRef<int64_t> input, ArrayRef<int64_t> window,
      ArrayRef<int64_t> strides, ArrayRef<int64_t> padding,
      ArrayRef<int64_t> dilations, ErrorFunction emitError);

  /// The window of an op that has been verified.
  template <typename OpTy>
  static Window get(OpTy op, ArrayRef<int64_t> input,
                    ArrayRef<int64_t> window) {
    return {llvm::to_vector(input), llvm::to_vector(window),
            llvm::to_vector(op.getStrides()),
            llvm::to_vector(op.getDilations()),
            llvm::to_vector(op.getPadding())};
  }

  size_t getRank() const { return input.size(); }
  int64_t getLow(size_t axis) const { return padding[2 * axis]; }

  /// ⌊(in + low + high − dilation·(window − 1) − 1) / stride⌋ + 1.
  int64_t getOutputSize(size_t axis) const;
  SmallVector<int64_t> getOutputSizes() const;

  /// The sizes of the input with its padding.
  SmallVector<int64_t> getPaddedSizes() const;
  SmallVector<int64_t> getLows() const;
  bool isPadded() const;
  /// Is each pixel, pads included, under exactly one tap of one window?
  bool isPartition() const;

  /// The input pixel under a tap; nothing if it lies outside.
  std::optional<SmallVector<int64_t>> getPixel(ArrayRef<int64_t> output,
                                               ArrayRef<int64_t> tap) const;

  /// The first window along `axis` with no tap inside, if there is one.
  std::optional<int64_t> getEmptyWindow(size_t axis) const;

  /// The number of (output pixel, tap) with a pixel inside.
  int64_t getValidTaps() const;

  /// s·stride + τ·dilation for each axis, s and τ being loops from `outputDim`
  /// and `tapDim` on.
  SmallVector<AffineExpr> getPaddedPixels(MLIRContext *context,
                                          unsigned outputDim,
                                          unsigned tapDim) const;
};

} // namespace mlir::ntk

#endif // NTK_DIALECTS_NTK_IR_WINDOW_H
