# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Functions of one variable, with PyTorch's derivatives at kinks."""

from __future__ import annotations

import math

import torch

from .builder import Builder
from .errors import Refusal, lacks
from .rules import RULES, Call, rule
from .values import Constant, Value, as_number

# Operators that are an operation of the dialect under another or the same name.
SAME = {
    name: name
    for name in """
    relu tanh sigmoid silu exp log log1p expm1 sin cos tan asin acos atan sinh cosh asinh acosh
    atanh erf sqrt rsqrt reciprocal abs square neg mish
    """.split()
} | {
    "negative": "neg", "absolute": "abs", "arcsin": "asin", "arccos": "acos", "arctan": "atan",
    "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "special_expit": "sigmoid",
    "special_erf": "erf", "special_expm1": "expm1", "special_log1p": "log1p",
}


def operand(build: Builder, call: Call) -> Value:
    """The operand `self`, in the type of the result."""
    return build.lift(call.first("self", "input"), call.dtype)


def _same(name: str):
    def apply(build: Builder, call: Call) -> Value:
        x = operand(build, call)
        if not x.dtype.is_floating_point:
            if name == "neg":
                return build.binary("sub", build.like(x, 0), x)
            if name == "abs":
                return build.binary("max", x, build.binary("sub", build.like(x, 0), x))
            raise lacks(f"{name} of integers")
        return build.unary(name, x)

    return apply


for _name, _op in SAME.items():
    RULES[_name] = _same(_op)


@rule("log2")
def log2(build, call):
    return build.scale(build.unary("log", operand(build, call)), 1 / math.log(2))


@rule("log10")
def log10(build, call):
    return build.scale(build.unary("log", operand(build, call)), 1 / math.log(10))


@rule("logit", "special_logit")
def logit(build, call):
    x = operand(build, call)
    if call["eps"] is not None:
        raise lacks("logit with bounds")
    rest = build.unary("log1p", build.unary("neg", x))
    return build.binary("sub", build.unary("log", x), rest)


@rule("gelu")
def gelu(build, call):
    name = "gelu" if call["approximate"] == "none" else "gelu_tanh"
    return build.unary(name, operand(build, call))


@rule("leaky_relu")
def leaky_relu(build, call):
    slope = float(call.number("negative_slope"))
    return build.unary("leaky_relu", operand(build, call), alpha=slope)


@rule("rrelu")
def rrelu(build, call):
    if call["training"]:
        raise Refusal("a random slope in training mode: call .eval() on the module")
    slope = (float(call["lower"]) + float(call["upper"])) / 2
    return build.unary("leaky_relu", operand(build, call), alpha=slope)


@rule("elu")
def elu(build, call):
    inner, outer = float(call.number("input_scale")), float(call.number("scale"))
    x = build.scale(operand(build, call), inner)
    return build.scale(build.unary("elu", x, alpha=float(call.number("alpha"))), outer)


@rule("selu")
def selu(build, call):
    x = build.unary("elu", operand(build, call), alpha=1.6732632423543772848170429916717)
    return build.scale(x, 1.0507009873554804934193349852946)


@rule("celu")
def celu(build, call):
    alpha = float(call.number("alpha"))
    x = build.unary("elu", build.scale(operand(build, call), 1 / alpha), alpha=1.0)
    return build.scale(x, alpha)


@rule("softplus")
def softplus(build, call):
    beta = float(call.number("beta"))
    x = build.scale(operand(build, call), beta)
    linear = build.compare("gt", x, build.like(x, call.number("threshold")))
    return build.scale(build.select(linear, x, build.unary("softplus", x)), 1 / beta)


@rule("log_sigmoid")
def log_sigmoid(build, call):
    x = build.unary("neg", operand(build, call))
    return build.unary("neg", build.unary("softplus", x))


def clip(build: Builder, x: Value, low: float, high: float) -> Value:
    """The derivative on the bounds is 0, as PyTorch's clamp has it."""
    return build.unary("clip", x, low=float(low), high=float(high))


@rule("hardtanh")
def hardtanh(build, call):
    return clip(build, operand(build, call), call.number("min_val"), call.number("max_val"))


@rule("relu6")
def relu6(build, call):
    return clip(build, operand(build, call), 0, 6)


@rule("hardsigmoid")
def hardsigmoid(build, call):
    return build.scale(clip(build, build.shift(operand(build, call), 3), 0, 6), 1 / 6)


@rule("hardswish")
def hardswish(build, call):
    """The derivative is 0 at -3 and 1 at 3."""
    x = operand(build, call)
    middle = build.binary("mul", x, build.scale(build.shift(x, 3), 1 / 6))
    above = build.select(build.compare("ge", x, build.like(x, 3)), x, middle)
    return build.select(build.compare("le", x, build.like(x, -3)), build.like(x, 0), above)


@rule("clamp", "clip", "clamp_min", "clamp_max")
def clamp(build, call):
    """By numbers the derivative is 0 on the bounds; by tensors ties share it."""
    low, high = call.get("min"), call.get("max")
    x = build.broadcast(call["self"], call.shape, call.dtype)
    plain = all(not isinstance(b, (Value, Constant)) for b in (low, high))
    if plain and call.dtype.is_floating_point:
        low = -math.inf if low is None else as_number(low)
        return clip(build, x, low, math.inf if high is None else as_number(high))
    for name, bound in (("max", low), ("min", high)):
        if bound is not None:
            x = build.binary(name, x, build.broadcast(bound, call.shape, call.dtype))
    return x


@rule("threshold")
def threshold(build, call):
    x = operand(build, call)
    above = build.compare("gt", x, build.like(x, call.number("threshold")))
    return build.select(above, x, build.like(x, call.number("value")))


@rule("hardshrink")
def hardshrink(build, call):
    x = operand(build, call)
    outside = build.compare("gt", build.unary("abs", x), build.like(x, call.number("lambd")))
    return build.select(outside, x, build.like(x, 0))


@rule("softshrink")
def softshrink(build, call):
    x, bound = operand(build, call), float(call.number("lambd"))
    below = build.compare("lt", x, build.like(x, -bound))
    low = build.select(below, build.shift(x, bound), build.like(x, 0))
    above = build.compare("gt", x, build.like(x, bound))
    return build.select(above, build.shift(x, -bound), low)


@rule("prelu")
def prelu(build, call):
    x, weight = operand(build, call), call["weight"]
    if len(x.shape) > 1 and len(weight.shape) == 1:
        weight = build.reshape(weight, weight.shape + (1,) * (len(x.shape) - 2))
    slope = build.broadcast(weight, x.shape)
    positive = build.compare("gt", x, build.like(x, 0))
    return build.select(positive, x, build.binary("mul", x, slope))


@rule("glu")
def glu(build, call):
    x, axis = call["self"], call["dim"] % len(call["self"].shape)
    half = x.shape[axis] // 2
    build.along(x, axis)
    gate = build.unary("sigmoid", build.slice(x, axis, half, half))
    return build.binary("mul", build.slice(x, axis, 0, half), gate)


# Functions that are constant almost everywhere.


@rule("sign", "sgn")
def sign(build, call):
    x = operand(build, call)
    zero = build.like(x, 0)
    above, below = (build.convert(build.compare(p, x, zero), x.dtype) for p in ("gt", "lt"))
    return build.binary("sub", above, below)


def truncated(build: Builder, x: Value) -> Value:
    return build.convert(build.convert(x, torch.int64), x.dtype)


def floored(build: Builder, x: Value) -> Value:
    whole = truncated(build, x)
    more = build.convert(build.compare("gt", whole, x), x.dtype)
    return build.binary("sub", whole, more)


@rule("trunc", "fix")
def trunc(build, call):
    return truncated(build, operand(build, call))


@rule("floor")
def floor(build, call):
    return floored(build, operand(build, call))


@rule("ceil")
def ceil(build, call):
    return build.unary("neg", floored(build, build.unary("neg", operand(build, call))))


@rule("round")
def round_(build, call):
    """To the nearest, ties to the even number."""
    if call.get("decimals", 0):
        raise lacks("round to decimals")
    x = operand(build, call)
    near = floored(build, build.shift(x, 0.5))
    tie = build.compare("eq", build.binary("sub", near, x), build.like(x, 0.5))
    half = build.scale(near, 0.5)
    odd = build.compare("ne", floored(build, half), half)
    odd = build.select(tie, odd, build.like(odd, False))
    return build.binary("sub", near, build.convert(odd, x.dtype))


@rule("isnan")
def isnan(build, call):
    x = build.lift(call["self"])
    return build.compare("ne", x, x)


@rule("frac")
def frac(build, call):
    x = operand(build, call)
    return build.binary("sub", x, truncated(build, x))


@rule("isfinite")
def isfinite(build, call):
    """|x| < ∞, which NaN is not."""
    x = build.unary("abs", build.lift(call["self"]))
    return build.compare("lt", x, build.like(x, math.inf))


@rule("isinf")
def isinf(build, call):
    x = build.unary("abs", build.lift(call["self"]))
    return build.compare("eq", x, build.like(x, math.inf))


@rule("logical_not", "bitwise_not")
def logical_not(build, call):
    x = call["self"]
    if call.dtype != torch.bool:
        raise lacks("bitwise_not of integers")
    x = build.lift(x)
    if x.dtype != torch.bool:
        return build.compare("eq", x, build.like(x, 0))
    return build.select(x, build.like(x, False), build.like(x, True))
