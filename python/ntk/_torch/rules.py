# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The table of operators.

A rule is a function (builder, call) -> Value, Constant or a tuple of them, by
the name of an ATen operator without its overload and without the underscore of
its in-place form. The interpreter checks what it returns against the shape,
type and batch axis that PyTorch found for the node.
"""

from __future__ import annotations

import dataclasses
from typing import Callable

import torch

from .builder import Builder
from .values import Constant, Value, as_number


@dataclasses.dataclass(frozen=True)
class Result:
    """What PyTorch says of a result: shape and batch axis at s = 1, type."""

    shape: tuple[int, ...]
    dtype: torch.dtype
    batch_axis: int | None


class Call:
    """A node: its arguments by the names of the operator's schema, defaults
    included, and its results (None where there is no tensor)."""

    def __init__(self, name: str, arguments: dict, results: list[Result | None]):
        self.name = name
        self.arguments = arguments
        self.results = results

    def __getitem__(self, name: str):
        return self.arguments[name]

    def get(self, name: str, default=None):
        return self.arguments.get(name, default)

    def first(self, *names: str):
        """The argument under whichever of these names the schema has."""
        for name in names:
            if name in self.arguments:
                return self.arguments[name]
        raise KeyError(names)

    @property
    def result(self) -> Result:
        return self.results[0]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.results[0].shape

    @property
    def dtype(self) -> torch.dtype:
        return self.results[0].dtype

    @property
    def batch_axis(self) -> int | None:
        return self.results[0].batch_axis

    def number(self, name: str, default=None):
        """A number that is known and not the batch size; the default for None."""
        value = self.arguments.get(name)
        return default if value is None else as_number(value)

    def axes(self, name: str = "dim") -> list[int]:
        """A list of axes; empty for None."""
        value = self.arguments.get(name)
        if value is None:
            return []
        return [value] if isinstance(value, int) else list(value)


Rule = Callable[[Builder, Call], "Value | Constant | tuple"]
RULES: dict[str, Rule] = {}


def rule(*names: str):
    """Registers a function as the rule of these operators."""

    def register(function: Rule) -> Rule:
        for name in names:
            if name in RULES:
                raise ValueError(f"two rules for {name}")
            RULES[name] = function
        return function

    return register


def spread(sequence, count: int) -> list[int]:
    """A list of one number for each of `count` axes."""
    sequence = [sequence] if isinstance(sequence, int) else list(sequence)
    return sequence * count if len(sequence) == 1 else sequence
