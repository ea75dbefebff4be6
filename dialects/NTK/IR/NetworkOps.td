// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Networks and requests for their kernels.

#ifndef NTK_NETWORK_OPS
#define NTK_NETWORK_OPS

include "dialects/NTK/IR/NTKBase.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/CallInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"

def NTK_NetworkOp : Op<NTK_Dialect, "network", [
    FunctionOpInterface, IsolatedFromAbove, SingleBlock,
    OpAsmOpInterface]> {
  let summary = "a neural network on one example";
  let description = [{
    A function of one example, without a batch dimension. Arguments are

    - inputs: no attribute; integer inputs are not differentiated by,
    - parameters, `{ntk.param = "fc1.weight"}`: trainable, named,
    - buffers, `{ntk.buffer = "bn.running_mean"}`: frozen, named.

    A network with several results has the kernel of their concatenation.

    ```mlir
    ntk.network @linear(%x: tensor<3xf32>,
                        %w: tensor<2x3xf32> {ntk.param = "weight"})
        -> tensor<2xf32> {
      %y = ntk.contract "k, ck -> c" (%x, %w)
          : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2xf32>
      ntk.return %y : tensor<2xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
    TypeAttrOf<FunctionType>:$function_type,
    OptionalAttr<StrAttr>:$sym_visibility,
    OptionalAttr<DictArrayAttr>:$arg_attrs,
    OptionalAttr<DictArrayAttr>:$res_attrs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name,
                                 "::mlir::FunctionType":$type)>];
  let skipDefaultBuilders = 1;
  let extraClassDeclaration = [{
    ::mlir::Region *getCallableRegion() { return &getBody(); }
    ::llvm::ArrayRef<::mlir::Type> getArgumentTypes() {
      return getFunctionType().getInputs();
    }
    ::llvm::ArrayRef<::mlir::Type> getResultTypes() {
      return getFunctionType().getResults();
    }

    static ::llvm::StringRef getDefaultDialect() { return "ntk"; }

    /// Name of a parameter or buffer argument, empty for an input.
    ::llvm::StringRef getParameterName(unsigned argument);
    ::llvm::StringRef getBufferName(unsigned argument);
    /// Is the argument a part of the example (neither parameter nor buffer)?
    bool isInput(unsigned argument) {
      return getParameterName(argument).empty() &&
             getBufferName(argument).empty();
    }
    /// O: the number of elements of all results together.
    int64_t getOutputs();
    ::mlir::ntk::ReturnOp getReturn();
  }];
}

def NTK_ReturnOp : Op<NTK_Dialect, "return", [
    Pure, HasParent<"NetworkOp">, Terminator]> {
  let summary = "the outputs of a network";
  let description = [{
    Ends the body of an `ntk.network` with the values of its results.

    ```mlir
    ntk.return %y : tensor<10xf32>
    ```
  }];
  let arguments = (ins Variadic<NTK_Tensor>:$operands);
  let assemblyFormat = "attr-dict ($operands^ `:` type($operands))?";
  let hasVerifier = 1;
}

def NTK_KernelOperand : I32EnumAttr<"KernelOperand",
  "what a kernel is an einsum over: the Jacobians of both sides", [
    I32EnumAttrCase<"J1", 0>,
    I32EnumAttrCase<"J2", 1>]> {
  let cppNamespace = "::mlir::ntk";
}

def NTK_Method : I32EnumAttr<"KernelMethod",
  "how the kernel is computed; the three methods of the paper", [
    I32EnumAttrCase<"JacobianContraction", 0, "jacobian_contraction">,
    I32EnumAttrCase<"NtkVectorProducts", 1, "ntk_vector_products">,
    I32EnumAttrCase<"Structured", 2, "structured">]> {
  let cppNamespace = "::mlir::ntk";
}

def NTK_ScheduleAttr : AttrDef<NTK_Dialect, "Schedule"> {
  let mnemonic = "schedule";
  let summary = "what is decided of a kernel as a whole";
  let description = [{
    How the loop over tiles of a kernel goes. Whatever is left out is decided by
    the planner, which writes it here; what stands here it keeps.

        #ntk.schedule<n1 = 128, n2 = 128, method = structured, cuts = ["pool"],
                      blocks = {n = 32, m = 64, o = 10}, kept = [1, 2]>

    - `n1`, `n2`: the examples of both sides that are planned for; any numbers
      run,
    - `method`: `jacobian_contraction`, `ntk_vector_products` or `structured`,
    - `cuts`: values b of the network whose kernel Θ_b is computed for all
      parameters that reach the outputs through b alone, and put between the
      Jacobians ∂f/∂b; a value is known by the name of its location, where
      several have it or none by its place among the ops of the network when
      that is expanded, too: `"pool"`, `"pool#7"`, `"#7"`,
    - `blocks`: examples n and m of the sides, and outputs o of each, in a tile;
      larger blocks of examples than there are examples are all of them. Blocks
      of outputs go through a kernel from the first on; the last overlaps the
      one before, but those of a trace divide its outputs,
    - `kept`: the sides whose factors are kept for all examples; those of the
      others are computed again for every tile.

    The loops are over outputs o, then p, then n, then m.
  }];
  let parameters = (ins "::mlir::ntk::Schedule":$value);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def NTK_KernelOp : Op<NTK_Dialect, "kernel", [Symbol]> {
  let summary = "a request for a kernel of a network";
  let description = [{
    Asks for an einsum over the Jacobians J1[n,o,w] and J2[m,p,w] of the outputs
    o, p of examples n of x1 and m of x2, joined flat, by the numbers w of the
    parameters:

    - `"now, mpw -> nmop"`: Θ[n,m,o,p] = Σ_w ∂f_o(x1_n)/∂w · ∂f_p(x2_m)/∂w,
    - `"now, mow -> nmo"`: its diagonal, Θ[n,m,o,o],
    - `"now, mow -> nm"`: its trace, Σ_o Θ[n,m,o,o],
    - `"now, mpw -> nm"`: the kernel of the sum of the outputs, Σ_op Θ[n,m,o,p].

    `scale` is a number that all of it is multiplied by (a trace is often divided
    by the number of outputs).

    `wrt` lists the parameters; without it all are meant. `symmetric` says that
    x1 = x2. `schedule` holds what is decided: it is written by `--ntk-choose`
    and by the tools, or by hand, and later passes obey it. `costs` are the
    FLOPs of the methods, as `--ntk-choose` found them.

    ```mlir
    ntk.kernel @theta of @mlp "now, mpw -> nmop" (J1, J2)
    ntk.kernel @biases of @mlp "now, mow -> nm" (J1, J2) scale 1.000000e-01
        schedule <method = structured, blocks = {n = 32, m = 32}>
        {wrt = ["fc1.bias", "fc2.bias"], symmetric}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
    FlatSymbolRefAttr:$network,
    StrAttr:$spec,
    TypedArrayAttrBase<NTK_KernelOperand, "operands of a kernel">:$jacobians,
    OptionalAttr<F64Attr>:$scale,
    OptionalAttr<StrArrayAttr>:$wrt,
    UnitAttr:$symmetric,
    OptionalAttr<NTK_ScheduleAttr>:$schedule,
    OptionalAttr<DictionaryAttr>:$costs);
  let assemblyFormat = [{
    $sym_name `of` $network $spec custom<KernelOperands>($jacobians)
    (`scale` $scale^)? (`schedule` $schedule^)? attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// What becomes of the outputs, joined to one axis.
    ::ntk::rt::OutputPairs getOutputs();
    /// What the schedule decides; nothing where there is none.
    ::mlir::ntk::Schedule getDecisions();
    void setDecisions(const ::mlir::ntk::Schedule &schedule);
  }];
}

#endif // NTK_NETWORK_OPS
