// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an operation is but for the values from outside that it uses.

#ifndef NTK_LIB_LOWER_STRUCTURALKEY_H
#define NTK_LIB_LOWER_STRUCTURALKEY_H

#include "mlir/IR/Operation.h"

namespace mlir::ntk {

/// A string of bytes that two operations of a context have in common if and
/// only if they, with all that is in their regions, do the same with their
/// values from outside, `outside` in this order: names, attributes, types and
/// structure, not locations, nor what the values from outside are.
std::string getStructuralKey(Operation *op, ArrayRef<Value> outside);

} // namespace mlir::ntk

#endif // NTK_LIB_LOWER_STRUCTURALKEY_H
