# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Operations on values as PyTorch has them, written as operations of the dialect.

Everything that a rule does goes through here, and each operation says what
becomes of the batch: it follows where entries are treated alike, and what works
along it is refused. Axes are those of PyTorch's shape; the text has none of
size one.
"""

from __future__ import annotations

import dataclasses
import math

import torch

from .errors import lacks, mixes
from .text import ELEMENTS, Term, Writer
from .values import (
    Batch, Constant, Tensor, Value, as_number, divisors, merge, place, reshape_batch, squeeze,
)


class Builder:
    """Writes operations into `writer`."""

    def __init__(self, writer: Writer):
        self.writer = writer

    # Values of the text.

    def wrap(self, term: Term, shape, batch: Batch | None) -> Value:
        """A value of this term, which may have axes of size one too many."""
        if term.dims != squeeze(shape):
            term = self.shaped(term, squeeze(shape))
        return Value(term, tuple(shape), batch)

    def shaped(self, term: Term, dims) -> Term:
        """The same elements in other sizes, units included."""
        if term.dims == tuple(dims):
            return term
        return self.writer.op("reshape", [term], dims, shape=list(dims))

    def lift(self, x: Tensor, dtype: torch.dtype | None = None) -> Value:
        """A value of the text, of this type."""
        if isinstance(x, Constant):
            batch = x.batch
            one = x.one if dtype is None else x.one.to(dtype)
            return Value(self.writer.constant(one.reshape(squeeze(one.shape))), x.shape, batch)
        return x if dtype is None else self.convert(x, dtype)

    def full(self, x: Tensor) -> Term:
        """The term with all of PyTorch's axes, those of size one included."""
        value = self.lift(x)
        return self.shaped(value.term, value.shape)

    def splat(self, number, shape, dtype: torch.dtype) -> Value:
        tensor = torch.full((), number, dtype=dtype).expand(squeeze(shape))
        return Value(self.writer.constant(tensor), tuple(shape))

    def convert(self, v: Value, dtype: torch.dtype) -> Value:
        if v.dtype == dtype:
            return v
        if dtype == torch.bool:
            return self.compare("ne", v, self.splat(0, v.shape, v.dtype))
        element = self.writer.element(dtype)
        if element == self.writer.element(v.dtype):
            return Value(dataclasses.replace(v.term, dtype=dtype), v.shape, v.batch)
        term = self.writer.op(
            "convert", [v.term], v.term.dims, dtype, element=ELEMENTS[element]
        )
        return Value(term, v.shape, v.batch)

    def stop(self, x: Tensor) -> Tensor:
        """The same numbers, constant under differentiation."""
        if not x.trainable:
            return x
        return Value(self.writer.op("stop_gradient", [x.term], x.term.dims), x.shape, x.batch)

    # Entry by entry.

    def unary(self, name: str, v: Value, **attributes) -> Value:
        return Value(
            self.writer.op(name, [v.term], v.term.dims, **attributes), v.shape, v.batch
        )

    def binary(self, name: str, a: Value, b: Value) -> Value:
        """Of values of one shape and type."""
        term = self.writer.op(name, [a.term, b.term], a.term.dims)
        return Value(term, a.shape, merge([a.batch, b.batch]))

    def compare(self, predicate: str, a: Value, b: Value) -> Value:
        term = self.writer.op(
            "compare", [a.term, b.term], a.term.dims, torch.bool, words=predicate
        )
        return Value(term, a.shape, merge([a.batch, b.batch]))

    def select(self, mask: Value, a: Value, b: Value) -> Value:
        term = self.writer.op("select", [mask.term, a.term, b.term], a.term.dims, a.dtype)
        return Value(term, a.shape, merge([mask.batch, a.batch, b.batch]))

    def like(self, v: Value, number) -> Value:
        return self.splat(number, v.shape, v.dtype)

    def scale(self, v: Value, factor: float) -> Value:
        return v if factor == 1 else self.unary("scale", v, factor=float(factor))

    def shift(self, v: Value, offset: float) -> Value:
        return v if offset == 0 else self.unary("shift", v, offset=float(offset))

    def broadcast(self, x, shape, dtype: torch.dtype | None = None) -> Value:
        """A tensor or number in `shape`, as PyTorch broadcasts it."""
        number = as_number(x)
        if number is not None:
            return self.splat(number, shape, dtype or x.dtype)
        v = self.lift(x, dtype)
        offset = len(shape) - len(v.shape)
        if v.shape == tuple(shape):
            return v
        kept = [i for i, size in enumerate(v.shape) if size != 1]
        dims, target = [place(shape, offset + i) for i in kept], squeeze(shape)
        batch = v.batch and Batch(v.batch.axis + offset, v.batch.before)
        if batch and v.shape[v.batch.axis] != shape[batch.axis]:
            raise mixes("repeats the batch axis")
        term = v.term
        if term.dims != target:
            term = self.writer.op(
                "broadcast", [term], target, shape=list(target), dimensions=dims
            )
        return Value(term, tuple(shape), batch)

    def together(self, values, shape, dtype: torch.dtype) -> list[Value]:
        return [self.broadcast(v, shape, dtype) for v in values]

    # The same elements elsewhere.

    def reshape(self, x: Tensor, shape, batch_axis: int | None = None) -> Value:
        """`batch_axis` is the axis of the result that the batch is in, if it is."""
        v = self.lift(x)
        batch = reshape_batch(v.batch, v.shape, shape, batch_axis)
        return Value(self.shaped(v.term, squeeze(shape)), tuple(shape), batch)

    def unsqueeze(self, x: Tensor, axis: int) -> Value:
        v = self.lift(x)
        batch = v.batch and Batch(v.batch.axis + (axis <= v.batch.axis), v.batch.before)
        return Value(v.term, v.shape[:axis] + (1,) + v.shape[axis:], batch)

    def squeeze(self, x: Tensor, axis: int) -> Value:
        v = self.lift(x)
        self.along(v, axis)
        batch = v.batch and Batch(v.batch.axis - (axis < v.batch.axis), v.batch.before)
        return Value(v.term, v.shape[:axis] + v.shape[axis + 1 :], batch)

    def permute(self, x: Tensor, permutation) -> Value:
        """Axis i of the result is axis permutation[i] of x."""
        v = self.lift(x)
        permutation = [axis % len(v.shape) for axis in permutation]
        live = [i for i, size in enumerate(v.shape) if size != 1]
        order = [live.index(axis) for axis in permutation if v.shape[axis] != 1]
        term = v.term
        if order != sorted(order):
            dims = [term.dims[i] for i in order]
            term = self.writer.op("transpose", [term], dims, permutation=order)
        batch = v.batch and Batch(permutation.index(v.batch.axis), v.batch.before)
        return Value(term, tuple(v.shape[axis] for axis in permutation), batch)

    def slice(self, x: Tensor, axis: int, start: int, size: int, stride: int = 1) -> Value:
        v = self.lift(x)
        axis %= len(v.shape)
        if start == 0 and size == v.shape[axis]:
            return v
        self.along(v, axis)
        shape = v.shape[:axis] + (size,) + v.shape[axis + 1 :]
        at = place(v.shape, axis)
        starts, sizes = [0] * len(v.term.dims), list(v.term.dims)
        strides = [1] * len(v.term.dims)
        starts[at], sizes[at], strides[at] = start, size, stride
        term = self.writer.op(
            "slice", [v.term], sizes, starts=starts, sizes=sizes, strides=strides
        )
        return self.wrap(term, shape, v.batch)

    def concat(self, values, axis: int, dtype: torch.dtype) -> Value:
        values = [self.lift(v, dtype) for v in values if math.prod(v.shape)]
        axis %= len(values[0].shape)
        for v in values:
            self.along(v, axis)
        if len(values) == 1:
            return values[0]
        at, terms = place(values[0].shape, axis), []
        for v in values:
            dims = squeeze(v.shape[:axis]) + (v.shape[axis],) + squeeze(v.shape[axis + 1 :])
            terms.append(self.shaped(v.term, dims))
        total = sum(v.shape[axis] for v in values)
        dims = terms[0].dims[:at] + (total,) + terms[0].dims[at + 1 :]
        shape = values[0].shape[:axis] + (total,) + values[0].shape[axis + 1 :]
        term = self.writer.op("concat", terms, dims, axis=at)
        return self.wrap(term, shape, merge([v.batch for v in values]))

    def stack(self, values, axis: int, dtype: torch.dtype) -> Value:
        axis %= len(values[0].shape) + 1
        return self.concat([self.unsqueeze(v, axis) for v in values], axis, dtype)

    def reverse(self, x: Tensor, axes) -> Value:
        v = self.lift(x)
        for axis in axes:
            self.along(v, axis)
        live = sorted({place(v.shape, a % len(v.shape)) for a in axes if v.shape[a] != 1})
        if not live:
            return v
        return Value(self.writer.op("reverse", [v.term], v.term.dims, axes=live), v.shape, v.batch)

    def gather(self, x: Tensor, axis: int, indices: Tensor) -> Value:
        """x[..., indices, ...], the axes of the indices in the place of `axis`."""
        axis %= len(x.shape)
        self.along(x, axis)
        shape = tuple(x.shape[:axis]) + tuple(indices.shape) + tuple(x.shape[axis + 1 :])
        more = len(indices.shape) - 1
        if x.batch and indices.batch:
            raise mixes("picks for each example from all examples")
        batch = indices.batch and Batch(axis + indices.batch.axis, indices.batch.before)
        if x.batch:
            batch = Batch(x.batch.axis + (more if x.batch.axis > axis else 0), x.batch.before)
        v = self.lift(x)
        if v.shape[axis] == 1:
            plain = Value(v.term, v.shape[:axis] + (1,) * (more + 1) + v.shape[axis + 1 :])
            return Value(self.broadcast(plain, shape).term, shape, batch)
        i, at = self.lift(indices), place(v.shape, axis)
        dims = v.term.dims[:at] + i.term.dims + v.term.dims[at + 1 :]
        return Value(self.writer.op("gather", [v.term, i.term], dims, axis=at), shape, batch)

    def repeat(self, v: Value, shape, batch_axis: int | None) -> Value:
        """`v` broadcast to a shape in which the batch may be a new axis."""
        wide = self.broadcast(v, shape)
        if batch_axis is None or wide.batch is not None:
            return wide
        offset = len(shape) - len(v.shape)
        if batch_axis >= offset and v.shape[batch_axis - offset] != 1:
            raise mixes("has the batch in an axis that was there before")
        return Value(wide.term, wide.shape, Batch(batch_axis, divisors(shape[batch_axis])))

    # Along axes.

    def along(self, v: Tensor, axis: int):
        """Refuses to work along the batch axis."""
        if v.batch is not None and axis % len(v.shape) == v.batch.axis:
            raise mixes("works along the batch axis")

    def axes_of(self, v: Tensor, axes) -> list[int]:
        """Axes from 0 on, all where none are given; none of them the batch's."""
        rank = len(v.shape)
        axes = sorted({a % rank for a in axes}) if axes else list(range(rank))
        for axis in axes:
            if v.batch is not None and axis == v.batch.axis:
                raise mixes("sums or compares along the batch axis")
        return axes

    def reduce(self, name: str, x: Tensor, axes, keep: bool = False) -> Value:
        """`name` is reduce_sum or reduce_max."""
        v = self.lift(x)
        axes = self.axes_of(v, axes)
        live = [place(v.shape, a) for a in axes if v.shape[a] != 1]
        dims = [size for i, size in enumerate(v.term.dims) if i not in live]
        term = self.writer.op(name, [v.term], dims, axes=live) if live else v.term
        if keep:
            shape = tuple(1 if i in axes else size for i, size in enumerate(v.shape))
            return Value(term, shape, v.batch)
        shape = tuple(size for i, size in enumerate(v.shape) if i not in axes)
        before = v.batch and sum(a < v.batch.axis for a in axes)
        batch = v.batch and Batch(v.batch.axis - before, v.batch.before)
        return Value(term, shape, batch)

    def sum(self, x: Tensor, axes=(), keep: bool = False) -> Value:
        return self.reduce("reduce_sum", x, axes, keep)

    def mean(self, x: Tensor, axes=(), keep: bool = False) -> Value:
        axes = self.axes_of(x, axes)
        count = math.prod(x.shape[a] for a in axes)
        if not count:
            raise lacks("the mean of no elements")
        return self.scale(self.sum(x, axes, keep), 1 / count) if axes else self.lift(x)

    def contract(self, words, values, result: str, dtype: torch.dtype) -> Value:
        """An einsum by a letter for each axis of PyTorch's shapes, in which an axis
        of size one goes with any size."""
        places = {
            word[v.batch.axis]: v.batch.before for word, v in zip(words, values) if v.batch
        }
        if len(places) > 1 or not set(places) <= set(result):
            raise mixes("sums over the batch axis")
        before = merge([Batch(0, v.batch.before) for v in values if v.batch])
        sizes: dict[str, int] = {}
        for word, v in zip(words, values):
            for letter, size in zip(word, v.shape):
                sizes[letter] = max(size, sizes.get(letter, 1))
        terms, short = [], []
        for word, v in zip(words, values):
            terms.append(self.lift(v, dtype).term)
            short.append("".join(c for c, size in zip(word, v.shape) if size != 1))
        shape = tuple(sizes[c] for c in result)
        kept = "".join(c for c in result if sizes[c] != 1)
        term = self._einsum(short, terms, kept, squeeze(shape))
        batch = before and Batch(result.index(next(iter(places))), before.before)
        return Value(term, shape, batch)

    def _einsum(self, words, terms, result, dims) -> Term:
        if len(words) == 1 and sorted(words[0]) == sorted(result):
            order = [words[0].index(c) for c in result]
            if order == sorted(order):
                return terms[0]
            return self.writer.op("transpose", terms, dims, permutation=order)
        spec = f'"{", ".join(words)} -> {result}"'
        return self.writer.op("contract", terms, dims, words=spec)

    def matrix(self, v: Value, axis: int, m: torch.Tensor) -> Value:
        """m times `v` along an axis."""
        axis %= len(v.shape)
        self.along(v, axis)
        letters = "abcdefghijklm"[: len(v.shape)]
        result = letters[:axis] + "z" + letters[axis + 1 :]
        m = Constant(m.contiguous().to(v.dtype))
        return self.contract([letters, "z" + letters[axis]], [v, m], result, v.dtype)

    def window(self, name, term: Term, window, strides, padding, dilations, dtype=None) -> Term:
        """A window op over the trailing axes of a term; padding: (low, high) pairs."""
        lead = len(term.dims) - len(window)
        sizes = zip(term.dims[lead:], window, strides, padding, dilations)
        out = [(d + sum(p) - l * (k - 1) - 1) // t + 1 for d, k, t, p, l in sizes]
        return self.writer.op(
            name, [term], term.dims[:lead] + tuple(out), dtype, window=list(window),
            strides=list(strides), padding=[q for p in padding for q in p],
            dilations=list(dilations),
        )


def refuse_batch_inside(v: Tensor, first: int, what: str):
    """Refuses a batch in any but the first `first` axes."""
    if v.batch is not None and v.batch.axis >= first:
        raise mixes(f"the batch is in the {what}")
