// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes from Level 3 to the LLVM dialect, a part of Passes.td.

#ifndef NTK_LOWER_TOLLVMPASSES_TD
#define NTK_LOWER_TOLLVMPASSES_TD

include "mlir/Pass/PassBase.td"

def CopiesToLoopsPass : Pass<"ntk-copies-to-loops", "::mlir::func::FuncOp"> {
  let summary = "turn memref.copy into an elementwise loop";
  let description = [{
    Copies are then shared out over threads as every other loop.

    Before:

    ```mlir
    memref.copy %a, %b : memref<?x8xf32> to memref<?x8xf32>
    ```

    After:

    ```mlir
    linalg.copy ins(%a : memref<?x8xf32>) outs(%b : memref<?x8xf32>)
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

def CollapseLoopsPass : Pass<"ntk-collapse-loops", "::mlir::func::FuncOp"> {
  let summary = "make neighbouring loops one where memory goes on";
  let description = [{
    Loops of a `linalg.generic` that stand side by side in every operand that has
    one of them become one loop, by `linalg::collapseOpIterationDims`: the
    innermost loop is then long. Sums along several axes are added up in another
    order. Windows, ops that read their indices, and operands with gaps stay.

    Before:

    ```mlir
    linalg.generic {iterator_types = ["parallel", "parallel"], …}
        ins(%x : memref<?x64xf32>) outs(%y : memref<?x64xf32>) { … }
    ```

    After:

    ```mlir
    %0 = memref.collapse_shape %x [[0, 1]] : memref<?x64xf32> into memref<?xf32>
    %1 = memref.collapse_shape %y [[0, 1]] : memref<?x64xf32> into memref<?xf32>
    linalg.generic {iterator_types = ["parallel"], …}
        ins(%0 : memref<?xf32>) outs(%1 : memref<?xf32>) { … }
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect",
                           "::mlir::memref::MemRefDialect"];
}

def ExpandMathPass : Pass<"ntk-expand-math", "::mlir::func::FuncOp"> {
  let summary = "make elementwise functions and reductions vectorisable";
  let description = [{
    Allows reassociation and contraction of floating-point arithmetic
    (`fastmath<reassoc, contract>`, which keeps infinities and NaN right), so
    that reductions vectorise; then replaces tanh, exp, erf and other functions
    by branch-free polynomials of a few ulp: LLVM vectorises those, calls of
    libm it does not.

    Before:

    ```mlir
    %1 = math.exp %0 : f32
    %2 = arith.addf %1, %a : f32
    ```

    After: a polynomial for %1, and

    ```mlir
    %2 = arith.addf %1, %a fastmath<reassoc,contract> : f32
    ```
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect",
                           "::mlir::vector::VectorDialect"];
}

def ExpandViewsPass : Pass<"ntk-expand-views", "::mlir::func::FuncOp"> {
  let summary = "write views of memory as offsets, sizes and strides";
  let description = [{
    What MLIR's `expand-strided-metadata` does, by its patterns, for views alone:
    a function of thousands of calls is not walked through op by op.

    Before:

    ```mlir
    %0 = memref.subview %a[%i, 0] [1, 4] [1, 1]
        : memref<3x4xf32> to memref<1x4xf32, strided<[4, 1], offset: ?>>
    ```

    After:

    ```mlir
    %base, %offset, %sizes:2, %strides:2 = memref.extract_strided_metadata %a
        : memref<3x4xf32> -> memref<f32>, index, index, index, index, index
    %0 = affine.apply affine_map<()[s0] -> (s0 * 4)>()[%i]
    %1 = memref.reinterpret_cast %base to offset: [%0], sizes: [1, 4],
        strides: [4, 1] : memref<f32> to memref<1x4xf32, …>
    ```
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect"];
}

def SplitFunctionsPass : Pass<"ntk-split-functions", "::mlir::ModuleOp"> {
  let summary = "cut long straight-line functions into parts";
  let description = [{
    A function of more than `steps` steps (ops with an effect on memory) becomes
    a sequence of calls of parts that have so many each, since the time to
    compile one block of code grows faster than the block. Parts take the
    arguments of the function and make anew what views and numbers they use. A
    part is longer where a step uses the result of another that is no view.

    Before:

    ```mlir
    func.func @f(%arena: memref<?xi8>) {
      … // 1000 steps
    }
    ```

    After:

    ```mlir
    func.func @f(%arena: memref<?xi8>) {
      call @f_part(%arena)
      call @f_part_0(%arena)
      …
    ```

    Assumes that functions are one block of code; those with results are left
    alone.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect"];
  let options = [Option<"steps", "steps", "uint64_t", /*default=*/"64",
                        "the most steps of a function, and of a part">];
}

def OutlineLoopsPass : Pass<"ntk-outline-loops", "::mlir::ModuleOp"> {
  let summary = "make each loop nest a function that runs on all threads";
  let description = [{
    A top-level loop nest, or an op of linalg on memrefs, becomes a function of
    addresses, sizes and indices, and of a range of its outer parallel loops,
    collapsed where the first alone is short, which `ntk_rt_parallel_for` runs in
    pieces; it calls the function's entry with a context, 64-bit numbers. Nests
    that are equal but for the values they use share one function, and so do many
    that differ in large sizes. An address that no other memref of the nest can
    reach has no alias (`llvm.noalias`): loops are then vectorised without a check
    at each of their lines.

    Before:

    ```mlir
    scf.parallel (%i, %j) = (%c0, %c0) to (%n, %c512) step (%c1, %c1) { … }
    ```

    After:

    ```mlir
    llvm.store … // the context
    call @ntk_rt_parallel_for(%ntk_loop_0_entry, %context, %n, %grain)
    …
    func.func private @ntk_loop_0(%a: !llvm.ptr {llvm.noalias}, …, %begin: i64, %end: i64) {
      scf.for %i = %begin to %end { scf.for %j = %c0 to %c512 { … } }
    }
    func.func private @ntk_loop_0_entry(%context: !llvm.ptr, %begin: i64, %end: i64) {
      … // reads the context
      call @ntk_loop_0(%a, …, %begin, %end)
    ```

    Views are looked through: the context has sums for addresses, and no
    descriptor of a memref is made. Nests with results, and those that use values
    other than memrefs, indices and 64-bit integers, stay where they are.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect"];
}

def RuntimeCallsPass : Pass<"ntk-rt-to-calls", "::mlir::ModuleOp"> {
  let summary = "turn rt ops into calls of the runtime library";
  let description = [{
    Stores the description of each op in an array on the stack and calls its C
    function with plain pointers.

    Before:

    ```mlir
    rt.contract "nk, ck -> nc" ins(%x, %w : …) outs(%y : …)
    ```

    After:

    ```mlir
    %d = llvm.alloca %c11 x i64
    llvm.store … // M, N, K, strides
    call @ntk_rt_gemm_f32(%d_pointer, %x_pointer, %w_pointer, %y_pointer)
    ```

    Assumes memrefs; runs before the conversion to LLVM.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect",
                           "::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect",
                           "::mlir::memref::MemRefDialect"];
}

#endif // NTK_LOWER_TOLLVMPASSES_TD
