# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Operators that move elements: views, joins, repetitions, pads."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from .builder import Builder, refuse_batch_inside
from .errors import Refusal, lacks
from .moves import move
from .rules import Call, rule
from .values import Batch, Constant, Size, Value, require_int


@rule(
    "view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "view_as", "reshape_as",
    "ravel", "atleast_1d", "atleast_2d", "atleast_3d",
)
def reshape(build, call):
    return build.reshape(call["self"], call.shape, call.batch_axis)


@rule(
    "contiguous", "clone", "alias", "to", "type_as", "positive", "resolve_conj", "resolve_neg",
)
def same(build, call):
    return build.lift(call["self"], call.dtype)


@rule("dropout", "alpha_dropout", "feature_dropout", "feature_alpha_dropout")
def dropout(build, call):
    if call["train"] and call.number("p") != 0:
        raise Refusal("dropout in training mode: call .eval() on the module")
    return build.lift(call.first("input", "self"))


@rule("detach")
def detach(build, call):
    return build.stop(build.lift(call["self"]))


@rule("permute")
def permute(build, call):
    return build.permute(call["self"], call["dims"])


@rule("transpose", "swapaxes", "swapdims")
def transpose(build, call):
    rank = len(call.shape)
    i, j = (call.first(a, b) % rank for a, b in (("dim0", "axis0"), ("dim1", "axis1")))
    order = list(range(rank))
    order[i], order[j] = j, i
    return build.permute(call["self"], order)


@rule("t", "numpy_T", "mT", "mH", "adjoint")
def matrix_transpose(build, call):
    rank = len(call.shape)
    if call.name == "numpy_T":
        return build.permute(call["self"], range(rank)[::-1])
    order = list(range(rank))
    return build.permute(call["self"], order[:-2] + order[-2:][::-1])


@rule("movedim", "moveaxis")
def movedim(build, call):
    rank = len(call.shape)
    source = [a % rank for a in call.axes("source")]
    order = [a for a in range(rank) if a not in source]
    for to, a in sorted(zip((a % rank for a in call.axes("destination")), source)):
        order.insert(to, a)
    return build.permute(call["self"], order)


@rule("expand", "expand_as", "broadcast_to")
def expand(build, call):
    return build.repeat(build.lift(call["self"]), call.shape, call.batch_axis)


@rule("broadcast_tensors")
def broadcast_tensors(build, call):
    pairs = zip(call["tensors"], call.results)
    return tuple(build.repeat(build.lift(v), r.shape, r.batch_axis) for v, r in pairs)


@rule("repeat", "tile")
def repeat(build, call):
    """Copies stand in front of what is repeated, in each axis."""
    v, times = build.lift(call["self"]), list(call.first("repeats", "dims"))
    times = [1] * (len(call.shape) - len(times)) + times
    sizes = (1,) * (len(times) - len(v.shape)) + v.shape
    batch = v.batch and Batch(v.batch.axis + len(times) - len(v.shape), v.batch.before)
    v = Value(v.term, sizes, batch)
    apart = tuple(n for size in sizes for n in (1, size))
    v = build.reshape(v, apart, batch and 2 * batch.axis + 1)
    wide = tuple(n for copies, size in zip(times, sizes) for n in (int(copies), size))
    new = [2 * i for i, copies in enumerate(times) if isinstance(copies, Size)]
    v = build.repeat(v, wide, new[0] if new else None)
    return build.reshape(v, call.shape, call.batch_axis)


@rule("repeat_interleave")
def repeat_interleave(build, call):
    """Copies stand behind what is repeated."""
    axis = call.get("dim")
    if not isinstance(call.get("repeats"), int) or axis is None:
        raise lacks("repeat_interleave but by a number along an axis")
    v = build.lift(call["self"])
    axis %= len(v.shape)
    copies = require_int(call["repeats"], "repeats")
    v = build.unsqueeze(v, axis + 1)
    wide = build.broadcast(v, v.shape[: axis + 1] + (copies,) + v.shape[axis + 2 :])
    return build.reshape(wide, call.shape, call.batch_axis)


@rule("cat", "concat", "concatenate")
def cat(build, call):
    return build.concat(call["tensors"], call["dim"], call.dtype)


@rule("stack")
def stack(build, call):
    return build.stack(call["tensors"], call["dim"], call.dtype)


@rule("hstack", "column_stack")
def hstack(build, call):
    """Along axis 1 of tensors that have one."""
    values = [build.lift(v) for v in call["tensors"]]
    if call.name == "column_stack":
        values = [v if len(v.shape) > 1 else build.unsqueeze(v, len(v.shape)) for v in values]
    return build.concat(values, min(1, len(values[0].shape) - 1), call.dtype)


@rule("diff")
def diff(build, call):
    if call["n"] != 1 or call["prepend"] is not None or call["append"] is not None:
        raise lacks("diff but of neighbours")
    v, axis = build.lift(call["self"]), call["dim"] % len(call.shape)
    build.along(v, axis)
    size = v.shape[axis] - 1
    return build.binary("sub", build.slice(v, axis, 1, size), build.slice(v, axis, 0, size))


@rule("rot90")
def rot90(build, call):
    for axis in call["dims"]:
        build.along(call["self"], axis)
    return move(build, call["self"], lambda x: x.rot90(call["k"], call["dims"]), call.batch_axis)


def bounds(build: Builder, call: Call, size: int) -> tuple[int, int]:
    """Start and step of a slice along an axis of this size."""
    start = call.get("start") or 0
    if isinstance(start, Size):
        raise lacks("a slice that starts at the batch size")
    start = start + size if start < 0 else start
    return min(max(start, 0), size), call.get("step", 1)


@rule("slice")
def slice_(build, call):
    v, axis = call["self"], call["dim"] % len(call.shape)
    start, step = bounds(build, call, v.shape[axis])
    end = call.get("end")
    if v.batch is not None and v.batch.axis == axis:
        whole = end is None or isinstance(end, Size) or end >= 2**62
        if start or step != 1 or not whole or call.shape[axis] != v.shape[axis]:
            build.along(v, axis)
        return build.lift(v)
    if isinstance(end, Size):
        raise lacks("a slice that ends at the batch size")
    return build.slice(v, axis, start, call.shape[axis], step)


@rule("select")
def select(build, call):
    v = call["self"]
    axis, index = call["dim"] % len(v.shape), require_int(call["index"], "index")
    build.along(v, axis)
    return build.squeeze(build.slice(v, axis, index % v.shape[axis], 1), axis)


@rule("narrow")
def narrow(build, call):
    v, start = call["self"], require_int(call["start"], "start")
    axis = call["dim"] % len(v.shape)
    build.along(v, axis)
    return build.slice(v, axis, start % v.shape[axis], call.shape[axis])


@rule("split", "split_with_sizes", "chunk", "tensor_split")
def split(build, call):
    v, axis, at, parts = call["self"], call["dim"] % len(call["self"].shape), 0, []
    build.along(v, axis)
    for result in call.results:
        parts.append(build.slice(v, axis, at, result.shape[axis]))
        at += result.shape[axis]
    return tuple(parts)


@rule("unbind")
def unbind(build, call):
    v, axis = call["self"], call["dim"] % len(call["self"].shape)
    build.along(v, axis)
    parts = [build.slice(v, axis, i, 1) for i in range(v.shape[axis])]
    return tuple(build.squeeze(part, axis) for part in parts)


@rule("flip")
def flip(build, call):
    return build.reverse(call["self"], call["dims"])


@rule("roll")
def roll(build, call):
    v, shifts = build.lift(call["self"]), call.axes("shifts")
    if not call.axes("dims"):
        return move(build, v, lambda x: x.roll(shifts[0]), call.batch_axis)
    for shift, axis in zip(shifts, call.axes("dims")):
        build.along(v, axis)
        size = v.shape[axis]
        shift = require_int(shift, "shift") % size
        if shift:
            last = build.slice(v, axis, size - shift, shift)
            v = build.concat([last, build.slice(v, axis, 0, size - shift)], axis, v.dtype)
    return v


@rule("pixel_shuffle")
def pixel_shuffle(build, call):
    """[c r r, h, w] to [c, h r, w r]."""
    v, r = build.lift(call["self"]), call["upscale_factor"]
    refuse_batch_inside(v, len(v.shape) - 3, "channels or pixels")
    *lead, c, h, w = v.shape
    axis, k = v.batch and v.batch.axis, len(lead)
    v = build.reshape(v, (*lead, c // r**2, r, r, h, w), axis)
    v = build.permute(v, [*range(k), k, k + 3, k + 1, k + 4, k + 2])
    return build.reshape(v, call.shape, axis)


@rule("pixel_unshuffle")
def pixel_unshuffle(build, call):
    v, r = build.lift(call["self"]), call["downscale_factor"]
    refuse_batch_inside(v, len(v.shape) - 3, "channels or pixels")
    *lead, c, h, w = v.shape
    axis, k = v.batch and v.batch.axis, len(lead)
    v = build.reshape(v, (*lead, c, h // r, r, w // r, r), axis)
    v = build.permute(v, [*range(k), k, k + 2, k + 4, k + 1, k + 3])
    return build.reshape(v, call.shape, axis)


@rule("channel_shuffle")
def channel_shuffle(build, call):
    v, groups = build.lift(call["self"]), call["groups"]
    refuse_batch_inside(v, 1, "channels or pixels")
    n, c, *rest = v.shape
    axis = v.batch and v.batch.axis
    v = build.reshape(v, (n, groups, c // groups, *rest), axis)
    v = build.permute(v, [0, 2, 1, *range(3, 3 + len(rest))])
    return build.reshape(v, call.shape, axis)


@rule("unfold")
def unfold(build, call):
    axis, size, step = call["dimension"], call["size"], call["step"]
    build.along(call["self"], axis)
    return move(build, call["self"], lambda x: x.unfold(axis, size, step), call.batch_axis)


@rule("diagonal")
def diagonal(build, call):
    function = lambda x: x.diagonal(call["offset"], call["dim1"], call["dim2"])
    for axis in (call["dim1"], call["dim2"]):
        build.along(call["self"], axis)
    return move(build, call["self"], function, call.batch_axis)


def triangle(build: Builder, call: Call, part) -> Value:
    v = build.lift(call["self"])
    for axis in (-1, -2):
        build.along(v, axis)
    diagonal = require_int(call["diagonal"], "diagonal")
    mask = part(torch.ones(v.shape[-2:], dtype=torch.bool), diagonal)
    return build.select(build.broadcast(Constant(mask), v.shape), v, build.like(v, 0))


@rule("tril")
def tril(build, call):
    return triangle(build, call, torch.tril)


@rule("triu")
def triu(build, call):
    return triangle(build, call, torch.triu)


@rule("pad")
def pad(build, call):
    v = build.lift(call["self"])
    sizes, mode = [require_int(n, "pad") for n in call["pad"]], call["mode"]
    ends = [(len(v.shape) - 1 - i, sizes[2 * i], sizes[2 * i + 1]) for i in range(len(sizes) // 2)]
    ends = [end for end in ends if end[1] or end[2]]
    for axis, _, _ in ends:
        build.along(v, axis)
    if mode == "constant":
        return pad_constant(build, v, ends, call.number("value", 0))
    for axis, low, high in ends:
        line = torch.arange(v.shape[axis], dtype=torch.float64).reshape(1, 1, -1)
        line = F.pad(line, (low, high), mode=mode).reshape(-1).long()
        v = build.gather(v, axis, Constant(line))
    return v


def pad_constant(build: Builder, v: Value, ends, number) -> Value:
    """Pads axes by (axis, low, high) with a number; negative pads cut off."""
    for axis, low, high in ends:
        if low < 0 or high < 0:
            start = max(-low, 0)
            v = build.slice(v, axis, start, v.shape[axis] - start + min(high, 0))
    low, high = [0] * len(v.shape), [0] * len(v.shape)
    for axis, before, behind in ends:
        low[axis], high[axis] = max(before, 0), max(behind, 0)
    if not any(low) and not any(high):
        return v
    shape = tuple(size + a + b for size, a, b in zip(v.shape, low, high))
    live = [i for i, size in enumerate(v.shape) if size != 1 or low[i] or high[i]]
    term = build.shaped(v.term, [v.shape[i] for i in live])
    term = build.writer.op(
        "pad", [term], [shape[i] for i in live], low=[low[i] for i in live],
        high=[high[i] for i in live], interior=[0] * len(live),
    )
    padded = build.wrap(term, shape, v.batch)
    if not number:
        return padded
    inside = torch.ones(v.shape, dtype=torch.bool)
    inside = F.pad(inside, [n for i in reversed(range(len(shape))) for n in (low[i], high[i])])
    mask = build.lift(Constant(inside))
    return build.select(mask, padded, build.like(padded, number))
