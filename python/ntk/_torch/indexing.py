# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reading at positions that integers give."""

from __future__ import annotations

import math

import torch

from .builder import Builder
from .errors import Refusal, lacks, mixes
from .rules import rule
from .values import Batch, Constant, Numbered, Tensor, Value, require_int, squeeze


@rule("embedding")
def embedding(build, call):
    """Autograd drops the row `padding_idx` of the table's gradient."""
    table, indices, padding = call["weight"], call["indices"], call["padding_idx"]
    if call["scale_grad_by_freq"] and table.trainable:
        raise lacks("scale_grad_by_freq, whose gradient is none of the forward pass,")
    rows = build.gather(table, 0, indices)
    if padding is None or padding < 0 or not rows.trainable:
        return rows
    indices = build.lift(indices)
    real = build.compare("ne", indices, build.like(indices, padding))
    real = build.broadcast(build.unsqueeze(real, len(real.shape)), rows.shape)
    return build.select(real, rows, build.stop(rows))


@rule("index_select")
def index_select(build, call):
    return build.gather(call["self"], call["dim"], call["index"])


@rule("gather")
def gather(build, call):
    x = build.lift(call["self"])
    indices, axis = build.lift(call["index"]), call["dim"] % len(x.shape)
    for v in (x, indices):
        build.along(v, axis)
    for i, size in enumerate(indices.shape):
        if i != axis and size != x.shape[i]:
            x = build.slice(x, i, 0, size)
    order = [i for i in range(len(x.shape)) if i != axis] + [axis]
    x, indices = build.permute(x, order), build.permute(indices, order)
    taken = take_along(build, x, indices)
    return build.permute(taken, [order.index(i) for i in range(len(order))])


def take_along(build: Builder, x: Value, indices: Value) -> Value:
    """x[..., indices[..., i]] along the last axis."""
    if x.batch and indices.batch:
        batch = Batch(x.batch.axis, x.batch.before & indices.batch.before)
        if x.batch.axis != indices.batch.axis or not batch.before:
            raise mixes("picks for each example from other examples")
    else:
        batch = x.batch or indices.batch
    if x.shape[-1] == 1:
        plain = Value(x.term, x.shape)
        return Value(build.broadcast(plain, indices.shape).term, indices.shape, batch)
    lead = squeeze(indices.shape[:-1])
    terms = [build.shaped(v.term, lead + v.shape[-1:]) for v in (x, indices)]
    term = build.writer.op("take_along", terms, terms[1].dims, x.dtype)
    return build.wrap(term, indices.shape, batch)


@rule("index")
def index(build, call):
    """x[i, :, j]: axes with an index become those that the indices have together."""
    x, listed = call["self"], expand_masks(call["indices"])
    at = [axis for axis, i in enumerate(listed) if i is not None]
    adjacent = at == list(range(at[0], at[-1] + 1))
    common = torch.broadcast_shapes(*(tuple(listed[a].shape) for a in at))
    first = at[0] if adjacent else 0
    batch = None
    if x.batch is not None and x.batch.axis in at:
        x, listed, batch = own_examples(build, x, listed, common)
        at = [axis for axis, i in enumerate(listed) if i is not None]
        if not adjacent or not at:
            first = min(first, len(x.shape))
    if not at:
        shape = x.shape[:first] + common + x.shape[first:]
        wide = x.shape[:first] + (1,) * len(common) + x.shape[first:]
        picked = build.broadcast(Value(build.lift(x).term, wide), shape)
        return Value(picked.term, shape, Batch(first + batch.axis, batch.before))
    picked = pick(build, x, listed, at, first, common)
    if batch is None:
        return picked
    if picked.batch is not None and picked.batch.axis != first + batch.axis:
        raise mixes("picks for each example from other examples")
    return Value(picked.term, picked.shape, Batch(first + batch.axis, batch.before))


def expand_masks(listed) -> list:
    """Indices with known masks as the positions where they are true."""
    found = []
    for i in listed:
        if i is None or i.dtype not in (torch.bool, torch.uint8):
            found.append(i)
        elif isinstance(i, Constant) and i.batch is None:
            found.extend(Constant(p) for p in i.one.nonzero(as_tuple=True))
        else:
            raise lacks("an index by a mask, whose size depends on values,")
    return found


def own_examples(build: Builder, x: Tensor, listed, common):
    """Takes an index over the batch axis away that picks each example itself:
    the rest without the axis, and the batch among the axes of the indices."""
    axis = x.batch.axis
    own = listed[axis]
    numbers = isinstance(own, Constant) and own.numbered == Numbered.OWN
    if not numbers or x.shape[axis] != 1 or not torch.equal(own.two.reshape(-1), torch.arange(2)):
        raise mixes("picks examples of the batch")
    (place,) = (i for i, size in enumerate(own.two.shape) if size == 2)
    batch = Batch(len(common) - own.one.dim() + place, frozenset([1]))
    v = build.lift(x)
    rest = Value(v.term, v.shape[:axis] + v.shape[axis + 1 :])
    return rest, listed[:axis] + listed[axis + 1 :], batch


def pick(build: Builder, x: Tensor, listed, at, first: int, common) -> Value:
    """Gathers by one number for all indexed axes."""
    rest = [a for a in range(len(x.shape)) if a not in at]
    v = build.permute(x, rest[:first] + at + rest[first:])
    sizes = v.shape[first : first + len(at)]
    for axis in range(first, first + len(at)):
        build.along(v, axis)
    count = math.prod(sizes)
    after = v.batch and v.batch.axis - (len(at) - 1 if v.batch.axis > first else 0)
    v = build.reshape(v, v.shape[:first] + (count,) + v.shape[first + len(at) :], after)
    total = None
    for axis, size in zip(at, sizes):
        i = build.broadcast(listed[axis], common, torch.int64)
        if len(at) > 1:
            negative = build.compare("lt", i, build.like(i, 0))
            i = build.select(negative, build.binary("add", i, build.like(i, size)), i)
        if total is not None:
            total = build.binary("mul", total, build.like(total, size))
            i = build.binary("add", total, i)
        total = i
    return build.gather(v, first, total)


@rule("index_put")
def index_put(build, call):
    """x[mask] = number."""
    x, (mask, *more), value = build.lift(call["self"]), call["indices"], call["values"]
    plain = not more and mask is not None and mask.dtype == torch.bool and not call["accumulate"]
    if not plain or math.prod(value.shape) != 1:
        raise lacks("index_put but of one number by a mask")
    wide = mask.shape + (1,) * (len(x.shape) - len(mask.shape))
    mask = build.reshape(mask, wide, mask.batch and mask.batch.axis)
    value = build.reshape(value, ())
    mask = build.broadcast(mask, x.shape, torch.bool)
    return build.select(mask, build.broadcast(value, x.shape, x.dtype), x)


@rule("one_hot")
def one_hot(build, call):
    indices = build.lift(call["self"])
    count = require_int(call["num_classes"], "num_classes")
    if count < 0:
        raise Refusal("expected num_classes, for sizes must not depend on values")
    wide = build.broadcast(build.unsqueeze(indices, len(indices.shape)), call.shape)
    classes = Constant(torch.arange(count, dtype=indices.dtype))
    hot = build.compare("eq", wide, build.broadcast(classes, call.shape))
    return build.convert(hot, call.dtype)
