// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reductions, pooling, softmax.

#ifndef NTK_REDUCTION_OPS
#define NTK_REDUCTION_OPS

include "dialects/NTK/IR/NTKBase.td"

def NTK_ReduceSumOp : NTK_LinearOp<"reduce_sum",
    (ins NTK_FloatTensor:$input, DenseI64ArrayAttr:$axes)> {
  let summary = "sum over axes";
  let description = [{
        y[kept] = Σ_axes x

    `axes` are axes of the core, ascending; they leave the result. A mean is
    this and a multiplication by a constant.

    ```mlir
    %y = ntk.reduce_sum %x {axes = array<i64: 1, 2>}
        : (tensor<8x4x4xf32>) -> tensor<8xf32>
    ```
  }];
  let opDeclaration = [{
    ::mlir::ntk::Linearity getLinearity() {
      return ::mlir::ntk::Linearity::Joint;
    }
    std::optional<::mlir::ntk::JacobianStructure> getJacobianStructure(
        ::mlir::OpBuilder &builder, unsigned operand);
    int64_t getCoreFlops();
  }];
}

def NTK_ReduceMaxOp : NTK_Op<"reduce_max",
    (ins NTK_FloatTensor:$input, DenseI64ArrayAttr:$axes)> {
  let summary = "maximum over axes";
  let description = [{
        y[kept] = max_axes x

    Ties share the derivative equally, as in PyTorch's `amax`. A NaN among the
    elements gives NaN.

    ```mlir
    %y = ntk.reduce_max %x {axes = array<i64: 1>}
        : (tensor<8x4xf32>) -> tensor<8xf32>
    ```
  }];
  let opDeclaration = [{
    ::mlir::Value buildJvp(::mlir::OpBuilder &builder,
                           ::mlir::ValueRange tangents);
    int64_t getCoreFlops();
  }];
}

class NTK_WindowOp<string mnemonic, dag args,
                   Trait differentiable = DeclareOpInterfaceMethods<
                       NTK_DifferentiableOpInterface, ["buildVjp"]>>
    : NTK_Op<mnemonic, !con(args,
          (ins DenseI64ArrayAttr:$window, DenseI64ArrayAttr:$strides,
               DenseI64ArrayAttr:$padding, DenseI64ArrayAttr:$dilations)),
          [], differentiable>;

def NTK_WindowSumOp : NTK_WindowOp<"window_sum",
    (ins NTK_FloatTensor:$input)> {
  let summary = "sums over windows of the trailing axes";
  let description = [{
        y[…, s] = Σ_τ x[…, s·stride + τ·dilation − low]

    over the last r axes, r the length of `window`; zeros outside; geometry as
    `ntk.conv`. Average pooling is this and a multiplication by constants (a
    table, where padding is not counted).

    ```mlir
    %y = ntk.window_sum %x {window = array<i64: 2, 2>,
        strides = array<i64: 2, 2>, padding = array<i64: 0, 0, 0, 0>,
        dilations = array<i64: 1, 1>} : (tensor<8x4x4xf32>) -> tensor<8x2x2xf32>
    ```
  }];
  let opDeclaration = [{
    ::mlir::ntk::Linearity getLinearity() {
      return ::mlir::ntk::Linearity::Joint;
    }
    int64_t getCoreFlops();
  }];
}

def NTK_WindowSpreadOp : NTK_WindowOp<"window_spread",
    (ins NTK_FloatTensor:$input, DenseI64ArrayAttr:$output_size)> {
  let summary = "the transpose of window_sum";
  let description = [{
        x[…, q] = Σ_{s, τ: s·stride + τ·dilation − low = q} y[…, s]

    `output_size` gives the sizes of the trailing axes of x.

    ```mlir
    %x = ntk.window_spread %y {output_size = array<i64: 4, 4>,
        window = array<i64: 2, 2>, strides = array<i64: 2, 2>,
        padding = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>}
        : (tensor<8x2x2xf32>) -> tensor<8x4x4xf32>
    ```
  }];
  let opDeclaration = [{
    ::mlir::ntk::Linearity getLinearity() {
      return ::mlir::ntk::Linearity::Joint;
    }
    int64_t getCoreFlops();
  }];
}

def NTK_MaxPoolOp : NTK_WindowOp<"max_pool", (ins NTK_FloatTensor:$input)> {
  let summary = "maxima over windows of the trailing axes";
  let description = [{
        y[…, s] = max_τ x[…, s·stride + τ·dilation − low]

    Pixels outside do not take part. The derivative goes to the first winner in
    row-major order, as in PyTorch; it is read from `ntk.max_pool_winner`.

    ```mlir
    %y = ntk.max_pool %x {window = array<i64: 2, 2>,
        strides = array<i64: 2, 2>, padding = array<i64: 0, 0, 0, 0>,
        dilations = array<i64: 1, 1>} : (tensor<8x4x4xf32>) -> tensor<8x2x2xf32>
    ```
  }];
  let opDeclaration = [{
    ::mlir::Value buildJvp(::mlir::OpBuilder &builder,
                           ::mlir::ValueRange tangents);
    int64_t getCoreFlops();
  }];
}

def NTK_MaxPoolWinnerOp : NTK_WindowOp<"max_pool_winner",
    (ins NTK_FloatTensor:$input), NTK_DifferentiableOpInterface> {
  let summary = "where the maximum of each window lies";
  let description = [{
    For each window of `ntk.max_pool` the row-major position, among the trailing
    axes of x, of the first largest element; i32. Constant under
    differentiation.

    ```mlir
    %i = ntk.max_pool_winner %x {window = array<i64: 2, 2>,
        strides = array<i64: 2, 2>, padding = array<i64: 0, 0, 0, 0>,
        dilations = array<i64: 1, 1>} : (tensor<8x4x4xf32>) -> tensor<8x2x2xi32>
    ```
  }];
  let opDeclaration = [{
    ::mlir::ntk::Linearity getLinearity() {
      return ::mlir::ntk::Linearity::Constant;
    }
    int64_t getCoreFlops();
  }];
}

def NTK_SoftmaxOp : NTK_Op<"softmax",
    (ins NTK_FloatTensor:$input, I64Attr:$axis)> {
  let summary = "softmax along one axis";
  let description = [{
        y = exp(x − max x) / Σ exp(x − max x)

    with the hand-written derivative c ↦ y ∘ (c − Σ c∘y), which reads y alone.

    ```mlir
    %y = ntk.softmax %x {axis = 0 : i64} : (tensor<10xf32>) -> tensor<10xf32>
    ```
  }];
  let opDeclaration = [{
    ::mlir::Value buildJvp(::mlir::OpBuilder &builder,
                           ::mlir::ValueRange tangents);
    int64_t getCoreFlops();
  }];
}

#endif // NTK_REDUCTION_OPS
