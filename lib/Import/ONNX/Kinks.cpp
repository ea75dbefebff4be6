// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table of PyTorch's operators whose derivatives at kinks are not those of
// the ONNX operators they become, as measured of its autograd; and what builds
// them.

#include "Kinks.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

namespace {
/// An operator of aten, with its overload where they differ.
struct Rule {
  StringRef name;
  Kinks kinks;
  /// Bounds that are tensors share the derivative, as `maximum` does.
  bool sharesWithTensors = false;
};
} // namespace

static Kinks onBounds(double derivative) {
  Kinks kinks;
  kinks.onBounds = derivative;
  return kinks;
}

static Kinks with(bool Kinks::*what) {
  Kinks kinks;
  kinks.*what = true;
  return kinks;
}

static ArrayRef<Rule> getRules() {
  static const Rule rules[] = {
      {"clamp", onBounds(0), /*sharesWithTensors=*/true},
      {"clamp_max", onBounds(0), /*sharesWithTensors=*/true},
      {"clamp_min", onBounds(0), /*sharesWithTensors=*/true},
      {"clip", onBounds(0), /*sharesWithTensors=*/true},
      {"hardsigmoid", onBounds(0)},
      {"hardswish", onBounds(0)},
      {"hardtanh", onBounds(0)},
      {"relu", onBounds(0)},
      {"relu6", onBounds(0)},
      {"fmax", onBounds(0.5)},
      {"fmin", onBounds(0.5)},
      {"max.other", onBounds(0.5)},
      {"maximum", onBounds(0.5)},
      {"min.other", onBounds(0.5)},
      {"minimum", onBounds(0.5)},
      // `amax` and the maximum of all elements share.
      {"max.dim", with(&Kinks::firstWins)},
      {"min.dim", with(&Kinks::firstWins)},
      {"_cdist_forward", with(&Kinks::rootsStopAtZero)},
      {"cdist", with(&Kinks::rootsStopAtZero)},
      {"dist", with(&Kinks::rootsStopAtZero)},
      {"linalg_matrix_norm", with(&Kinks::rootsStopAtZero)},
      {"linalg_norm", with(&Kinks::rootsStopAtZero)},
      {"linalg_vector_norm", with(&Kinks::rootsStopAtZero)},
      {"norm", with(&Kinks::rootsStopAtZero)},
      {"pairwise_distance", with(&Kinks::rootsStopAtZero)},
      {"std", with(&Kinks::rootsStopAtZero)},
      {"std_mean", with(&Kinks::rootsStopAtZero)},
      {"detach", with(&Kinks::stops)},
      {"detach_", with(&Kinks::stops)},
  };
  return rules;
}

/// "clamp.default" of "… call_function[target=torch.ops.aten.clamp.default](…".
static StringRef getAtenOperator(StringRef fxNode) {
  StringRef rest = fxNode.split("target=torch.ops.aten.").second;
  return rest.take_while([](char c) { return c != ']' && c != '('; });
}

/// Is an argument behind the first a tensor of the network? The exporter makes
/// "%scalar_tensor…" of numbers.
static bool hasTensorBound(StringRef fxNode) {
  StringRef arguments = fxNode.split("args = (").second.split(',').second;
  while (!arguments.empty()) {
    arguments = arguments.split('%').second;
    if (!arguments.empty() && !arguments.starts_with("scalar_tensor"))
      return true;
  }
  return false;
}

Kinks onnximport::getKinks(const Node &node) {
  StringRef name = getAtenOperator(node.fxNode);
  for (const Rule &rule : getRules()) {
    StringRef overload = name;
    if (!overload.consume_front(rule.name) ||
        !(overload.empty() || overload.front() == '.'))
      continue;
    bool isShared = rule.sharesWithTensors && hasTensorBound(node.fxNode);
    return isShared ? onBounds(0.5) : rule.kinks;
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Derivatives that are not those of the function's own op
//===----------------------------------------------------------------------===//

/// Where x is 0 the root is that of 1, and not chosen.
Result onnximport::rootStoppedAtZero(GraphBuilder &graph, Result x,
                                     function_ref<Result(Result)> root) {
  Result isZero = graph.compare(x, graph.scalar(0), Comparison::EQ);
  Result safe = root(graph.select(isZero, graph.scalar(1), x));
  return graph.select(isZero, graph.scalar(0), safe);
}

/// Windows of all of the axes, which are moved behind the others.
Result onnximport::firstMaximum(GraphBuilder &graph, Result x,
                                ArrayRef<int64_t> axes, bool keepDims) {
  if (failed(x) || axes.empty())
    return x;
  SmallVector<int64_t> permutation, window;
  for (int64_t axis = 0; axis < x->rank(); ++axis)
    if (!llvm::is_contained(axes, axis))
      permutation.push_back(axis);
  for (int64_t axis : axes) {
    if (failed(graph.refuseBatch(*x, axis, "reduce")))
      return failure();
    permutation.push_back(axis);
    window.push_back(x->shape[axis]);
  }
  Result moved = graph.transpose(x, permutation);
  if (failed(moved))
    return failure();
  FailureOr<Value> operand = graph.materialize(*moved);
  if (failed(operand))
    return failure();
  SmallVector<int64_t> ones(axes.size(), 1), none(2 * axes.size(), 0);
  FailureOr<Value> core = graph.create<MaxPoolOp>(
      *operand,
      {graph.attribute("window", window), graph.attribute("strides", ones),
       graph.attribute("padding", none), graph.attribute("dilations", ones)});
  if (failed(core))
    return failure();
  Frame frame{moved->shape, moved->batch};
  std::fill(frame.shape.end() - axes.size(), frame.shape.end(), 1);
  SmallVector<int64_t> last;
  for (int64_t axis = x->rank() - axes.size(); axis < x->rank(); ++axis)
    last.push_back(axis);
  Result maxima = graph.squeeze(graph.wrap(*core, x->kind, frame), last);
  return keepDims ? graph.unsqueeze(maxima, axes) : maxima;
}
