// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions of any spatial rank and what their derivatives need.

#ifndef NTK_CONVOLUTION_OPS
#define NTK_CONVOLUTION_OPS

include "dialects/NTK/IR/NTKBase.td"

/// Ops that share the geometry of a convolution. Letters: c output channels,
/// a input channels, g groups, τ taps, s output pixels, q input pixels.
///   output size = ⌊(in + low + high − dilation·(kernel − 1) − 1) / stride⌋ + 1
/// `padding` holds low and high of each spatial axis: [low0, high0, low1, …].
class NTK_ConvolutionOp<string mnemonic, dag args> : NTK_Op<mnemonic,
    !con(args, (ins DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$padding,
                    DenseI64ArrayAttr:$dilations, I64Attr:$groups))>;

def NTK_ConvOp : NTK_ConvolutionOp<"conv",
    (ins NTK_FloatTensor:$input, NTK_FloatTensor:$kernel)> {
  let summary = "convolution (cross-correlation) of any spatial rank";
  let description = [{
        y[c, s] = Σ_{a,τ} w[c, a, τ] x[g·A + a, s·stride + τ·dilation − low]

    for x [G·A, in…], w [C, A, kernel…], y [C, out…]; output channel c belongs
    to group g = ⌊c / (C/G)⌋; depthwise if A = 1. Pixels outside are zero.

    Jacobian in w: patches of x are the feature [g, a, τ, s], the output
    channel is a delta (with groups, g is shared by all three).

    ```mlir
    %y = ntk.conv %x, %w {strides = array<i64: 1, 1>,
        padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>,
        groups = 1 : i64}
        : (tensor<3x32x32xf32>, tensor<8x3x3x3xf32>) -> tensor<8x32x32xf32>
    ```
  }];
  let opDeclaration = [{
    ::mlir::ntk::Linearity getLinearity() {
      return ::mlir::ntk::Linearity::Multi;
    }
    int64_t getCoreFlops();
    ::mlir::Value buildBatched(::mlir::OpBuilder &builder,
        ::mlir::ValueRange operands, ::llvm::ArrayRef<std::string> batch);
    std::optional<::mlir::ntk::JacobianStructure> getJacobianStructure(
        ::mlir::OpBuilder &builder, unsigned operand);
  }];
}

def NTK_ConvTransposeOp : NTK_ConvolutionOp<"conv_transpose",
    (ins NTK_FloatTensor:$input, NTK_FloatTensor:$kernel,
         DenseI64ArrayAttr:$output_size)> {
  let summary = "the transpose of a convolution in its input";
  let description = [{
    The linear map transposed to that of `ntk.conv` with the same kernel and
    geometry: for c [C, out…], w [C, A, kernel…]

        x[g·A + a, q] = Σ_{c in g, τ, s: s·stride + τ·dilation − low = q} w[c, a, τ] c[c, s]

    `output_size` gives the spatial sizes of x. It is the VJP of `ntk.conv`
    in x, and the transposed convolution of a network.

    ```mlir
    %x = ntk.conv_transpose %c, %w {output_size = array<i64: 32, 32>,
        strides = array<i64: 1, 1>, padding = array<i64: 1, 1, 1, 1>,
        dilations = array<i64: 1, 1>, groups = 1 : i64}
        : (tensor<8x32x32xf32>, tensor<8x3x3x3xf32>) -> tensor<3x32x32xf32>
    ```
  }];
  let opDeclaration = [{
    ::mlir::ntk::Linearity getLinearity() {
      return ::mlir::ntk::Linearity::Multi;
    }
    int64_t getCoreFlops();
    ::mlir::Value buildBatched(::mlir::OpBuilder &builder,
        ::mlir::ValueRange operands, ::llvm::ArrayRef<std::string> batch);
    std::optional<::mlir::ntk::JacobianStructure> getJacobianStructure(
        ::mlir::OpBuilder &builder, unsigned operand);
  }];
}

def NTK_PatchesOp : NTK_ConvolutionOp<"patches",
    (ins NTK_FloatTensor:$input, DenseI64ArrayAttr:$kernel_size)> {
  let summary = "the input pixels under every tap of a convolution";
  let description = [{
        z[g, a, τ, s] = x[g·A + a, s·stride + τ·dilation − low]

    with taps τ and output pixels s flattened row-major and zeros outside: the
    features of a convolution. x [G·A, in…] gives z [G, A, taps, pixels].

    ```mlir
    %z = ntk.patches %x {kernel_size = array<i64: 3, 3>,
        strides = array<i64: 1, 1>, padding = array<i64: 1, 1, 1, 1>,
        dilations = array<i64: 1, 1>, groups = 1 : i64}
        : (tensor<3x32x32xf32>) -> tensor<1x3x9x1024xf32>
    ```
  }];
  let opDeclaration = [{
    ::mlir::ntk::Linearity getLinearity() {
      return ::mlir::ntk::Linearity::Joint;
    }
    int64_t getCoreFlops() { return 0; }
  }];
}

def NTK_FoldPatchesOp : NTK_ConvolutionOp<"fold_patches",
    (ins NTK_FloatTensor:$patches, DenseI64ArrayAttr:$kernel_size,
         DenseI64ArrayAttr:$output_size)> {
  let summary = "the transpose of patches: sums taps back into pixels";
  let description = [{
        x[g·A + a, q] = Σ_{τ, s: s·stride + τ·dilation − low = q} z[g, a, τ, s]

    z [G, A, taps, pixels] gives x [G·A, output_size…].

    ```mlir
    %x = ntk.fold_patches %z {kernel_size = array<i64: 3, 3>,
        output_size = array<i64: 32, 32>, strides = array<i64: 1, 1>,
        padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>,
        groups = 1 : i64}
        : (tensor<1x3x9x1024xf32>) -> tensor<3x32x32xf32>
    ```
  }];
  let opDeclaration = [{
    ::mlir::ntk::Linearity getLinearity() {
      return ::mlir::ntk::Linearity::Joint;
    }
    int64_t getCoreFlops();
  }];
}

#endif // NTK_CONVOLUTION_OPS
