# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Convolutions, patches, and their transposes."""

from __future__ import annotations

import math

from .builder import Builder, refuse_batch_inside
from .errors import Refusal, lacks
from .norms import by_channel
from .rules import Call, rule, spread
from .values import Value


def geometry(strides, padding, dilations, groups: int) -> dict:
    """Attributes of convolutions; padding: (low, high) pairs."""
    flat = [n for pair in padding for n in pair]
    return dict(strides=list(strides), padding=flat, dilations=list(dilations), groups=int(groups))


def pads(call: Call, kernel, dilations) -> list[tuple[int, int]]:
    padding, count = call["padding"], len(kernel)
    if padding == "valid":
        return [(0, 0)] * count
    if padding == "same":
        total = [d * (k - 1) for d, k in zip(dilations, kernel)]
        return [(n // 2, n - n // 2) for n in total]
    return [(n, n) for n in spread(padding, count)]


def add_bias(build: Builder, call: Call, y: Value) -> Value:
    bias = call.get("bias")
    if bias is None:
        return y
    channels = len(y.shape) - (len(call["weight"].shape) - 2) - 1
    bias = by_channel(build, bias, len(y.shape) - channels + 1)
    return build.binary("add", y, build.broadcast(bias, y.shape, y.dtype))


@rule("conv1d", "conv2d", "conv3d")
def convolution(build, call):
    x, weight = build.lift(call["input"]), call["weight"]
    count = len(weight.shape) - 2
    if weight.batch is not None:
        raise Refusal("has a kernel for each example", unsupported=True)
    strides, dilations = (spread(call[n], count) for n in ("stride", "dilation"))
    padding = pads(call, weight.shape[2:], dilations)
    if len(x.shape) == count + 1:  # no axis of examples
        refuse_batch_inside(x, 0, "channels or pixels")
        x = build.unsqueeze(x, 0)
    refuse_batch_inside(x, 1, "channels or pixels")
    attributes = geometry(strides, padding, dilations, call["groups"])
    shape = call.shape if len(call.shape) == count + 2 else (1,) + call.shape
    y = convolve(build, x, build.full(weight), shape, attributes)
    if shape != call.shape:
        y = build.squeeze(y, 0)
    return add_bias(build, call, y)


def convolve(build: Builder, x: Value, kernel, shape, attributes) -> Value:
    """Convolves each entry of axis 0; more than one are a spatial axis of their own."""
    rows = x.shape[0]
    if rows == 1:
        term = build.shaped(x.term, x.shape[1:])
        term = build.writer.op("conv", [term, kernel], shape[1:], **attributes)
        return build.wrap(term, shape, x.batch)
    order = [1, 0, *range(2, len(shape))]
    turned = build.permute(x, order)
    kernel = build.shaped(kernel, kernel.dims[:2] + (1,) + kernel.dims[2:])
    more = dict(
        strides=[1, *attributes["strides"]], padding=[0, 0, *attributes["padding"]],
        dilations=[1, *attributes["dilations"]], groups=attributes["groups"],
    )
    term = build.shaped(turned.term, turned.shape)
    dims = (shape[1], rows, *shape[2:])
    y = build.wrap(build.writer.op("conv", [term, kernel], dims, **more), dims, turned.batch)
    return build.permute(y, order)


@rule("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def conv_transpose(build, call):
    x, weight = build.lift(call["input"]), call["weight"]
    count = len(weight.shape) - 2
    refuse_batch_inside(x, 1, "channels or pixels")
    if len(x.shape) != count + 2 or x.shape[0] != 1 or weight.batch is not None:
        raise lacks("a transposed convolution but of single examples")
    padding = [(n, n) for n in spread(call["padding"], count)]
    strides, dilations = (spread(call[n], count) for n in ("stride", "dilation"))
    term = build.shaped(x.term, x.shape[1:])
    term = build.writer.op(
        "conv_transpose", [term, build.full(weight)], call.shape[1:],
        output_size=list(call.shape[2:]), **geometry(strides, padding, dilations, call["groups"]),
    )
    return add_bias(build, call, build.wrap(term, call.shape, x.batch))


def window_geometry(call: Call) -> dict:
    padding = [(n, n) for n in spread(call["padding"], 2)]
    return geometry(spread(call["stride"], 2), padding, spread(call["dilation"], 2), 1)


def single(build: Builder, call: Call, rank: int) -> Value:
    x = build.lift(call["self"])
    refuse_batch_inside(x, 1, "channels or pixels")
    if len(x.shape) != rank or x.shape[0] != 1:
        raise lacks(f"{call.name} but of single examples")
    return x


@rule("im2col")
def im2col(build, call):
    x, kernel = single(build, call, 4), spread(call["kernel_size"], 2)
    term = build.shaped(x.term, x.shape[1:])
    dims = (1, x.shape[1], math.prod(kernel), call.shape[2])
    term = build.writer.op("patches", [term], dims, kernel_size=kernel, **window_geometry(call))
    return build.wrap(term, call.shape, x.batch)


@rule("col2im")
def col2im(build, call):
    x, kernel = single(build, call, 3), spread(call["kernel_size"], 2)
    taps = math.prod(kernel)
    term = build.shaped(x.term, (1, x.shape[1] // taps, taps, x.shape[2]))
    term = build.writer.op(
        "fold_patches", [term], call.shape[1:], kernel_size=kernel,
        output_size=spread(call["output_size"], 2), **window_geometry(call),
    )
    return build.wrap(term, call.shape, x.batch)
