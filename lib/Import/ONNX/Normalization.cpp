// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Normalisations as compositions of sums and products. Batch norm in inference
// is an affine map of each channel; the others take moments within an example.
// In training mode batch norm mixes examples and is refused.

#include "Normalization.h"
#include "Operators.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// A vector [C] as [C, 1, …], which broadcasts along axis 1 of a value of this
/// rank. Each example has channels of its own where the batch is part of C.
static Result alongChannels(NodeImporter &node, Result vector, int64_t rank,
                            int64_t channels) {
  if (failed(vector))
    return failure();
  if (vector->rank() != 1 || vector->shape[0] != channels)
    return node.emitError()
           << "expected one number for each of " << channels
           << " channels, but got " << describe(vector->kind, vector->shape);
  SmallVector<int64_t> shape(std::max<int64_t>(rank - 1, 1), 1);
  shape[0] = channels;
  return node.graph.reshape(vector, shape, vector->batch);
}

static Result meanAlong(GraphBuilder &graph, Result x, ArrayRef<int64_t> axes) {
  if (failed(x))
    return failure();
  double count = 1;
  for (int64_t axis : axes) {
    if (axis < 0 || axis >= x->rank())
      return graph.emitError()
             << "expected values with the axes that are normalised, but got "
             << describe(x->kind, x->shape);
    count *= static_cast<double>(x->shape[axis]);
  }
  return graph.scale(graph.reduce<ReduceSumOp>(x, axes, /*keepDims=*/true),
                     1 / count);
}

/// Training mode where the whole batch is one example, or each example has
/// channels of its own: moments of each channel over all other axes. The
/// running moments are means of old and new.
static LogicalResult normalizeWholeBatch(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0);
  if (x.rank() < 2)
    return node.emitError() << "expected an input [batch, channel, …], but got "
                               "rank "
                            << x.rank();
  SmallVector<int64_t> axes;
  for (int64_t axis = 0; axis < x.rank(); ++axis)
    if (axis != 1)
      axes.push_back(axis);
  auto channel = [&](unsigned input) {
    return alongChannels(node, node.input(input), x.rank(), x.shape[1]);
  };
  Result mean = meanAlong(graph, x, axes);
  Result centred = graph.binary<SubOp>(x, mean);
  Result variance = meanAlong(graph, graph.unary<SquareOp>(centred), axes);
  Result inverse = graph.unary<RsqrtOp>(
      graph.shift(variance, node.getReal("epsilon", 1e-5f)));
  double momentum = node.getReal("momentum", 0.9f);
  auto run = [&](Result now, unsigned before) {
    return graph.binary<AddOp>(
        graph.scale(node.input(before), momentum),
        graph.scale(graph.squeeze(now, axes), 1 - momentum));
  };
  if (node.node.outputs.size() > 1 &&
      (failed(node.setOutput(1, run(mean, 3))) ||
       failed(node.setOutput(2, run(variance, 4)))))
    return failure();
  Result scaled =
      graph.binary<MulOp>(graph.binary<MulOp>(centred, inverse), channel(1));
  return node.setResult(graph.binary<AddOp>(scaled, channel(2)));
}

/// y = (x − mean) / √(var + ε) · γ + β; 1/√(var + ε) is taken of the small
/// vector.
static LogicalResult importBatchNormalization(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0);
  if (node.getInteger("training_mode", 0) && (!x.batch || x.isBatch(1)))
    return normalizeWholeBatch(node);
  if (node.getInteger("training_mode", 0)) {
    return node.emitError()
           << "expected batch normalisation in inference mode, but "
              "training_mode is set: the network mixes examples; export the "
              "model in evaluation mode, or take --whole-batch";
  }
  if (!node.getInteger("spatial", 1))
    return node.emitError() << "expected statistics of channels, but spatial "
                               "is 0";
  if (x.rank() < 2)
    return node.emitError() << "expected an input [batch, channel, …], but got "
                               "rank "
                            << x.rank();
  int64_t channels = x.shape[1];
  auto channel = [&](Result vector) {
    return alongChannels(node, vector, x.rank(), channels);
  };
  Result inverse = graph.unary<RsqrtOp>(
      graph.shift(node.input(4), node.getReal("epsilon", 1e-5f)));
  Result centred = graph.binary<SubOp>(x, channel(node.input(3)));
  Result normal = graph.binary<MulOp>(centred, channel(inverse));
  Result scaled = graph.binary<MulOp>(normal, channel(node.input(1)));
  return node.setResult(graph.binary<AddOp>(scaled, channel(node.input(2))));
}

//===----------------------------------------------------------------------===//
// Moments within an example
//===----------------------------------------------------------------------===//

/// y · γ, or y where γ is known to be one.
static Result scaleUnlessOne(GraphBuilder &graph, Result y, Result gamma) {
  if (failed(y) || failed(gamma))
    return failure();
  std::optional<Number> splat = gamma->splat();
  return splat && splat->real == 1 ? y : graph.binary<MulOp>(y, gamma);
}

Normalized onnximport::normalizeLayer(GraphBuilder &graph, Result x,
                                      ArrayRef<int64_t> axes, double epsilon,
                                      bool centres, std::optional<Result> gamma,
                                      std::optional<Result> beta) {
  Normalized result;
  Result centred = x;
  if (centres) {
    result.mean = meanAlong(graph, x, axes);
    centred = graph.binary<SubOp>(x, *result.mean);
  }
  Result variance = meanAlong(graph, graph.unary<SquareOp>(centred), axes);
  result.inverse = graph.unary<RsqrtOp>(graph.shift(variance, epsilon));
  result.value = graph.binary<MulOp>(centred, result.inverse);
  if (gamma)
    result.value = scaleUnlessOne(graph, result.value, *gamma);
  if (beta)
    result.value = addUnlessZero(graph, result.value, *beta);
  return result;
}

/// (x − mean) / √(var + ε).
static Result normalize(GraphBuilder &graph, Result x, ArrayRef<int64_t> axes,
                        double epsilon) {
  return normalizeLayer(graph, x, axes, epsilon, /*centres=*/true, std::nullopt,
                        std::nullopt)
      .value;
}

/// Normalises the axes from `axis` on, of an example; the mean and the inverse
/// deviation are further outputs.
template <bool centres>
static LogicalResult importLayerNormalization(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0);
  FailureOr<int64_t> first =
      node.getAxis(node.getInteger("axis", -1), x.rank());
  if (failed(first))
    return failure();
  SmallVector<int64_t> axes;
  for (int64_t axis = *first; axis < x.rank(); ++axis)
    axes.push_back(axis);
  std::optional<Result> beta;
  if (node.hasInput(2))
    beta = node.input(2);
  Normalized y = normalizeLayer(graph, x, axes, node.getReal("epsilon", 1e-5f),
                                centres, Result(node.input(1)), beta);
  if ((y.mean && failed(node.setOutput(1, *y.mean))) ||
      failed(node.setOutput(centres ? 2 : 1, y.inverse)))
    return failure();
  return node.setResult(y.value);
}

static LogicalResult importInstanceNormalization(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0);
  if (x.rank() < 3)
    return node.emitError() << "expected an input [batch, channel, spatial…]";
  SmallVector<int64_t> axes;
  for (int64_t axis = 2; axis < x.rank(); ++axis)
    axes.push_back(axis);
  Result y = normalize(graph, x, axes, node.getReal("epsilon", 1e-5f));
  y = scaleUnlessOne(graph, y,
                     alongChannels(node, node.input(1), x.rank(), x.shape[1]));
  return node.setResult(addUnlessZero(
      graph, y, alongChannels(node, node.input(2), x.rank(), x.shape[1])));
}

/// γ and β have an element for each channel, below opset 21 for each group.
static LogicalResult importGroupNormalization(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0);
  int64_t groups = node.getInteger("num_groups", 0);
  if (x.rank() < 3 || (x.batch && x.batch->axis != 0) || groups < 1 ||
      x.shape[1] % groups != 0)
    return node.emitError() << "expected an input [batch, channel, spatial…] "
                               "with channels in num_groups equal groups";
  SmallVector<int64_t> grouped = {x.shape[0], groups, x.shape[1] / groups};
  SmallVector<int64_t> axes = {2};
  for (int64_t axis = 2; axis < x.rank(); ++axis) {
    grouped.push_back(x.shape[axis]);
    axes.push_back(axis + 1);
  }
  Result y = normalize(graph, graph.reshape(x, grouped, x.batch), axes,
                       node.getReal("epsilon", 1e-5f));
  bool perGroup = node.opset < 21;
  if (!perGroup)
    y = graph.reshape(y, x.shape, x.batch);
  int64_t rank = perGroup ? x.rank() + 1 : x.rank();
  int64_t count = perGroup ? groups : x.shape[1];
  y = graph.binary<MulOp>(y, alongChannels(node, node.input(1), rank, count));
  y = graph.binary<AddOp>(y, alongChannels(node, node.input(2), rank, count));
  return node.setResult(graph.reshape(y, x.shape, x.batch));
}

ArrayRef<Operator> onnximport::getNormalizationOperators() {
  static const Operator operators[] = {
      {"BatchNormalization", 7, newestOpset, 5, 5, importBatchNormalization},
      {"GroupNormalization", 18, newestOpset, 3, 3, importGroupNormalization},
      {"InstanceNormalization", 6, newestOpset, 3, 3,
       importInstanceNormalization},
      // Below opset 17 it is one that ONNX Runtime fuses, as are the simplified
      // ones.
      {"LayerNormalization", 1, newestOpset, 2, 3,
       importLayerNormalization</*centres=*/true>},
      {"RMSNormalization", 23, newestOpset, 2, 2,
       importLayerNormalization</*centres=*/false>},
      {"SimplifiedLayerNormalization", 1, newestOpset, 2, 2,
       importLayerNormalization</*centres=*/false>},
  };
  return operators;
}
