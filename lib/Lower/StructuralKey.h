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
/// values from outside: names, attributes, types and structure, not locations.
/// `outside` are these values, and `kinds` tells what each of them is: two are
/// interchangeable if their kinds are the same pointer.
std::string getStructuralKey(Operation *op, ArrayRef<Value> outside,
                             ArrayRef<const void *> kinds);

} // namespace mlir::ntk

#endif // NTK_LIB_LOWER_STRUCTURALKEY_H
