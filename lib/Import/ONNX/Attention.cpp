// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attention as an operator. With queries Q, keys K and
// values V of each head,
//
//     Y = softmax(softcap(s · Q Kᵀ) + bias) V,
//
// the bias being −∞ where a mask forbids a key. A group of query heads may
// share a key head; then the group is a letter that K and V do not have. Rows
// that may attend to nothing are zero.

#include "Attention.h"
#include "Indexing.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

static constexpr double infinity = std::numeric_limits<double>::infinity();

namespace {
/// Sizes of the operands, as [batch, heads, length, features].
struct Heads {
  int64_t query = 0, key = 0, length = 0, keys = 0, past = 0;
};

/// How many keys before and behind its place a query sees; −1 for all.
struct Reach {
  int64_t before, behind;
};

/// What is added to the scores and where they count, each if there is one.
struct Bias {
  std::optional<GraphValue> added, allowed;
};
} // namespace

//===----------------------------------------------------------------------===//
// Heads
//===----------------------------------------------------------------------===//

Result onnximport::splitHeads(NodeImporter &node, const GraphValue &x,
                              int64_t heads) {
  if (x.batch && x.batch->axis != 0)
    return node.emitError() << "expected the batch as the first axis";
  if (x.rank() == 4)
    return x;
  if (x.rank() != 3 || heads < 1 || x.shape[2] % heads != 0) {
    return node.emitError()
           << "expected operands [batch, length, heads · features] or [batch, "
              "heads, length, features], but got "
           << describe(x.kind, x.shape) << " for " << heads << " heads";
  }
  GraphBuilder &graph = node.graph;
  Result split = graph.reshape(
      x, {x.shape[0], x.shape[1], heads, x.shape[2] / heads}, x.batch);
  return graph.transpose(split, {0, 2, 1, 3});
}

/// The inverse of splitHeads.
static Result joinHeads(GraphBuilder &graph, Result x) {
  x = graph.transpose(x, {0, 2, 1, 3});
  if (failed(x))
    return failure();
  return graph.reshape(x, {x->shape[0], x->shape[1], x->shape[2] * x->shape[3]},
                       x->batch);
}

/// Keys or values behind those of the past.
static Result appendPast(NodeImporter &node, Result x, unsigned past) {
  if (failed(x) || !node.hasInput(past))
    return x;
  if (node.input(past).rank() != 4)
    return node.emitError() << "expected past keys and values of rank 4";
  return node.graph.concat({node.input(past), *x}, 2);
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

static GraphValue makeMask(ArrayRef<int64_t> shape,
                           function_ref<bool(int64_t, int64_t)> allowed) {
  std::vector<Number> numbers;
  for (int64_t i = 0; i < shape[0]; ++i)
    for (int64_t j = 0; j < shape[1]; ++j)
      numbers.push_back(Number{allowed(i, j)});
  return makeKnown(ElementKind::Bool, shape, std::move(numbers));
}

/// Both masks allow it.
static LogicalResult restrict(NodeImporter &node, Bias &bias, Result mask) {
  if (failed(mask))
    return failure();
  Result both = mask;
  if (bias.allowed)
    both = andMasks(node.graph, *bias.allowed, *mask);
  if (failed(both))
    return failure();
  bias.allowed = *both;
  return success();
}

/// The mask of the file, for all keys: those it does not speak of are left out.
static FailureOr<GraphValue> readMask(NodeImporter &node, int64_t keys) {
  GraphValue mask = node.input(3);
  int64_t missing = mask.rank() == 0 ? 0 : keys - mask.shape.back();
  if (mask.rank() > 4 || missing < 0)
    return node.emitError()
           << "expected a mask for " << keys << " keys, but got "
           << describe(mask.kind, mask.shape);
  if (missing == 0 || (mask.shape.back() == 1 && keys != 1))
    return mask;
  SmallVector<int64_t> shape(mask.shape);
  shape.back() = missing;
  Number nothing;
  nothing.real = mask.isFloat() ? -infinity : 0;
  GraphValue rest = makeKnown(mask.kind, shape,
                              std::vector<Number>(*product(shape), nothing));
  rest.batch = mask.batch;
  return node.graph.concat({mask, rest}, mask.rank() - 1);
}

/// Keys below the number of those that are no padding, of each example.
static LogicalResult maskPadding(NodeImporter &node, const Heads &heads,
                                 const Reach &window, Bias &bias) {
  GraphBuilder &graph = node.graph;
  const GraphValue &count = node.input(6);
  if (count.rank() != 1 || count.isFloat())
    return node.emitError() << "expected a number of keys for each example";
  std::vector<Number> positions(heads.keys);
  for (auto [i, number] : llvm::enumerate(positions))
    number.integer = i;
  GraphValue keys = makeKnown(count.kind, {heads.keys}, std::move(positions));
  Result counts = graph.unsqueeze(count, {1, 2, 3});
  if (failed(restrict(node, bias, graph.compare(keys, counts, Comparison::LT))))
    return failure();
  // Query i stands at i + count − length. With d = j − i + length it may see
  // key j if count − before ≤ d ≤ count + behind.
  auto restrictTo = [&](int64_t shift, Comparison predicate) {
    std::vector<Number> bounds;
    for (int64_t i = 0; i < heads.length; ++i)
      for (int64_t j = 0; j < heads.keys; ++j)
        bounds.push_back(Number{j - i + heads.length + shift});
    GraphValue bound =
        makeKnown(count.kind, {heads.length, heads.keys}, std::move(bounds));
    return restrict(node, bias, graph.compare(bound, counts, predicate));
  };
  if (window.before >= 0 && failed(restrictTo(window.before, Comparison::GE)))
    return failure();
  if (window.behind >= 0)
    return restrictTo(-window.behind, Comparison::LE);
  return success();
}

static FailureOr<Bias> readBias(NodeImporter &node, const Heads &heads) {
  Bias bias;
  if (node.hasInput(3)) {
    FailureOr<GraphValue> mask = readMask(node, heads.keys);
    if (failed(mask))
      return failure();
    (mask->kind == ElementKind::Bool ? bias.allowed : bias.added) = *mask;
  }
  if (!product({heads.length, heads.keys}) ||
      heads.length * heads.keys > (int64_t(1) << 24))
    return node.emitError() << "expected fewer queries and keys, but got "
                            << heads.length << " and " << heads.keys;
  Reach window{node.getInteger("left_window_size", -1),
               node.getInteger("right_window_size", -1)};
  if (node.getInteger("is_causal", 0))
    window.behind = 0;
  if (node.hasInput(6)) {
    if (failed(maskPadding(node, heads, window, bias)))
      return failure();
  } else if (window.before >= 0 || window.behind >= 0) {
    GraphValue mask =
        makeMask({heads.length, heads.keys}, [&](int64_t i, int64_t j) {
          int64_t place = i + heads.past;
          return (window.before < 0 || j >= place - window.before) &&
                 (window.behind < 0 || j <= place + window.behind);
        });
    if (failed(restrict(node, bias, mask)))
      return failure();
  }
  return bias;
}

/// Does the known mask or bias leave a key in every row? Unknown ones may not.
static bool leavesKeys(const std::optional<GraphValue> &mask) {
  if (!mask)
    return true;
  if (!mask->isKnown() || mask->rank() == 0)
    return false;
  size_t keys = mask->shape.back();
  ArrayRef<Number> numbers = *mask->numbers;
  for (size_t row = 0; row < numbers.size(); row += keys) {
    if (llvm::none_of(numbers.slice(row, keys), [&](const Number &number) {
          return mask->isFloat() ? number.real != -infinity
                                 : number.integer != 0;
        }))
      return false;
  }
  return true;
}

/// Rows of which a key is allowed, [.., 1]; none if all are.
static FailureOr<std::optional<GraphValue>> findLiveRows(NodeImporter &node,
                                                         const Bias &bias) {
  using Rows = std::optional<GraphValue>;
  // Each may leave keys that the other forbids.
  bool isAlone = !bias.added || !bias.allowed;
  if (isAlone && leavesKeys(bias.added) && leavesKeys(bias.allowed))
    return Rows();
  GraphBuilder &graph = node.graph;
  Result total = bias.added ? *bias.added : graph.scalar(0);
  if (bias.allowed)
    total = graph.select(*bias.allowed, total, graph.scalar(-infinity));
  if (failed(total))
    return failure();
  Result top =
      graph.reduce<ReduceMaxOp>(total, {total->rank() - 1}, /*keepDims=*/true);
  Result live = graph.compare(top, graph.scalar(-infinity), Comparison::GT);
  if (failed(live))
    return failure();
  return Rows(*live);
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

/// Words of an einsum over heads: the key heads' letter and, for groups, one of
/// their own.
static Result contractHeads(NodeImporter &node, Result left, StringRef a,
                            Result right, StringRef b, StringRef result) {
  if (failed(left) || failed(right))
    return failure();
  return node.graph.einsum({*left, *right}, {a.str(), b.str()}, result);
}

/// [batch, heads, …] as [batch, key heads, group, …] or back.
static Result groupHeads(GraphBuilder &graph, Result x, const Heads &heads,
                         bool forward) {
  if (failed(x) || heads.query == heads.key)
    return x;
  SmallVector<int64_t> shape(x->shape);
  if (forward) {
    shape[1] = heads.key;
    shape.insert(shape.begin() + 2, heads.query / heads.key);
  } else {
    shape.erase(shape.begin() + 2);
    shape[1] = heads.query;
  }
  return graph.reshape(x, shape, x->batch);
}

static FailureOr<Heads> measure(NodeImporter &node, const GraphValue &q,
                                const GraphValue &k, const GraphValue &v) {
  Heads heads{q.shape[1], k.shape[1], q.shape[2], k.shape[2], 0};
  if (node.hasInput(4))
    heads.past = node.input(4).shape[2];
  if (heads.key < 1 || heads.query % heads.key != 0 ||
      v.shape[1] != heads.key || v.shape[2] != heads.keys ||
      q.shape[3] != k.shape[3]) {
    return node.emitError()
           << "expected queries, keys and values that fit together, but got "
           << describe(q.kind, q.shape) << ", " << describe(k.kind, k.shape)
           << " and " << describe(v.kind, v.shape);
  }
  return heads;
}

namespace {
/// Scores with their bias, and their softmax.
struct Weights {
  Result biased, weights;
};
} // namespace

/// The softmax of scores and bias over the keys; zero in rows of no key.
static FailureOr<Weights> weigh(NodeImporter &node, const Result &scores,
                                const Bias &bias) {
  GraphBuilder &graph = node.graph;
  FailureOr<std::optional<GraphValue>> live = findLiveRows(node, bias);
  if (failed(live))
    return failure();
  Result biased = scores;
  if (bias.added)
    biased = graph.binary<AddOp>(biased, *bias.added);
  if (bias.allowed)
    biased = graph.select(*bias.allowed, biased, graph.scalar(-infinity));
  Result logits = biased;
  if (*live)
    logits = graph.select(**live, logits, graph.scalar(0));
  if (failed(logits))
    return failure();
  Result weights = graph.unary<SoftmaxOp>(
      logits, graph.attribute("axis", *logits->coreAxis(3)));
  if (*live)
    weights = graph.select(**live, weights, graph.scalar(0));
  return Weights{biased, weights};
}

static LogicalResult importAttention(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  int64_t queryHeads = node.getInteger("q_num_heads", 0);
  int64_t keyHeads = node.getInteger("kv_num_heads", 0);
  Result q = splitHeads(node, node.input(0), queryHeads);
  Result k = appendPast(node, splitHeads(node, node.input(1), keyHeads), 4);
  Result v = appendPast(node, splitHeads(node, node.input(2), keyHeads), 5);
  if (failed(q) || failed(k) || failed(v) || failed(node.setOutput(1, k)) ||
      failed(node.setOutput(2, v)))
    return failure();
  FailureOr<Heads> heads = measure(node, *q, *k, *v);
  if (failed(heads))
    return failure();
  FailureOr<Bias> bias = readBias(node, *heads);
  if (failed(bias))
    return failure();

  bool isGrouped = heads->query != heads->key;
  StringRef queries = isGrouped ? "bhgle" : "bhle";
  StringRef scores = isGrouped ? "bhgls" : "bhls";
  double scale = node.getReal("scale", 0);
  if (scale == 0)
    scale = 1 / std::sqrt(static_cast<double>(q->shape[3]));
  Result raw =
      graph.scale(contractHeads(node, groupHeads(graph, q, *heads, true),
                                queries, k, "bhse", scores),
                  scale);
  raw = groupHeads(graph, raw, *heads, false);
  Result capped = raw;
  double softcap = node.getReal("softcap", 0);
  if (softcap > 0)
    capped = graph.scale(graph.unary<TanhOp>(graph.scale(raw, 1 / softcap)),
                         softcap);
  FailureOr<Weights> weights = weigh(node, capped, *bias);
  if (failed(weights))
    return failure();
  Result y =
      contractHeads(node, groupHeads(graph, weights->weights, *heads, true),
                    scores, v, "bhse", queries);
  y = groupHeads(graph, y, *heads, false);
  if (node.input(0).rank() == 3)
    y = joinHeads(graph, y);
  Result shown[] = {raw, capped, weights->biased, weights->weights};
  int64_t mode = node.getInteger("qk_matmul_output_mode", 0);
  if (mode < 0 || mode > 3)
    return node.emitError()
           << "expected qk_matmul_output_mode from 0 to 3, but got " << mode;
  if (failed(node.setOutput(3, shown[mode])))
    return failure();
  return node.setResult(y);
}

ArrayRef<Operator> onnximport::getAttentionOperators() {
  static const Operator operators[] = {
      {"Attention", 23, newestOpset, 3, 7, importAttention},
      {"RotaryEmbedding", 23, newestOpset, 3, 4, importRotaryEmbedding},
  };
  return operators;
}
