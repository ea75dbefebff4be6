// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fused operators of com.microsoft: a bias before a function, a function behind
// a product, a sum before a normalisation, products of transposed operands.

#include "Fused.h"
#include "Indexing.h"
#include "Normalization.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

//===----------------------------------------------------------------------===//
// Standard operators
//===----------------------------------------------------------------------===//

static NodeAttribute makeAttribute(NodeAttribute::Kind kind) {
  NodeAttribute attribute;
  attribute.kind = kind;
  return attribute;
}

StandardNode &StandardNode::set(StringRef name, int64_t value) {
  NodeAttribute attribute = makeAttribute(NodeAttribute::Kind::Int);
  attribute.ints = {value};
  inner.attributes[name] = attribute;
  return *this;
}

StandardNode &StandardNode::set(StringRef name, double value) {
  NodeAttribute attribute = makeAttribute(NodeAttribute::Kind::Float);
  attribute.floats = {value};
  inner.attributes[name] = attribute;
  return *this;
}

StandardNode &StandardNode::set(StringRef name, StringRef value) {
  NodeAttribute attribute = makeAttribute(NodeAttribute::Kind::String);
  attribute.strings = {value.str()};
  inner.attributes[name] = attribute;
  return *this;
}

FailureOr<SmallVector<GraphValue>>
StandardNode::import(ArrayRef<std::optional<GraphValue>> inputs,
                     unsigned count) {
  const Operator *entry = findOperator(inner);
  if (!entry)
    return outer.emitError() << "unsupported operator " << inner.type;
  inner.outputs.assign(count, inner.outputs.front());
  SmallVector<const GraphValue *> given;
  for (const std::optional<GraphValue> &input : inputs)
    given.push_back(input ? &*input : nullptr);
  while (!given.empty() && !given.back())
    given.pop_back();
  NodeImporter importer(
      outer.graph, inner, inner.opset, given,
      [](const Graph &, ArrayRef<GraphValue>)
          -> FailureOr<SmallVector<GraphValue>> { return failure(); });
  if (failed(entry->import(importer)) || !importer.attributesAreValid())
    return failure();
  SmallVector<GraphValue> outputs;
  for (const std::optional<GraphValue> &output : importer.getOutputs())
    outputs.push_back(output.value_or(GraphValue()));
  return outputs;
}

Result StandardNode::operator()(ArrayRef<Result> inputs) {
  SmallVector<std::optional<GraphValue>> values;
  for (const Result &input : inputs) {
    if (failed(input))
      return failure();
    values.push_back(*input);
  }
  FailureOr<SmallVector<GraphValue>> outputs = import(values, 1);
  if (failed(outputs))
    return failure();
  return outputs->front();
}

Result onnximport::inputOrZero(NodeImporter &node, unsigned i) {
  if (node.hasInput(i))
    return node.input(i);
  return node.graph.scalar(0);
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

/// gelu(x + bias), by the error function.
static LogicalResult importGelu(NodeImporter &node) {
  Result x = addUnlessZero(node.graph, node.input(0), inputOrZero(node, 1));
  return node.setResult(node.graph.unary<GeluOp>(x));
}

/// gelu(x + bias), by tanh.
static LogicalResult importFastGelu(NodeImporter &node) {
  Result x = addUnlessZero(node.graph, node.input(0), inputOrZero(node, 1));
  return node.setResult(node.graph.unary<GeluTanhOp>(x));
}

/// x σ(α x).
static LogicalResult importQuickGelu(NodeImporter &node) {
  return node.setResult(StandardNode(node, "Swish")
                            .set("alpha", node.getReal("alpha", 1.702f))(
                                {Result(node.input(0))}));
}

/// The first half of x + bias times gelu of the second.
static LogicalResult importBiasSplitGelu(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  Result x = graph.binary<AddOp>(node.input(0), node.input(1));
  if (failed(x))
    return failure();
  int64_t axis = x->rank() - 1;
  if (axis < 0 || x->shape[axis] % 2 != 0)
    return node.emitError() << "expected two halves along the last axis, but "
                               "got "
                            << describe(x->kind, x->shape);
  int64_t half = x->shape[axis] / 2;
  Result gate = graph.unary<GeluOp>(graph.slice(x, axis, half, half, 1));
  return node.setResult(
      graph.binary<MulOp>(graph.slice(x, axis, 0, half, 1), gate));
}

/// x + bias + skip.
static LogicalResult importBiasAdd(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  return node.setResult(graph.binary<AddOp>(
      graph.binary<AddOp>(node.input(0), node.input(1)), node.input(2)));
}

/// Dropout in inference of x + bias + residual.
static LogicalResult importBiasDropout(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  Result sum = graph.binary<AddOp>(node.input(0), node.input(1));
  sum = addUnlessZero(graph, sum, inputOrZero(node, 2));
  if (failed(sum))
    return failure();
  SmallVector<std::optional<GraphValue>> inputs = {*sum, std::nullopt};
  if (node.hasInput(4))
    inputs.push_back(node.input(4));
  FailureOr<SmallVector<GraphValue>> outputs =
      StandardNode(node, "Dropout").import(inputs, 2);
  if (failed(outputs) || failed(node.setOutput(1, (*outputs)[1])))
    return failure();
  return node.setResult((*outputs)[0]);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// The function named by an attribute, of y; α, β of it are attributes or a
/// list.
static Result activate(NodeImporter &node, Result y) {
  std::string name = node.getString("activation", "");
  if (name.empty())
    return y;
  SmallVector<double> numbers;
  if (const NodeAttribute *list =
          node.getAttribute("activation_params", NodeAttribute::Kind::Floats))
    numbers.assign(list->floats.begin(), list->floats.end());
  for (StringRef attribute : {"activation_alpha", "activation_beta"})
    if (node.hasAttribute(attribute))
      numbers.push_back(node.getReal(attribute, 0));
  StandardNode function(node, name);
  // Attributes of the product are none of the function's.
  function.clearAttributes();
  if (name == "Clip") {
    if (numbers.size() != 2)
      return node.emitError()
             << "expected two bounds of Clip, but got " << numbers.size();
    return function(
        {y, node.graph.scalar(numbers[0]), node.graph.scalar(numbers[1])});
  }
  static constexpr StringLiteral known[] = {
      "Elu",       "Gelu", "HardSigmoid",    "HardSwish",
      "LeakyRelu", "Relu", "Sigmoid",        "Softplus",
      "Softsign",  "Tanh", "ThresholdedRelu"};
  if (!llvm::is_contained(known, name))
    return node.emitError() << "expected a function that products are fused "
                               "with, but got '"
                            << name << "'";
  static constexpr StringLiteral names[] = {"alpha", "beta"};
  for (auto [attribute, number] : llvm::zip(names, numbers))
    function.set(attribute, number);
  return function({y});
}

/// [m, batch…, k] as [batch…, m, k].
static Result moveFirst(GraphBuilder &graph, Result x) {
  if (failed(x) || x->rank() < 3)
    return x;
  SmallVector<int64_t> order;
  for (int64_t axis = 1; axis < x->rank() - 1; ++axis)
    order.push_back(axis);
  order.append({0, x->rank() - 1});
  return graph.transpose(x, order);
}

static Result swapLast(GraphBuilder &graph, Result x) {
  if (failed(x) || x->rank() < 2)
    return x;
  SmallVector<int64_t> order =
      llvm::to_vector(llvm::seq<int64_t>(0, x->rank()));
  std::swap(order[x->rank() - 2], order[x->rank() - 1]);
  return graph.transpose(x, order);
}

/// α A B, A and B transposed as attributes say, and a function of it.
static LogicalResult importFusedMatMul(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  Result a = node.input(0), b = node.input(1);
  if (node.getInteger("transBatchA", 0))
    a = moveFirst(graph, a);
  if (node.getInteger("transBatchB", 0))
    b = moveFirst(graph, b);
  if (node.getInteger("transA", 0))
    a = swapLast(graph, a);
  if (node.getInteger("transB", 0))
    b = swapLast(graph, b);
  Result y = StandardNode(node, "MatMul")({a, b});
  return node.setResult(
      activate(node, graph.scale(y, node.getReal("alpha", 1))));
}

/// The standard operator `type` on the first three inputs.
static Result importProduct(NodeImporter &node, StringRef type) {
  SmallVector<std::optional<GraphValue>> inputs = {node.input(0),
                                                   node.input(1)};
  if (node.hasInput(2))
    inputs.push_back(node.input(2));
  FailureOr<SmallVector<GraphValue>> outputs =
      StandardNode(node, type).import(inputs, 1);
  if (failed(outputs))
    return failure();
  return outputs->front();
}

static LogicalResult importFusedGemm(NodeImporter &node) {
  return node.setResult(activate(node, importProduct(node, "Gemm")));
}

/// A convolution, what is added to it, and a function of the sum.
static LogicalResult importFusedConv(NodeImporter &node) {
  Result y = importProduct(node, "Conv");
  if (node.hasInput(3))
    y = node.graph.binary<AddOp>(y, node.input(3));
  return node.setResult(activate(node, y));
}

//===----------------------------------------------------------------------===//
// Normalisations
//===----------------------------------------------------------------------===//

/// Normalises input + skip + bias along the last axis; that sum is the last
/// output.
template <bool centres>
static LogicalResult importSkipNormalization(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  constexpr unsigned biasInput = centres ? 4 : 3;
  Result sum = graph.binary<AddOp>(node.input(0), node.input(1));
  sum = addUnlessZero(graph, sum, inputOrZero(node, biasInput));
  if (failed(sum) || failed(node.setOutput(3, sum)))
    return failure();
  std::optional<Result> beta;
  if (centres && node.hasInput(3))
    beta = node.input(3);
  Normalized y = normalizeLayer(graph, sum, {sum->rank() - 1},
                                node.getReal("epsilon", 1e-12f), centres,
                                Result(node.input(2)), beta);
  if ((y.mean && failed(node.setOutput(1, *y.mean))) ||
      failed(node.setOutput(2, y.inverse)))
    return failure();
  return node.setResult(y.value);
}

/// The first rows of the positions' table, or those of input 8.
static Result embedPositions(NodeImporter &node) {
  const GraphValue &table = node.input(3);
  if (node.hasInput(8))
    return gather(node, table, node.input(8), 0);
  int64_t length = node.input(0).shape[1];
  if (table.rank() != 2 || table.shape[0] < length)
    return node.emitError()
           << "expected an embedding of " << length << " positions, but got "
           << describe(table.kind, table.shape);
  return node.graph.slice(table, 0, 0, length, 1);
}

/// The sum of the embeddings of words, positions and segments, normalised; how
/// many tokens the mask leaves; the sum.
static LogicalResult importEmbedNormalization(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &ids = node.input(0);
  for (unsigned i : {2, 3, 5, 6})
    if (!node.hasInput(i))
      return node.emitError()
             << "expected input " << i << ", but it is left out";
  if (ids.rank() != 2)
    return node.emitError() << "expected tokens [batch, length], but got "
                            << describe(ids.kind, ids.shape);
  Result sum = gather(node, node.input(2), ids, 0);
  sum = graph.binary<AddOp>(sum, embedPositions(node));
  if (node.hasInput(1) && node.hasInput(4))
    sum =
        graph.binary<AddOp>(sum, gather(node, node.input(4), node.input(1), 0));
  if (failed(sum) || failed(node.setOutput(2, sum)))
    return failure();
  if (node.hasInput(7) && node.node.outputs.size() > 1) {
    Result mask = graph.convert(node.input(7), ElementKind::Float32);
    Result count =
        graph.convert(graph.reduce<ReduceSumOp>(mask, {1}, /*keepDims=*/false),
                      ElementKind::Int32);
    if (failed(node.setOutput(1, count)))
      return failure();
  }
  return node.setResult(normalizeLayer(graph, sum, {2},
                                       node.getReal("epsilon", 1e-12f),
                                       /*centres=*/true, Result(node.input(5)),
                                       Result(node.input(6)))
                            .value);
}

//===----------------------------------------------------------------------===//
// Aliases
//===----------------------------------------------------------------------===//

/// The standard operator of the same name.
static LogicalResult importAlias(NodeImporter &node) {
  SmallVector<std::optional<GraphValue>> inputs;
  for (unsigned i = 0; i < node.getNumInputs(); ++i)
    inputs.push_back(node.hasInput(i) ? std::optional(node.input(i))
                                      : std::nullopt);
  FailureOr<SmallVector<GraphValue>> outputs =
      StandardNode(node, node.node.type).import(inputs, 1);
  if (failed(outputs))
    return failure();
  return node.setResult(outputs->front());
}

/// Angles come behind the positions, which may be one: that of the first token.
static LogicalResult importRotary(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  if (node.getInteger("is_packed_batching", 0) || node.getReal("scale", 1) != 1)
    return node.emitError()
           << "expected sequences of one length and angles of scale one";
  const GraphValue &x = node.input(0);
  GraphValue positions = node.input(1);
  bool isOffset = positions.rank() == 1 && !positions.batch;
  if (isOffset && (!positions.isKnown() || positions.numbers->size() != 1))
    return node.emitError() << "expected a known position of the first token";
  int64_t length = x.shape[x.rank() == 4 ? 2 : 1];
  if (isOffset) {
    std::vector<Number> tokens(length);
    for (auto [i, number] : llvm::enumerate(tokens))
      number.integer = i;
    GraphValue counted = makeKnown(positions.kind, {length}, std::move(tokens));
    Result places = foldElementwise(
        graph, counted, positions, positions.kind,
        [](const Number &a, const Number &b) -> std::optional<Number> {
          return Number{a.integer + b.integer};
        });
    Result shared = graph.unsqueeze(places, {0});
    if (failed(shared))
      return failure();
    positions = *shared;
  }
  return node.setResult(StandardNode(node, "RotaryEmbedding")(
      {Result(x), Result(node.input(2)), Result(node.input(3)),
       Result(positions)}));
}

ArrayRef<Operator> onnximport::getFusedOperators() {
  constexpr int64_t newest = newestMicrosoftOpset;
  static const Operator operators[] = {
      {"Attention", 1, newest, 2, 7, importPackedAttention},
      {"BiasAdd", 1, newest, 3, 3, importBiasAdd},
      {"BiasDropout", 1, newest, 2, 5, importBiasDropout},
      {"BiasGelu", 1, newest, 2, 2, importGelu},
      {"BiasSplitGelu", 1, newest, 2, 2, importBiasSplitGelu},
      {"EmbedLayerNormalization", 1, newest, 1, 9, importEmbedNormalization},
      {"FastGelu", 1, newest, 1, 2, importFastGelu},
      {"FusedConv", 1, newest, 2, 4, importFusedConv},
      {"FusedGemm", 1, newest, 2, 3, importFusedGemm},
      {"FusedMatMul", 1, newest, 2, 2, importFusedMatMul},
      {"FusedMatMulActivation", 1, newest, 2, 2, importFusedMatMul},
      {"Gelu", 1, newest, 1, 1, importGelu},
      {"Inverse", 1, newest, 1, 1, importInverse},
      {"MultiHeadAttention", 1, newest, 1, 10, importMultiHeadAttention},
      {"QuickGelu", 1, newest, 1, 1, importQuickGelu},
      {"RotaryEmbedding", 1, newest, 4, 4, importRotary},
      {"SkipLayerNormalization", 1, newest, 3, 5,
       importSkipNormalization</*centres=*/true>},
      {"SkipSimplifiedLayerNormalization", 1, newest, 3, 4,
       importSkipNormalization</*centres=*/false>},
      {"TransposeMatMul", 1, newest, 2, 2, importFusedMatMul},
      {"Trilu", 1, newest, 1, 2, importAlias},
  };
  return operators;
}
