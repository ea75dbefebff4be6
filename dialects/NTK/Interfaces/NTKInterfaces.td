// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The mathematics an operator carries: how it is differentiated, batched,
// lowered, costed, evaluated, and which structure its Jacobian has. Passes ask
// these interfaces and never look at the name of an op.

#ifndef NTK_INTERFACES
#define NTK_INTERFACES

include "mlir/IR/OpBase.td"

def NTK_BatchableOpInterface : OpInterface<"BatchableOpInterface"> {
  let description = [{
    An op that computes on one example, and on many. The *core* of an operand
    or result is its value for one example; a batched operand has leading
    dimensions before its core, one for each letter of its entry in the op's
    `batch` attribute: `batch = ["no", "n", ""]` says that operand 0 has an
    example dimension and an output dimension, operand 1 an example dimension,
    and operand 2 (a weight) none. The letters of the result are the union of
    those of the operands, in the order of `canonicalOrder` (n, o, m, p).
  }];
  let cppNamespace = "::mlir::ntk";
  let methods = [
    InterfaceMethod<[{
      Builds this op on operands that carry the batch letters of `batch` before
      their cores; returns the result and reports its letters. By default the
      op is cloned with a `batch` attribute. This op itself must be unbatched.
    }], "::mlir::Value", "buildBatched",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$operands,
           "::llvm::ArrayRef<std::string>":$batch), [{}], [{
        return ::mlir::ntk::cloneBatched(builder, $_op, operands, batch);
      }]>,
  ];
}

def NTK_DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let description = [{
    An op with one result y that can be differentiated in its floating-point
    operands. Derivatives are built as ops of one example, next to the op they
    belong to, and may read its operands and its result: what the derivative
    reads are the residuals of the op. Kinks follow PyTorch, see `Kinks` in the
    Rationale.
  }];
  let cppNamespace = "::mlir::ntk";
  let methods = [
    InterfaceMethod<[{
      How y depends on its floating-point operands: `Linearity::Joint` if it is
      linear in all of them together (add, concat), `Linearity::Multi` if it is
      linear in each (mul, contract, conv), `Linearity::None` otherwise,
      `Linearity::Constant` if it has no derivative (compare, sign).
    }], "::mlir::ntk::Linearity", "getLinearity", (ins), [{}],
      [{ return ::mlir::ntk::Linearity::None; }]>,
    InterfaceMethod<[{
      Is y differentiable in this operand? By default: floating-point operands
      of an op that is not constant under differentiation.
    }], "bool", "isDifferentiableIn", (ins "unsigned":$operand), [{}], [{
        return ::mlir::isa<::mlir::FloatType>(::mlir::getElementTypeOrSelf(
                   $_op->getOperand(operand))) &&
               $_op.getLinearity() != ::mlir::ntk::Linearity::Constant;
      }]>,
    InterfaceMethod<[{
      Builds the tangent of y, dy = sum_i (dy/dx_i) dx_i, from the tangents of
      the operands; a null tangent is zero, not all are null. By default the
      rule that follows from the linearity.
    }], "::mlir::Value", "buildJvp",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$tangents), [{}],
      [{ return ::mlir::ntk::buildLinearJvp(builder, $_op, tangents); }]>,
    InterfaceMethod<[{
      Builds the cotangent of one operand, (dy/dx_i)^T c, from the cotangent c
      of y (same shape as y). Asked only of operands the op is differentiable
      in.
    }], "::mlir::Value", "buildVjp",
      (ins "::mlir::OpBuilder &":$builder, "unsigned":$operand,
           "::mlir::Value":$cotangent), [{}], [{ return {}; }]>,
  ];
}

def NTK_JacobianStructureOpInterface
    : OpInterface<"JacobianStructureOpInterface"> {
  let description = [{
    The Jacobian dy/dθ of an op for a parameter operand θ, as a product of
    features and deltas:

        J[y, θ] = Π_f feature_f[...]    with indices shared between y, θ, features

    An index that stands in both y and θ is a delta (constant block diagonal if
    no feature has it, block diagonal if one has); an index of y alone is a
    broadcast of θ (output block-tiled); an index of a feature alone is summed
    (input block-tiled). Table of structures: the paper, section 4 and
    appendix C. No structure means: per-example gradient by VJP.

    An index may run over a part of an axis of y (concat, pad) or of θ (slice),
    and forwards or backwards (reverse); y does not depend on θ elsewhere. A
    feature may be one-hot, given by its positions (gather); a factor that is
    the same everywhere is a number (neg, scale).
  }];
  let cppNamespace = "::mlir::ntk";
  let methods = [
    InterfaceMethod<[{
      The structure for `operand`, or nothing if there is none that pays.
      Features are built with `builder` as ops of one example.
    }], "std::optional<::mlir::ntk::JacobianStructure>", "getJacobianStructure",
      (ins "::mlir::OpBuilder &":$builder, "unsigned":$operand), [{}],
      [{ return std::nullopt; }]>,
  ];
}

def NTK_LowerableOpInterface : OpInterface<"LowerableOpInterface"> {
  let description = [{
    Rewrites the op, batched or not, to `rt`, `linalg` and `tensor` ops on the
    same tensor types.
  }];
  let cppNamespace = "::mlir::ntk";
  let methods = [
    InterfaceMethod<[{
      Builds the lowered form; every dynamic dimension is taken from
      `lowering`, which knows the index value of each batch letter. Fails, with
      an error on the op, if there is no lowering for these operands.
    }], "::mlir::FailureOr<::mlir::Value>", "lower",
      (ins "::mlir::ntk::Lowering &":$lowering, "::mlir::ValueRange":$operands)>,
  ];
}

def NTK_CostOpInterface : OpInterface<"CostOpInterface"> {
  let description = [{
    Work and traffic of the op as polynomials of the runtime sizes: a
    multiply-add is two FLOPs, padded taps are not counted.
  }];
  let cppNamespace = "::mlir::ntk";
  let methods = [
    InterfaceMethod<[{
      FLOPs of the core, for one example. By default one for each element of the
      core of the result.
    }], "int64_t", "getCoreFlops", (ins), [{}],
      [{ return ::mlir::ntk::getCoreResultType($_op).getNumElements(); }]>,
    InterfaceMethod<"FLOPs of the whole, batched op.",
      "::mlir::ntk::Polynomial", "getFlops", (ins), [{}],
      [{ return ::mlir::ntk::getBatchedFlops($_op, $_op.getCoreFlops()); }]>,
    InterfaceMethod<"Bytes read and written by the whole, batched op.",
      "::mlir::ntk::Polynomial", "getBytes", (ins), [{}],
      [{ return ::mlir::ntk::getOperandAndResultBytes($_op); }]>,
  ];
}

def NTK_EvaluableOpInterface : OpInterface<"EvaluableOpInterface"> {
  let description = [{
    The op in the reference interpreter: one small, slow, obvious function of
    the core, on dual numbers, independent of the derivative rules above.
  }];
  let cppNamespace = "::mlir::ntk";
  let methods = [
    InterfaceMethod<[{
      Evaluates the core. `operands` have core shapes; the result has the shape
      of the core of y, filled with zeros.
    }], "void", "evaluate",
      (ins "::llvm::ArrayRef<const ::mlir::ntk::DualTensor *>":$operands,
           "::mlir::ntk::DualTensor &":$result)>,
  ];
}

#endif // NTK_INTERFACES
