// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops that move elements and compute nothing. All axes are axes of the core.
// Reshapes, transposes and broadcasts are views: their Jacobians are deltas.

#ifndef NTK_SHAPE_OPS
#define NTK_SHAPE_OPS

include "dialects/NTK/IR/NTKBase.td"

def NTK_ConstantOp : NTK_ConstantUnderDifferentiationOp<"constant",
    (ins ElementsAttr:$value), [ConstantLike]> {
  let summary = "a small constant";
  let description = [{
    A constant that is part of the text of the network: scales, epsilons, index
    lists. Parameters and buffers are never constants.

    ```mlir
    %c = ntk.constant dense<0.5> : tensor<10xf32>
    ```
  }];
  let assemblyFormat = "$value attr-dict";
  let hasFolder = 1;
}

def NTK_ReshapeOp : NTK_StructuredLinearOp<"reshape",
    (ins NTK_Tensor:$input, DenseI64ArrayAttr:$shape)> {
  let summary = "the same elements in another shape";
  let description = [{
    y has the elements of x in row-major order and the sizes `shape`.

    ```mlir
    %y = ntk.reshape %x {shape = array<i64: 128>}
        : (tensor<8x4x4xf32>) -> tensor<128xf32>
    ```
  }];
  let hasFolder = 1;
}

def NTK_TransposeOp : NTK_StructuredLinearOp<"transpose",
    (ins NTK_Tensor:$input, DenseI64ArrayAttr:$permutation)> {
  let summary = "permutes axes";
  let description = [{
    Axis i of y is axis `permutation[i]` of x.

    ```mlir
    %y = ntk.transpose %x {permutation = array<i64: 1, 0>}
        : (tensor<2x3xf32>) -> tensor<3x2xf32>
    ```
  }];
  let hasFolder = 1;
}

def NTK_BroadcastOp : NTK_StructuredLinearOp<"broadcast",
    (ins NTK_Tensor:$input, DenseI64ArrayAttr:$shape,
         DenseI64ArrayAttr:$dimensions)> {
  let summary = "repeats a value along new axes";
  let description = [{
        y[i_0, …, i_r] = x[i_{dimensions[0]}, i_{dimensions[1]}, …]

    Axis j of x becomes axis `dimensions[j]` of y (ascending, equal sizes); the
    other axes of y, of the sizes in `shape`, are new. Axes of size one are not
    stretched: reshape them away first.

    ```mlir
    %y = ntk.broadcast %b {shape = array<i64: 8, 4, 4>, dimensions = array<i64: 0>}
        : (tensor<8xf32>) -> tensor<8x4x4xf32>
    ```
  }];
  let hasFolder = 1;
}

def NTK_ConcatOp : NTK_StructuredLinearOp<"concat",
    (ins Variadic<NTK_Tensor>:$inputs, I64Attr:$axis)> {
  let summary = "joins values along an axis";
  let description = [{
    ```mlir
    %y = ntk.concat %a, %b {axis = 0 : i64}
        : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<6x3xf32>
    ```
  }];
}

def NTK_SliceOp : NTK_StructuredLinearOp<"slice",
    (ins NTK_Tensor:$input, DenseI64ArrayAttr:$starts,
         DenseI64ArrayAttr:$sizes, DenseI64ArrayAttr:$strides)> {
  let summary = "a strided box of a value";
  let description = [{
        y[i, j, …] = x[starts[0] + i·strides[0], …],   i < sizes[0]

    Strides are positive (`ntk.reverse` turns axes).

    ```mlir
    %y = ntk.slice %x {starts = array<i64: 1>, sizes = array<i64: 2>,
        strides = array<i64: 1>} : (tensor<5xf32>) -> tensor<2xf32>
    ```
  }];
  let hasFolder = 1;
}

def NTK_PadOp : NTK_StructuredLinearOp<"pad",
    (ins NTK_Tensor:$input, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
         DenseI64ArrayAttr:$interior)> {
  let summary = "surrounds a value with zeros";
  let description = [{
    Element i of x goes to position low + i·(interior + 1) of y, whose size is
    low + (size − 1)·(interior + 1) + 1 + high; the rest is zero. The transpose
    of `ntk.slice`. Other constants are padded by adding a constant.

    ```mlir
    %y = ntk.pad %x {low = array<i64: 1>, high = array<i64: 2>,
        interior = array<i64: 0>} : (tensor<2xf32>) -> tensor<5xf32>
    ```
  }];
}

def NTK_ReverseOp : NTK_StructuredLinearOp<"reverse",
    (ins NTK_Tensor:$input, DenseI64ArrayAttr:$axes)> {
  let summary = "turns axes round";
  let description = [{
        y[…, i, …] = x[…, size − 1 − i, …]   for each of `axes`

    ```mlir
    %y = ntk.reverse %x {axes = array<i64: 0>} : (tensor<5xf32>) -> tensor<5xf32>
    ```
  }];
}

#endif // NTK_SHAPE_OPS
