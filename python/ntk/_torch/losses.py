# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Losses, one number or a tensor for each example: reduction='none'.

A loss that is averaged or summed over the batch mixes examples.
"""

from __future__ import annotations

import torch

from .builder import Builder
from .errors import Refusal, lacks
from .indexing import take_along
from .reductions import log_softmax
from .rules import Call, rule
from .values import Value, require_int

REDUCTIONS = {0: "none", 1: "mean", 2: "sum"}


def reduced(build: Builder, call: Call, v: Value) -> Value:
    """By the reduction that the call asks for, where that leaves examples apart."""
    name = REDUCTIONS[call["reduction"]]
    if name == "none":
        return v
    if v.batch is not None:
        raise Refusal(
            f"reduction='{name}' is over the examples of the batch, which mixes them: "
            "use reduction='none'"
        )
    raise lacks(f"reduction='{name}' without a batch")


def both(build: Builder, call: Call) -> tuple[Value, Value]:
    shape = torch.broadcast_shapes(call["self"].shape, call["target"].shape)
    a, b = build.together([call["self"], call["target"]], shape, call.dtype)
    return a, b


@rule("mse_loss")
def mse_loss(build, call):
    return reduced(build, call, build.unary("square", build.binary("sub", *both(build, call))))


@rule("l1_loss")
def l1_loss(build, call):
    return reduced(build, call, build.unary("abs", build.binary("sub", *both(build, call))))


@rule("smooth_l1_loss", "huber_loss")
def huber_loss(build, call):
    """½ d² inside of a bound, linear outside; smooth_l1 is divided by the bound."""
    smooth = call.name == "smooth_l1_loss"
    bound = float(call.number("beta" if smooth else "delta"))
    apart = build.binary("sub", *both(build, call))
    size = build.unary("abs", apart)
    if bound == 0:
        return reduced(build, call, size)
    inside = build.compare("lt", size, build.like(size, bound))
    inner = build.scale(build.unary("square", apart), 0.5 / bound if smooth else 0.5)
    outer = build.scale(build.shift(size, -0.5 * bound), 1 if smooth else bound)
    return reduced(build, call, build.select(inside, inner, outer))


@rule("binary_cross_entropy_with_logits")
def bce_with_logits(build, call):
    x, y = both(build, call)
    shape = x.shape
    rest = build.binary("mul", build.shift(build.unary("neg", y), 1), x)
    log = build.unary("softplus", build.unary("neg", x))
    if call["pos_weight"] is not None:
        weight = build.broadcast(call["pos_weight"], shape, x.dtype)
        weight = build.shift(build.binary("mul", build.shift(weight, -1), y), 1)
        log = build.binary("mul", log, weight)
    loss = build.binary("add", rest, log)
    if call["weight"] is not None:
        loss = build.binary("mul", loss, build.broadcast(call["weight"], shape, x.dtype))
    return reduced(build, call, loss)


@rule("binary_cross_entropy")
def bce(build, call):
    x, y = both(build, call)
    inverse = lambda v: build.shift(build.unary("neg", v), 1)
    clipped = lambda v: build.unary("clip", build.unary("log", v), low=-100.0, high=float("inf"))
    first = build.binary("mul", y, clipped(x))
    second = build.binary("mul", inverse(y), clipped(inverse(x)))
    loss = build.unary("neg", build.binary("add", first, second))
    if call["weight"] is not None:
        loss = build.binary("mul", loss, build.broadcast(call["weight"], x.shape, x.dtype))
    return reduced(build, call, loss)


def picked(build: Builder, call: Call, logs: Value, labels: Value, axis: int) -> Value:
    """-logs at the label along an axis, which leaves; 0 where it is ignored."""
    build.along(logs, axis)
    ignored = build.like(labels, require_int(call["ignore_index"], "ignore_index"))
    ignored = build.compare("eq", labels, ignored)
    safe = build.select(ignored, build.like(labels, 0), labels)
    order = [i for i in range(len(logs.shape)) if i != axis] + [axis]
    index = build.unsqueeze(safe, len(safe.shape))
    chosen = take_along(build, build.permute(logs, order), index)
    loss = build.unary("neg", build.squeeze(chosen, len(chosen.shape) - 1))
    if call["weight"] is not None:
        weight = build.gather(build.lift(call["weight"], loss.dtype), 0, safe)
        loss = build.binary("mul", loss, weight)
    return build.select(ignored, build.like(loss, 0), loss)


@rule("nll_loss_nd")
def nll_loss(build, call):
    logs, labels = build.lift(call["self"]), build.lift(call["target"])
    axis = 0 if len(logs.shape) == 1 else 1
    return reduced_labels(build, call, picked(build, call, logs, labels, axis))


def reduced_labels(build: Builder, call: Call, loss: Value) -> Value:
    if call["weight"] is not None and REDUCTIONS[call["reduction"]] == "mean":
        raise Refusal("a weighted mean is over the examples of the batch: use reduction='none'")
    return reduced(build, call, loss)


@rule("cross_entropy_loss")
def cross_entropy_loss(build, call):
    x, target = build.lift(call["self"]), build.lift(call["target"])
    axis = 0 if len(x.shape) == 1 else 1
    logs = log_softmax(build, x, axis)
    smoothing = float(call.number("label_smoothing", 0.0))
    if target.dtype.is_floating_point or target.shape == x.shape:
        return reduced(build, call, soft_labels(build, call, logs, target, axis, smoothing))
    loss = build.scale(picked(build, call, logs, target, axis), 1 - smoothing)
    if smoothing:
        if call["weight"] is not None:
            raise lacks("label_smoothing with weights")
        ignored = build.like(target, require_int(call["ignore_index"], "ignore_index"))
        ignored = build.compare("eq", target, ignored)
        even = build.unary("neg", build.mean(logs, [axis]))
        even = build.select(ignored, build.like(even, 0), even)
        loss = build.binary("add", loss, build.scale(even, smoothing))
    return reduced_labels(build, call, loss)


def soft_labels(build: Builder, call: Call, logs, target, axis: int, smoothing: float) -> Value:
    """Σ over classes of -target log p."""
    target = build.shift(build.scale(target, 1 - smoothing), smoothing / logs.shape[axis])
    product = build.binary("mul", target, logs)
    if call["weight"] is not None:
        behind = (1,) * (len(logs.shape) - axis - 1)
        weight = build.reshape(call["weight"], (logs.shape[axis],) + behind)
        product = build.binary("mul", product, build.broadcast(weight, logs.shape, logs.dtype))
    return build.unary("neg", build.sum(product, [axis]))


@rule("kl_div")
def kl_div(build, call):
    x, y = both(build, call)
    if call["log_target"]:
        loss = build.binary("mul", build.unary("exp", y), build.binary("sub", y, x))
        return reduced(build, call, loss)
    positive = build.compare("gt", y, build.like(y, 0))
    safe = build.select(positive, y, build.like(y, 1))
    entropy = build.binary("mul", y, build.unary("log", safe))
    entropy = build.select(positive, entropy, build.like(y, 0))
    return reduced(build, call, build.binary("sub", entropy, build.binary("mul", y, x)))
