# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Movements of elements by tables of positions.

Any operator that only moves elements is known by what it does to the numbers
of the elements. Done at s = 1 and at s = 2, the two tables also tell whether
each example is made of its own elements alone.
"""

from __future__ import annotations

import math

import torch

from .builder import Builder
from .errors import mixes
from .values import Batch, Constant, Tensor, Value, divisors


def number_examples(shape, batch: Batch | None):
    """For each element of a tensor of two examples with this shape at s = 1: the
    example that it belongs to, and its position in it."""
    if batch is None:
        size = math.prod(shape)
        return None, torch.arange(size)
    axis, before = batch.axis, min(batch.before)
    one = torch.arange(math.prod(shape)).reshape(shape).unflatten(axis, (before, 1, -1))
    two = one.repeat_interleave(2, axis + 1)
    example = torch.arange(2).reshape([2] + [1] * (two.dim() - axis - 2)).expand_as(two)
    return example.reshape(-1), two.reshape(-1)


def follow(source_shape, source: Batch | None, one, two, axis: int | None) -> Batch | None:
    """The batch of a tensor that reads the elements `one` of its source, at
    s = 2 `two`, and has the batch in `axis`; refuses one that mixes examples."""
    if source is None:
        if one.shape != two.shape:
            raise mixes("a movement of elements depends on the batch size")
        return None
    if axis is None:
        raise mixes("the batch axis vanishes")
    examples, positions = number_examples(source_shape, source)
    for before in sorted(divisors(one.shape[axis])):
        there, _ = number_examples(one.shape, Batch(axis, frozenset([before])))
        expected = one.unflatten(axis, (before, 1, -1)).repeat_interleave(2, axis + 1)
        flat = two.reshape(-1)
        own = torch.equal(examples[flat], there)
        if own and torch.equal(positions[flat], expected.reshape(-1)):
            return Batch(axis, frozenset([before]))
    raise mixes("moves elements from one example to another")


def move(build: Builder, x: Tensor, function, axis: int | None) -> Value:
    """`function` (of one tensor) for `x`, by a table of positions; the result has
    the batch in `axis`."""
    v = build.lift(x)
    one = function(torch.arange(math.prod(v.shape)).reshape(v.shape))
    shape = list(v.shape)
    if v.batch is not None:
        shape[v.batch.axis] *= 2
    two = function(torch.arange(math.prod(shape)).reshape(shape))
    batch = follow(v.shape, v.batch, one, two, axis)
    plain = Value(v.term, v.shape)
    flat = build.reshape(plain, (math.prod(v.shape),))
    moved = build.gather(flat, 0, Constant(one.contiguous()))
    return Value(moved.term, moved.shape, batch)
