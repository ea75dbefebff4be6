// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a row of the table of elementwise functions holds. The rows are in
// Elementwise.cpp; adding a function is a row there and a line in
// ElementwiseOps.td.

#ifndef NTK_DIALECTS_NTK_IR_ELEMENTWISE_H
#define NTK_DIALECTS_NTK_IR_ELEMENTWISE_H

#include "dialects/NTK/IR/Formula.h"
#include "dialects/NTK/Interfaces/Dual.h"
#include "mlir/IR/Builders.h"

namespace mlir::ntk {

/// One function y = f(x; constants) of one variable.
struct UnaryFunction {
  /// f on dual numbers; the derivative follows from their arithmetic.
  Dual (*evaluate)(const Dual &x, ArrayRef<double> constants);
  /// f on a scalar, as arith and math ops.
  Scalar (*lower)(Scalar x, ArrayRef<double> constants);
  /// f'(x) as ntk ops; may read y = f(x). A mask (i1) stands for 0 and 1.
  /// Linear functions have none: they are their own derivative.
  Tensor (*derivative)(Tensor x, Tensor y, ArrayRef<double> constants);
  /// FLOPs of one element; exp and its like count one.
  int64_t flops;
  /// Is f linear, f(x) = s x?
  bool linear = false;
};

/// The floating-point attributes of `op`, sorted by name.
SmallVector<double> getFloatAttributes(Operation *op);

} // namespace mlir::ntk

#endif // NTK_DIALECTS_NTK_IR_ELEMENTWISE_H
