// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementwise ops. Functions of one variable are rows of one table: here their
// names and constants, in Elementwise.cpp their value, derivative and cost.

#ifndef NTK_ELEMENTWISE_OPS
#define NTK_ELEMENTWISE_OPS

include "dialects/NTK/IR/NTKBase.td"

//===----------------------------------------------------------------------===//
// Functions of one variable
//===----------------------------------------------------------------------===//

/// y = f(x), elementwise. `function()` is the row of the table.
class NTK_UnaryOp<string mnemonic, string formula, dag constants = (ins)>
    : NTK_Op<mnemonic, !con((ins NTK_FloatTensor:$input), constants)> {
  let summary = "y = " # formula # ", elementwise";
  let assemblyFormat = [{
    $input attr-dict `:` custom<SameTypes>(type($input), type($result))
  }];
  let opDeclaration = [{
    /// Value, derivative and cost of this function.
    static const ::mlir::ntk::UnaryFunction &function();
    /// The constants of this op, sorted by name.
    ::llvm::SmallVector<double> getConstants() {
      return ::mlir::ntk::getFloatAttributes(getOperation());
    }
    ::mlir::ntk::Linearity getLinearity() {
      return function().linear ? ::mlir::ntk::Linearity::Joint
                               : ::mlir::ntk::Linearity::None;
    }
    ::mlir::Value buildJvp(::mlir::OpBuilder &builder,
                           ::mlir::ValueRange tangents);
    std::optional<::mlir::ntk::JacobianStructure> getJacobianStructure(
        ::mlir::OpBuilder &builder, unsigned operand);
    int64_t getCoreFlops();
  }];
}

def NTK_ReluOp : NTK_UnaryOp<"relu", "max(x, 0)"> {
  let description = [{The derivative at 0 is 0.}];
}
def NTK_LeakyReluOp : NTK_UnaryOp<"leaky_relu", "x > 0 ? x : α x",
    (ins F64Attr:$alpha)> {
  let description = [{The derivative at 0 is α.}];
}
def NTK_EluOp : NTK_UnaryOp<"elu", "x > 0 ? x : α (exp x − 1)",
    (ins F64Attr:$alpha)> {
  let description = [{The derivative at 0 is α.}];
}
def NTK_ClipOp : NTK_UnaryOp<"clip", "min(max(x, low), high)",
    (ins F64Attr:$low, F64Attr:$high,
         DefaultValuedAttr<F64Attr, "0.0">:$on_bounds)> {
  let description = [{
    The derivative is 1 where low < x < high, `on_bounds` where x is a bound (0
    if it is not given), 0 elsewhere. Bounds may be infinite.

    ```mlir
    %y = ntk.clip %x {low = 0.0, high = 6.0, on_bounds = 1.0} : tensor<8xf32>
    ```
  }];
}
def NTK_TanhOp : NTK_UnaryOp<"tanh", "tanh x"> {
  let description = [{
    The derivative is 4 q / (1 + q)² with q = exp −2|x|: 1 − y² has no digits
    left where y is near ±1.
  }];
}
def NTK_SigmoidOp : NTK_UnaryOp<"sigmoid", "1 / (1 + exp −x)"> {
  let description = [{The derivative is q / (1 + q)² with q = exp −|x|.}];
}
def NTK_GeluOp : NTK_UnaryOp<"gelu", "x Φ(x)"> {
  let description = [{Φ(x) = (1 + erf(x/√2))/2; derivative Φ(x) + x φ(x).}];
}
def NTK_GeluTanhOp : NTK_UnaryOp<"gelu_tanh",
    "x (1 + tanh(√(2/π) (x + 0.044715 x³))) / 2"> {
  let description = [{The tanh approximation of GELU.}];
}
def NTK_SiluOp : NTK_UnaryOp<"silu", "x / (1 + exp −x)"> {
  let description = [{With σ the sigmoid, the derivative is σ (1 + x (1 − σ)).}];
}
def NTK_SoftplusOp : NTK_UnaryOp<"softplus", "log(1 + exp x)"> {
  let description = [{
    Computed as max(x, 0) + log1p(exp −|x|), so that it does not overflow; the
    derivative is the sigmoid.
  }];
}
def NTK_MishOp : NTK_UnaryOp<"mish", "x tanh(log(1 + exp x))"> {
  let description = [{
    Value and derivative are quotients of polynomials of exp −|x|.
  }];
}
def NTK_SoftsignOp : NTK_UnaryOp<"softsign", "x / (1 + |x|)"> {
  let description = [{The derivative is 1 / (1 + |x|)².}];
}
def NTK_SinOp : NTK_UnaryOp<"sin", "sin x"> {
  let description = [{The derivative is cos x.}];
}
def NTK_CosOp : NTK_UnaryOp<"cos", "cos x"> {
  let description = [{The derivative is −sin x.}];
}
def NTK_TanOp : NTK_UnaryOp<"tan", "tan x"> {
  let description = [{The derivative is 1 + y².}];
}
def NTK_AsinOp : NTK_UnaryOp<"asin", "arcsin x"> {
  let description = [{The derivative is 1/√((1 − x) (1 + x)).}];
}
def NTK_AcosOp : NTK_UnaryOp<"acos", "arccos x"> {
  let description = [{The derivative is −1/√((1 − x) (1 + x)).}];
}
def NTK_AtanOp : NTK_UnaryOp<"atan", "arctan x"> {
  let description = [{The derivative is 1/(1 + x²).}];
}
def NTK_SinhOp : NTK_UnaryOp<"sinh", "sinh x"> {
  let description = [{The derivative is cosh x.}];
}
def NTK_CoshOp : NTK_UnaryOp<"cosh", "cosh x"> {
  let description = [{The derivative is sinh x.}];
}
def NTK_AsinhOp : NTK_UnaryOp<"asinh", "arsinh x"> {
  let description = [{The derivative is 1/√(1 + x²).}];
}
def NTK_AcoshOp : NTK_UnaryOp<"acosh", "arcosh x"> {
  let description = [{
    The derivative is 1/√(x² − 1), as PyTorch has it also below −1, where there
    is no value.
  }];
}
def NTK_AtanhOp : NTK_UnaryOp<"atanh", "artanh x"> {
  let description = [{The derivative is 1/((1 − x) (1 + x)).}];
}
def NTK_ExpOp : NTK_UnaryOp<"exp", "exp x"> {
  let description = [{The derivative is y.}];
}
def NTK_LogOp : NTK_UnaryOp<"log", "log x"> {
  let description = [{The derivative is 1/x.}];
}
def NTK_Log1pOp : NTK_UnaryOp<"log1p", "log(1 + x)"> {
  let description = [{
    Exact for small x, too; the derivative is 1/(1 + x).
  }];
}
def NTK_Expm1Op : NTK_UnaryOp<"expm1", "exp x − 1"> {
  let description = [{Exact for small x, too; the derivative is exp x.}];
}
def NTK_ErfOp : NTK_UnaryOp<"erf", "erf x"> {
  let description = [{The derivative is 2/√π exp(−x²).}];
}
def NTK_SqrtOp : NTK_UnaryOp<"sqrt", "√x"> {
  let description = [{The derivative is 1/(2y).}];
}
def NTK_RsqrtOp : NTK_UnaryOp<"rsqrt", "1/√x"> {
  let description = [{The derivative is −y³/2.}];
}
def NTK_ReciprocalOp : NTK_UnaryOp<"reciprocal", "1/x"> {
  let description = [{The derivative is −y².}];
}
def NTK_AbsOp : NTK_UnaryOp<"abs", "|x|"> {
  let description = [{The derivative at 0 is 0.}];
}
def NTK_SquareOp : NTK_UnaryOp<"square", "x²"> {
  let description = [{The derivative is 2x.}];
}
def NTK_PowOp : NTK_UnaryOp<"pow", "x^p", (ins F64Attr:$exponent)> {
  let description = [{Constant exponent p; the derivative is p x^(p−1).}];
}
def NTK_NegOp : NTK_UnaryOp<"neg", "−x"> {
  let description = [{Linear.}];
}
def NTK_ScaleOp : NTK_UnaryOp<"scale", "s x", (ins F64Attr:$factor)> {
  let description = [{Linear; s is a number of the network's text.}];
}
def NTK_ShiftOp : NTK_UnaryOp<"shift", "x + s", (ins F64Attr:$offset)> {
  let description = [{The derivative is 1.}];
}

def NTK_StopGradientOp : NTK_ConstantUnderDifferentiationOp<"stop_gradient",
    (ins NTK_FloatTensor:$input)> {
  let summary = "y = x, a constant under differentiation";
  let description = [{
    What a network keeps from being differentiated (`detach`): the identity with
    the derivative zero. Nothing is copied.

    ```mlir
    %y = ntk.stop_gradient %x : tensor<8xf32>
    ```
  }];
  let assemblyFormat = [{
    $input attr-dict `:` custom<SameTypes>(type($input), type($result))
  }];
}

//===----------------------------------------------------------------------===//
// Functions of two variables
//===----------------------------------------------------------------------===//

/// Operands of equal core shape; broadcasts are explicit (`ntk.broadcast`).
class NTK_BinaryOp<string mnemonic, string formula>
    : NTK_Op<mnemonic, (ins NTK_Tensor:$lhs, NTK_Tensor:$rhs)> {
  let summary = "y = " # formula # ", elementwise";
  let assemblyFormat = [{
    $lhs `,` $rhs attr-dict `:`
    custom<SameTypes>(type($lhs), type($rhs), type($result))
  }];
}

def NTK_AddOp : NTK_BinaryOp<"add", "a + b"> {
  let description = [{
    A bias is `ntk.add %x, %b` with b broadcast: its Jacobian is a delta, so its
    site has a cotangent and no feature.
  }];
  let opDeclaration = [{
    ::mlir::ntk::Linearity getLinearity() {
      return ::mlir::ntk::Linearity::Joint;
    }
    std::optional<::mlir::ntk::JacobianStructure> getJacobianStructure(
        ::mlir::OpBuilder &builder, unsigned operand);
  }];
}
def NTK_SubOp : NTK_BinaryOp<"sub", "a − b"> {
  let description = [{Linear in both together.}];
  let opDeclaration = [{
    ::mlir::ntk::Linearity getLinearity() {
      return ::mlir::ntk::Linearity::Joint;
    }
    std::optional<::mlir::ntk::JacobianStructure> getJacobianStructure(
        ::mlir::OpBuilder &builder, unsigned operand);
  }];
}
def NTK_MulOp : NTK_BinaryOp<"mul", "a · b"> {
  let description = [{
    Linear in each. As a scale γ·x the Jacobian in γ is block diagonal: x is the
    feature and shares every index.
  }];
  let opDeclaration = [{
    ::mlir::ntk::Linearity getLinearity() {
      return ::mlir::ntk::Linearity::Multi;
    }
    std::optional<::mlir::ntk::JacobianStructure> getJacobianStructure(
        ::mlir::OpBuilder &builder, unsigned operand);
  }];
}
def NTK_DivOp : NTK_BinaryOp<"div", "a / b"> {
  let description = [{
    da/b − y db/b. The Jacobian in a is block diagonal, as that of a product.
  }];
  let opDeclaration = [{
    ::mlir::Value buildJvp(::mlir::OpBuilder &builder,
                           ::mlir::ValueRange tangents);
    std::optional<::mlir::ntk::JacobianStructure> getJacobianStructure(
        ::mlir::OpBuilder &builder, unsigned operand);
  }];
}
def NTK_MaxOp : NTK_BinaryOp<"max", "max(a, b)"> {
  let description = [{Equal operands share the derivative; NaN wins.}];
  let opDeclaration = [{
    ::mlir::Value buildJvp(::mlir::OpBuilder &builder,
                           ::mlir::ValueRange tangents);
  }];
}
def NTK_MinOp : NTK_BinaryOp<"min", "min(a, b)"> {
  let description = [{Equal operands share the derivative; NaN wins.}];
  let opDeclaration = [{
    ::mlir::Value buildJvp(::mlir::OpBuilder &builder,
                           ::mlir::ValueRange tangents);
  }];
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

def NTK_Comparison : I32EnumAttr<"Comparison", "an ordering of two numbers", [
    I32EnumAttrCase<"EQ", 0, "eq">, I32EnumAttrCase<"NE", 1, "ne">,
    I32EnumAttrCase<"LT", 2, "lt">, I32EnumAttrCase<"LE", 3, "le">,
    I32EnumAttrCase<"GT", 4, "gt">, I32EnumAttrCase<"GE", 5, "ge">]> {
  let cppNamespace = "::mlir::ntk";
}

def NTK_CompareOp : NTK_ConstantUnderDifferentiationOp<"compare",
    (ins NTK_Tensor:$lhs, NTK_Tensor:$rhs, NTK_Comparison:$predicate)> {
  let summary = "compares two values, elementwise";
  let description = [{
    A mask, constant under differentiation. Comparisons with NaN are false, but
    `ne` is true.

    ```mlir
    %m = ntk.compare gt %a, %b
        : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xi1>
    ```
  }];
  let assemblyFormat = [{
    $predicate operands attr-dict `:` functional-type(operands, results)
  }];
  let opDeclaration = [{
    ::mlir::ntk::Linearity getLinearity() {
      return ::mlir::ntk::Linearity::Constant;
    }
  }];
}
def NTK_SelectOp : NTK_Op<"select",
    (ins NTK_MaskTensor:$condition, NTK_Tensor:$lhs, NTK_Tensor:$rhs)> {
  let summary = "y = condition ? a : b, elementwise";
  let description = [{
    Linear in a and b together.

    ```mlir
    %y = ntk.select %m, %a, %b
        : (tensor<8xi1>, tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
    ```
  }];
  let opDeclaration = [{
    ::mlir::ntk::Linearity getLinearity() {
      return ::mlir::ntk::Linearity::Joint;
    }
    ::mlir::Value buildJvp(::mlir::OpBuilder &builder,
                           ::mlir::ValueRange tangents);
    std::optional<::mlir::ntk::JacobianStructure> getJacobianStructure(
        ::mlir::OpBuilder &builder, unsigned operand);
  }];
}
def NTK_MaskOp : NTK_Op<"mask",
    (ins NTK_MaskTensor:$condition, NTK_FloatTensor:$input)> {
  let summary = "y = condition ? x : 0, elementwise";
  let description = [{
    The derivative of ReLU-like functions: a cotangent times a 0/1 factor.

    ```mlir
    %y = ntk.mask %m, %x : (tensor<8xi1>, tensor<8xf32>) -> tensor<8xf32>
    ```
  }];
  let opDeclaration = [{
    ::mlir::ntk::Linearity getLinearity() {
      return ::mlir::ntk::Linearity::Joint;
    }
    std::optional<::mlir::ntk::JacobianStructure> getJacobianStructure(
        ::mlir::OpBuilder &builder, unsigned operand);
  }];
}
def NTK_ConvertOp : NTK_Op<"convert",
    (ins NTK_Tensor:$input, TypeAttr:$element)> {
  let summary = "another element type";
  let description = [{
    From masks and integers to numbers, between integer widths, and from numbers
    to integers towards zero (constant under differentiation if either side is
    not a number with a derivative).

    ```mlir
    %y = ntk.convert %m {element = f32} : (tensor<8xi1>) -> tensor<8xf32>
    ```
  }];
  let opDeclaration = [{
    ::mlir::ntk::Linearity getLinearity();
  }];
}

#endif // NTK_ELEMENTWISE_OPS
