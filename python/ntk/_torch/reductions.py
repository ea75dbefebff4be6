# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sums, extrema, softmax and statistics along axes."""

from __future__ import annotations

import math

import torch

from .builder import Builder
from .errors import lacks
from .rules import RULES, Call, rule
from .values import Value, place


def through_floats(build: Builder, v: Value, dtype: torch.dtype, function) -> Value:
    """`function` of v in `dtype`, computed in f64 where that is an integer type."""
    if dtype.is_floating_point:
        return function(build.convert(v, dtype))
    return build.convert(function(build.convert(v, torch.float64)), dtype)


@rule("sum")
def sum_(build, call):
    keep = call.get("keepdim", False)
    function = lambda v: build.sum(v, call.axes(), keep)
    return through_floats(build, build.lift(call["self"]), call.dtype, function)


@rule("mean")
def mean(build, call):
    x = build.lift(call["self"], call.dtype)
    return build.mean(x, call.axes(), call.get("keepdim", False))


@rule("cumsum")
def cumsum(build, call):
    axis = call["dim"]

    def function(v: Value) -> Value:
        build.along(v, axis)
        if v.shape[axis] == 1:
            return v
        return build.matrix(v, axis, torch.ones(v.shape[axis], v.shape[axis]).tril())

    return through_floats(build, build.lift(call["self"]), call.dtype, function)


@rule("prod")
def prod(build, call):
    x = build.lift(call["self"], call.dtype)
    axes = build.axes_of(x, call.axes())
    if math.prod(x.shape[a] for a in axes) > 64:
        raise lacks("prod of more than 64 elements")
    for axis in axes:
        parts = [build.slice(x, axis, i, 1) for i in range(x.shape[axis])]
        x = parts[0]
        for part in parts[1:]:
            x = build.binary("mul", x, part)
    return x if call.get("keepdim") else build.sum(x, axes)


@rule("any")
def any_(build, call):
    return any_of(build, build.lift(call["self"]), call)


@rule("all")
def all_(build, call):
    x = build.convert(build.lift(call["self"]), torch.bool)
    x = build.select(x, build.like(x, False), build.like(x, True))
    y = any_of(build, x, call)
    return build.select(y, build.like(y, False), build.like(y, True))


def any_of(build: Builder, x: Value, call: Call) -> Value:
    x = build.convert(build.convert(x, torch.bool), torch.float32)
    x = build.reduce("reduce_max", x, call.axes(), call.get("keepdim", False))
    return build.convert(x, torch.bool)


# Extrema. Those of all elements and amax share the derivative among ties; along
# an axis with an index, the first winner has it.


def extremum(build: Builder, x: Value, axes, keep: bool, sign: int) -> Value:
    """Ties share the derivative."""
    if not x.dtype.is_floating_point:
        wide = build.convert(x, torch.float64)
        return build.convert(extremum(build, wide, axes, keep, sign), x.dtype)
    x = x if sign > 0 else build.unary("neg", x)
    y = build.reduce("reduce_max", x, axes, keep)
    return y if sign > 0 else build.unary("neg", y)


def winner(build: Builder, x: Value, axis: int, name: str) -> Value:
    """`max_pool` or `max_pool_winner` over the whole of an axis, which leaves."""
    axis %= len(x.shape)
    build.along(x, axis)
    dtype = torch.int32 if name == "max_pool_winner" else x.dtype
    if x.shape[axis] == 1:
        squeezed = build.squeeze(x, axis)
        if dtype == x.dtype:
            return squeezed
        return Value(build.splat(0, squeezed.shape, dtype).term, squeezed.shape, squeezed.batch)
    order = [i for i in range(len(x.shape)) if i != axis] + [axis]
    x = build.permute(x, order)
    size = x.shape[-1]
    term = build.window(name, x.term, [size], [1], [(0, 0)], [1], dtype)
    return build.wrap(term, x.shape[:-1], x.batch)


def extremum_along(build: Builder, call: Call, sign: int):
    """Values and indices along an axis; the first winner has the derivative."""
    x, axis = build.lift(call["self"]), call["dim"] % max(len(call["self"].shape), 1)
    wide = x if x.dtype.is_floating_point else build.convert(x, torch.float64)
    wide = wide if sign > 0 else build.unary("neg", wide)
    y = winner(build, wide, axis, "max_pool")
    y = build.convert(y if sign > 0 else build.unary("neg", y), x.dtype)
    i = build.convert(winner(build, wide, axis, "max_pool_winner"), torch.int64)
    if call["keepdim"]:
        y, i = build.unsqueeze(y, axis), build.unsqueeze(i, axis)
    return y, i


def _extremum(sign: int):
    name = "max" if sign > 0 else "min"

    def apply(build: Builder, call: Call):
        if "other" in call.arguments:
            return RULES[f"{name}imum"](build, call)
        if "dim" in call.arguments:
            return extremum_along(build, call, sign)
        return extremum(build, build.lift(call["self"]), [], False, sign)

    def shared(build: Builder, call: Call) -> Value:
        x = build.lift(call["self"])
        return extremum(build, x, call.axes(), call["keepdim"], sign)

    def position(build: Builder, call: Call) -> Value:
        x, axis = build.lift(call["self"]), call["dim"]
        x = x if x.dtype.is_floating_point else build.convert(x, torch.float64)
        x = x if sign > 0 else build.unary("neg", x)
        if axis is None:
            build.axes_of(x, [])
            x, axis = build.reshape(x, (math.prod(x.shape),)), 0
        i = build.convert(winner(build, x, axis, "max_pool_winner"), torch.int64)
        return build.unsqueeze(i, axis % len(x.shape)) if call["keepdim"] else i

    RULES[name], RULES["a" + name], RULES["arg" + name] = apply, shared, position


_extremum(1)
_extremum(-1)


# Softmax and its logarithm.


def softmax(build: Builder, x: Value, axis: int) -> Value:
    axis %= max(len(x.shape), 1)
    build.along(x, axis)
    if x.shape[axis] == 1:
        ones = build.like(x, 1)
        return Value(ones.term, x.shape, x.batch)
    return build.unary("softmax", x, axis=place(x.shape, axis))


def log_sum_exp(build: Builder, x: Value, axes) -> tuple[Value, Value, Value]:
    """x minus its maximum, the logarithm of the sum of exponentials of that, and
    the maximum; the last two with axes of size one."""
    highest = build.stop(build.reduce("reduce_max", x, axes, True))
    less = build.binary("sub", x, build.broadcast(highest, x.shape))
    total = build.unary("log", build.sum(build.unary("exp", less), axes, True))
    return less, total, highest


def log_softmax(build: Builder, x: Value, axis: int) -> Value:
    less, total, _ = log_sum_exp(build, x, [axis])
    return build.binary("sub", less, build.broadcast(total, x.shape))


@rule("softmax", "special_softmax")
def softmax_rule(build, call):
    return softmax(build, build.lift(call["self"], call.dtype), call["dim"])


@rule("log_softmax", "special_log_softmax")
def log_softmax_rule(build, call):
    return log_softmax(build, build.lift(call["self"], call.dtype), call["dim"])


@rule("logsumexp")
def logsumexp(build, call):
    x = build.lift(call["self"], call.dtype)
    _, total, highest = log_sum_exp(build, x, call.axes())
    y = build.binary("add", total, highest)
    return y if call["keepdim"] else build.sum(y, call.axes())


# Variances and norms.


def variance(build: Builder, call: Call, x: Value) -> Value:
    axes = build.axes_of(x, call.axes())
    count = math.prod(x.shape[a] for a in axes)
    correction = call.number("correction", 1)
    if call.get("unbiased") is False:
        correction = 0
    apart = build.binary("sub", x, build.broadcast(build.mean(x, axes, True), x.shape))
    total = build.sum(build.unary("square", apart), axes, call.get("keepdim", False))
    if count == correction:
        raise lacks("the variance of one element")
    return build.scale(total, 1 / (count - correction))


def root(build: Builder, x: Value) -> Value:
    """The square root of what is not negative, with the derivative 0 at 0."""
    positive = build.compare("gt", x, build.like(x, 0))
    safe = build.select(positive, x, build.like(x, 1))
    return build.select(positive, build.unary("sqrt", safe), build.like(x, 0))


@rule("var")
def var(build, call):
    return variance(build, call, build.lift(call["self"]))


@rule("std")
def std(build, call):
    return root(build, variance(build, call, build.lift(call["self"])))


@rule("var_mean")
def var_mean(build, call):
    x = build.lift(call["self"])
    return variance(build, call, x), build.mean(x, call.axes(), call.get("keepdim", False))


@rule("std_mean")
def std_mean(build, call):
    x = build.lift(call["self"])
    average = build.mean(x, call.axes(), call.get("keepdim", False))
    return root(build, variance(build, call, x)), average


def vector_norm(build: Builder, x: Value, order: float, axes, keep: bool) -> Value:
    """(Σ |x|^p)^(1/p), with the derivative 0 where it is 0."""
    if order == 2:
        return root(build, build.sum(build.unary("square", x), axes, keep))
    magnitude = build.unary("abs", x)
    if order == 1:
        return build.sum(magnitude, axes, keep)
    if order in (math.inf, -math.inf):
        return extremum(build, magnitude, axes, keep, 1 if order > 0 else -1)
    if order <= 1:
        raise lacks(f"a norm of order {order}")
    total = build.sum(build.unary("pow", magnitude, exponent=float(order)), axes, keep)
    positive = build.compare("gt", total, build.like(total, 0))
    safe = build.select(positive, total, build.like(total, 1))
    rooted = build.unary("pow", safe, exponent=1 / order)
    return build.select(positive, rooted, build.like(total, 0))


@rule("linalg_vector_norm", "norm", "frobenius_norm")
def norm(build, call):
    order = call.number("ord" if "ord" in call.arguments else "p", 2)
    x = build.lift(call["self"], call.dtype)
    return vector_norm(build, x, float(order), call.axes(), call.get("keepdim", False))


@rule("cosine_similarity")
def cosine_similarity(build, call):
    """The lower bound of the norms is constant under differentiation."""
    shape = torch.broadcast_shapes(call["x1"].shape, call["x2"].shape)
    parts = []
    for name in ("x1", "x2"):
        x = build.broadcast(call[name], shape, call.dtype)
        length = vector_norm(build, x, 2, [call["dim"]], True)
        bounded = build.binary("max", length, build.like(length, call.number("eps")))
        more = build.stop(build.binary("sub", bounded, length))
        length = build.binary("add", length, more)
        parts.append(build.binary("div", x, build.broadcast(length, shape)))
    return build.sum(build.binary("mul", *parts), [call["dim"]])


@rule("pairwise_distance")
def pairwise_distance(build, call):
    shape = torch.broadcast_shapes(call["x1"].shape, call["x2"].shape)
    a, b = build.together([call["x1"], call["x2"]], shape, call.dtype)
    apart = build.shift(build.binary("sub", a, b), call.number("eps"))
    return vector_norm(build, apart, float(call.number("p")), [-1], call["keepdim"])
