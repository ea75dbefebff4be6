// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Square matrices: determinant, cofactors, inverse.

#ifndef NTK_MATRIX_OPS
#define NTK_MATRIX_OPS

include "dialects/NTK/IR/NTKBase.td"

/// An op on the square matrices of the last two axes.
class NTK_MatrixOp<string mnemonic>
    : NTK_Op<mnemonic, (ins NTK_FloatTensor:$input)> {
  let opDeclaration = [{
    ::mlir::Value buildJvp(::mlir::OpBuilder &builder,
                           ::mlir::ValueRange tangents);
    int64_t getCoreFlops();
  }];
}

def NTK_DetOp : NTK_MatrixOp<"det"> {
  let summary = "determinants of square matrices";
  let description = [{
        y[a…] = det x[a…, :, :]

    by elimination with partial pivoting. The derivative is ⟨cof x, dx⟩, with
    the cofactors of `ntk.cofactor`, which a singular matrix has too.

    ```mlir
    %y = ntk.det %x : (tensor<5x3x3xf32>) -> tensor<5xf32>
    ```
  }];
}

def NTK_CofactorOp : NTK_MatrixOp<"cofactor"> {
  let summary = "cofactors of square matrices, the derivative of det";
  let description = [{
        y[a…, i, j] = ∂ det x[a…] / ∂x[a…, i, j] = det(x) · (x⁻¹)[a…, j, i]

    A pivot that is zero is taken as the smallest number that changes 1, as
    PyTorch does: the cofactors of a singular matrix are finite, and right to
    rounding. With Y = x⁻¹, dy = ⟨y, dx⟩ Yᵀ − y dxᵀ Yᵀ.

    ```mlir
    %y = ntk.cofactor %x : (tensor<5x3x3xf32>) -> tensor<5x3x3xf32>
    ```
  }];
}

def NTK_InverseOp : NTK_MatrixOp<"inverse"> {
  let summary = "inverses of square matrices";
  let description = [{
        y[a…] = x[a…]⁻¹,    dy = −y dx y

    by elimination with partial pivoting. That of a singular matrix is not
    finite.

    ```mlir
    %y = ntk.inverse %x : (tensor<5x3x3xf32>) -> tensor<5x3x3xf32>
    ```
  }];
}

#endif // NTK_MATRIX_OPS
