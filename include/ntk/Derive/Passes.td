// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Derivation passes.

#ifndef NTK_DERIVE_PASSES
#define NTK_DERIVE_PASSES

include "mlir/Pass/PassBase.td"

def DerivePass : Pass<"ntk-derive", "::mlir::ModuleOp"> {
  let summary = "make the forward pass, VJP and JVP of every network";
  let description = [{
    Adds three functions for each `ntk.network @net`, on one example:

    - `@net_forward(arguments) -> (results…, residuals…)`,
    - `@net_vjp(cotangents…, residuals…, parameters…) -> (parameter gradients…)`,
    - `@net_jvp(tangents of the parameters…, residuals…, parameters…) -> (tangents of the results…)`.

    The residuals are the values of the forward pass that either of the others
    reads. What no parameter reaches is not differentiated.

    Before:

    ```mlir
    ntk.network @net(%x: tensor<3xf32>, %w: tensor<3xf32> {ntk.param = "w"})
        -> tensor<3xf32> {
      %y = ntk.mul %w, %x : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
      ntk.return %y : tensor<3xf32>
    }
    ```

    After, beside the network:

    ```mlir
    func.func @net_vjp(%c: tensor<3xf32>, %x: tensor<3xf32>) -> tensor<3xf32> {
      %g = ntk.mul %c, %x : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
      return %g : tensor<3xf32>
    }
    ```

    Assumes a straight-line network, which `ntk.network` is.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect",
                           "::mlir::ntk::NTKDialect"];
}

def BatchPass : Pass<"ntk-batch", "::mlir::ModuleOp"> {
  let summary = "give functions of one example batch dimensions";
  let description = [{
    Rebuilds every `func.func` that has arguments with an `ntk.batch` attribute:
    these arguments get leading dimensions of the letters given (n, m: of any
    size; o, p: of the size of `ntk.batch_size`, dynamic without), and values
    get exactly the letters of the arguments they depend on.

    Before:

    ```mlir
    func.func @f(%x: tensor<3xf32> {ntk.batch = "n"}, %w: tensor<3xf32>)
        -> tensor<3xf32> {
      %y = ntk.mul %x, %w : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
      return %y : tensor<3xf32>
    }
    ```

    After:

    ```mlir
    func.func @f(%x: tensor<?x3xf32> {ntk.batch = "n"}, %w: tensor<3xf32>)
        -> tensor<?x3xf32> {
      %y = ntk.mul %x, %w {batch = ["n", ""]}
          : (tensor<?x3xf32>, tensor<3xf32>) -> tensor<?x3xf32>
      return %y : tensor<?x3xf32>
    }
    ```

    Assumes that the ops of the function implement BatchableOpInterface.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect",
                           "::mlir::ntk::NTKDialect"];
}

#endif // NTK_DERIVE_PASSES
