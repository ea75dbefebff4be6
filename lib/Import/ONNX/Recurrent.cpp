// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Recurrent layers, unrolled over their time steps: the weights have one site a
// step, which the kernel stacks as it does tokens. Names of gates are those of
// ONNX: i, o, f, c of an LSTM; z, r, h of a GRU.

#include "Operators.h"
#include "RecurrentLayer.h"

using namespace mlir;
using namespace mlir::ntk;
using namespace mlir::ntk::onnximport;

using State = std::optional<GraphValue>;

/// x + y, or x where y is zero.
static Result plus(GraphBuilder &graph, Result x, std::optional<Result> y) {
  return y ? graph.binary<AddOp>(x, *y) : x;
}

/// The initial states of inputs 5 and up.
static LogicalResult readStates(RecurrentLayer &layer,
                                MutableArrayRef<State> states) {
  for (auto [i, state] : llvm::enumerate(states)) {
    FailureOr<State> read = layer.getState(5 + i);
    if (failed(read))
      return failure();
    state = *read;
  }
  return success();
}

/// Runs `step`, from what time step s reads of the input to the next state,
/// for all of them; outputs 0 and 1 are the states and the last of them.
static LogicalResult unroll(RecurrentLayer &layer,
                            llvm::function_ref<Result(int64_t, Result)> step) {
  SmallVector<GraphValue> states;
  for (int64_t s = 0; s < layer.getNumSteps(); ++s) {
    Result next = step(s, layer.getProjection(s));
    if (failed(next))
      return failure();
    states.push_back(*next);
  }
  if (failed(layer.setSequence(0, states)))
    return failure();
  return layer.setState(1, states.back());
}

//===----------------------------------------------------------------------===//
// RNN
//===----------------------------------------------------------------------===//

/// H = f(x Wᵀ + H Rᵀ + Wb + Rb).
static LogicalResult importRNN(NodeImporter &node) {
  RecurrentLayer layer(node, 1);
  State state;
  if (failed(layer.read({"Tanh"})) || failed(readStates(layer, state)) ||
      failed(layer.project(layer.getBias())))
    return failure();
  return unroll(layer, [&](int64_t s, Result sum) {
    if (state)
      sum = node.graph.binary<AddOp>(sum, layer.multiplyR(*state));
    Result next = layer.hold(s, layer.activate(0, sum), state);
    if (succeeded(next))
      state = *next;
    return next;
  });
}

//===----------------------------------------------------------------------===//
// GRU
//===----------------------------------------------------------------------===//

namespace {
/// One step of a GRU, with g the sum over Wb and, unless the reset gate comes
/// behind the product with R (linear_before_reset), Rb:
///
///     z, r = f(g_zr + H R_zrᵀ)
///     h = g(g_h + r ∘ (H R_hᵀ + Rb_h))    or    g(g_h + (r ∘ H) R_hᵀ)
///     H = (1 − z) ∘ h + z ∘ H
struct GruCell {
  RecurrentLayer &layer;
  GraphBuilder &graph;
  bool isLinearBeforeReset;
  /// Rb, where it is apart.
  std::optional<Result> bias;

  Result step(Result projection, const State &state) const;
  Result getCandidate(Result projection, std::optional<Result> recurrent,
                      Result reset, const State &state) const;
};
} // namespace

/// h before its function.
Result GruCell::getCandidate(Result projection, std::optional<Result> recurrent,
                             Result reset, const State &state) const {
  Result own = layer.getGates(projection, 2);
  if (!recurrent)
    return own;
  if (isLinearBeforeReset)
    return graph.binary<AddOp>(
        own, graph.binary<MulOp>(reset, layer.getGates(*recurrent, 2)));
  Result product = layer.multiplyR(graph.binary<MulOp>(reset, *state));
  return graph.binary<AddOp>(own, layer.getGates(product, 2));
}

Result GruCell::step(Result projection, const State &state) const {
  std::optional<Result> recurrent = bias;
  if (state)
    recurrent = plus(graph, layer.multiplyR(*state), bias);
  Result sum = layer.getGates(projection, 0, 2);
  if (recurrent)
    sum = graph.binary<AddOp>(sum, layer.getGates(*recurrent, 0, 2));
  Result gates = layer.activate(0, sum);
  Result update = layer.getGates(gates, 0), reset = layer.getGates(gates, 1);
  Result candidate =
      layer.activate(1, getCandidate(projection, recurrent, reset, state));
  // h + z ∘ (H − h)
  if (!state)
    return graph.binary<SubOp>(candidate,
                               graph.binary<MulOp>(update, candidate));
  Result change = graph.binary<SubOp>(*state, candidate);
  return graph.binary<AddOp>(candidate, graph.binary<MulOp>(update, change));
}

static LogicalResult importGRU(NodeImporter &node) {
  RecurrentLayer layer(node, 3);
  State state;
  if (failed(layer.read({"Sigmoid", "Tanh"})) ||
      failed(readStates(layer, state)))
    return failure();
  GruCell cell{layer, node.graph,
               node.getInteger("linear_before_reset", 0) != 0, std::nullopt};
  if (cell.isLinearBeforeReset)
    cell.bias = layer.getBias(1);
  if (failed(layer.project(cell.isLinearBeforeReset ? layer.getBias(0)
                                                    : layer.getBias())))
    return failure();
  return unroll(layer, [&](int64_t s, Result projection) {
    Result next = layer.hold(s, cell.step(projection, state), state);
    if (succeeded(next))
      state = *next;
    return next;
  });
}

//===----------------------------------------------------------------------===//
// LSTM
//===----------------------------------------------------------------------===//

namespace {
/// One step of an LSTM, with g the sum over x Wᵀ, H Rᵀ and both biases:
///
///     i = f(g_i + P_i ∘ C),  f = f(g_f + P_f ∘ C)  or  1 − i,  c = g(g_c)
///     C = f ∘ C + i ∘ c
///     o = f(g_o + P_o ∘ C),  H = o ∘ h(C)
///
/// P ∘ C is computed once for each C and serves o of this step and i and f of
/// the next. A clip bounds the gates' inputs but not C, as onnxruntime has it.
struct LstmCell {
  RecurrentLayer &layer;
  GraphBuilder &graph;
  bool isCoupled;
  /// P as [direction, 3, hidden].
  std::optional<GraphValue> peepholes;
  State hidden, cell;
  std::optional<Result> peeped;

  /// The hidden state behind step s.
  Result step(int64_t s, Result projection);
  Result getGate(Result sum, int64_t gate) const;
  void peep();
};
} // namespace

/// The gate i, o or f (0 to 2) behind its function.
Result LstmCell::getGate(Result sum, int64_t gate) const {
  Result own = layer.getGates(sum, gate);
  if (peeped && succeeded(own)) {
    int64_t axis = own->rank() - 1;
    own = graph.binary<AddOp>(
        own, graph.squeeze(graph.slice(*peeped, axis, gate, 1, 1), {axis}));
  }
  return peepholes ? layer.activate(0, own) : own;
}

void LstmCell::peep() {
  if (peepholes && cell)
    peeped = graph.einsum({*cell, *peepholes},
                          {layer.word("ndh"), layer.word("dqh")},
                          layer.word("ndqh"));
}

Result LstmCell::step(int64_t s, Result projection) {
  Result sum = projection;
  if (hidden)
    sum = graph.binary<AddOp>(sum, layer.multiplyR(*hidden));
  // Without peepholes the function takes i, o and f at once.
  Result gates = peepholes ? sum : layer.activate(0, layer.getGates(sum, 0, 3));
  Result input = getGate(gates, 0);
  Result next =
      graph.binary<MulOp>(input, layer.activate(1, layer.getGates(sum, 3)));
  if (cell) {
    Result forget = isCoupled ? graph.shift(graph.unary<NegOp>(input), 1)
                              : getGate(gates, 2);
    next = graph.binary<AddOp>(graph.binary<MulOp>(forget, *cell), next);
  }
  next = layer.hold(s, next, cell);
  if (failed(next))
    return failure();
  cell = *next;
  peep();
  Result output = graph.binary<MulOp>(
      getGate(gates, 1), layer.activate(2, *cell, /*isState=*/true));
  output = layer.hold(s, output, hidden);
  if (succeeded(output))
    hidden = *output;
  return output;
}

static LogicalResult importLSTM(NodeImporter &node) {
  RecurrentLayer layer(node, 4);
  State initial[2];
  if (failed(layer.read({"Sigmoid", "Tanh", "Tanh"})) ||
      failed(readStates(layer, initial)) ||
      failed(layer.project(layer.getBias())))
    return failure();
  LstmCell cell{
      layer,       node.graph, node.getInteger("input_forget", 0) != 0,
      {},          initial[0], initial[1],
      std::nullopt};
  if (node.hasInput(7)) {
    const GraphValue &p = node.input(7);
    SmallVector<int64_t> shape = {3, p.shape[1] / 3};
    if (p.shape[0] == 2)
      shape.insert(shape.begin(), 2);
    Result peepholes = node.graph.reshape(p, shape, std::nullopt);
    if (failed(peepholes))
      return failure();
    cell.peepholes = *peepholes;
    cell.peep();
  }
  if (failed(unroll(layer,
                    [&](int64_t s, Result sum) { return cell.step(s, sum); })))
    return failure();
  return layer.setState(2, *cell.cell);
}

ArrayRef<Operator> onnximport::getRecurrentOperators() {
  static const Operator operators[] = {
      {"GRU", 7, newestOpset, 3, 6, importGRU},
      {"LSTM", 7, newestOpset, 3, 8, importLSTM},
      {"RNN", 7, newestOpset, 3, 6, importRNN},
  };
  return operators;
}
