// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What operators on heads of features share.

#ifndef NTK_LIB_IMPORT_ONNX_ATTENTION_H
#define NTK_LIB_IMPORT_ONNX_ATTENTION_H

#include "Operators.h"

namespace mlir::ntk::onnximport {

/// [batch, length, heads · features] as [batch, heads, length, features]; what
/// has that shape stays. Fails, with an error on the node, for anything else.
Result splitHeads(NodeImporter &node, const GraphValue &x, int64_t heads);

/// RotaryEmbedding.
LogicalResult importRotaryEmbedding(NodeImporter &node);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_ATTENTION_H
