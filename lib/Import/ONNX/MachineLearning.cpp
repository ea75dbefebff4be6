// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operators of ai.onnx.ml that pipelines of classical learning are made of, as
// ONNX Runtime computes them: what prepares features, and fitted linear models.
// What a scaler or an imputer has learnt is data; the coefficients of a linear
// model are its parameters.

#include "LinearModels.h"
#include "OperatorDomains.h"
#include <cmath>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// Features as floats: the operators take integers too.
static Result takeFeatures(NodeImporter &node, unsigned i = 0) {
  const GraphValue &x = node.input(i);
  if (x.rank() == 0)
    return node.emitError() << "expected features along an axis, but got a "
                               "single number";
  return x.isFloat() ? Result(x) : node.graph.convert(x, ElementKind::Float32);
}

/// The attribute's numbers: one for each feature, or one for all.
static Result takePerFeature(NodeImporter &node, const GraphValue &x,
                             StringRef name, double missing) {
  const NodeAttribute *found =
      node.getAttribute(name, NodeAttribute::Kind::Floats);
  if (!found)
    return node.graph.scalar(missing);
  int64_t size = found->floats.size(), features = x.shape.back();
  if (size != 1 && size != features)
    return node.emitError() << "expected attribute '" << name
                            << "' to have one number, or one for each of "
                            << features << " features, but got " << size;
  std::vector<Number> numbers(size);
  for (auto [number, value] : llvm::zip_equal(numbers, found->floats))
    number.real = value;
  return makeKnown(ElementKind::Float32, {size}, std::move(numbers));
}

//===----------------------------------------------------------------------===//
// Features
//===----------------------------------------------------------------------===//

/// (x − offset) · scale.
static LogicalResult importScaler(NodeImporter &node) {
  Result x = takeFeatures(node);
  if (failed(x))
    return failure();
  Result centred =
      node.graph.binary<SubOp>(x, takePerFeature(node, *x, "offset", 0));
  return node.setResult(
      node.graph.binary<MulOp>(centred, takePerFeature(node, *x, "scale", 1)));
}

/// Rows over their maximum, sum of absolute values or length; rows for which
/// that is zero stay.
static LogicalResult importNormalizer(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  Result x = takeFeatures(node);
  if (failed(x))
    return failure();
  std::string norm = node.getString("norm", "MAX");
  SmallVector<int64_t> axes = {x->rank() - 1};
  auto sum = [&](Result terms) {
    return graph.reduce<ReduceSumOp>(terms, axes, /*keepDims=*/true);
  };
  Result size;
  if (norm == "MAX")
    size = graph.reduce<ReduceMaxOp>(x, axes, /*keepDims=*/true);
  else if (norm == "L1")
    size = sum(graph.unary<AbsOp>(x));
  else if (norm == "L2")
    size = sum(graph.unary<SquareOp>(x));
  else
    return node.emitError()
           << "expected the norm MAX, L1 or L2, but got '" << norm << "'";
  Result isZero = graph.compare(size, graph.scalar(0), Comparison::EQ);
  Result divisor = graph.select(isZero, graph.scalar(1), size);
  if (norm == "L2")
    divisor = graph.unary<SqrtOp>(divisor);
  return node.setResult(graph.binary<DivOp>(x, divisor));
}

/// x > threshold as 0 or 1.
static LogicalResult importBinarizer(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  Result x = takeFeatures(node);
  if (failed(x))
    return failure();
  node.endDerivative(*x);
  return node.setResult(
      graph.convert(graph.compare(x, graph.scalar(node.getReal("threshold", 0)),
                                  Comparison::GT),
                    ElementKind::Float32));
}

/// Another number where there is the replaced one, or NaN.
static LogicalResult importImputer(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0);
  if (!x.isFloat() || x.rank() == 0)
    return node.emitError() << "expected features of floats, but got "
                            << describe(x.kind, x.shape);
  double replaced = node.getReal("replaced_value_float", 0);
  Result isMissing =
      std::isnan(replaced)
          ? graph.compare(x, x, Comparison::NE)
          : graph.compare(x, graph.scalar(replaced), Comparison::EQ);
  return node.setResult(graph.select(
      isMissing, takePerFeature(node, x, "imputed_value_floats", 0), x));
}

/// The first features of each input, side by side.
static LogicalResult importFeatureVectorizer(NodeImporter &node) {
  SmallVector<int64_t> sizes = node.getIntegers("inputdimensions");
  if (sizes.size() != node.getNumInputs())
    return node.emitError()
           << "expected inputdimensions for " << node.getNumInputs()
           << " inputs, but got " << sizes.size();
  SmallVector<GraphValue> parts;
  for (auto [i, size] : llvm::enumerate(sizes)) {
    if (!node.hasInput(i))
      return node.emitError() << "expected an input " << i;
    Result x = takeFeatures(node, i);
    if (failed(x))
      return failure();
    if (size < 1 || size > x->shape.back())
      return node.emitError()
             << "expected 1 to " << x->shape.back() << " features of input "
             << i << ", but got " << size;
    if (size < x->shape.back())
      x = node.graph.slice(x, x->rank() - 1, 0, size, 1);
    if (failed(x))
      return failure();
    parts.push_back(*x);
  }
  return node.setResult(node.graph.concat(parts, node.input(0).rank() - 1));
}

/// Features at known positions of the last axis.
static LogicalResult importArrayFeatureExtractor(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0), &at = node.input(1);
  if (x.rank() == 0)
    return node.emitError() << "expected features along an axis, but got a "
                               "single number";
  if (!at.isKnown() || at.isFloat() || at.batch)
    return node.emitError() << "expected positions that are known while "
                               "importing, but they depend on the network's "
                               "inputs";
  SmallVector<int64_t> positions;
  for (const Number &number : *at.numbers) {
    if (!number.isPlain() || number.integer < 0 ||
        number.integer >= x.shape.back())
      return node.emitError()
             << "expected positions from 0 to " << x.shape.back() - 1;
    positions.push_back(number.integer);
  }
  Result picked = graph.pick(x, x.rank() - 1, positions);
  return node.setResult(x.rank() == 1 ? graph.unsqueeze(picked, {0}) : picked);
}

/// Along a new last axis, one where the number is that category.
static LogicalResult importOneHotEncoder(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0);
  SmallVector<int64_t> categories = node.getIntegers("cats_int64s");
  if (categories.empty())
    return node.emitError() << "expected categories cats_int64s: there are no "
                               "strings in a network";
  if (!node.getInteger("zeros", 1))
    return node.emitError() << "expected zeros=1: what is of no category has "
                               "zeros only";
  node.endDerivative(x);
  Result isThere = graph.compare(
      graph.unsqueeze(graph.convert(x, ElementKind::Int64), {x.rank()}),
      makeIntegers(categories), Comparison::EQ);
  return node.setResult(graph.convert(isThere, ElementKind::Float32));
}

/// A map from classes to numbers is these numbers.
static LogicalResult importZipMap(NodeImporter &node) {
  return node.setResult(node.input(0));
}

//===----------------------------------------------------------------------===//
// Linear models
//===----------------------------------------------------------------------===//

/// x Wᵀ + b with the weights that were attributes, see LinearModels.h.
static Result linearScores(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  Result x = takeFeatures(node);
  if (failed(x))
    return failure();
  if (!node.hasInput(1) || node.hasAttribute("coefficients"))
    return node.emitError() << "expected one input and attribute "
                               "'coefficients', outside of inner graphs";
  const GraphValue &weights = node.input(1);
  if (x->rank() != 2 || x->shape[1] != weights.shape[1])
    return node.emitError()
           << "expected features [batch, " << weights.shape[1]
           << "] for the coefficients, but got " << describe(x->kind, x->shape);
  Result scores = graph.einsum({*x, weights}, {"tk", "ck"}, "tc");
  if (node.hasInput(2))
    scores = graph.binary<AddOp>(scores, node.input(2));
  return scores;
}

/// σ(x) or the softmax of rows, as the attribute says.
static Result postTransform(NodeImporter &node, Result scores) {
  GraphBuilder &graph = node.graph;
  std::string transform = node.getString("post_transform", "NONE");
  if (failed(scores) || transform == "NONE")
    return scores;
  if (transform == "LOGISTIC")
    return graph.unary<SigmoidOp>(scores);
  if (transform == "SOFTMAX")
    return graph.unary<SoftmaxOp>(
        scores, graph.attribute("axis", *scores->coreAxis(1)));
  return node.emitError() << "expected post_transform NONE, LOGISTIC or "
                             "SOFTMAX, but got '"
                          << transform << "'";
}

static LogicalResult importLinearRegressor(NodeImporter &node) {
  Result scores = linearScores(node);
  // What runtimes do with one target is not what the specification says.
  if (succeeded(scores) && scores->shape[1] == 1 &&
      node.getString("post_transform", "NONE") != "NONE")
    return node.emitError() << "expected post_transform NONE for one target";
  return node.setResult(postTransform(node, scores));
}

/// Scores of classes; of two classes with one row of coefficients, those of the
/// first class are what makes one in all. Labels are no values of a network.
static LogicalResult importLinearClassifier(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  Result scores = linearScores(node);
  if (failed(scores))
    return failure();
  if (node.getInteger(mirroredAttribute, 0)) {
    Result negative = graph.unary<NegOp>(scores);
    if (failed(negative))
      return failure();
    scores = graph.concat({*negative, *scores}, 1);
    return node.setOutput(1, postTransform(node, scores));
  }
  if (scores->shape[1] > 1)
    return node.setOutput(1, postTransform(node, scores));
  std::string transform = node.getString("post_transform", "NONE");
  if (transform != "NONE" && transform != "LOGISTIC")
    return node.emitError() << "expected post_transform NONE or LOGISTIC for "
                               "one row of coefficients, but got '"
                            << transform << "'";
  Result second = postTransform(node, scores);
  Result first = graph.shift(graph.unary<NegOp>(second), 1);
  if (failed(first) || failed(second))
    return failure();
  return node.setOutput(1, graph.concat({*first, *second}, 1));
}

ArrayRef<Operator> onnximport::getMachineLearningOperators() {
  constexpr int64_t newest = newestMachineLearningOpset;
  static const Operator operators[] = {
      {"ArrayFeatureExtractor", 1, newest, 2, 2, importArrayFeatureExtractor},
      {"Binarizer", 1, newest, 1, 1, importBinarizer},
      {"FeatureVectorizer", 1, newest, 1, anyInputs, importFeatureVectorizer},
      {"Imputer", 1, newest, 1, 1, importImputer},
      // Their weights are inputs by now.
      {"LinearClassifier", 1, newest, 1, 3, importLinearClassifier},
      {"LinearRegressor", 1, newest, 1, 3, importLinearRegressor},
      {"Normalizer", 1, newest, 1, 1, importNormalizer},
      {"OneHotEncoder", 1, newest, 1, 1, importOneHotEncoder},
      {"Scaler", 1, newest, 1, 1, importScaler},
      {"ZipMap", 1, newest, 1, 1, importZipMap},
  };
  return operators;
}
