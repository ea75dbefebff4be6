// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Division by p-norms and by sums of squares of neighbouring channels, and
// pools of p-norms.

#include "Kinks.h"
#include "Operators.h"
#include "Window.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// |x|^p.
static Result powers(GraphBuilder &graph, Result x, int64_t p) {
  if (p == 2)
    return graph.unary<SquareOp>(x);
  Result size = graph.unary<AbsOp>(x);
  if (p == 1)
    return size;
  return graph.unary<PowOp>(
      size, graph.attribute("exponent", static_cast<double>(p)));
}

/// x^(1/p) of positive sums of powers.
static Result root(GraphBuilder &graph, Result x, int64_t p) {
  if (p == 1)
    return x;
  if (p == 2)
    return graph.unary<SqrtOp>(x);
  return graph.unary<PowOp>(
      x, graph.attribute("exponent", 1 / static_cast<double>(p)));
}

/// The same of sums that may be 0.
static Result norm(GraphBuilder &graph, Result x, int64_t p) {
  return p == 1 ? x : rootStoppedAtZero(graph, x, [&](Result sum) {
    return root(graph, sum, p);
  });
}

static FailureOr<int64_t> readOrder(NodeImporter &node) {
  int64_t p = node.getInteger("p", 2);
  if (p < 1 || p > 64)
    return node.emitError()
           << "expected a norm of order 1 to 64, but got " << p;
  return p;
}

/// x over its p-norm along an axis; zero where that is zero.
static LogicalResult importLpNormalization(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0);
  FailureOr<int64_t> axis = node.getAxis(node.getInteger("axis", -1), x.rank());
  FailureOr<int64_t> p = readOrder(node);
  if (failed(axis) || failed(p))
    return failure();
  Result sum = graph.reduce<ReduceSumOp>(powers(graph, x, *p), {*axis},
                                         /*keepDims=*/true);
  Result isZero = graph.compare(sum, graph.scalar(0), Comparison::EQ);
  Result norm = root(graph, graph.select(isZero, graph.scalar(1), sum), *p);
  return node.setResult(graph.binary<DivOp>(x, norm));
}

/// x / (bias + α/size · Σ x²)^β, the sum over `size` neighbouring channels.
static LogicalResult importLRN(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0);
  int64_t size = node.getInteger("size", 0);
  FailureOr<Images> images = takeImages(node);
  if (failed(images))
    return failure();
  if (size < 1 || size > INT32_MAX)
    return node.emitError() << "expected a size from 1 on, but got " << size;
  Result squares = graph.unary<SquareOp>(images->value);
  if (failed(squares))
    return failure();
  int64_t rank = squares->rank();
  SmallVector<int64_t> window(rank, 1), ones(rank, 1), padding(2 * rank, 0);
  window[0] = size;
  padding[0] = (size - 1) / 2;
  padding[1] = size - 1 - padding[0];
  FailureOr<Value> sum = graph.create<WindowSumOp>(
      squares->core,
      {graph.attribute("window", window), graph.attribute("strides", ones),
       graph.attribute("padding", padding),
       graph.attribute("dilations", ones)});
  Result base = graph.shift(
      graph.scale(makeImages(node, *images, sum),
                  node.getReal("alpha", 1e-4f) / static_cast<double>(size)),
      node.getReal("bias", 1));
  Result factor = graph.unary<PowOp>(
      base, graph.attribute("exponent", -node.getReal("beta", 0.75)));
  return node.setResult(graph.binary<MulOp>(x, factor));
}

/// (x − mean) / (√var + 10⁻⁹) over axes of one example.
static LogicalResult importMeanVariance(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0);
  FailureOr<SmallVector<int64_t>> axes =
      node.getAxes(node.getIntegers("axes", {0, 2, 3}), x.rank());
  if (failed(axes))
    return failure();
  double count = 1;
  for (int64_t axis : *axes)
    count *= static_cast<double>(x.shape[axis]);
  auto mean = [&](Result y) {
    return graph.scale(graph.reduce<ReduceSumOp>(y, *axes, /*keepDims=*/true),
                       1 / count);
  };
  Result centred = graph.binary<SubOp>(x, mean(x));
  Result deviation = graph.unary<SqrtOp>(mean(graph.unary<SquareOp>(centred)));
  return node.setResult(
      graph.binary<DivOp>(centred, graph.shift(deviation, 1e-9f)));
}

//===----------------------------------------------------------------------===//
// Pools
//===----------------------------------------------------------------------===//

static LogicalResult importLpPool(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  FailureOr<Images> images = takeImages(node, Channels::Apart);
  FailureOr<int64_t> p = readOrder(node);
  if (failed(images) || failed(p))
    return failure();
  FailureOr<Window> read = readWindow(node, {}, images->sizes());
  Result terms = powers(graph, images->value, *p);
  if (failed(read) || failed(terms) || failed(images->checkBatch(node, *read)))
    return failure();
  Window window = images->widen(*read);
  FailureOr<Value> sum = graph.create<WindowSumOp>(
      terms->core, {graph.attribute("window", window.kernel),
                    graph.attribute("strides", window.strides),
                    graph.attribute("padding", window.padding()),
                    graph.attribute("dilations", window.dilations)});
  return node.setResult(norm(graph, makeImages(node, *images, sum), *p));
}

static LogicalResult importGlobalLpPool(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0);
  FailureOr<int64_t> p = readOrder(node);
  if (failed(p))
    return failure();
  SmallVector<int64_t> axes;
  for (int64_t axis = 2; axis < x.rank(); ++axis)
    axes.push_back(axis);
  return node.setResult(norm(
      graph,
      graph.reduce<ReduceSumOp>(powers(graph, x, *p), axes, /*keepDims=*/true),
      *p));
}

ArrayRef<Operator> onnximport::getNormOperators() {
  static const Operator operators[] = {
      {"GlobalLpPool", 2, newestOpset, 1, 1, importGlobalLpPool},
      {"LRN", 1, newestOpset, 1, 1, importLRN},
      {"LpNormalization", 1, newestOpset, 1, 1, importLpNormalization},
      {"LpPool", 2, newestOpset, 1, 1, importLpPool},
      {"MeanVarianceNormalization", 9, newestOpset, 1, 1, importMeanVariance},
  };
  return operators;
}
