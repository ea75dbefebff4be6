// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the convolution ops share: shapes of input, kernel and patches in their
// letters (g groups, c output channels of a group, a input channels of a group,
// t taps, s output pixels), and ops built with the geometry of another one.

#ifndef NTK_DIALECTS_NTK_IR_CONVOLUTION_H
#define NTK_DIALECTS_NTK_IR_CONVOLUTION_H

#include "dialects/NTK/IR/Names.h"
#include "dialects/NTK/IR/Window.h"

namespace mlir::ntk {

/// Sizes of the letters of a convolution.
struct ConvolutionSizes {
  int64_t groups, outputChannels, inputChannels, taps, pixels;

  SmallVector<int64_t> gcs() const { return {groups, outputChannels, pixels}; }
  SmallVector<int64_t> gcat() const {
    return {groups, outputChannels, inputChannels, taps};
  }
};

/// Window and sizes of ntk.conv and ntk.conv_transpose.
Window getWindow(ConvOp op);
Window getWindow(ConvTransposeOp op);
Window getWindow(PatchesOp op);
Window getWindow(FoldPatchesOp op);
ConvolutionSizes getSizes(ConvOp op);
ConvolutionSizes getSizes(ConvTransposeOp op);

/// Patches under the kernel of `op` (of one of the convolution ops) of an image
/// with batch letters `batch`.
template <typename OpTy>
Value createPatches(OpBuilder &builder, OpTy op, Value image,
                    ArrayRef<int64_t> kernelSize, const std::string &batch) {
  Location loc = nameRole(op.getLoc(), "patches");
  return createBatched<PatchesOp>(builder, loc, {batch}, image,
                                  builder.getDenseI64ArrayAttr(kernelSize),
                                  op.getStridesAttr(), op.getPaddingAttr(),
                                  op.getDilationsAttr(), op.getGroupsAttr());
}

/// The transpose of the above: an image of the spatial sizes `outputSize`.
template <typename OpTy>
Value createFoldPatches(OpBuilder &builder, OpTy op, Value patches,
                        ArrayRef<int64_t> kernelSize,
                        ArrayRef<int64_t> outputSize,
                        const std::string &batch) {
  return createBatched<FoldPatchesOp>(
      builder, op.getLoc(), {batch}, patches,
      builder.getDenseI64ArrayAttr(kernelSize),
      builder.getDenseI64ArrayAttr(outputSize), op.getStridesAttr(),
      op.getPaddingAttr(), op.getDilationsAttr(), op.getGroupsAttr());
}

} // namespace mlir::ntk

#endif // NTK_DIALECTS_NTK_IR_CONVOLUTION_H
