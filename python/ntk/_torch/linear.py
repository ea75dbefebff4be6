# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Products: linear layers, matrix products, einsums, determinants."""

from __future__ import annotations

from .builder import Builder
from .errors import lacks
from .rules import Call, rule
from .values import Value

LETTERS = "abcdefghijklmnopqrstuvw"


@rule("linear")
def linear(build, call):
    x, weight = call["input"], call["weight"]
    lead = LETTERS[: len(x.shape) - 1]
    out = "y" if len(weight.shape) == 2 else ""
    y = build.contract([lead + "z", out + "z"], [x, weight], lead + out, call.dtype)
    bias = call.get("bias")
    if bias is None:
        return y
    return build.binary("add", y, build.broadcast(bias, call.shape, call.dtype))


def product(build: Builder, call: Call, a, b) -> Value:
    """matmul of tensors of any ranks."""
    n, m = len(a.shape), len(b.shape)
    letters = LETTERS[: max(n, m, 2) - 2]
    one, other = letters[len(letters) - max(n - 2, 0) :], letters[len(letters) - max(m - 2, 0) :]
    first = "z" if n == 1 else one + "xz"
    second = "z" if m == 1 else other + "zy"
    result = letters + ("x" if n > 1 else "") + ("y" if m > 1 else "")
    return build.contract([first, second], [a, b], result, call.dtype)


@rule("matmul", "linalg_matmul")
def matmul(build, call):
    return product(build, call, call["self"], call["other"])


@rule("bmm", "mm")
def bmm(build, call):
    return product(build, call, call["self"], call["mat2"])


@rule("mv")
def mv(build, call):
    return product(build, call, call["self"], call["vec"])


@rule("dot", "vdot", "inner")
def dot(build, call):
    a, b = call["self"], call.first("tensor", "other")
    if len(a.shape) != 1 or len(b.shape) != 1:
        raise lacks("inner but of vectors")
    return product(build, call, a, b)


@rule("addmm", "baddbmm", "addmv")
def addmm(build, call):
    a, b = call.first("mat1", "batch1", "mat"), call.first("mat2", "batch2", "vec")
    y = build.scale(product(build, call, a, b), call.number("alpha", 1))
    if call.number("beta", 1) == 0:
        return y
    bias = build.broadcast(call["self"], call.shape, call.dtype)
    return build.binary("add", y, build.scale(bias, call.number("beta", 1)))


@rule("outer")
def outer(build, call):
    return build.contract(["x", "y"], [call["self"], call["vec2"]], "xy", call.dtype)


@rule("bilinear")
def bilinear(build, call):
    a, b, weight = call["input1"], call["input2"], call["weight"]
    lead = LETTERS[: len(a.shape) - 1]
    words = [lead + "x", lead + "y", "zxy"]
    y = build.contract(words, [a, b, weight], lead + "z", call.dtype)
    if call["bias"] is None:
        return y
    return build.binary("add", y, build.broadcast(call["bias"], call.shape, call.dtype))


@rule("einsum")
def einsum(build, call):
    equation, values = call["equation"].replace(" ", ""), call["tensors"]
    left, _, right = equation.partition("->")
    words = left.split(",")
    if "->" not in equation:
        once = sorted(c for c in set(left) - set(",.") if left.count(c) == 1)
        right = ("..." if "..." in left else "") + "".join(once)
    if "..." in left:
        extra = [len(v.shape) - len(w.replace("...", "")) for w, v in zip(words, values)]
        unused = [c for c in LETTERS + LETTERS.upper() if c not in equation]
        dots = "".join(unused[: max(extra)])
        words = [w.replace("...", dots[len(dots) - n :]) for w, n in zip(words, extra)]
        right = right.replace("...", dots)
    if any(len(set(word)) != len(word) for word in words):
        raise lacks("a diagonal in einsum")
    return build.contract(words, values, right, call.dtype)


@rule("tensordot")
def tensordot(build, call):
    a, b = call["self"], call["other"]
    first = LETTERS[: len(a.shape)]
    second = list(LETTERS.upper()[: len(b.shape)])
    ours = [axis % len(a.shape) for axis in call["dims_self"]]
    theirs = [axis % len(b.shape) for axis in call["dims_other"]]
    for i, j in zip(ours, theirs):
        second[j] = first[i]
    result = [c for i, c in enumerate(first) if i not in ours]
    result += [c for j, c in enumerate(second) if j not in theirs]
    return build.contract([first, "".join(second)], [a, b], "".join(result), call.dtype)


@rule("det", "linalg_det")
def det(build, call):
    v = build.lift(call.first("A", "self"))
    for axis in (-1, -2):
        build.along(v, axis)
    if v.shape[-1] == 1:
        return build.squeeze(build.squeeze(v, len(v.shape) - 1), len(v.shape) - 2)
    return Value(build.writer.op("det", [v.term], v.term.dims[:-2]), call.shape, v.batch)


def inverted(build: Builder, v: Value) -> Value:
    for axis in (-1, -2):
        build.along(v, axis)
    if v.shape[-1] == 1:
        return build.unary("reciprocal", v)
    return Value(build.writer.op("inverse", [v.term], v.term.dims), v.shape, v.batch)


@rule("inverse", "linalg_inv")
def inverse(build, call):
    return inverted(build, build.lift(call.first("A", "self")))


@rule("linalg_solve")
def solve(build, call):
    """A⁻¹ B for matrices B."""
    a, b = build.lift(call["A"]), build.lift(call["B"])
    if not call["left"] or len(b.shape) != len(a.shape):
        raise lacks("linalg_solve but of A X = B for matrices")
    return product(build, call, inverted(build, a), b)
