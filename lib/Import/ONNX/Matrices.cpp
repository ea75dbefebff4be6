// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Square matrices along the last two axes.

#include "Fused.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// Matrices whose last two axes are no batch axis.
static LogicalResult checkMatrices(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  if (x.rank() < 2 || !x.isFloat())
    return node.emitError()
           << "expected square matrices, but got " << describe(x.kind, x.shape);
  for (int64_t axis : {x.rank() - 2, x.rank() - 1})
    if (failed(node.graph.refuseBatch(x, axis, "take a matrix")))
      return failure();
  return success();
}

static LogicalResult importDet(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  if (failed(checkMatrices(node)))
    return failure();
  FailureOr<Value> core = node.graph.materialize(x);
  if (failed(core))
    return failure();
  FailureOr<Value> det = node.graph.create<DetOp>(*core);
  if (failed(det))
    return failure();
  Frame frame{x.shape, x.batch};
  frame.shape.pop_back_n(2);
  return node.setResult(node.graph.wrap(*det, x.kind, frame));
}

LogicalResult onnximport::importInverse(NodeImporter &node) {
  if (failed(checkMatrices(node)))
    return failure();
  return node.setResult(node.graph.unary<InverseOp>(node.input(0)));
}

ArrayRef<Operator> onnximport::getMatrixOperators() {
  static const Operator operators[] = {
      {"Det", 11, newestOpset, 1, 1, importDet},
  };
  return operators;
}
