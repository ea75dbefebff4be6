// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elementary functions as arithmetic.

#ifndef NTK_LIB_LOWER_MATHEXPANSIONS_H
#define NTK_LIB_LOWER_MATHEXPANSIONS_H

#include "mlir/IR/PatternMatch.h"

namespace mlir::ntk {

/// Replaces exp, log and atan, of f64 also expm1, tanh, erf and log1p, of f32
/// sin and cos, by branch-free polynomials, the ones of `ntk-rt/Math.h`, with
/// its accuracy (a few ulp). MLIR's for f32 beside them are as good; those of
/// exp and log end where numbers are denormal, those of sin and cos at some
/// thousand. Sin and cos of f64 stay calls of libm.
void populateMathExpansionPatterns(RewritePatternSet &patterns);

} // namespace mlir::ntk

#endif // NTK_LIB_LOWER_MATHEXPANSIONS_H
