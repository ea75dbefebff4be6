// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention and MultiHeadAttention of com.microsoft: the standard Attention
// behind the projections' biases, with masks of integers that add a large
// negative number to the scores.

#include "Fused.h"
#include <cmath>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

namespace {
/// Queries, keys and values [batch, length, heads · features].
struct Operands {
  Result query, key, value;
  std::optional<GraphValue> pastKey, pastValue;
  /// Which inputs are the mask of keys and the bias of scores.
  unsigned maskInput, biasInput;
};
} // namespace

/// Joins heads again: [batch, heads, length, features] as [batch, length, heads
/// · features].
static Result joinHeads(GraphBuilder &graph, Result x) {
  x = graph.transpose(x, {0, 2, 1, 3});
  if (failed(x))
    return failure();
  return graph.reshape(x, {x->shape[0], x->shape[1], x->shape[2] * x->shape[3]},
                       x->batch);
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

/// Where a key may be attended to, [batch or 1, 1, queries or 1, keys]: masks
/// of ones and zeros, or the number of the first keys that may.
static Result readMask(NodeImporter &node, const GraphValue &mask,
                       int64_t keys) {
  GraphBuilder &graph = node.graph;
  GraphValue zero = makeKnown(mask.kind, {}, {Number()});
  if (mask.isFloat() || mask.kind == ElementKind::Bool)
    return node.emitError() << "expected a mask of integers, but got "
                            << describe(mask.kind, mask.shape);
  if (mask.rank() == 1) {
    if (mask.batch && !mask.batch->isPure())
      return node.emitError()
             << "expected a mask with one number for each example";
    std::vector<Number> positions(keys);
    for (auto [i, number] : llvm::enumerate(positions))
      number.integer = i;
    return graph.compare(makeKnown(mask.kind, {keys}, std::move(positions)),
                         graph.unsqueeze(mask, {1, 2, 3}), Comparison::LT);
  }
  Result isOne = graph.compare(mask, zero, Comparison::GT);
  if (mask.rank() == 2)
    isOne = graph.unsqueeze(isOne, {1, 2});
  else if (mask.rank() == 3)
    isOne = graph.unsqueeze(isOne, {1});
  if (failed(isOne))
    return failure();
  if (isOne->rank() != 4 || isOne->shape[3] != keys)
    return node.emitError()
           << "expected a mask for " << keys << " keys, but got "
           << describe(mask.kind, mask.shape);
  return isOne;
}

/// What is added to the scores: the bias of the node and the mask's; none if
/// there is neither.
static FailureOr<std::optional<GraphValue>>
readBias(NodeImporter &node, const Operands &operands, int64_t keys) {
  GraphBuilder &graph = node.graph;
  std::optional<GraphValue> bias;
  if (node.hasInput(operands.biasInput))
    bias = node.input(operands.biasInput);
  if (!node.hasInput(operands.maskInput))
    return bias;
  double never = node.getReal("mask_filter_value", -10000);
  Result masked =
      graph.select(readMask(node, node.input(operands.maskInput), keys),
                   graph.scalar(0), graph.scalar(never));
  if (bias)
    masked = graph.binary<AddOp>(masked, *bias);
  if (failed(masked))
    return failure();
  return std::optional<GraphValue>(*masked);
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// The result, and keys and values with those of the past.
static FailureOr<SmallVector<GraphValue>> attend(NodeImporter &node,
                                                 const Operands &operands) {
  if (failed(operands.query) || failed(operands.key) || failed(operands.value))
    return failure();
  int64_t heads = node.getInteger("num_heads", 0);
  if (heads < 1)
    return node.emitError()
           << "expected num_heads from 1 on, but got " << heads;
  int64_t keys = operands.key->shape[operands.key->rank() == 4 ? 2 : 1];
  if (operands.pastKey && operands.pastKey->rank() == 4)
    keys += operands.pastKey->shape[2];
  FailureOr<std::optional<GraphValue>> bias = readBias(node, operands, keys);
  if (failed(bias))
    return failure();
  double scale = node.getReal("scale", 0);
  StandardNode standard(node, "Attention");
  standard.clearAttributes()
      .set("q_num_heads", heads)
      .set("kv_num_heads", heads)
      .set("is_causal", node.getInteger("unidirectional", 0));
  if (scale != 0)
    standard.set("scale", scale);
  return standard.import({*operands.query, *operands.key, *operands.value,
                          *bias, operands.pastKey, operands.pastValue},
                         3);
}

/// One projection for queries, keys and values, whose sizes may differ.
LogicalResult onnximport::importPackedAttention(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &weights = node.input(1);
  if (node.getInteger("do_rotary", 0) ||
      node.getInteger("past_present_share_buffer", 0))
    return node.emitError() << "expected attention without rotary embeddings "
                               "and shared buffers";
  if (node.input(0).rank() != 3 || weights.rank() != 2)
    return node.emitError()
           << "expected an input [batch, length, features] and weights of rank "
              "2, but got "
           << describe(node.input(0).kind, node.input(0).shape) << " and "
           << describe(weights.kind, weights.shape);
  Result all = graph.einsum({node.input(0), weights}, {"btk", "kc"}, "btc");
  all = addUnlessZero(graph, all, inputOrZero(node, 2));
  SmallVector<int64_t> sizes = node.getIntegers("qkv_hidden_sizes");
  if (sizes.empty())
    sizes.assign(3, weights.shape[1] / 3);
  if (sizes.size() != 3 || sizes[0] < 1 || sizes[2] < 1 ||
      sizes[0] != sizes[1] || sizes[0] > weights.shape[1] ||
      sizes[2] != weights.shape[1] - 2 * sizes[0])
    return node.emitError()
           << "expected weights for queries, keys and values, but got "
           << describe(weights.kind, weights.shape);
  Operands operands;
  operands.query = graph.slice(all, 2, 0, sizes[0], 1);
  operands.key = graph.slice(all, 2, sizes[0], sizes[0], 1);
  operands.value = graph.slice(all, 2, 2 * sizes[0], sizes[2], 1);
  operands.maskInput = 3;
  operands.biasInput = 5;
  if (node.hasInput(4)) {
    for (int64_t i : {0, 1}) {
      Result past = graph.squeeze(graph.slice(node.input(4), 0, i, 1, 1), {0});
      if (failed(past))
        return failure();
      (i == 0 ? operands.pastKey : operands.pastValue) = *past;
    }
  }
  FailureOr<SmallVector<GraphValue>> outputs = attend(node, operands);
  if (failed(outputs))
    return failure();
  if (node.node.outputs.size() > 1) {
    Result key = graph.unsqueeze((*outputs)[1], {0});
    Result value = graph.unsqueeze((*outputs)[2], {0});
    if (failed(key) || failed(value) ||
        failed(node.setOutput(1, graph.concat({*key, *value}, 0))))
      return failure();
  }
  return node.setResult((*outputs)[0]);
}

/// Queries, keys and values with their biases. Keys and values of rank 4 are
/// those of other attentions, and have them already.
static FailureOr<Operands> readOperands(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  Operands operands;
  operands.maskInput = 4;
  operands.biasInput = 5;
  GraphValue query = node.input(0);
  if (query.rank() == 5) { // [batch, length, heads, 3, features]
    Result parts[3];
    for (int64_t i = 0; i < 3; ++i) {
      Result part = graph.squeeze(graph.slice(query, 3, i, 1, 1), {3});
      if (failed(part))
        return failure();
      parts[i] = graph.reshape(
          part,
          {part->shape[0], part->shape[1], part->shape[2] * part->shape[3]},
          part->batch);
    }
    operands.query = parts[0];
    operands.key = parts[1];
    operands.value = parts[2];
  } else {
    if (!node.hasInput(1) || !node.hasInput(2) || query.rank() != 3 ||
        (node.input(1).rank() != 3 && node.input(1).rank() != 4))
      return node.emitError() << "expected queries, keys and values of rank 3";
    operands.query = query;
    operands.key = node.input(1);
    operands.value = node.input(2);
    for (Result *x : {&operands.key, &operands.value})
      if ((*x)->rank() == 4)
        *x = joinHeads(graph, *x);
  }
  if (failed(operands.query) || failed(operands.key) || failed(operands.value))
    return failure();
  if (node.hasInput(3)) {
    int64_t start = 0;
    bool isCross = query.rank() == 3 && node.input(1).rank() == 4;
    for (Result *x : {&operands.query, &operands.key, &operands.value}) {
      int64_t size = (*x)->shape[2];
      if (!isCross || x == &operands.query)
        *x = graph.binary<AddOp>(*x,
                                 graph.slice(node.input(3), 0, start, size, 1));
      start += size;
    }
  }
  if (node.hasInput(6))
    operands.pastKey = node.input(6);
  if (node.hasInput(7))
    operands.pastValue = node.input(7);
  return operands;
}

LogicalResult onnximport::importMultiHeadAttention(NodeImporter &node) {
  if (node.hasInput(8) || node.hasInput(9))
    return node.emitError() << "expected attention without shared buffers and "
                               "beams";
  FailureOr<Operands> operands = readOperands(node);
  if (failed(operands))
    return failure();
  FailureOr<SmallVector<GraphValue>> outputs = attend(node, *operands);
  if (failed(outputs))
    return failure();
  for (unsigned i = 0; i < 3; ++i)
    if (failed(node.setOutput(i, (*outputs)[i])))
      return failure();
  return success();
}
