// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading and adding at positions given by integers, and the identity that
// seeds a backward pass.

#ifndef NTK_INDEXING_OPS
#define NTK_INDEXING_OPS

include "dialects/NTK/IR/NTKBase.td"

def NTK_GatherOp : NTK_StructuredLinearOp<"gather",
    (ins NTK_Tensor:$input, NTK_IndexTensor:$indices, I64Attr:$axis)> {
  let summary = "picks slices along an axis";
  let description = [{
        y[a…, i…, b…] = x[a…, indices[i…], b…]

    where a are the axes of x before `axis` and b those after: an embedding with
    `axis = 0`. Indices are 0 ≤ i < size (negative ones count from the end).

    ```mlir
    %y = ntk.gather %table, %ids {axis = 0 : i64}
        : (tensor<100x16xf32>, tensor<7xi64>) -> tensor<7x16xf32>
    ```
  }];
}

def NTK_ScatterAddOp : NTK_LinearOp<"scatter_add",
    (ins NTK_FloatTensor:$updates, NTK_IndexTensor:$indices, I64Attr:$axis,
         I64Attr:$size)> {
  let summary = "the transpose of gather";
  let description = [{
        x[a…, v, b…] = Σ_{i…: indices[i…] = v} updates[a…, i…, b…],   v < size

    ```mlir
    %x = ntk.scatter_add %y, %ids {axis = 0 : i64, size = 100 : i64}
        : (tensor<7x16xf32>, tensor<7xi64>) -> tensor<100x16xf32>
    ```
  }];
  let opDeclaration = [{
    ::mlir::ntk::Linearity getLinearity() {
      return ::mlir::ntk::Linearity::Joint;
    }
    int64_t getCoreFlops();
  }];
}

def NTK_TakeAlongOp : NTK_LinearOp<"take_along",
    (ins NTK_Tensor:$input, NTK_IndexTensor:$indices)> {
  let summary = "picks elements along the last axis";
  let description = [{
        y[a…, i] = x[a…, indices[a…, i]]

    x [a…, size], indices [a…, count].

    ```mlir
    %y = ntk.take_along %x, %i
        : (tensor<8x16xf32>, tensor<8x4xi32>) -> tensor<8x4xf32>
    ```
  }];
}

def NTK_PutAlongOp : NTK_LinearOp<"put_along",
    (ins NTK_FloatTensor:$updates, NTK_IndexTensor:$indices, I64Attr:$size)> {
  let summary = "the transpose of take_along";
  let description = [{
        x[a…, v] = Σ_{i: indices[a…, i] = v} updates[a…, i],   v < size

    ```mlir
    %x = ntk.put_along %y, %i {size = 16 : i64}
        : (tensor<8x4xf32>, tensor<8x4xi32>) -> tensor<8x16xf32>
    ```
  }];
  let opDeclaration = [{
    ::mlir::ntk::Linearity getLinearity() {
      return ::mlir::ntk::Linearity::Joint;
    }
    int64_t getCoreFlops();
  }];
}

def NTK_IdentityOp : NTK_ConstantUnderDifferentiationOp<"identity",
    (ins I64Attr:$outputs, I64Attr:$block, TypeAttr:$element,
         Optional<Index>:$first)> {
  let summary = "the cotangents that seed a backward pass";
  let description = [{
    Rows first, first + 1, …, first + block − 1 of the O × O identity, one for
    each output; the row dimension is the batch letter o of the result. Without
    `first` it starts at row 0. Contracting with the whole identity renames an
    index, which `--ntk-simplify` does.

    ```mlir
    %c = ntk.identity : tensor<10x10xf32>
    %d = ntk.identity %first : tensor<4x10xf32>
    ```
  }];
  let assemblyFormat = [{
    ($first^)? attr-dict `:` custom<IdentityType>($outputs, $block, $element)
  }];
}

def NTK_ZerosOp : NTK_ConstantUnderDifferentiationOp<"zeros",
    (ins Variadic<Index>:$sizes, DenseI64ArrayAttr:$shape,
         TypeAttr:$element)> {
  let summary = "a block of zeros that contributions are added to";
  let description = [{
    A value of the given sizes; each dynamic one is given by one of `sizes`, in
    order. It starts the sum of a tile of the kernel where no contribution
    covers all of it.

    ```mlir
    %t = ntk.zeros %n, %m : tensor<?x10x?x10xf32>
    ```
  }];
  let assemblyFormat = [{
    ($sizes^)? attr-dict `:` custom<ShapeType>($shape, $element)
  }];
  let opDeclaration = [{
    ::mlir::ntk::Linearity getLinearity() {
      return ::mlir::ntk::Linearity::Constant;
    }
    int64_t getCoreFlops() { return 0; }
  }];
}

#endif // NTK_INDEXING_OPS
