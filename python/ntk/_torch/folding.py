# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is known is computed by PyTorch itself, at one and at two examples."""

from __future__ import annotations

import torch
from torch.utils import _pytree as pytree

from .errors import Refusal, mixes
from .values import Constant, Numbered, Real, Size, Value

# Operators to which a number that depends on the batch size is the size of an axis.
SIZED = set(
    """view reshape expand repeat tile unflatten slice narrow zeros ones empty full new_zeros
    new_ones new_empty new_full broadcast_to _unsafe_view split_with_sizes view_copy as_strided
    repeat_interleave""".split()
)
# Operators that leave the numbers of the examples what they are.
MOVING = set(
    """view reshape expand unflatten flatten unsqueeze squeeze to _to_copy clone alias contiguous
    permute transpose t lift_fresh_copy lift_fresh detach expand_as view_as""".split()
)


def is_tensor(x) -> bool:
    return isinstance(x, (Value, Constant))


# Operators that pick and join entries, and compute nothing of them.
PICKING = MOVING | set(
    """cat stack slice select index repeat repeat_interleave split split_with_sizes chunk unbind
    narrow pad zeros_like ones_like full_like empty_like new_zeros new_ones new_full new_empty
    copy fill zero masked_fill""".split()
)


def is_random(target) -> bool:
    return torch.Tag.nondeterministic_seeded in target.tags


def counts_examples(name: str, arguments, leaves) -> bool:
    """Is the batch size a number that this operator computes with?"""
    if not any(isinstance(x, (Size, Real)) for x in leaves):
        return False
    if name in ("full", "new_full"):
        return isinstance(arguments.get("fill_value"), (Size, Real))
    return name not in SIZED


def numbering(name: str, arguments: dict, leaves) -> Numbered:
    """How what an operator computes depends on the numbers of the examples."""
    found = max((x.numbered for x in leaves if isinstance(x, Constant)), default=Numbered.NO)
    if counts_examples(name, arguments, leaves):
        whole = name == "arange" and arguments.get("start") is None
        return Numbered.OWN if whole else Numbered.YES
    if found == Numbered.OWN and name == "index" and picks_own(arguments):
        return Numbered.NO
    if found == Numbered.OWN and name not in MOVING and not is_whole_slice(name, arguments):
        return Numbered.YES
    return found


def is_whole_slice(name: str, arguments: dict) -> bool:
    """x[:], which tracing leaves as a slice up to the largest number."""
    if name != "slice" or arguments["start"] not in (None, 0) or arguments["step"] != 1:
        return False
    return arguments["end"] is None or arguments["end"] >= 2**62


def picks_own(arguments: dict) -> bool:
    """Does an index by the numbers of the examples read each example's own entries?"""
    table = arguments["self"]
    if table.numbered or table.two is None:
        return False
    axes = [i for i, x in enumerate(arguments["indices"]) if x is not None and x.numbered]
    return all(table.one.shape[i] == 1 and table.two.shape[i] == 2 for i in axes)


def crosses_examples(target, name: str, arguments: dict, leaves, one, two) -> bool:
    """Does an operator cut examples off, count them or add them up? What it says of
    two of them need not hold of more."""
    tables = [x for x in leaves if isinstance(x, Constant) and x.two is not None]
    if name in ("slice", "narrow") and any(isinstance(x, Size) for x in leaves):
        return not tables or one.shape != tables[0].one.shape or two.shape != tables[0].two.shape
    wide = [x for x in tables if x.one.shape != x.two.shape]
    if not wide or name in PICKING or torch.Tag.pointwise in target.tags:
        return False
    axes = arguments.get("dim")
    for axis in [axes] if isinstance(axes, int) else axes or []:
        ranked = [x for x in wide if -x.one.dim() <= axis < x.one.dim()]
        if any(x.one.shape[axis] != x.two.shape[axis] for x in ranked):
            return True
    several = isinstance(one, (tuple, list))
    pairs = zip(one, two) if several else [(one, two)]
    return any(isinstance(a, torch.Tensor) and a.shape == b.shape for a, b in pairs)


def fold(target, name: str, arguments: dict, args, kwargs, leaves):
    """Computes an operator of known arguments at s = 1 and, where it matters, at
    s = 2; `arguments` are the same by their names."""
    if is_random(target):
        raise Refusal("draws random numbers", unsupported=True)
    depends = any(
        isinstance(x, (Size, Real)) or isinstance(x, Constant) and x.two is not None
        for x in leaves
    )
    if depends and target._schema.is_mutable and args[0].two is None:
        raise mixes("writes what depends on the batch size into a table that does not")
    numbered = numbering(name, arguments, leaves)

    def at(two: bool):
        def pick(x):
            if isinstance(x, Constant):
                return x.two if two and x.two is not None else x.one
            if isinstance(x, (Size, Real)):
                return x.two if two else (int if isinstance(x, Size) else float)(x)
            return x

        a, k = pytree.tree_map(pick, (args, kwargs), is_leaf=is_tensor)
        with torch.no_grad():
            return target(*a, **k)

    one, two = at(False), at(True) if depends else None
    if depends and crosses_examples(target, name, arguments, leaves, one, two):
        numbered = Numbered.YES
    if isinstance(one, (tuple, list)):
        twos = two if depends else [None] * len(one)
        return tuple(Constant(o, t, numbered) for o, t in zip(one, twos))
    if not isinstance(one, torch.Tensor):
        if numbered or depends and one != two:
            raise mixes("a number depends on the batch size")
        return one
    return Constant(one, two, numbered)
