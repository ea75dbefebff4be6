// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Powers, remainders and the bits of integers, elementwise. Few front ends
// write them and no other file of the dialect builds them, so that they have a
// header of their own, PowerOps.h.

#ifndef NTK_POWER_OPS
#define NTK_POWER_OPS

include "dialects/NTK/IR/NTKBase.td"

/// Operands of equal core shape; broadcasts are explicit (`ntk.broadcast`).
class NTK_FunctionOfTwo<string mnemonic, string formula>
    : NTK_Op<mnemonic, (ins NTK_Tensor:$lhs, NTK_Tensor:$rhs)> {
  let summary = "y = " # formula # ", elementwise";
  let assemblyFormat = [{
    $lhs `,` $rhs attr-dict `:`
    custom<SameTypes>(type($lhs), type($rhs), type($result))
  }];
}

def NTK_PowerOp : NTK_FunctionOfTwo<"power", "a^b"> {
  let description = [{
    Base and exponent are both values; `ntk.pow` has a constant exponent. A
    negative base has whole exponents. The derivative in a is b a^(b−1), and 0
    where b = 0; in b it is y log a, and 0 where a = 0 ≤ b.
  }];
  let opDeclaration = [{
    ::mlir::Value buildJvp(::mlir::OpBuilder &builder,
                           ::mlir::ValueRange tangents);
  }];
}
def NTK_RemainderOp : NTK_FunctionOfTwo<"remainder", "a − b trunc(a / b)"> {
  let description = [{
    Exact, with the sign of a. The quotient is constant under differentiation:
    da − trunc(a / b) db.
  }];
  let opDeclaration = [{
    ::mlir::Value buildJvp(::mlir::OpBuilder &builder,
                           ::mlir::ValueRange tangents);
  }];
}
def NTK_BitAndOp : NTK_ConstantUnderDifferentiationOp<"bit_and",
    (ins NTK_IndexTensor:$lhs, NTK_IndexTensor:$rhs)> {
  let summary = "the bits that are set in both of two integers, elementwise";
  let description = [{
    In two's complement a + b − (a and b) has the bits that are set in either,
    and a + b − 2 (a and b) those in which they differ.

    ```mlir
    %y = ntk.bit_and %a, %b : tensor<8xi64>
    ```
  }];
  let assemblyFormat = [{
    $lhs `,` $rhs attr-dict `:`
    custom<SameTypes>(type($lhs), type($rhs), type($result))
  }];
}

#endif // NTK_POWER_OPS
