// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums of products over named indices: linear layers, matrix products and
// einsums of a network, and every contraction of the kernel algebra.

#ifndef NTK_CONTRACT_OPS
#define NTK_CONTRACT_OPS

include "dialects/NTK/IR/NTKBase.td"

def NTK_PlanAttr : AttrDef<NTK_Dialect, "Plan"> {
  let mnemonic = "plan";
  let summary = "the order in which a contraction is evaluated";
  let description = [{
    A sequence of pairs, in the manner of einsum paths: operands are numbered
    0, 1, …, each pair is contracted to a new value with the next number, whose
    dimensions are laid out as its word of letters says. The last word is the
    result. On four operands

        #ntk.plan<order = [0, 1, 2, 3, 4, 5], results = ["nm", "nomp", "nomp"]>

    is the two Grams and their Hadamard product. Letters that one operand alone
    has and that are summed over are summed before the operand is used.

    Contractions of one `group` are added into the same tile and have a Gram D
    in common: one multiplies it, Z∘D, for the others it is all there is to add.
    They are carried out as one product, (Z + 1)∘D. A layer's bias has the
    cotangent Gram of its weight in this way:

        #ntk.plan<order = [0, 1], results = ["nomp"], group = 0>
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$order,
                        ArrayRefParameter<"StringAttr">:$results,
                        OptionalParameter<"std::optional<int64_t>">:$group);
  let assemblyFormat = [{
    `<` `order` `=` `[` $order `]` `,` `results` `=` `[` $results `]`
    (`,` `group` `=` $group^)? `>`
  }];
  let genVerifyDecl = 1;
}

def NTK_ContractOp : NTK_Op<"contract",
    (ins Variadic<NTK_Tensor>:$factors, Optional<NTK_Tensor>:$init,
         StrAttr:$spec, OptionalAttr<NTK_PlanAttr>:$plan),
    [AttrSizedOperandSegments]> {
  let summary = "a sum of products over named indices";
  let description = [{
    An einsum with named indices: for `"ntk, msk, notc, mpsc -> nomp"`

        y[n,o,m,p] = Σ_{t,s,k,c} z1[n,t,k] z2[m,s,k] C1[n,o,t,c] C2[m,p,s,c]

    Each operand has one letter per dimension, a letter has one size wherever
    it stands, letters that are not in the result are summed over, and a letter
    may stand once in an operand. Masks (i1) count as 0 and 1. It is linear in
    each operand; with one operand it is a sum and a transposition. `into`
    names a value the result is added to.

    As a linear layer y = W x: `ntk.contract "k, ck -> c" (%x, %w)`. Batched,
    the letters of examples and outputs are part of the string:
    `"nk, ck -> nc"`.

    The Jacobian for a parameter operand has the other operands as features;
    letters shared by the parameter and the result are deltas.

    A `plan` says in which order it is evaluated; the planner keeps one that is
    there. In a network, `--ntk-split-products` carries it out.
  }];
  let assemblyFormat = [{
    $spec ` ` `(` $factors `)` (`into` $init^)? attr-dict `:`
    custom<ContractTypes>(type($factors), type($init), type($result),
                          ref($init))
  }];
  let hasVerifier = 1;
  let opDeclaration = [{
    ::mlir::ntk::Linearity getLinearity() {
      return ::mlir::ntk::Linearity::Multi;
    }
    ::mlir::Value buildJvp(::mlir::OpBuilder &builder,
                           ::mlir::ValueRange tangents);
    int64_t getCoreFlops();
    ::mlir::ntk::Polynomial getFlops();
    ::mlir::Value buildBatched(::mlir::OpBuilder &builder,
        ::mlir::ValueRange operands, ::llvm::ArrayRef<std::string> batch);
    std::optional<::mlir::ntk::JacobianStructure> getJacobianStructure(
        ::mlir::OpBuilder &builder, unsigned operand);
  }];
}

#endif // NTK_CONTRACT_OPS
