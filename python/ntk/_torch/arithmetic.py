# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Functions of two and more variables, comparisons, choices."""

from __future__ import annotations

import torch

from .builder import Builder
from .creation import filled
from .errors import lacks
from .rules import RULES, Call, rule
from .values import Constant, Value, as_number


def pair(build: Builder, call: Call, dtype=None) -> tuple[Value, Value]:
    """`self` and `other` in the shape and type of the result."""
    dtype = dtype or call.dtype
    a, b = (build.broadcast(call[name], call.shape, dtype) for name in ("self", "other"))
    return a, b


def both(build: Builder, a: Value, b: Value) -> Value:
    """a and b, of masks."""
    return build.select(a, b, build.like(b, False))


def either(build: Builder, a: Value, b: Value) -> Value:
    """a or b, of masks."""
    return build.select(a, build.like(b, True), b)


def number_in(x, dtype: torch.dtype):
    """The number that x is, where the result is of floating point."""
    return as_number(x) if dtype.is_floating_point else None


def add_scaled(build: Builder, call: Call, a, b, alpha) -> Value:
    """a + alpha b."""
    shape, dtype = call.shape, call.dtype
    first, second = number_in(a, dtype), number_in(b, dtype)
    if second is not None:
        return build.shift(build.broadcast(a, shape, dtype), second * alpha)
    if first is not None and alpha == 1:
        return build.shift(build.broadcast(b, shape, dtype), first)
    a, b = build.together([a, b], shape, dtype)
    if dtype == torch.bool:
        return either(build, a, b)
    if alpha == -1:
        return build.binary("sub", a, b)
    if alpha != 1:
        b = scaled(build, b, alpha)
    return build.binary("add", a, b)


def scaled(build: Builder, v: Value, factor) -> Value:
    if v.dtype.is_floating_point:
        return build.scale(v, factor)
    return build.binary("mul", v, build.like(v, factor))


@rule("add")
def add(build, call):
    return add_scaled(build, call, call["self"], call["other"], call.number("alpha", 1))


@rule("sub", "subtract")
def sub(build, call):
    return add_scaled(build, call, call["self"], call["other"], -call.number("alpha", 1))


@rule("rsub")
def rsub(build, call):
    return add_scaled(build, call, call["other"], call["self"], -call.number("alpha", 1))


@rule("mul", "multiply")
def mul(build, call):
    for one, other in (("self", "other"), ("other", "self")):
        factor = number_in(call[one], call.dtype)
        if factor is not None:
            return build.scale(build.broadcast(call[other], call.shape, call.dtype), factor)
    a, b = pair(build, call)
    return both(build, a, b) if call.dtype == torch.bool else build.binary("mul", a, b)


@rule("div", "divide", "true_divide")
def div(build, call):
    if call.get("rounding_mode"):
        raise lacks("division with rounding")
    divisor = number_in(call["other"], call.dtype)
    if divisor:
        return build.scale(build.broadcast(call["self"], call.shape, call.dtype), 1 / divisor)
    return build.binary("div", *pair(build, call))


@rule("fmod")
def fmod(build, call):
    return build.binary("remainder", *pair(build, call))


@rule("remainder")
def remainder(build, call):
    """With the sign of the divisor."""
    a, b = pair(build, call)
    rest = build.binary("remainder", a, b)
    zero = build.like(rest, 0)
    signs = build.compare(
        "ne", *(build.convert(build.compare("lt", v, zero), torch.int32) for v in (rest, b))
    )
    wrong = both(build, build.compare("ne", rest, zero), signs)
    return build.select(wrong, build.binary("add", rest, b), rest)


@rule("maximum")
def maximum(build, call):
    return build.binary("max", *pair(build, call))


@rule("minimum")
def minimum(build, call):
    return build.binary("min", *pair(build, call))


@rule("pow", "float_power")
def pow_(build, call):
    base, exponent = call["self"], call["exponent"]
    number = as_number(exponent)
    if number is None:
        base, exponent = build.together([base, exponent], call.shape, call.dtype)
        return build.binary("power", base, exponent)
    x = build.broadcast(base, call.shape, call.dtype)
    if number == 0:
        return filled(call, 1)
    if not call.dtype.is_floating_point:
        return build.binary("power", x, build.like(x, number))
    named = {1: None, 2: "square", 0.5: "sqrt", -0.5: "rsqrt", -1: "reciprocal"}
    if number in named:
        return build.unary(named[number], x) if named[number] else x
    return build.unary("pow", x, exponent=float(number))


@rule("exp2", "special_exp2")
def exp2(build, call):
    x = build.lift(call["self"], call.dtype)
    return build.binary("power", build.like(x, 2), x)


@rule("logaddexp")
def logaddexp(build, call):
    """log(exp a + exp b) = b + softplus(a - b)."""
    a, b = pair(build, call)
    return build.binary("add", b, build.unary("softplus", build.binary("sub", a, b)))


def _comparison(predicate: str):
    def apply(build: Builder, call: Call) -> Value:
        return build.compare(predicate, *pair(build, call, common_type(call)))

    return apply


def common_type(call: Call) -> torch.dtype:
    """The type that both operands are compared in."""

    def sample(x):
        if isinstance(x, (Value, Constant)):
            return torch.empty([1] * len(x.shape), dtype=x.dtype)
        return x

    return torch.result_type(sample(call["self"]), sample(call["other"]))


for _names, _predicate in {
    "eq": "eq", "ne not_equal": "ne", "lt less": "lt", "le less_equal": "le",
    "gt greater": "gt", "ge greater_equal": "ge",
}.items():
    for _name in _names.split():
        RULES[_name] = _comparison(_predicate)


def masks(build: Builder, call: Call) -> list[Value]:
    if call.dtype != torch.bool:
        raise lacks(f"{call.name} of integers")
    return [
        build.convert(build.broadcast(call[n], call.shape, call[n].dtype), torch.bool)
        for n in ("self", "other")
    ]


@rule("logical_and", "bitwise_and", "__and__", "__iand__")
def logical_and(build, call):
    return both(build, *masks(build, call))


@rule("logical_or", "bitwise_or", "__or__", "__ior__")
def logical_or(build, call):
    return either(build, *masks(build, call))


@rule("logical_xor", "bitwise_xor", "__xor__", "__ixor__")
def logical_xor(build, call):
    a, b = (build.convert(m, torch.int32) for m in masks(build, call))
    return build.compare("ne", a, b)


@rule("where")
def where(build, call):
    mask = build.broadcast(call["condition"], call.shape, torch.bool)
    return build.select(mask, *pair(build, call))


@rule("masked_fill")
def masked_fill(build, call):
    mask = build.broadcast(call["mask"], call.shape, torch.bool)
    value, x = build.together([call["value"], call["self"]], call.shape, call.dtype)
    return build.select(mask, value, x)


@rule("addcmul")
def addcmul(build, call):
    names = ("self", "tensor1", "tensor2")
    x, a, b = build.together([call[n] for n in names], call.shape, call.dtype)
    return build.binary("add", x, build.scale(build.binary("mul", a, b), call.number("value")))


@rule("addcdiv")
def addcdiv(build, call):
    names = ("self", "tensor1", "tensor2")
    x, a, b = build.together([call[n] for n in names], call.shape, call.dtype)
    return build.binary("add", x, build.scale(build.binary("div", a, b), call.number("value")))


@rule("lerp")
def lerp(build, call):
    a, b = build.together([call["self"], call["end"]], call.shape, call.dtype)
    weight = build.broadcast(call["weight"], call.shape, call.dtype)
    return build.binary("add", a, build.binary("mul", build.binary("sub", b, a), weight))
