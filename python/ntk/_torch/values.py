# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Values of a program that is lowered at one example.

The program has a symbolic batch size s. All of it is evaluated at s = 1, where
the batch is an axis of one example: the text's value has every axis but those
of size one, and beside it stand PyTorch's shape and the place of the batch.
What is known is computed by PyTorch at s = 1 and again at s = 2, where it has
to be the same for every example.
"""

from __future__ import annotations

import dataclasses
import enum
import math
from typing import NamedTuple, Union

import torch

from .errors import Refusal, mixes
from .text import Term


class Size(int):
    """A number that depends on the batch size: its value at s = 1; `two` at s = 2."""

    two: int

    def __new__(cls, one: int, two: int):
        made = super().__new__(cls, one)
        made.two = two
        return made


class Real(float):
    """A real number that depends on the batch size, as `Size`."""

    two: float

    def __new__(cls, one: float, two: float):
        made = super().__new__(cls, one)
        made.two = two
        return made


class Batch(NamedTuple):
    """Where the batch is: in `axis`, whose entries at size s are numbered
    [before, s, after]. `before` holds the numbers that are possible, more than
    one where entries are equal, as of zeros."""

    axis: int
    before: frozenset[int]


@dataclasses.dataclass(frozen=True)
class Value:
    """`term` has the sizes of `shape` (PyTorch's, at s = 1) but those of one."""

    term: Term
    shape: tuple[int, ...]
    batch: Batch | None = None

    @property
    def dtype(self) -> torch.dtype:
        return self.term.dtype

    @property
    def trainable(self) -> bool:
        return self.term.trainable


class Numbered(enum.IntEnum):
    """Does a known tensor depend on the numbers of the examples? `OWN`: it is
    their numbers, `YES`: it is computed of them, or of how many there are."""

    NO = 0
    OWN = 1
    YES = 2


@dataclasses.dataclass(frozen=True)
class Constant:
    """A known tensor at s = 1, and at s = 2 (None: it does not depend on s).

    Two sizes do not tell what happens at others: what is computed of the numbers
    of the examples (as `arange(s) < 5`) is marked by `numbered`.
    """

    one: torch.Tensor
    two: torch.Tensor | None = None
    numbered: Numbered = Numbered.NO

    trainable = False

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.one.shape)

    @property
    def dtype(self) -> torch.dtype:
        return self.one.dtype

    @property
    def batch(self) -> Batch | None:
        if self.numbered:
            raise mixes("a table depends on the position in the batch")
        return find_batch(self.one, self.two)


Tensor = Union[Value, Constant]


def squeeze(shape) -> tuple[int, ...]:
    """The sizes that a value of the text has."""
    return tuple(size for size in shape if size != 1)


def place(shape, axis: int) -> int:
    """Which axis of the text's value is `axis` of PyTorch's shape."""
    return len(squeeze(shape[:axis]))


def divisors(number: int) -> frozenset[int]:
    return frozenset(d for d in range(1, number + 1) if number % d == 0)


def find_batch(one: torch.Tensor, two: torch.Tensor | None) -> Batch | None:
    """Where the batch is in a known tensor; refuses one whose entries tell
    examples apart."""
    if two is None or one.shape == two.shape and same(one, two):
        return None
    if one.shape == two.shape:
        raise mixes("a number depends on the batch size")
    axes = [i for i, (p, q) in enumerate(zip(one.shape, two.shape)) if p != q]
    if len(axes) != 1 or one.dim() != two.dim():
        raise mixes("a table has the batch size in several axes")
    (axis,) = axes
    size = one.shape[axis]
    if two.shape[axis] != 2 * size:
        raise mixes(f"an axis has {two.shape[axis]} entries for two examples, {size} for one")
    before = frozenset(b for b in divisors(size) if repeats(one, two, axis, b))
    if not before:
        raise mixes("a table depends on the position in the batch")
    return Batch(axis, before)


def same(a: torch.Tensor, b: torch.Tensor) -> bool:
    return bool(torch.equal(a, b)) or bool(((a == b) | ((a != a) & (b != b))).all())


def repeats(one, two, axis: int, before: int) -> bool:
    """Are both examples of `two`, numbered [before, 2, after], equal to `one`?"""
    split = two.unflatten(axis, (before, 2, -1)).movedim(axis + 1, 0).flatten(axis + 1, axis + 2)
    return all(same(example, one) for example in split)


def merge(batches) -> Batch | None:
    """The batch of values that are combined entry by entry."""
    found = [batch for batch in batches if batch is not None]
    if not found:
        return None
    if len({batch.axis for batch in found}) > 1:
        raise mixes("pairs examples with each other")
    before = frozenset.intersection(*(batch.before for batch in found))
    if not before:
        raise mixes("pairs examples in different orders")
    return Batch(found[0].axis, before)


def reshape_batch(batch: Batch | None, old, new, axis: int | None) -> Batch | None:
    """The batch behind a reshape from `old` to `new`, where it is in `axis`."""
    if batch is None:
        return None
    if axis is None:
        raise mixes("the batch axis vanishes")
    left = math.prod(old[: batch.axis])
    outer = math.prod(new[:axis])
    before = frozenset(
        left * b // outer
        for b in batch.before
        if left * b % outer == 0 and new[axis] % (left * b // outer) == 0
    )
    if not before:
        raise mixes("takes the batch axis apart")
    return Batch(axis, before)


def as_number(x):
    """The number that a tensor of rank 0 or a plain number is known to be, or None."""
    if isinstance(x, (Size, Real)):
        raise mixes("computes with the batch size")
    if isinstance(x, (bool, int, float)):
        return x
    if isinstance(x, Constant) and x.one.dim() == 0:
        if x.numbered or x.two is not None and not same(x.one, x.two):
            raise mixes("computes with the batch size")
        return x.one.item()
    return None


def require_int(x, what: str) -> int:
    """A whole number that does not depend on the batch size."""
    number = as_number(x)
    if number is None:
        raise Refusal(f"expected a known number as {what}", unsupported=True)
    return int(number)
