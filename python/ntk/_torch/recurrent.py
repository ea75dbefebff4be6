# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Recurrent networks, unrolled: a step is written for each place of the sequence.

Weights of a layer come in the order w_ih, w_hh, b_ih, b_hh, w_hr, those that there
are; states have the axes [layer and direction, batch, hidden].
"""

from __future__ import annotations

from .builder import Builder
from .errors import Refusal, lacks
from .rules import RULES, Call
from .values import Tensor, Value


def dense(build: Builder, x: Value, weight: Tensor, bias: Tensor | None) -> Value:
    """x [1, k] to [1, h]."""
    y = build.contract(["nk", "hk"], [x, weight], "nh", x.dtype)
    return y if bias is None else build.binary("add", y, build.broadcast(bias, y.shape))


def gates(build: Builder, x: Value, count: int) -> list[Value]:
    size = x.shape[-1] // count
    return [build.slice(x, -1, i * size, size) for i in range(count)]


def lstm_step(build: Builder, x: Value, state, weights) -> list[Value]:
    """An odd number of weights has a projection of the hidden state behind them."""
    projection = weights[-1] if len(weights) % 2 else None
    w, u, *biases = weights[:-1] if len(weights) % 2 else weights
    b, c = biases or (None, None)
    total = build.binary("add", dense(build, x, w, b), dense(build, state[0], u, c))
    i, f, g, o = gates(build, total, 4)
    keep = build.binary("mul", build.unary("sigmoid", f), state[1])
    new = build.binary("mul", build.unary("sigmoid", i), build.unary("tanh", g))
    cell = build.binary("add", keep, new)
    hidden = build.binary("mul", build.unary("sigmoid", o), build.unary("tanh", cell))
    if projection is not None:
        hidden = dense(build, hidden, projection, None)
    return [hidden, cell]


def gru_step(build: Builder, x: Value, state, weights) -> list[Value]:
    w, u, *biases = weights
    b, c = biases or (None, None)
    ours = gates(build, dense(build, x, w, b), 3)
    theirs = gates(build, dense(build, state[0], u, c), 3)
    reset, update = (
        build.unary("sigmoid", build.binary("add", ours[i], theirs[i])) for i in (0, 1)
    )
    new = build.binary("add", ours[2], build.binary("mul", reset, theirs[2]))
    new = build.unary("tanh", new)
    more = build.binary("mul", update, build.binary("sub", state[0], new))
    return [build.binary("add", new, more)]


def plain_step(function: str):
    def step(build: Builder, x: Value, state, weights) -> list[Value]:
        w, u, *biases = weights
        b, c = biases or (None, None)
        total = build.binary("add", dense(build, x, w, b), dense(build, state[0], u, c))
        return [build.unary(function, total)]

    return step


def run_direction(build: Builder, step, sequence, state, weights, backward: bool):
    """The hidden states in the order of the sequence, and the last state."""
    outputs = []
    for x in reversed(sequence) if backward else sequence:
        state = step(build, x, state, weights)
        outputs.append(state[0])
    return (outputs[::-1] if backward else outputs), state


def layer_state(build: Builder, states, index: int) -> list[Value]:
    return [build.squeeze(build.slice(h, 0, index, 1), 0) for h in states]


def unroll(build: Builder, call: Call, step):
    if call["train"] and call.number("dropout") != 0:
        raise Refusal("dropout in training mode: call .eval() on the module")
    if "batch_sizes" in call.arguments:
        raise lacks("a packed sequence")
    x, dtype = build.lift(call["input"]), call.dtype
    time = 1 if call["batch_first"] else 0
    build.along(x, time)
    if x.shape[1 - time] != 1:
        raise lacks("a recurrent layer but of single examples")
    states = call["hx"] if isinstance(call["hx"], (tuple, list)) else [call["hx"]]
    states = [build.lift(h, dtype) for h in states]
    sides = 2 if call["bidirectional"] else 1
    each = len(call["params"]) // (call["num_layers"] * sides)
    sequence = [build.squeeze(build.slice(x, time, i, 1), time) for i in range(x.shape[time])]
    last = [[] for _ in states]
    for layer in range(call["num_layers"]):
        outputs = []
        for side in range(sides):
            index = layer * sides + side
            weights = call["params"][index * each : (index + 1) * each]
            start = layer_state(build, states, index)
            found, end = run_direction(build, step, sequence, start, weights, side == 1)
            outputs.append(found)
            for kept, h in zip(last, end):
                kept.append(h)
        sequence = [build.concat(list(pair), 1, dtype) for pair in zip(*outputs)]
    y = build.stack(sequence, time, dtype)
    return (y, *(build.stack(h, 0, dtype) for h in last))


def _layer(step):
    return lambda build, call: unroll(build, call, step)


def _cell(step):
    def apply(build: Builder, call: Call):
        x = build.lift(call["input"])
        states = call["hx"] if isinstance(call["hx"], (tuple, list)) else [call["hx"]]
        if len(x.shape) != 2 or x.shape[0] != 1:
            raise lacks("a recurrent cell but of single examples")
        weights = [call[name] for name in ("w_ih", "w_hh", "b_ih", "b_hh")]
        weights = [w for w in weights if w is not None]
        found = step(build, x, [build.lift(h) for h in states], weights)
        return tuple(found) if len(found) > 1 else found[0]

    return apply


for _name, _step in {
    "lstm": lstm_step, "gru": gru_step,
    "rnn_tanh": plain_step("tanh"), "rnn_relu": plain_step("relu"),
}.items():
    RULES[_name] = _layer(_step)
    RULES[f"{_name}_cell"] = _cell(_step)
