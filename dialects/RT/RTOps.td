// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dialect `rt`: one op for each kernel of the runtime library. Every op
// writes into a destination, on tensors and on memrefs alike, so that
// bufferization carries it over without a copy and without a conversion.

#ifndef RT_OPS
#define RT_OPS

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def RT_Dialect : Dialect {
  let name = "rt";
  let cppNamespace = "::mlir::ntk::rt";
  let summary = "Kernels of the runtime library";
  let description = [{
    Level 3 consists of these ops, of `linalg.generic` and of `memref` views.
    Each op here is one call of a C function of libntk_rt,

        void symbol(const int64_t *description, operands...)

    where the description holds sizes, strides and geometry; see
    `include/ntk-rt/Abi.h`. On tensors an op has one result, the destination
    with its new contents; on memrefs it has none.
  }];
}

def RT_RuntimeCallOpInterface : OpInterface<"RuntimeCallOpInterface"> {
  let description = [{
    An op that is one call of the runtime library. The operands of the op, in
    their order, are the pointers that follow the description.
  }];
  let cppNamespace = "::mlir::ntk::rt";
  let methods = [
    InterfaceMethod<[{Which kernel it calls.}],
      "::mlir::ntk::rt::Routine", "getRoutine", (ins)>,
    InterfaceMethod<[{The name of the C function, as "ntk_rt_gemm_f32".}],
      "std::string", "getRuntimeFunction", (ins)>,
    InterfaceMethod<[{
      The numbers of the description, for this op on memrefs: what is passed to
      the library, and what the call is priced by.
    }], "::llvm::SmallVector<::mlir::ntk::rt::SizeProduct>",
      "getDescription", (ins)>,
    InterfaceMethod<[{The call in source that includes ntk-rt.}],
      "::mlir::ntk::rt::SourceCall", "getSourceCall", (ins)>,
    InterfaceMethod<[{
      What is computed, for a reader, of operands with these names:
      "y[n,c] = Σ_k x[n,k] w[c,k]".
    }], "std::string", "getEquation",
      (ins "::llvm::ArrayRef<::llvm::StringRef>":$names)>,
    InterfaceMethod<[{Floating-point operations, pads included.}],
      "::mlir::ntk::rt::SizeProduct", "countFlops", (ins), [{}],
      [{ return ::mlir::ntk::rt::SizeProduct(); }]>,
    InterfaceMethod<[{Is the destination read before it is written?}],
      "bool", "readsDestination", (ins), [{}], [{ return false; }]>,
    InterfaceMethod<[{
      Must operands be dense and row-major, or may they have any strides?
    }], "bool", "needsDenseOperands", (ins), [{}], [{ return true; }]>,
  ];
}

def RT_Shaped : AnyTypeOf<[MemRefOf<[F32, F64]>, RankedTensorOf<[F32, F64]>]>;

class RT_Op<string mnemonic, dag args, list<string> overrides,
            list<Trait> traits = []>
    : Op<RT_Dialect, mnemonic, !listconcat(traits, [
        DestinationStyleOpInterface,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
        DeclareOpInterfaceMethods<RT_RuntimeCallOpInterface, overrides>])> {
  let arguments = args;
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let hasVerifier = 1;
  /// Declarations of one op, beside those every op has.
  string opDeclaration = "";
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() {
      return getOutMutable();
    }
  }] # opDeclaration;
}

def RT_ContractOp : RT_Op<"contract",
    (ins StrAttr:$spec, RT_Shaped:$lhs, RT_Shaped:$rhs, RT_Shaped:$out,
         UnitAttr:$accumulate),
    ["countFlops", "readsDestination", "needsDenseOperands"]> {
  let summary = "a matrix product with loops around it, by named indices";
  let description = [{
    A sum of products of two operands, as `ntk.contract`: for
    `"notc, ntk -> nock"`

        out[n,o,c,k] (+)= Σ_t lhs[n,o,t,c] rhs[n,t,k]

    Letters in all three are loops, letters of lhs and out are rows (M), of rhs
    and out columns (N), of both operands alone the sum (K). A letter of one
    operand alone must have been summed before. Neighbouring letters of one kind
    whose strides allow it are one index; the largest of each kind becomes M, N
    and K of one call of `ntk_rt_gemm_*`, the others become loops of that call.
    With `accumulate` it adds to the destination.

    ```mlir
    %y = rt.contract "nk, ck -> nc"
        ins(%x, %w : tensor<?x16xf32>, tensor<8x16xf32>)
        outs(%0 : tensor<?x8xf32>) -> tensor<?x8xf32>
    ```
  }];
  let assemblyFormat = [{
    $spec `ins` `(` $lhs `,` $rhs `:` type($lhs) `,` type($rhs) `)`
    `outs` `(` $out `:` type($out) `)` attr-dict (`->` type($results)^)?
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$lhs, "::mlir::Value":$rhs,
    "::mlir::Value":$out, "::llvm::StringRef":$spec, "bool":$accumulate)>];
}

/// Ops that share the geometry of a convolution, on [N…, channels, pixels…] with
/// any number of leading dimensions, all of them examples;
/// `padding` holds low and high of each spatial axis: [low0, high0, low1, …].
class RT_ConvolutionOp<string mnemonic, dag args> : RT_Op<mnemonic,
    !con(args, (ins RT_Shaped:$out, DenseI64ArrayAttr:$strides,
                    DenseI64ArrayAttr:$padding, DenseI64ArrayAttr:$dilations,
                    I64Attr:$groups)), ["countFlops"]>;

def RT_ConvOp : RT_ConvolutionOp<"conv",
    (ins RT_Shaped:$input, RT_Shaped:$kernel)> {
  let summary = "convolution (cross-correlation) of N examples";
  let description = [{
    The batched `ntk.conv`: input [N…, G·A, in…], kernel [C, A, kernel…], out
    [N…, C, out…]; one to three spatial axes. See `ntk_rt_conv_*`.

    ```mlir
    rt.conv ins(%x, %w : memref<?x3x32x32xf32>, memref<8x3x3x3xf32>)
        outs(%y : memref<?x8x32x32xf32>)
        {strides = array<i64: 1, 1>, padding = array<i64: 1, 1, 1, 1>,
         dilations = array<i64: 1, 1>, groups = 1 : i64}
    ```
  }];
  let assemblyFormat = [{
    `ins` `(` $input `,` $kernel `:` type($input) `,` type($kernel) `)`
    `outs` `(` $out `:` type($out) `)` attr-dict (`->` type($results)^)?
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$input,
    "::mlir::Value":$kernel, "::mlir::Value":$out,
    "::llvm::ArrayRef<int64_t>":$strides, "::llvm::ArrayRef<int64_t>":$padding,
    "::llvm::ArrayRef<int64_t>":$dilations, "int64_t":$groups)>];
}

def RT_ConvBackwardDataOp : RT_ConvolutionOp<"conv_backward_data",
    (ins RT_Shaped:$cotangent, RT_Shaped:$kernel)> {
  let summary = "the transpose of a convolution in its input";
  let description = [{
    The linear map transposed to that of `rt.conv` with the same kernel and
    geometry: cotangent [N…, C, out…], kernel [C, A, kernel…], out
    [N…, G·A, in…].
    See `ntk_rt_conv_backward_data_*`.

    ```mlir
    rt.conv_backward_data
        ins(%c, %w : memref<?x8x32x32xf32>, memref<8x3x3x3xf32>)
        outs(%x : memref<?x3x32x32xf32>)
        {strides = array<i64: 1, 1>, padding = array<i64: 1, 1, 1, 1>,
         dilations = array<i64: 1, 1>, groups = 1 : i64}
    ```
  }];
  let assemblyFormat = [{
    `ins` `(` $cotangent `,` $kernel `:` type($cotangent) `,` type($kernel) `)`
    `outs` `(` $out `:` type($out) `)` attr-dict (`->` type($results)^)?
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$cotangent,
    "::mlir::Value":$kernel, "::mlir::Value":$out,
    "::llvm::ArrayRef<int64_t>":$strides, "::llvm::ArrayRef<int64_t>":$padding,
    "::llvm::ArrayRef<int64_t>":$dilations, "int64_t":$groups)>];
}

def RT_PatchesOp : RT_Op<"patches",
    (ins RT_Shaped:$input, RT_Shaped:$out, DenseI64ArrayAttr:$kernel_size,
         DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$padding,
         DenseI64ArrayAttr:$dilations, I64Attr:$groups), []> {
  let summary = "the input pixels under every tap of a convolution";
  let description = [{
    The batched `ntk.patches`: input [N…, G·A, in…], out [N…, G, A, taps, pixels]
    with zeros for taps outside. See `ntk_rt_patches_*`.

    ```mlir
    rt.patches ins(%x : memref<?x3x32x32xf32>)
        outs(%z : memref<?x1x3x9x1024xf32>)
        {kernel_size = array<i64: 3, 3>, strides = array<i64: 1, 1>,
         padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>,
         groups = 1 : i64}
    ```
  }];
  let assemblyFormat = [{
    `ins` `(` $input `:` type($input) `)`
    `outs` `(` $out `:` type($out) `)` attr-dict (`->` type($results)^)?
  }];
  let builders = [OpBuilder<(ins "::mlir::Value":$input, "::mlir::Value":$out,
    "::llvm::ArrayRef<int64_t>":$kernelSize,
    "::llvm::ArrayRef<int64_t>":$strides, "::llvm::ArrayRef<int64_t>":$padding,
    "::llvm::ArrayRef<int64_t>":$dilations, "int64_t":$groups)>];
}

def RT_ClockOp : Op<RT_Dialect, "clock", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "read the clock behind a step of a program";
  let description = [{
    The time since the clock was read last is that of step number `step`; without
    one it is nobody's: so a function begins. Where nobody listens nothing is
    read. See `ntk_rt_clock`.

    ```mlir
    rt.clock
    rt.contract "nk, ck -> nc" … {ntk.step = 7 : i64}
    rt.clock 7
    ```
  }];
  let arguments = (ins OptionalAttr<I64Attr>:$step);
  let assemblyFormat = "($step^)? attr-dict";
}

#endif // RT_OPS
