# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Symbolic numbers and shapes of an exported program, at one example."""

from __future__ import annotations

import sympy
import torch

from .errors import Refusal, mixes
from .rules import Result
from .values import Real, Size


# A batch size at which sizes are not cut off by those of small examples.
LARGE = 10007


def evaluate_at(expression, size: int):
    """An expression of the batch size."""
    return expression.xreplace({s: sympy.Integer(size) for s in expression.free_symbols})


def evaluate_symbol(symbol):
    """A number of the program at s = 1 and s = 2."""
    if not isinstance(symbol, (torch.SymInt, torch.SymFloat, torch.SymBool)):
        return symbol
    expression = symbol.node.expr
    free = expression.free_symbols
    if not free:
        return type_of(symbol)(expression)
    if any(not str(s).startswith("s") for s in free):
        raise Refusal("a size depends on values", unsupported=True)
    one, two = evaluate_at(expression, 1), evaluate_at(expression, 2)
    if isinstance(symbol, torch.SymInt):
        return Size(int(one), int(two))
    if isinstance(symbol, torch.SymFloat):
        return Real(float(one), float(two))
    if bool(one) != bool(two):
        raise mixes("a decision depends on the batch size")
    return bool(one)


def type_of(symbol):
    return int if isinstance(symbol, torch.SymInt) else float if isinstance(
        symbol, torch.SymFloat) else bool


def result_of(meta) -> Result | None:
    """Shape, type and batch axis of a tensor of the program."""
    if not isinstance(meta, torch.Tensor):
        return None
    sizes = [evaluate_symbol(size) for size in meta.shape]
    axes = [i for i, size in enumerate(sizes) if isinstance(size, Size)]
    if len(axes) > 1:
        raise mixes("the batch is in two axes")
    for i in axes:
        large = evaluate_at(meta.shape[i].node.expr, LARGE)
        if sizes[i].two != 2 * sizes[i] or large != LARGE * sizes[i]:
            raise mixes(
                f"an axis has {sizes[i]} entries for one example, {sizes[i].two} for two, "
                f"{large} for {LARGE}"
            )
    return Result(tuple(map(int, sizes)), meta.dtype, axes[0] if axes else None)
