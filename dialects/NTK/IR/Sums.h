// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums of many values, such as the parts of a cotangent.

#ifndef NTK_DIALECTS_NTK_IR_SUMS_H
#define NTK_DIALECTS_NTK_IR_SUMS_H

#include "mlir/IR/Builders.h"

namespace mlir::ntk {

/// The sum of `terms`, of one type and without a batch; every new op is at
/// `loc`. Terms that are zero but for boxes side by side along one axis, as the
/// cotangents of the parts that a value is split into, are put together instead
/// of added: n parts of a value then cost as much as the value, not n times.
Value createSum(OpBuilder &builder, Location loc, ArrayRef<Value> terms);

} // namespace mlir::ntk

#endif // NTK_DIALECTS_NTK_IR_SUMS_H
