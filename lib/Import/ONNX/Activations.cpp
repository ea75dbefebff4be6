// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of one variable: rows of the dialect's elementwise table and their
// compositions. They treat every element alike, so the batch axis stays.

#include "Activations.h"
#include "Kinks.h"
#include "Operators.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

static Number negated(const Number &number) {
  if (number.isUndecided)
    return undecided();
  return {static_cast<int64_t>(-static_cast<uint64_t>(number.integer)),
          static_cast<int64_t>(-static_cast<uint64_t>(number.perExample)),
          -number.real,
          static_cast<int64_t>(-static_cast<uint64_t>(number.position))};
}

/// −x, of integers too.
static LogicalResult importNeg(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  if (!x.isKnown())
    return importFunction<NegOp>(node);
  std::vector<Number> numbers = *x.numbers;
  for (Number &number : numbers)
    number = negated(number);
  return node.setResult(makeKnownLike(x, x.kind, std::move(numbers)));
}

/// |x|, of integers too, as of relative positions. The sign may depend on the
/// place of the example.
static LogicalResult importAbs(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  if (!x.isKnown() || x.isFloat())
    return importFunction<AbsOp, std::fabs>(node);
  std::vector<Number> numbers = *x.numbers;
  for (Number &number : numbers) {
    Order order = compareNumbers(number, Number{});
    if (order.isLessOrEqual)
      number = negated(number);
    else if (!order.isGreaterOrEqual)
      number = undecided();
  }
  return node.setResult(makeKnownLike(x, x.kind, std::move(numbers)));
}

/// Output = input: what does nothing in inference.
static LogicalResult passOn(NodeImporter &node) {
  return node.setResult(node.input(0));
}

/// The same, unless the node stands for `detach`.
static LogicalResult importIdentity(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  bool isReal = x.core && x.isFloat();
  if (isReal && getKinks(node.node).stops) {
    node.endDerivative(x, /*isStopped=*/true);
    return node.setResult(node.graph.unary<StopGradientOp>(x));
  }
  return passOn(node);
}

static LogicalResult importDropout(NodeImporter &node) {
  if (node.hasInput(2)) {
    FailureOr<double> training = node.getReal(2);
    if (failed(training))
      return failure();
    if (*training != 0)
      return node.emitError() << "expected dropout in inference mode, but "
                                 "training_mode is set; export the model in "
                                 "evaluation mode";
  }
  if (node.node.outputs.size() > 1) {
    // The mask keeps everything.
    const GraphValue &x = node.input(0);
    ElementKind kind = node.opset < 10 ? x.kind : ElementKind::Bool;
    Result mask = node.graph.broadcast(makeKnown(kind, {}, {numberOf(kind, 1)}),
                                       {x.shape, x.batch});
    if (failed(node.setOutput(1, mask)))
      return failure();
  }
  return passOn(node);
}

//===----------------------------------------------------------------------===//
// With constants
//===----------------------------------------------------------------------===//

Result onnximport::elu(GraphBuilder &graph, Result x, double alpha) {
  return graph.unary<EluOp>(x, graph.attribute("alpha", alpha));
}

static LogicalResult importElu(NodeImporter &node) {
  return node.setResult(
      elu(node.graph, node.input(0), node.getReal("alpha", 1.0)));
}

/// γ (x > 0 ? x : α (exp x − 1)).
static LogicalResult importSelu(NodeImporter &node) {
  double alpha = node.getReal("alpha", 1.67326319217681884765625);
  double gamma = node.getReal("gamma", 1.05070102214813232421875);
  return node.setResult(
      node.graph.scale(elu(node.graph, node.input(0), alpha), gamma));
}

/// max(0, x) + min(0, α (exp(x/α) − 1)) = α elu(x/α).
static LogicalResult importCelu(NodeImporter &node) {
  double alpha = node.getReal("alpha", 1.0);
  if (!(alpha > 0))
    return node.emitError() << "expected alpha above 0, but got " << alpha;
  GraphBuilder &graph = node.graph;
  Result scaled = graph.scale(node.input(0), 1 / alpha);
  return node.setResult(graph.scale(elu(graph, scaled, 1.0), alpha));
}

Result onnximport::leakyRelu(GraphBuilder &graph, Result x, double alpha) {
  return graph.unary<LeakyReluOp>(x, graph.attribute("alpha", alpha));
}

static LogicalResult importLeakyRelu(NodeImporter &node) {
  return node.setResult(
      leakyRelu(node.graph, node.input(0), node.getReal("alpha", 0.01f)));
}

/// x > 0 ? x : slope · x, the slope being a parameter.
static LogicalResult importPRelu(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0);
  Result positive = graph.compare(x, graph.scalar(0), Comparison::GT);
  Result scaled = graph.binary<MulOp>(x, node.input(1));
  return node.setResult(graph.select(positive, x, scaled));
}

Result onnximport::thresholdedRelu(GraphBuilder &graph, Result x,
                                   double alpha) {
  Result above = graph.compare(x, graph.scalar(alpha), Comparison::GT);
  return graph.select(above, x, graph.scalar(0));
}

static LogicalResult importThresholdedRelu(NodeImporter &node) {
  return node.setResult(
      thresholdedRelu(node.graph, node.input(0), node.getReal("alpha", 1.0)));
}

Result onnximport::clip(GraphBuilder &graph, Result x, double low, double high,
                        double onBounds) {
  return graph.unary<ClipOp>(x, {graph.attribute("high", high),
                                 graph.attribute("low", low),
                                 graph.attribute("on_bounds", onBounds)});
}

Result onnximport::hardSigmoid(GraphBuilder &graph, Result x, double alpha,
                               double beta) {
  return clip(graph, graph.shift(graph.scale(x, alpha), beta), 0, 1);
}

static LogicalResult importHardSigmoid(NodeImporter &node) {
  return node.setResult(hardSigmoid(node.graph, node.input(0),
                                    node.getReal("alpha", 0.2f),
                                    node.getReal("beta", 0.5)));
}

/// x · (min(max(x, −3), 3) + 3) / 6. The bounds are those of x, so that no
/// rounding puts an x on a bound beside it.
static LogicalResult importHardSwish(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0);
  Result gate = graph.shift(clip(graph, x, -3, 3), 3);
  return node.setResult(graph.scale(graph.binary<MulOp>(x, gate), 1.0 / 6));
}

Result onnximport::softsign(GraphBuilder &graph, Result x) {
  return graph.unary<SoftsignOp>(x);
}

static LogicalResult importSoftsign(NodeImporter &node) {
  return node.setResult(softsign(node.graph, node.input(0)));
}

/// x σ(α x).
static LogicalResult importSwish(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  const GraphValue &x = node.input(0);
  Result gate =
      graph.unary<SigmoidOp>(graph.scale(x, node.getReal("alpha", 1.0)));
  return node.setResult(graph.binary<MulOp>(x, gate));
}

static LogicalResult importGelu(NodeImporter &node) {
  std::string approximate = node.getString("approximate", "none");
  if (approximate == "tanh")
    return importFunction<GeluTanhOp>(node);
  if (approximate == "none")
    return importFunction<GeluOp>(node);
  return node.emitError() << "expected approximate to be 'none' or 'tanh', but "
                             "got '"
                          << approximate << "'";
}

/// min(max(x, low), high) with bounds of the network, or of integers.
static Result clipBetween(NodeImporter &node) {
  GraphBuilder &graph = node.graph;
  Result x = node.input(0);
  if (node.hasInput(1))
    x = graph.binary<MaxOp>(x, node.input(1));
  if (node.hasInput(2))
    x = graph.binary<MinOp>(x, node.input(2));
  return x;
}

/// Bounds are attributes below opset 11, then inputs.
static LogicalResult importClip(NodeImporter &node) {
  bool hasKnownBounds = (!node.hasInput(1) || node.isKnown(1)) &&
                        (!node.hasInput(2) || node.isKnown(2));
  if (!hasKnownBounds || !node.input(0).isFloat())
    return node.setResult(clipBetween(node));
  double infinity = std::numeric_limits<double>::infinity();
  double bounds[] = {node.getReal("min", -infinity),
                     node.getReal("max", infinity)};
  for (unsigned i : {1, 2}) {
    if (!node.hasInput(i))
      continue;
    FailureOr<double> bound = node.getReal(i);
    if (failed(bound))
      return failure();
    bounds[i - 1] = *bound;
  }
  double onBounds = getKinks(node.node).onBounds.value_or(0);
  return node.setResult(
      clip(node.graph, node.input(0), bounds[0], bounds[1], onBounds));
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

/// A step function: constant almost everywhere. An active value that reaches
/// the outputs by no other way loses its derivative, which is refused later.
static Result step(NodeImporter &node, Result x,
                   Result (*build)(GraphBuilder &, Result)) {
  if (succeeded(x))
    node.endDerivative(*x);
  return build(node.graph, x);
}

static Result mask(GraphBuilder &graph, Result x, Result y,
                   Comparison predicate) {
  return graph.convert(graph.compare(x, y, predicate), ElementKind::Float32);
}

/// The integer towards zero, corrected where it is too large.
Result onnximport::floorOf(GraphBuilder &graph, Result x) {
  Result towardsZero =
      graph.convert(graph.convert(x, ElementKind::Int64), ElementKind::Float32);
  return graph.binary<SubOp>(towardsZero,
                             mask(graph, towardsZero, x, Comparison::GT));
}

static Result ceilOf(GraphBuilder &graph, Result x) {
  return graph.unary<NegOp>(floorOf(graph, graph.unary<NegOp>(x)));
}

static Result signOf(GraphBuilder &graph, Result x) {
  return graph.binary<SubOp>(mask(graph, x, graph.scalar(0), Comparison::GT),
                             mask(graph, x, graph.scalar(0), Comparison::LT));
}

template <Result (*build)(GraphBuilder &, Result), RealFunction fold>
static LogicalResult importStep(NodeImporter &node) {
  if (node.input(0).isKnown() && node.input(0).isFloat())
    return importFunction<AbsOp, fold>(node);
  return node.setResult(step(node, node.input(0), build));
}

static Number signOfNumber(const Number &number) {
  // The place of an example has more than one value.
  if (!number.isPlain())
    return undecided();
  Number sign;
  sign.integer = (number.integer > 0) - (number.integer < 0);
  sign.real = (number.real > 0) - (number.real < 0);
  return sign;
}

/// The sign is constant under differentiation by definition; of integers, as
/// of relative positions, it is one.
static LogicalResult importSign(NodeImporter &node) {
  const GraphValue &x = node.input(0);
  GraphBuilder &graph = node.graph;
  if (x.isKnown()) {
    std::vector<Number> numbers = *x.numbers;
    llvm::transform(numbers, numbers.begin(), signOfNumber);
    return node.setResult(makeKnownLike(x, x.kind, std::move(numbers)));
  }
  if (x.isFloat())
    return node.setResult(signOf(graph, x));
  auto number = [&](int64_t value) {
    Number one;
    one.integer = value;
    return makeKnown(x.kind, {}, {one});
  };
  Result negative = graph.select(graph.compare(x, number(0), Comparison::LT),
                                 number(-1), number(0));
  return node.setResult(graph.select(
      graph.compare(x, number(0), Comparison::GT), number(1), negative));
}

static Result rootOf(NodeImporter &node, Result x) {
  auto root = [&](Result inner) { return node.graph.unary<SqrtOp>(inner); };
  return getKinks(node.node).rootsStopAtZero
             ? rootStoppedAtZero(node.graph, x, root)
             : root(x);
}

static LogicalResult importSqrt(NodeImporter &node) {
  if (node.input(0).isKnown())
    return importFunction<SqrtOp, std::sqrt>(node);
  return node.setResult(rootOf(node, node.input(0)));
}

static double reciprocal(double x) { return 1 / x; }

ArrayRef<Operator> onnximport::getActivationOperators() {
  static const Operator operators[] = {
      {"Abs", 6, newestOpset, 1, 1, importAbs},
      {"Ceil", 6, newestOpset, 1, 1, importStep<ceilOf, std::ceil>},
      {"Celu", 12, newestOpset, 1, 1, importCelu},
      {"Clip", 6, newestOpset, 1, 3, importClip},
      {"Cos", 7, newestOpset, 1, 1, importFunction<CosOp, std::cos>},
      {"Dropout", 7, newestOpset, 1, 3, importDropout},
      {"Elu", 6, newestOpset, 1, 1, importElu},
      {"Erf", 9, newestOpset, 1, 1, importFunction<ErfOp, std::erf>},
      {"Exp", 6, newestOpset, 1, 1, importFunction<ExpOp, std::exp>},
      {"Floor", 6, newestOpset, 1, 1, importStep<floorOf, std::floor>},
      {"Gelu", 20, newestOpset, 1, 1, importGelu},
      {"HardSigmoid", 6, newestOpset, 1, 1, importHardSigmoid},
      {"HardSwish", 14, newestOpset, 1, 1, importHardSwish},
      {"Identity", 1, newestOpset, 1, 1, importIdentity, Takes::Sequences},
      {"LeakyRelu", 6, newestOpset, 1, 1, importLeakyRelu},
      {"Log", 6, newestOpset, 1, 1, importFunction<LogOp, std::log>},
      {"Mish", 18, newestOpset, 1, 1, importFunction<MishOp>},
      {"Neg", 6, newestOpset, 1, 1, importNeg},
      {"PRelu", 7, newestOpset, 2, 2, importPRelu},
      {"Reciprocal", 6, newestOpset, 1, 1,
       importFunction<ReciprocalOp, reciprocal>},
      {"Relu", 6, newestOpset, 1, 1, importFunction<ReluOp>},
      {"Selu", 6, newestOpset, 1, 1, importSelu},
      {"Sigmoid", 6, newestOpset, 1, 1, importFunction<SigmoidOp>},
      {"Sign", 9, newestOpset, 1, 1, importSign},
      {"Sin", 7, newestOpset, 1, 1, importFunction<SinOp, std::sin>},
      {"Softplus", 1, newestOpset, 1, 1, importFunction<SoftplusOp>},
      {"Softsign", 1, newestOpset, 1, 1, importSoftsign},
      {"Sqrt", 6, newestOpset, 1, 1, importSqrt},
      {"Swish", 24, newestOpset, 1, 1, importSwish},
      {"Tanh", 6, newestOpset, 1, 1, importFunction<TanhOp, std::tanh>},
      {"ThresholdedRelu", 10, newestOpset, 1, 1, importThresholdedRelu},
  };
  return operators;
}
