# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Attention, written out: products, a softmax, products."""

from __future__ import annotations

import math

import torch

from .builder import Builder
from .errors import Refusal
from .linear import LETTERS
from .reductions import softmax
from .rules import Call, rule
from .values import Constant, Tensor, Value


@rule("scaled_dot_product_attention")
def scaled_dot_product_attention(build, call):
    """softmax(scale q kᵀ + mask) v; with grouped queries each key serves several."""
    q, k, v = (build.lift(call[name]) for name in ("query", "key", "value"))
    for x in (q, k, v):
        build.along(x, -2)
    if call["dropout_p"]:
        raise Refusal("dropout in training mode: call .eval() on the module")
    scale = call.number("scale", 1 / math.sqrt(q.shape[-1]))
    heads = q.shape[-3] if len(q.shape) > 2 else 1
    groups = k.shape[-3] if len(k.shape) > 2 else 1
    scores_shape = q.shape[:-1] + k.shape[-2:-1]
    lead = LETTERS[: len(q.shape) - 2]
    if call["enable_gqa"] and heads != groups:
        return grouped(build, call, q, k, v, scale, heads // groups)
    scores = build.contract([lead + "xz", lead + "yz"], [q, k], lead + "xy", call.dtype)
    weights = attend(build, call, scores, scale, scores_shape)
    return build.contract([lead + "xy", lead + "yz"], [weights, v], lead + "xz", call.dtype)


def grouped(build: Builder, call: Call, q, k, v, scale: float, times: int) -> Value:
    """Attention in which `times` heads of queries share one of keys and values."""
    axis = len(q.shape) - 3
    build.along(q, axis)
    place = q.batch and q.batch.axis
    apart = q.shape[:axis] + (q.shape[axis] // times, times) + q.shape[axis + 1 :]
    together = q.shape[:-1] + k.shape[-2:-1]
    q = build.reshape(q, apart, place)
    lead = LETTERS[: axis + 1]
    words = [lead + "rxz", lead + "yz"]
    scores = build.contract(words, [q, k], lead + "rxy", call.dtype)
    scores = build.reshape(scores, together, place)
    weights = attend(build, call, scores, scale, together)
    weights = build.reshape(weights, apart[:-1] + k.shape[-2:-1], place)
    y = build.contract([lead + "rxy", lead + "yz"], [weights, v], lead + "rxz", call.dtype)
    return build.reshape(y, call.shape, place)


def attend(build: Builder, call: Call, scores: Value, scale: float, shape) -> Value:
    """The softmax of scores, scaled and masked."""
    scores = build.scale(scores, scale)
    mask: Tensor | None = call["attn_mask"]
    if call["is_causal"]:
        mask = Constant(torch.ones(shape[-2:], dtype=torch.bool).tril())
    if mask is not None and mask.dtype == torch.bool:
        mask = build.broadcast(mask, shape)
        scores = build.select(mask, scores, build.like(scores, -math.inf))
    elif mask is not None:
        scores = build.binary("add", scores, build.broadcast(mask, shape, scores.dtype))
    return softmax(build, scores, len(shape) - 1)
