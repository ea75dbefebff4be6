// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Compositions of elementwise ops that stand for one function of ONNX, for
// operators that take functions by name.

#ifndef NTK_LIB_IMPORT_ONNX_ACTIVATIONS_H
#define NTK_LIB_IMPORT_ONNX_ACTIVATIONS_H

#include "NodeImporter.h"

namespace mlir::ntk::onnximport {

/// x > 0 ? x : α (exp x − 1).
Result elu(GraphBuilder &graph, Result x, double alpha);
/// x > 0 ? x : α x.
Result leakyRelu(GraphBuilder &graph, Result x, double alpha);
/// x > α ? x : 0.
Result thresholdedRelu(GraphBuilder &graph, Result x, double alpha);
/// min(max(x, low), high), with the derivative `onBounds` where x is a bound.
Result clip(GraphBuilder &graph, Result x, double low, double high,
            double onBounds = 0);
/// min(max(α x + β, 0), 1).
Result hardSigmoid(GraphBuilder &graph, Result x, double alpha, double beta);
/// The largest integer that is not above x; step functions, whose derivative
/// nobody misses.
Result floorOf(GraphBuilder &graph, Result x);
/// The nearest integer, of two the even one.
Result roundOf(GraphBuilder &graph, Result x);
/// x / (1 + |x|).
Result softsign(GraphBuilder &graph, Result x);
/// x − log Σ exp x along an axis.
Result logSoftmax(GraphBuilder &graph, Result x, int64_t axis);

using RealFunction = double (*)(double);

/// y = f(x) by one op; known numbers are computed where `fold` is given.
template <typename OpTy, RealFunction fold = nullptr>
LogicalResult importFunction(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  if constexpr (fold != nullptr) {
    if (x.isKnown() && x.isFloat()) {
      std::vector<Number> numbers = *x.numbers;
      for (Number &number : numbers)
        number.real = fold(number.real);
      return node.setResult(makeKnownLike(x, x.kind, std::move(numbers)));
    }
  }
  return node.setResult(node.graph.unary<OpTy>(x));
}

} // namespace mlir::ntk::onnximport

#endif // NTK_LIB_IMPORT_ONNX_ACTIVATIONS_H
