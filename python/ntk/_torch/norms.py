# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Normalisation layers, and weight norm."""

from __future__ import annotations

import torch

from .builder import Builder, refuse_batch_inside
from .errors import Refusal
from .reductions import vector_norm
from .rules import Call, rule
from .values import Tensor, Value


def standardise(build: Builder, x: Value, axes, epsilon: float) -> Value:
    """(x - mean) / √(variance + ε) along axes."""
    apart = build.binary("sub", x, build.broadcast(build.mean(x, axes, True), x.shape))
    variance = build.mean(build.unary("square", apart), axes, True)
    inverse = build.unary("rsqrt", build.shift(variance, epsilon))
    return build.binary("mul", apart, build.broadcast(inverse, x.shape))


def affine(build: Builder, x: Value, weight: Tensor | None, bias: Tensor | None) -> Value:
    if weight is not None:
        x = build.binary("mul", x, build.broadcast(weight, x.shape, x.dtype))
    if bias is not None:
        x = build.binary("add", x, build.broadcast(bias, x.shape, x.dtype))
    return x


def by_channel(build: Builder, v: Tensor | None, rank: int) -> Value | None:
    """A value for each channel, which is axis 1 of a tensor of this rank."""
    if v is None:
        return None
    v = build.lift(v)
    refuse_batch_inside(v, 0, "statistics of channels")
    return build.reshape(v, v.shape + (1,) * (rank - 2))


def last_axes(call: Call) -> list[int]:
    return list(range(-len(call["normalized_shape"]), 0))


@rule("layer_norm")
def layer_norm(build, call):
    x = build.lift(call["input"])
    y = standardise(build, x, last_axes(call), call.number("eps"))
    return affine(build, y, call["weight"], call["bias"])


@rule("rms_norm")
def rms_norm(build, call):
    x = build.lift(call["input"])
    epsilon = call.number("eps", torch.finfo(x.dtype).eps)
    square = build.mean(build.unary("square", x), last_axes(call), True)
    inverse = build.unary("rsqrt", build.shift(square, epsilon))
    y = build.binary("mul", x, build.broadcast(inverse, x.shape))
    return affine(build, y, call["weight"], None)


@rule("group_norm")
def group_norm(build, call):
    x = build.lift(call["input"])
    groups = call["num_groups"]
    refuse_batch_inside(x, 1, "channels or pixels")
    place = x.batch and x.batch.axis
    n, c, *pixels = x.shape
    apart = build.reshape(x, (n, groups, c // groups, *pixels), place)
    y = standardise(build, apart, range(2, len(apart.shape)), call.number("eps"))
    y = build.reshape(y, x.shape, place)
    weight, bias = (by_channel(build, call[v], len(x.shape)) for v in ("weight", "bias"))
    return affine(build, y, weight, bias)


@rule("instance_norm")
def instance_norm(build, call):
    x = build.lift(call["input"])
    if not call["use_input_stats"]:
        return by_statistics(build, call, x)
    refuse_batch_inside(x, 2, "pixels")
    if call["running_mean"] is not None:
        raise Refusal("instance norm updates its statistics: call .eval() on the module")
    y = standardise(build, x, range(2, len(x.shape)), call.number("eps"))
    weight, bias = (by_channel(build, call[v], len(x.shape)) for v in ("weight", "bias"))
    return affine(build, y, weight, bias)


@rule("batch_norm")
def batch_norm(build, call):
    x = build.lift(call["input"])
    own = call["training"] or call["running_mean"] is None
    if own and x.batch is not None:
        raise Refusal(
            "batch norm in training mode, or without running statistics, mixes the examples "
            "of a batch: call .eval() on the module"
        )
    if own and call["running_mean"] is not None:
        raise Refusal("batch norm updates its statistics: call .eval() on the module")
    if own:  # of a weight
        axes = [0, *range(2, len(x.shape))]
        y = standardise(build, x, axes, call.number("eps"))
        weight, bias = (by_channel(build, call[v], len(x.shape)) for v in ("weight", "bias"))
        return affine(build, y, weight, bias)
    return by_statistics(build, call, x)


def by_statistics(build: Builder, call: Call, x: Value) -> Value:
    """Normalises each channel by its running mean and variance."""
    rank = len(x.shape)
    build.along(x, 1)
    mean = by_channel(build, call["running_mean"], rank)
    variance = build.lift(call["running_var"])
    inverse = build.unary("rsqrt", build.shift(variance, call.number("eps")))
    apart = build.binary("sub", x, build.broadcast(mean, x.shape, x.dtype))
    scale = build.broadcast(by_channel(build, inverse, rank), x.shape, x.dtype)
    y = build.binary("mul", apart, scale)
    weight, bias = (by_channel(build, call[v], rank) for v in ("weight", "bias"))
    return affine(build, y, weight, bias)


@rule("_weight_norm")
def weight_norm(build, call):
    """g v / |v|, the norm over all axes but one (all, if it is -1)."""
    v, g, axis = build.lift(call["v"]), build.lift(call["g"]), call["dim"]
    axes = [i for i in range(len(v.shape)) if i != axis]
    length = vector_norm(build, v, 2, axes, True)
    if len(g.shape) != len(v.shape):
        g = build.reshape(g, length.shape)
    factor = build.binary("div", g, length)
    return build.binary("mul", v, build.broadcast(factor, v.shape))
