// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums, means, maxima, norms and softmax along axes of one example; along the
// batch axis they would mix examples and are refused.

#include "Operators.h"
#include <cmath>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// The axes and keepdims of a reduction. Without axes all are meant, or none
/// with noop_with_empty_axes.
struct Reduction {
  SmallVector<int64_t> axes;
  bool keepDims;
  /// Elements that go into one.
  double count;
};

/// `axesInput` is the first opset in which axes are input 1.
static FailureOr<Reduction> readReduction(NodeImporter &node,
                                          int64_t axesInput) {
  const GraphValue &x = node.input(0);
  FailureOr<std::optional<SmallVector<int64_t>>> axes =
      node.getOptionalAxes(axesInput, 1, x.rank());
  if (failed(axes))
    return failure();
  Reduction reduction;
  if (*axes && !(*axes)->empty())
    reduction.axes = **axes;
  else if (!node.getInteger("noop_with_empty_axes", 0))
    for (int64_t axis = 0; axis < x.rank(); ++axis)
      reduction.axes.push_back(axis);
  reduction.keepDims = node.getInteger("keepdims", 1) != 0;
  reduction.count = 1;
  for (int64_t axis : reduction.axes)
    reduction.count *= static_cast<double>(x.shape[axis]);
  return reduction;
}

/// Reduces known integers, as of shapes, over all elements.
static LogicalResult
reduceKnown(NodeImporter &node, const Reduction &reduction,
            std::optional<Number> (*fold)(const Number &, const Number &)) {
  const GraphValue &x = node.input(0);
  if (x.numbers->empty() ||
      static_cast<int64_t>(reduction.axes.size()) != x.rank())
    return node.emitError() << "expected known values to be reduced over all "
                               "axes";
  std::optional<Number> total = x.numbers->front();
  for (const Number &number : llvm::drop_begin(*x.numbers)) {
    total = fold(*total, number);
    if (!total)
      return node.emitError() << "expected a result that is a + b·N with N the "
                                 "batch size";
  }
  SmallVector<int64_t> shape(reduction.keepDims ? x.rank() : 0, 1);
  return node.setResult(makeKnown(x.kind, shape, {*total}));
}

static std::optional<Number> foldSum(const Number &a, const Number &b) {
  int64_t integer, perExample;
  if (llvm::AddOverflow(a.integer, b.integer, integer) ||
      llvm::AddOverflow(a.perExample, b.perExample, perExample))
    return std::nullopt;
  return Number{integer, perExample, a.real + b.real};
}

static std::optional<Number> foldProduct(const Number &a, const Number &b) {
  int64_t integer, perExample, other;
  if ((a.perExample != 0 && b.perExample != 0) ||
      llvm::MulOverflow(a.integer, b.integer, integer) ||
      llvm::MulOverflow(a.integer, b.perExample, perExample) ||
      llvm::MulOverflow(a.perExample, b.integer, other) ||
      llvm::AddOverflow(perExample, other, perExample))
    return std::nullopt;
  return Number{integer, perExample, a.real * b.real};
}

/// A reduction built of ReduceSumOp and ReduceMaxOp.
using Build = Result (*)(GraphBuilder &, Result, const Reduction &);

static Result sum(GraphBuilder &graph, Result x, const Reduction &r) {
  return graph.reduce<ReduceSumOp>(x, r.axes, r.keepDims);
}
static Result mean(GraphBuilder &graph, Result x, const Reduction &r) {
  return graph.scale(sum(graph, x, r), 1 / r.count);
}
static Result sumSquare(GraphBuilder &graph, Result x, const Reduction &r) {
  return sum(graph, graph.unary<SquareOp>(x), r);
}
static Result l1(GraphBuilder &graph, Result x, const Reduction &r) {
  return sum(graph, graph.unary<AbsOp>(x), r);
}
static Result l2(GraphBuilder &graph, Result x, const Reduction &r) {
  return graph.unary<SqrtOp>(sumSquare(graph, x, r));
}
static Result logSum(GraphBuilder &graph, Result x, const Reduction &r) {
  return graph.unary<LogOp>(sum(graph, x, r));
}
static Result maximum(GraphBuilder &graph, Result x, const Reduction &r) {
  return graph.reduce<ReduceMaxOp>(x, r.axes, r.keepDims);
}
static Result minimum(GraphBuilder &graph, Result x, const Reduction &r) {
  return graph.unary<NegOp>(maximum(graph, graph.unary<NegOp>(x), r));
}

/// max + log Σ exp(x − max), which does not overflow.
static Result logSumExp(GraphBuilder &graph, Result x, const Reduction &r) {
  Reduction kept = r;
  kept.keepDims = true;
  Result top = maximum(graph, x, kept);
  Result rest = graph.unary<LogOp>(
      sum(graph, graph.unary<ExpOp>(graph.binary<SubOp>(x, top)), kept));
  Result result = graph.binary<AddOp>(top, rest);
  return r.keepDims ? result : graph.squeeze(result, r.axes);
}

template <Build build, int64_t axesInput, bool isSum = false>
static LogicalResult importReduction(NodeImporter &node) {
  FailureOr<Reduction> reduction = readReduction(node, axesInput);
  if (failed(reduction))
    return failure();
  if (isSum && node.input(0).isKnown() && !node.input(0).isFloat())
    return reduceKnown(node, *reduction, foldSum);
  return node.setResult(build(node.graph, node.input(0), *reduction));
}

static LogicalResult importReduceProd(NodeImporter &node) {
  FailureOr<Reduction> reduction = readReduction(node, 18);
  if (failed(reduction))
    return failure();
  if (node.input(0).isKnown())
    return reduceKnown(node, *reduction, foldProduct);
  return node.emitError() << "expected a product of known integers, but got "
                             "values that depend on the network's inputs";
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

/// Softmax or its logarithm along one axis.
static Result softmax(GraphBuilder &graph, Result x, int64_t axis,
                      bool logarithm) {
  if (failed(x) || failed(graph.refuseBatch(*x, axis, "normalise")))
    return failure();
  if (logarithm) {
    Reduction reduction{{axis}, /*keepDims=*/true, 0};
    return graph.binary<SubOp>(x, logSumExp(graph, x, reduction));
  }
  return graph.unary<SoftmaxOp>(x, graph.attribute("axis", *x->coreAxis(axis)));
}

/// Below opset 13 the input is a matrix [axes before, axes from `axis`].
template <bool logarithm>
static LogicalResult importSoftmax(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  FailureOr<int64_t> axis =
      node.getAxis(node.getInteger("axis", node.opset < 13 ? 1 : -1), x.rank());
  if (failed(axis))
    return failure();
  if (node.opset >= 13 || *axis == x.rank() - 1)
    return node.setResult(softmax(node.graph, x, *axis, logarithm));
  if (x.batch && x.batch->axis >= *axis)
    return node.graph.refuseBatch(x, x.batch->axis, "normalise");
  SmallVector<int64_t> flat(ArrayRef(x.shape).take_front(*axis));
  flat.push_back(*product(ArrayRef(x.shape).drop_front(*axis)));
  Result rows = node.graph.reshape(x, flat, x.batch);
  return node.setResult(node.graph.reshape(
      softmax(node.graph, rows, *axis, logarithm), x.shape, x.batch));
}

ArrayRef<Operator> onnximport::getReductionOperators() {
  static const Operator operators[] = {
      {"LogSoftmax", 1, newestOpset, 1, 1, importSoftmax</*logarithm=*/true>},
      {"ReduceL1", 1, newestOpset, 1, 2, importReduction<l1, 18>},
      {"ReduceL2", 1, newestOpset, 1, 2, importReduction<l2, 18>},
      {"ReduceLogSum", 1, newestOpset, 1, 2, importReduction<logSum, 18>},
      {"ReduceLogSumExp", 1, newestOpset, 1, 2, importReduction<logSumExp, 18>},
      {"ReduceMax", 1, newestOpset, 1, 2, importReduction<maximum, 18>},
      {"ReduceMean", 1, newestOpset, 1, 2, importReduction<mean, 18>},
      {"ReduceMin", 1, newestOpset, 1, 2, importReduction<minimum, 18>},
      {"ReduceProd", 1, newestOpset, 1, 2, importReduceProd},
      {"ReduceSum", 1, newestOpset, 1, 2, importReduction<sum, 13, true>},
      {"ReduceSumSquare", 1, newestOpset, 1, 2, importReduction<sumSquare, 18>},
      {"Softmax", 1, newestOpset, 1, 1, importSoftmax</*logarithm=*/false>},
  };
  return operators;
}
