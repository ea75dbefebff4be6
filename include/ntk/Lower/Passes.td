// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes from Level 2 (batched tensor ops and ntk.contract) to Level 3 (library
// calls and loops on one arena), and from there to machine code.

#ifndef NTK_LOWER_PASSES
#define NTK_LOWER_PASSES

include "mlir/Pass/PassBase.td"

//===----------------------------------------------------------------------===//
// Level 2 to Level 3
//===----------------------------------------------------------------------===//

def LowerOpsPass : Pass<"ntk-lower", "::mlir::ModuleOp"> {
  let summary = "lower ntk ops to rt, linalg and tensor ops";
  let description = [{
    Asks every `ntk` op in a `func.func` to lower itself
    (`LowerableOpInterface`). The size of batch letter n is the `index`
    argument marked `{ntk.size = "n"}`. Networks, which have been expanded by
    now, are erased; requests stay, for their schedules say how to run the
    functions.

    Before:

    ```mlir
    func.func @f(%x: tensor<?x3xf32> {ntk.batch = "n"},
                 %w: tensor<2x3xf32>, %n: index {ntk.size = "n"})
        -> tensor<?x2xf32> {
      %y = ntk.contract "nk, ck -> nc" (%x, %w)
          : (tensor<?x3xf32>, tensor<2x3xf32>) -> tensor<?x2xf32>
      return %y : tensor<?x2xf32>
    }
    ```

    After:

    ```mlir
    %0 = tensor.empty(%n) : tensor<?x2xf32>
    %y = rt.contract "nk, ck -> nc"
        ins(%x, %w : tensor<?x3xf32>, tensor<2x3xf32>)
        outs(%0 : tensor<?x2xf32>) -> tensor<?x2xf32>
    ```

    Assumes that contractions have at most two operands (`--ntk-apply-plan`).
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect",
    "::mlir::bufferization::BufferizationDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect", "::mlir::affine::AffineDialect",
    "::mlir::ntk::rt::RTDialect"];
}

def FuseElementwisePass : Pass<"ntk-fuse-elementwise", "::mlir::func::FuncOp"> {
  let summary = "fuse elementwise ops where nothing is computed twice";
  let description = [{
    A producer with one use is computed inside its consumer, if the consumer
    has no more loops than the producer, or if the producer is a few cheap
    operations. Broadcasts and identities are computed inside each of their
    elementwise consumers, however many there are. MLIR's own pass would compute the derivative of an activation
    once for each output o that its cotangent has.

    Before:

    ```mlir
    %d = linalg.generic {… [n, c]} { math.exp }
    %g = linalg.generic {… [n, c]} ins(%d, …) { arith.mulf }
    ```

    After:

    ```mlir
    %g = linalg.generic {… [n, c]} { math.exp ; arith.mulf }
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def ReuseOperandsPass : Pass<"ntk-reuse-operands", "::mlir::func::FuncOp"> {
  let summary = "write elementwise results over an operand that is not needed again";
  let description = [{
    An elementwise `linalg.generic` whose destination is a fresh `tensor.empty`
    and one of whose operands has the same type, is read at the same place, and
    has no other use, gets that operand as its destination: a matrix product,
    its bias and its activation then share one buffer.

    Before:

    ```mlir
    %e = tensor.empty(%n) : tensor<?x8xf32>
    %y = linalg.generic {…} ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>)
    ```

    After:

    ```mlir
    %y = linalg.generic {…} ins(%x : tensor<?x8xf32>) outs(%x : tensor<?x8xf32>)
    ```

    Assumes nothing; declines where the operand comes from outside the function,
    and where 15 ops before it have written over each other: bufferization takes
    a time to see that this is right that grows with the cube of their number.
  }];
}

def BoundAliasesPass : Pass<"ntk-bound-aliases", "::mlir::func::FuncOp"> {
  let summary = "let few ops read a value through one tensor";
  let description = [{
    A value that more than `readers` ops read is written into a buffer, and each
    group of readers gets a tensor of that buffer. It is the same memory, but
    bufferization, which compares all readers of a value with one another, takes
    time in proportion to their number.

    Before:

    ```mlir
    %h = rt.contract … outs(%empty) -> tensor<?x4xf32> // read by 1000 ops
    ```

    After:

    ```mlir
    %b = memref.alloc(%n) : memref<?x4xf32>
    %h = rt.contract … outs(%empty) -> tensor<?x4xf32>
    bufferization.materialize_in_destination %h in restrict writable %b
    %h0 = bufferization.to_tensor %b restrict // read by 32 ops
    %h1 = bufferization.to_tensor %b restrict // by the next 32
    ```

    Values whose size is not that of a `tensor.empty` they are made from stay.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::memref::MemRefDialect"];
  let options = [Option<"readers", "readers", "uint64_t", /*default=*/"32",
                        "the most ops that read one tensor">];
}

def PackBlocksPass : Pass<"ntk-pack-blocks", "::mlir::ModuleOp"> {
  let summary = "give kernel functions the calling convention of Level 3";
  let description = [{
    Parameters and buffers become views into one block of bytes, the factors of
    each side likewise, and results leave through memory the caller gives. Each
    part of a block begins at a multiple of 64 bytes; parameters have the same
    offset in all functions of the module; the offsets of factors are multiples
    of the number of examples. Attributes of the block arguments tell the
    offsets and the bytes of the whole.

    Before:

    ```mlir
    func.func @theta_factors(
        %x: tensor<?x3xf32> {ntk.batch = "n", ntk.input = "x"},
        %n: index {ntk.size = "n"},
        %w: tensor<2x3xf32> {ntk.param = "fc.weight"}) -> tensor<?x2xf32>
        attributes {ntk.role = "factors"} {
      %y = …
      return %y : tensor<?x2xf32>
    }
    ```

    After:

    ```mlir
    func.func @theta_factors(
        %x: memref<?x3xf32> {ntk.batch = "n", ntk.input = "x"},
        %n: index {ntk.size = "n"},
        %params: memref<?xi8> {ntk.param_bytes = 64 : i64,
                               ntk.param_offsets = {fc.weight = 0 : i64},
                               ntk.param_types = {fc.weight = tensor<2x3xf32>}},
        %arena: memref<?xi8> {ntk.arena},
        %factors: memref<?xi8> {ntk.factor_bytes = {n = 64 : i64},
                                ntk.factor_offsets = […]}) {
      …
      bufferization.materialize_in_destination %y in restrict writable %view
      return
    }
    ```

    A function of role "tile" has the factors of both sides: its arguments
    `{ntk.factor = i, ntk.side = 1}` are views into `%factors1`, those of side
    2 into `%factors2`, both come first, and its one result is written to
    `%out`, a memref of the result's shape. Functions without a role are left
    alone.

    Assumes that no packed function is called by another.
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
                           "::mlir::tensor::TensorDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::arith::ArithDialect"];
}

def ArenaPass : Pass<"ntk-arena", "::mlir::func::FuncOp"> {
  let summary = "place all buffers of a function in one arena";
  let description = [{
    Every `memref.alloc` becomes a view into the argument `{ntk.arena}`. Buffers
    that are not alive at the same time share memory. Sizes are monomials of
    the size letters; buffers with the same monomial are packed together, one
    monomial after another, so that each offset and the size of the whole are
    polynomials of n and m: attribute `ntk.arena_bytes` of the argument.

    Before:

    ```mlir
    func.func @f(%n: index {ntk.size = "n"}, %arena: memref<?xi8> {ntk.arena}) {
      %a = memref.alloc(%n) : memref<?x16xf32>
    ```

    After:

    ```mlir
    func.func @f(%n: index {ntk.size = "n"}, %arena: memref<?xi8>
                 {ntk.arena, ntk.arena_bytes = {n = 64 : i64}}) {
      %a = memref.view %arena[%c0][%n] : memref<?xi8> to memref<?x16xf32>
    ```

    Assumes straight-line code at the top level, buffers without deallocation,
    and an arena aligned to 64 bytes. Does nothing without such an argument.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect"];
}

def NumberStepsPass : Pass<"ntk-number-steps", "::mlir::ModuleOp"> {
  let summary = "number the steps of a program";
  let description = [{
    Gives each call of the runtime and each loop nest at the top level of a
    function the next number, `ntk.step`: what prices, clocks and reports know it
    by. Numbers are given behind fusion and bufferization, which decide what the
    steps are.

    Before:

    ```mlir
    rt.contract "nk, ck -> nc" ins(%x, %w : …) outs(%y : …)
    linalg.generic … outs(%y : memref<?x2xf32>) { … }
    ```

    After:

    ```mlir
    rt.contract "nk, ck -> nc" ins(%x, %w : …) outs(%y : …) {ntk.step = 0 : i64}
    linalg.generic … outs(%y : memref<?x2xf32>) { … } attrs = {ntk.step = 1 : i64}
    ```
  }];
}

//===----------------------------------------------------------------------===//
// Level 3 to machine code
//===----------------------------------------------------------------------===//

def AddClocksPass : Pass<"ntk-add-clocks", "::mlir::func::FuncOp"> {
  let summary = "read a clock behind each step";
  let description = [{
    Puts an `rt.clock` where the function begins, and one behind each op that has
    a number (`--ntk-number-steps`).

    Before:

    ```mlir
    rt.contract "nk, ck -> nc" ins(%x, %w : …) outs(%y : …) {ntk.step = 3 : i64}
    ```

    After:

    ```mlir
    rt.clock
    rt.contract "nk, ck -> nc" ins(%x, %w : …) outs(%y : …) {ntk.step = 3 : i64}
    rt.clock 3
    ```
  }];
  let dependentDialects = ["::mlir::ntk::rt::RTDialect"];
}

def CountFlopsPass : Pass<"ntk-count-flops", "::mlir::func::FuncOp"> {
  let summary = "say how many floating-point operations a step takes";
  let description = [{
    Sets `ntk.flops` on the ops of a function at Level 3, in the letters of its
    size arguments: for readers of emitted source. One for each operation on
    floats, functions such as tanh included. An op whose sizes are not known in
    these letters stays without.

    Before:

    ```mlir
    rt.contract "nk, ck -> nc" ins(%x, %w : memref<?x3xf32>, memref<2x3xf32>)
        outs(%y : memref<?x2xf32>)
    ```

    After:

    ```mlir
    rt.contract "nk, ck -> nc" ins(%x, %w : memref<?x3xf32>, memref<2x3xf32>)
        outs(%y : memref<?x2xf32>) {ntk.flops = {n = 12 : i64}}
    ```
  }];
}

include "ToLLVMPasses.td"

#endif // NTK_LOWER_PASSES
