// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators of com.microsoft, which ONNX Runtime writes where it has fused
// several standard ones. Most are imported as the standard operators that they
// stand for, one after the other.

#ifndef NTK_LIB_IMPORT_ONNX_FUSED_H
#define NTK_LIB_IMPORT_ONNX_FUSED_H

#include "OperatorDomains.h"

namespace mlir::ntk::onnximport {

/// A node of the standard operator `type` in the newest operator set, in the
/// place of another node; attributes not given here are those of that node.
class StandardNode {
public:
  StandardNode(NodeImporter &node, StringRef type) : outer(node) {
    inner = node.node;
    inner.domain.clear();
    inner.type = type.str();
    inner.opset = newestOpset;
  }

  StandardNode &clearAttributes() {
    inner.attributes.clear();
    return *this;
  }
  StandardNode &set(StringRef attribute, int64_t value);
  StandardNode &set(StringRef attribute, double value);
  StandardNode &set(StringRef attribute, StringRef value);

  /// Imports it on these values, none for an input that is left out; gives its
  /// first `count` outputs.
  FailureOr<SmallVector<GraphValue>>
  import(ArrayRef<std::optional<GraphValue>> inputs, unsigned count);
  /// The same for one output. Fails with failed inputs.
  Result operator()(ArrayRef<Result> inputs);

private:
  NodeImporter &outer;
  Node inner;
};

/// Attention and MultiHeadAttention.
LogicalResult importPackedAttention(NodeImporter &node);
LogicalResult importMultiHeadAttention(NodeImporter &node);
/// Inverse.
LogicalResult importInverse(NodeImporter &node);

/// Input `i`, or a zero that changes nothing.
Result inputOrZero(NodeImporter &node, unsigned i);

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_FUSED_H
