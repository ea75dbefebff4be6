// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a forward pass is rid of before it is differentiated: values without
// elements, and floats of more than one type.

#ifndef NTK_DERIVE_FORWARD_H
#define NTK_DERIVE_FORWARD_H

#include "ntk/Derive/Derive.h"

namespace mlir::ntk {

/// `value` in another type of floats; itself if it has that type or holds no
/// floats.
Value createConverted(OpBuilder &builder, Value value, Type real);

/// Does the value have no elements?
bool isEmpty(Value value);

/// Rebuilds a forward pass without values that have no elements, but for
/// constants where a result is one; inserts where the ops are. The cotangents
/// that splitFlatCotangent gives for such results are null.
void dropEmpty(OpBuilder &builder, Forward &forward);

} // namespace mlir::ntk

#endif // NTK_DERIVE_FORWARD_H
