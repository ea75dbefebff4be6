// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layouts of the values between the steps of a contraction. A binary step runs
// as loops around a GEMM; which letters are rows, columns and summed depends on
// which of them lie side by side in memory, so the order of a result's
// dimensions decides how large the GEMMs are.

#ifndef NTK_PLAN_OPERANDLAYOUT_H
#define NTK_PLAN_OPERANDLAYOUT_H

#include "ntk/Plan/ContractionOrder.h"

namespace mlir::ntk {

/// How a binary step runs: GEMMs of these sizes, this many times.
struct GemmShape {
  double rows = 1, columns = 1, depth = 1, loops = 1;

  /// Time in units of multiply-adds of a large GEMM: small sizes fill the
  /// machine less.
  double getTime() const;
};

/// The GEMM of `result = Σ a·b` of row-major operands, as the runtime makes it:
/// by the largest groups of letters that are neighbours, in the same order,
/// wherever they stand.
GemmShape getGemmShape(StringRef a, StringRef b, StringRef result,
                       const LetterSizes &sizes);

/// Sets the words of all but the last result of `order` so that the steps'
/// times are least.
void chooseLayouts(const Einsum &einsum, const LetterSizes &sizes,
                   ContractionOrder &order);

} // namespace mlir::ntk

#endif // NTK_PLAN_OPERANDLAYOUT_H
