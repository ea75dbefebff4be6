// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Inputs, products, functions and outputs of recurrent layers.

#include "RecurrentLayer.h"
#include "Activations.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

/// Longer sequences make too many ops.
static constexpr int64_t maxSteps = 4096;

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

template <typename OpTy>
static Result plain(GraphBuilder &graph, Result x, double, double) {
  return graph.unary<OpTy>(x);
}

static ArrayRef<RecurrentFunction> getFunctions() {
  static const RecurrentFunction functions[] = {
      {"affine", true, true, 1, 0,
       [](GraphBuilder &graph, Result x, double alpha, double beta) {
         return graph.shift(graph.scale(x, alpha), beta);
       }},
      {"elu", true, false, 1, 0,
       [](GraphBuilder &graph, Result x, double alpha, double) {
         return elu(graph, x, alpha);
       }},
      {"hardsigmoid", true, true, 0.2f, 0.5,
       [](GraphBuilder &graph, Result x, double alpha, double beta) {
         return hardSigmoid(graph, x, alpha, beta);
       }},
      {"leakyrelu", true, false, 0.01f, 0,
       [](GraphBuilder &graph, Result x, double alpha, double) {
         return leakyRelu(graph, x, alpha);
       }},
      {"relu", false, false, 0, 0, plain<ReluOp>},
      {"scaledtanh", true, true, 1, 1,
       [](GraphBuilder &graph, Result x, double alpha, double beta) {
         return graph.scale(graph.unary<TanhOp>(graph.scale(x, beta)), alpha);
       }},
      {"sigmoid", false, false, 0, 0, plain<SigmoidOp>},
      {"softplus", false, false, 0, 0, plain<SoftplusOp>},
      {"softsign", false, false, 0, 0,
       [](GraphBuilder &graph, Result x, double, double) {
         return softsign(graph, x);
       }},
      {"tanh", false, false, 0, 0, plain<TanhOp>},
      {"thresholdedrelu", true, false, 1, 0,
       [](GraphBuilder &graph, Result x, double alpha, double) {
         return thresholdedRelu(graph, x, alpha);
       }},
  };
  return functions;
}

/// Takes the next of the given numbers.
static double takeNext(ArrayRef<double> &numbers, bool takes, double missing) {
  if (!takes || numbers.empty())
    return missing;
  double number = numbers.front();
  numbers = numbers.drop_front();
  return number;
}

LogicalResult RecurrentLayer::readFunctions(ArrayRef<StringRef> defaults) {
  using Kind = NodeAttribute::Kind;
  SmallVector<StringRef> names;
  if (const NodeAttribute *list =
          node.getAttribute("activations", Kind::Strings))
    names.assign(list->strings.begin(), list->strings.end());
  else
    for (int64_t d = 0; d < directions; ++d)
      llvm::append_range(names, defaults);
  if (names.size() != defaults.size() * directions)
    return node.emitError() << "expected " << defaults.size() * directions
                            << " activations, but got " << names.size();
  ArrayRef<double> alphas, betas;
  if (const NodeAttribute *list =
          node.getAttribute("activation_alpha", Kind::Floats))
    alphas = list->floats;
  if (const NodeAttribute *list =
          node.getAttribute("activation_beta", Kind::Floats))
    betas = list->floats;
  for (StringRef name : names) {
    const auto *found =
        llvm::find_if(getFunctions(), [&](const RecurrentFunction &function) {
          return name.equals_insensitive(function.name);
        });
    if (found == getFunctions().end())
      return node.emitError() << "expected activations of the operator's "
                                 "specification, but got '"
                              << name << "'";
    double alpha = takeNext(alphas, found->hasAlpha, found->alpha);
    functions.push_back(
        {found, alpha, takeNext(betas, found->hasBeta, found->beta)});
  }
  return success();
}

Result RecurrentLayer::apply(const Function &function, Result x) {
  return function.function->build(graph, x, function.alpha, function.beta);
}

Result RecurrentLayer::activate(unsigned i, Result x, bool isState) {
  if (limit && !isState)
    x = clip(graph, x, -*limit, *limit);
  size_t each = functions.size() / directions;
  if (directions == 1 || functions[i] == functions[each + i])
    return apply(functions[i], x);
  Result forward = apply(functions[i], graph.slice(x, 1, 0, 1, 1));
  Result backward = apply(functions[each + i], graph.slice(x, 1, 1, 1, 1));
  if (failed(forward) || failed(backward))
    return failure();
  return graph.concat({*forward, *backward}, 1);
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

LogicalResult RecurrentLayer::checkShape(unsigned i, StringRef name,
                                         ArrayRef<int64_t> shape) {
  const GraphValue &x = node.input(i);
  bool fits = x.isFloat() && x.rank() == static_cast<int64_t>(shape.size());
  for (int64_t axis = 0; fits && axis < x.rank(); ++axis)
    fits = shape[axis] < 0 || x.isBatch(axis) || x.shape[axis] == shape[axis];
  if (fits)
    return success();
  InFlightDiagnostic error = node.emitError();
  error << "expected " << name << " of shape [";
  llvm::interleave(
      shape,
      [&](int64_t size) {
        if (size < 0)
          error << "*";
        else
          error << size;
      },
      [&] { error << ", "; });
  return error << "], but got " << describe(x.kind, x.shape);
}

LogicalResult RecurrentLayer::readLengths() {
  if (!node.hasInput(4))
    return success();
  GraphValue given = node.input(4);
  if (given.rank() != 1 || given.isFloat() || given.kind == ElementKind::Bool)
    return node.emitError() << "expected sequence_lens to be one integer for "
                               "each example, but got "
                            << describe(given.kind, given.shape);
  std::optional<Number> splat = given.splat();
  DenseElementsAttr stored;
  if (!splat && given.core && matchPattern(given.core, m_Constant(&stored)))
    if (stored.isSplat())
      splat = Number{stored.getSplatValue<APInt>().getSExtValue()};
  if (!splat) {
    lengths = given;
    return success();
  }
  if (!splat->isPlain() || splat->integer < 0 || splat->integer > steps)
    return node.emitError()
           << "expected sequence_lens of at most the " << steps
           << " time steps of the input, but got " << splat->integer;
  if (splat->integer < steps)
    lengths = makeKnown(given.kind, {1}, {*splat});
  return success();
}

LogicalResult RecurrentLayer::readSizes() {
  const GraphValue &x = node.input(0), &r = node.input(2);
  std::string direction = node.getString("direction", "forward");
  isReverse = direction == "reverse";
  directions = direction == "bidirectional" ? 2 : 1;
  if (directions == 1 && !isReverse && direction != "forward")
    return node.emitError() << "expected direction to be 'forward', 'reverse' "
                               "or 'bidirectional', but got '"
                            << direction << "'";
  isBatchFirst = node.opset >= 14 && node.getInteger("layout", 0) != 0;
  if (failed(checkShape(0, "X", {-1, -1, -1})) ||
      failed(checkShape(2, "R", {directions, -1, -1})))
    return failure();
  int64_t timeAxis = isBatchFirst ? 1 : 0;
  if (failed(graph.refuseBatch(x, timeAxis, "recur")) ||
      failed(graph.refuseBatch(x, 2, "recur")))
    return failure();
  steps = x.shape[timeAxis];
  hidden = node.getInteger("hidden_size", r.shape[2]);
  if (steps < 1 || steps > maxSteps)
    return node.emitError()
           << "expected 1 to " << maxSteps << " time steps, but got " << steps;
  std::optional<int64_t> rows = product({gates, hidden});
  if (!rows || !product({2, *rows}))
    return node.emitError() << "expected sizes that fit memory";
  if (failed(checkShape(1, "W", {directions, *rows, x.shape[2]})) ||
      failed(checkShape(2, "R", {directions, *rows, hidden})))
    return failure();
  if (node.hasInput(3) && failed(checkShape(3, "B", {directions, 2 * *rows})))
    return failure();
  if (node.hasInput(7) && failed(checkShape(7, "P", {directions, 3 * hidden})))
    return failure();
  for (unsigned i : {1, 2, 3, 7}) {
    if (node.hasInput(i) && node.input(i).batch)
      return node.emitError() << "expected weights that are the same for all "
                                 "examples, but input "
                              << i << " has the batch axis";
  }
  return success();
}

LogicalResult RecurrentLayer::read(ArrayRef<StringRef> defaultFunctions) {
  if (failed(readSizes()) || failed(readLengths()) ||
      failed(readFunctions(defaultFunctions)))
    return failure();
  if (node.hasAttribute("clip"))
    limit = node.getReal("clip", 0);
  return success();
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

std::string RecurrentLayer::word(StringRef letters) const {
  std::string word = letters.str();
  if (directions == 1)
    llvm::erase(word, 'd');
  return word;
}

Result RecurrentLayer::getWeight(unsigned i) {
  if (directions == 1)
    return graph.squeeze(node.input(i), {0});
  return node.input(i);
}

Result RecurrentLayer::turn(Result x, int64_t timeAxis) {
  auto reverse = [&](Result y) {
    return graph.slice(y, timeAxis, steps - 1, steps, -1);
  };
  if (directions == 1)
    return isReverse ? reverse(x) : x;
  Result forward = graph.slice(x, 1, 0, 1, 1);
  Result backward = reverse(graph.slice(x, 1, 1, 1, 1));
  if (failed(forward) || failed(backward))
    return failure();
  return graph.concat({*forward, *backward}, 1);
}

LogicalResult RecurrentLayer::project(std::optional<Result> bias) {
  Result w = getWeight(1), recurrent = getWeight(2);
  if (failed(w) || failed(recurrent))
    return failure();
  r = *recurrent;
  std::string tokens = isBatchFirst ? "ntk" : "tnk";
  Result y =
      graph.einsum({node.input(0), *w}, {tokens, word("dgk")}, word("ndtg"));
  if (bias && succeeded(*bias)) // of shape [direction, gates · hidden]
    y = graph.binary<AddOp>(y,
                            graph.unsqueeze(*bias, {directions == 1 ? 0 : 1}));
  y = turn(y, directions == 1 ? 1 : 2);
  if (failed(y) || (bias && failed(*bias)))
    return failure();
  projection = *y;
  return success();
}

Result RecurrentLayer::getProjection(int64_t s) {
  int64_t timeAxis = directions == 1 ? 1 : 2;
  return graph.squeeze(graph.slice(projection, timeAxis, s, 1, 1), {timeAxis});
}

Result RecurrentLayer::multiplyR(Result state) {
  if (failed(state))
    return failure();
  return graph.einsum({*state, r}, {word("ndh"), word("dgh")}, word("ndg"));
}

std::optional<Result> RecurrentLayer::getBias(std::optional<unsigned> which) {
  if (!node.hasInput(3))
    return std::nullopt;
  SmallVector<int64_t> shape = {directions, 2, gates * hidden};
  if (directions == 1)
    shape.erase(shape.begin());
  Result both = graph.reshape(node.input(3), shape, std::nullopt);
  if (failed(both))
    return both;
  if (!which)
    return graph.einsum({*both}, {word("dbg")}, word("dg"));
  std::vector<Number> numbers(2);
  numbers[*which].real = 1;
  GraphValue one = makeKnown(ElementKind::Float32, {2}, std::move(numbers));
  return graph.einsum({*both, one}, {word("dbg"), "b"}, word("dg"));
}

/// Is the value zero everywhere, whatever its shape?
static bool isZero(const GraphValue &x) {
  if (x.isKnown())
    return x.splat() && x.splat()->real == 0;
  Value core = x.core;
  while (Operation *op = core.getDefiningOp()) {
    DenseElementsAttr elements;
    if (matchPattern(op, m_Constant(&elements)))
      return elements.isSplat() && elements.getSplatValue<APFloat>().isZero();
    if (!isa<ReshapeOp, TransposeOp, BroadcastOp, SliceOp>(op))
      return false;
    core = op->getOperand(0);
  }
  return false;
}

FailureOr<std::optional<GraphValue>> RecurrentLayer::getState(unsigned i) {
  using State = std::optional<GraphValue>;
  if (!node.hasInput(i))
    return State();
  SmallVector<int64_t> shape = {directions, -1, hidden};
  if (isBatchFirst)
    std::swap(shape[0], shape[1]);
  if (failed(checkShape(i, i == 5 ? "initial_h" : "initial_c", shape)))
    return failure();
  if (isZero(node.input(i)))
    return State();
  Result state = node.input(i);
  if (!isBatchFirst)
    state = graph.transpose(state, {1, 0, 2});
  if (directions == 1)
    state = graph.squeeze(state, {1});
  if (failed(state))
    return failure();
  return State(*state);
}

Result RecurrentLayer::getGates(Result x, int64_t first, int64_t count) {
  if (failed(x))
    return failure();
  return graph.slice(x, x->rank() - 1, first * hidden, count * hidden, 1);
}

//===----------------------------------------------------------------------===//
// Lengths
//===----------------------------------------------------------------------===//

Result RecurrentLayer::hasToken(int64_t s) {
  std::vector<Number> tokens;
  SmallVector<int64_t> shape = {1}, added = {1};
  if (directions == 2) {
    tokens = {Number{s}, Number{steps - 1 - s}};
    shape = {2, 1};
    added = {1, 2};
  } else {
    tokens = {Number{isReverse ? steps - 1 - s : s}};
  }
  return graph.compare(makeKnown(lengths->kind, shape, std::move(tokens)),
                       graph.unsqueeze(*lengths, added), Comparison::LT);
}

Result RecurrentLayer::hold(int64_t s, Result next,
                            const std::optional<GraphValue> &before) {
  if (!lengths)
    return next;
  return graph.select(hasToken(s), next, before ? *before : graph.scalar(0));
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

LogicalResult RecurrentLayer::setSequence(unsigned i,
                                          ArrayRef<GraphValue> states) {
  // [batch, direction, time, hidden], of one direction too.
  SmallVector<GraphValue> tokens;
  for (auto [s, state] : llvm::enumerate(states)) {
    Result shown = hold(s, state, std::nullopt);
    Result token = directions == 1 ? graph.unsqueeze(shown, {1, 2})
                                   : graph.unsqueeze(shown, {2});
    if (failed(token))
      return failure();
    tokens.push_back(*token);
  }
  Result y = turn(graph.concat(tokens, 2), 2);
  return node.setOutput(i, isBatchFirst ? graph.transpose(y, {0, 2, 1, 3})
                                        : graph.transpose(y, {2, 1, 0, 3}));
}

LogicalResult RecurrentLayer::setState(unsigned i, Result state) {
  if (directions == 1)
    state = graph.unsqueeze(state, {1});
  if (!isBatchFirst)
    state = graph.transpose(state, {1, 0, 2});
  return node.setOutput(i, state);
}
