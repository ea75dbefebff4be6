// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums, means, maxima, norms and softmax along axes of one example; along the
// batch axis they would mix examples and are refused.

#include "Activations.h"
#include "Kinks.h"
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

using Fold = std::optional<Number> (*)(const Number &, const Number &);

/// Reduces known numbers, as of shapes.
static LogicalResult reduceKnown(NodeImporter &node, const Reduction &reduction,
                                 Number start, Fold fold) {
  const GraphValue &x = node.input(0);
  SmallVector<int64_t> kept(x.shape), shape;
  std::optional<BatchAxis> batch = x.batch;
  for (int64_t axis = 0; axis < x.rank(); ++axis) {
    bool isReduced = llvm::is_contained(reduction.axes, axis);
    if (isReduced && failed(node.graph.refuseBatch(x, axis, "reduce")))
      return failure();
    if (isReduced)
      kept[axis] = 1;
    if (!isReduced || reduction.keepDims)
      shape.push_back(kept[axis]);
    else if (batch && axis < x.batch->axis)
      --batch->axis;
  }
  std::vector<Number> totals(*product(kept), start);
  for (auto [number, at] :
       llvm::zip_equal(*x.numbers, broadcastPositions(kept, x.shape))) {
    bool isUndecided = totals[at].isUndecided || number.isUndecided;
    std::optional<Number> total =
        isUndecided ? undecided() : fold(totals[at], number);
    if (!total)
      return node.emitError() << "expected a result that is a + b·N with N the "
                                 "batch size";
    totals[at] = *total;
  }
  GraphValue result = makeKnown(x.kind, shape, std::move(totals));
  result.batch = batch;
  return node.setResult(result);
}

static std::optional<Number> foldSum(const Number &a, const Number &b) {
  int64_t integer, perExample;
  if (llvm::AddOverflow(a.integer, b.integer, integer) ||
      llvm::AddOverflow(a.perExample, b.perExample, perExample))
    return std::nullopt;
  return Number{integer, perExample, a.real + b.real, a.position + b.position};
}

static std::optional<Number> foldProduct(const Number &a, const Number &b) {
  int64_t integer, perExample, other;
  if (a.position != 0 || b.position != 0 ||
      (a.perExample != 0 && b.perExample != 0) ||
      llvm::MulOverflow(a.integer, b.integer, integer) ||
      llvm::MulOverflow(a.integer, b.perExample, perExample) ||
      llvm::MulOverflow(a.perExample, b.integer, other) ||
      llvm::AddOverflow(perExample, other, perExample))
    return std::nullopt;
  Number result{integer, perExample};
  result.real = a.real * b.real;
  return result;
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
  return rootStoppedAtZero(graph, sumSquare(graph, x, r), [&](Result inner) {
    return graph.unary<SqrtOp>(inner);
  });
}
static Result logSum(GraphBuilder &graph, Result x, const Reduction &r) {
  return graph.unary<LogOp>(sum(graph, x, r));
}
static Result maximum(GraphBuilder &graph, Result x, const Reduction &r) {
  return graph.reduce<ReduceMaxOp>(x, r.axes, r.keepDims);
}
static Result maximumOfFirst(GraphBuilder &graph, Result x,
                             const Reduction &r) {
  return firstMaximum(graph, x, r.axes, r.keepDims);
}
/// −max −x.
template <Build ofMaximum>
static Result minimum(GraphBuilder &graph, Result x, const Reduction &r) {
  return graph.unary<NegOp>(ofMaximum(graph, graph.unary<NegOp>(x), r));
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

/// Products of pairs, as often as there are elements: its derivative is right
/// where elements are zero, too.
static Result prod(GraphBuilder &graph, Result x, const Reduction &r) {
  for (int64_t axis : r.axes) {
    if (failed(x) || failed(graph.refuseBatch(*x, axis, "reduce")))
      return failure();
    if (x->shape[axis] == 0)
      return graph.emitError() << "expected elements to multiply, but axis "
                               << axis << " has none";
    while (succeeded(x) && x->shape[axis] > 1) {
      int64_t half = x->shape[axis] / 2, rest = x->shape[axis] % 2;
      Result left = graph.slice(x, axis, 0, half, 1);
      Result right = graph.slice(x, axis, half, half, 1);
      Result pairs = graph.binary<MulOp>(left, right);
      if (rest == 0) {
        x = pairs;
        continue;
      }
      Result last = graph.slice(x, axis, 2 * half, rest, 1);
      if (failed(pairs) || failed(last))
        return failure();
      x = graph.concat({*pairs, *last}, axis);
    }
  }
  return r.keepDims ? x : graph.squeeze(x, r.axes);
}

/// Reduces integers and masks as floats.
static Result reduceValue(NodeImporter &node, const Reduction &reduction,
                          Build build) {
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0);
  if (x.isFloat())
    return build(graph, x, reduction);
  return graph.convert(
      build(graph, graph.convert(x, ElementKind::Float32), reduction), x.kind);
}

template <Build build, int64_t axesInput>
static LogicalResult importReduction(NodeImporter &node) {
  FailureOr<Reduction> reduction = readReduction(node, axesInput);
  if (failed(reduction))
    return failure();
  return node.setResult(reduceValue(node, *reduction, build));
}

/// Maxima and minima, by the rule for ties that the node has.
template <Build shared, Build first>
static LogicalResult importExtremum(NodeImporter &node) {
  bool isFirst = getKinks(node.node).firstWins && node.input(0).isFloat();
  return isFirst ? importReduction<first, 18>(node)
                 : importReduction<shared, 18>(node);
}

/// Sums and products, known of known integers and of no elements at all.
template <Build build, int64_t axesInput, Fold fold, int64_t neutral>
static LogicalResult importFoldedReduction(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  bool isEmpty = llvm::is_contained(x.shape, 0);
  if (!x.isKnown() || (x.isFloat() && !isEmpty))
    return importReduction<build, axesInput>(node);
  FailureOr<Reduction> reduction = readReduction(node, axesInput);
  if (failed(reduction))
    return failure();
  return reduceKnown(node, *reduction, numberOf(x.kind, neutral), fold);
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

Result onnximport::logSoftmax(GraphBuilder &graph, Result x, int64_t axis) {
  if (failed(x) || failed(graph.refuseBatch(*x, axis, "normalise")))
    return failure();
  Reduction reduction{{axis}, /*keepDims=*/true, 0};
  return graph.binary<SubOp>(x, logSumExp(graph, x, reduction));
}

/// Softmax or its logarithm along one axis.
static Result softmax(GraphBuilder &graph, Result x, int64_t axis,
                      bool logarithm) {
  if (logarithm)
    return logSoftmax(graph, x, axis);
  if (failed(x) || failed(graph.refuseBatch(*x, axis, "normalise")))
    return failure();
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
      {"ReduceMax", 1, newestOpset, 1, 2,
       importExtremum<maximum, maximumOfFirst>},
      {"ReduceMean", 1, newestOpset, 1, 2, importReduction<mean, 18>},
      {"ReduceMin", 1, newestOpset, 1, 2,
       importExtremum<minimum<maximum>, minimum<maximumOfFirst>>},
      {"ReduceProd", 1, newestOpset, 1, 2,
       importFoldedReduction<prod, 18, foldProduct, 1>},
      {"ReduceSum", 1, newestOpset, 1, 2,
       importFoldedReduction<sum, 13, foldSum, 0>},
      {"ReduceSumSquare", 1, newestOpset, 1, 2, importReduction<sumSquare, 18>},
      {"Softmax", 1, newestOpset, 1, 1, importSoftmax</*logarithm=*/false>},
  };
  return operators;
}
