// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementary functions of f64 as arithmetic.

#ifndef NTK_LIB_LOWER_MATHF64_H
#define NTK_LIB_LOWER_MATHF64_H

#include "mlir/IR/PatternMatch.h"

namespace mlir::ntk {

/// Replaces exp, expm1, tanh, erf, log and log1p of f64 by branch-free
/// polynomials, the ones of `ntk-rt/Math.h`, with its accuracy (a few ulp).
void populateDoubleMathPatterns(RewritePatternSet &patterns);

} // namespace mlir::ntk

#endif // NTK_LIB_LOWER_MATHF64_H
