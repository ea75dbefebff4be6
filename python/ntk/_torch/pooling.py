# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Pooling over windows."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from .builder import Builder
from .reductions import winner
from .rules import RULES, Call, spread
from .values import Constant, Value, squeeze


def prepare(build: Builder, call: Call, count: int):
    """The operand, its sizes along the windows, and the geometry of the windows."""
    x = build.lift(call["self"])
    for axis in range(count):
        build.along(x, -1 - axis)
    window = spread(call["kernel_size"], count)
    strides = spread(call["stride"] or window, count)
    return x, x.shape[-count:], window, strides, spread(call["padding"], count)


def far_pads(sizes, out, window, strides, near, dilations) -> list[tuple[int, int]]:
    """Pads of both ends, so that there are as many windows as PyTorch says:
    `ceil_mode` reads further at the far end."""
    pairs = []
    for size, n, k, t, p, d in zip(sizes, out, window, strides, near, dilations):
        pairs.append((p, max(p, (n - 1) * t + d * (k - 1) + 1 - size - p)))
    return pairs


def pooled(build: Builder, x: Value, name: str, call: Call, count: int, *geometry) -> Value:
    dims = squeeze(x.shape[:-count]) + x.shape[-count:]
    term = build.window(name, build.shaped(x.term, dims), *geometry)
    return build.wrap(term, call.shape, x.batch)


def _max_pool(count: int):
    def apply(build: Builder, call: Call):
        x, sizes, window, strides, near = prepare(build, call, count)
        dilations = spread(call["dilation"], count)
        pairs = far_pads(sizes, call.shape[-count:], window, strides, near, dilations)
        return pooled(build, x, "max_pool", call, count, window, strides, pairs, dilations)

    return apply


def counted(sizes, window, strides, near, pairs, include_pad: bool) -> torch.Tensor:
    """How many elements each window is divided by."""
    ones = torch.ones(sizes, dtype=torch.float64)
    flat = lambda pads: [n for pair in reversed(pads) for n in pair]
    ones = F.pad(ones, flat([(p, p) for p in near]), value=float(include_pad))
    ones = F.pad(ones, flat([(0, high - p) for (_, high), p in zip(pairs, near)]))
    for axis, (k, t) in enumerate(zip(window, strides)):
        ones = ones.unfold(axis, k, t).sum(-1)
    return ones


def _avg_pool(count: int):
    def apply(build: Builder, call: Call) -> Value:
        x, sizes, window, strides, near = prepare(build, call, count)
        once = [1] * count
        pairs = far_pads(sizes, call.shape[-count:], window, strides, near, once)
        y = pooled(build, x, "window_sum", call, count, window, strides, pairs, once)
        if call.get("divisor_override"):
            return build.scale(y, 1 / call.number("divisor_override"))
        counts = counted(sizes, window, strides, near, pairs, call["count_include_pad"])
        if bool((counts == counts.reshape(-1)[0]).all()):
            return build.scale(y, 1 / counts.reshape(-1)[0].item())
        table = Constant((1 / counts).to(y.dtype))
        return build.binary("mul", y, build.broadcast(table, y.shape))

    return apply


def different_windows(build: Builder, x: Value, shape, count: int) -> Value:
    """Maxima over windows [⌊i k/n⌋, ⌈(i+1) k/n⌉) along each of the last axes, axis by
    axis: the first winner along one, then along the next, is the last axis's first,
    so that they go from the last axis to the first."""
    for axis in reversed(range(len(shape) - count, len(shape))):
        size, number = x.shape[axis], shape[axis]
        parts = []
        for i in range(number):
            start, end = i * size // number, -(-(i + 1) * size // number)
            part = winner(build, build.slice(x, axis, start, end - start), axis, "max_pool")
            parts.append(build.unsqueeze(part, axis))
        x = build.concat(parts, axis, x.dtype)
    return x


def _adaptive_max_pool(count: int):
    def apply(build: Builder, call: Call):
        x = build.lift(call["self"])
        for axis in range(count):
            build.along(x, -1 - axis)
        sizes, out = x.shape[-count:], call.shape[-count:]
        if any(size % n for size, n in zip(sizes, out)):
            return different_windows(build, x, call.shape, count), None
        window = [size // n for size, n in zip(sizes, out)]
        geometry = (window, window, [(0, 0)] * count, [1] * count)
        return pooled(build, x, "max_pool", call, count, *geometry), None

    return apply


for _count in (1, 2, 3):
    RULES[f"max_pool{_count}d"] = _max_pool(_count)
    RULES[f"avg_pool{_count}d"] = _avg_pool(_count)
    RULES[f"adaptive_max_pool{_count}d"] = _adaptive_max_pool(_count)
