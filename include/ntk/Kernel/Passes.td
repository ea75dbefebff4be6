// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes of the kernel algebra.

#ifndef NTK_KERNEL_PASSES
#define NTK_KERNEL_PASSES

include "mlir/Pass/PassBase.td"

def ExpandPass : Pass<"ntk-expand", "::mlir::ModuleOp"> {
  let summary = "turn kernel requests into factor and tile functions";
  let description = [{
    For `ntk.kernel @theta` adds `@theta_factors1` and `@theta_factors2`, which
    compute the factors of n examples of one side (forward pass, cotangents,
    features), and `@theta_tile`, which contracts the factors of n and m
    examples to a tile [n, o, m, p] of the kernel. The method in the schedule of
    the request decides what the factors are.

    Before:

    ```mlir
    ntk.network @net(%x: tensor<3xf32>, %w: tensor<2x3xf32> {ntk.param = "w"})
        -> tensor<2xf32> {
      %y = ntk.contract "k, ck -> c" (%x, %w)
          : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2xf32>
      ntk.return %y : tensor<2xf32>
    }
    ntk.kernel @theta of @net "now, mpw -> nmop" (J1, J2)
    ```

    After (the tile):

    ```mlir
    func.func @theta_tile(%n: index, %m: index, %w: tensor<2x3xf32>,
        %c1: tensor<2x2xf32>, %x1: tensor<?x3xf32>,
        %c2: tensor<2x2xf32>, %x2: tensor<?x3xf32>) -> tensor<?x2x?x2xf32> {
      %zero = ntk.zeros %n, %m : tensor<?x2x?x2xf32>
      %theta = ntk.contract "oc, nk, pc, mk -> nomp" (%c1, %x1, %c2, %x2) into %zero
      return %theta
    }
    ```

    Assumes that the network's ops implement the interfaces for derivatives and
    batching.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect",
                           "::mlir::ntk::NTKDialect"];
}

def SimplifyPass : Pass<"ntk-simplify", "::mlir::ModuleOp"> {
  let summary = "fold deltas, identities and shared factors of contractions";
  let description = [{
    Rewrites `ntk.contract`:

    - an identity among the operands, one of whose letters is summed over,
      renames that letter: `"oc, ck -> ok" (%identity, %w)` is `%w`;
    - identities that only factor functions make and tiles read are made in the
      tile, where they fold;
    - a contraction of one operand that changes nothing is its operand;
    - a broadcast operand is read in its original form: its new letters are
      dropped, or kept by other operands, and sums over them become factors;
    - factors that no tile reads, and functions' dead values, are removed.

    A contraction that has a plan keeps its factors, for which the plan is.

    Before:

    ```mlir
    %i = ntk.identity : tensor<10x10xf32>
    %g = ntk.contract "oc, ck -> ok" (%i, %w)
    ```

    After: `%g` is `%w`.

    Assumes expanded kernels; other functions are simplified as far as the
    rules apply.
  }];
  let dependentDialects = ["::mlir::ntk::NTKDialect"];
}

#endif // NTK_KERNEL_PASSES
