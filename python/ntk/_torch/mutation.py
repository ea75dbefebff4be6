# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Operators that write into a tensor, and all that reads the same memory.

The tensors that PyTorch traced with have storages, offsets and strides: two
nodes share memory where they share a storage, and which elements they share
the strides say. After a write, each node that shares elements with the one
written to becomes a value of its old and of the written elements.
"""

from __future__ import annotations

import math

import torch

from .builder import Builder
from .errors import Refusal, mixes
from .moves import number_examples
from .symbols import evaluate_symbol
from .values import Batch, Constant, Value


class Storages:
    """Which nodes of a graph share memory, and whose memory must not change."""

    def __init__(self, graph: torch.fx.Graph):
        self._order = {node: i for i, node in enumerate(graph.nodes)}
        self._guarded: dict[int, str] = {}

    def guard(self, node, what: str):
        """Writes into the memory of this node are refused, as writes into `what`."""
        key = storage(node)
        if key is not None:
            self._guarded[key] = what

    def guarded(self, node) -> str | None:
        """What is refused to write into the memory of this node, if anything is."""
        return self._guarded.get(storage(node))

    def guard_inputs(self, names):
        """Writes into the inputs of a region are refused, by these names of theirs."""
        inputs = (node for node in self._order if node.op == "placeholder")
        for node, name in zip(inputs, names):
            self.guard(node, name or "a value from outside of a torch.no_grad region")

    def refuse_guarded(self, target):
        """Refuses a write into memory that must not change."""
        key = storage(target)
        if key is None:
            raise Refusal("writes into what is no tensor", unsupported=True)
        if key in self._guarded:
            raise Refusal(f"the forward pass changes {self._guarded[key]}")

    def holds_values(self, known: dict, target) -> bool:
        """Is something in this memory that is not known?"""
        key = storage(target)
        return any(isinstance(v, Value) for n, v in known.items() if storage(n) == key)

    def write(self, build: Builder, known: dict, node, target, result: Value):
        """`node` has written `result` into `target`: nodes of the same memory that
        are read later change with it."""
        key, order, written = storage(target), self._order[node], known[target]
        for other in list(known):
            if other is target:
                known[other] = result
            elif storage(other) == key and any(self._order[u] > order for u in other.users):
                new = overwrite(build, other, known[other], target, result)
                if new is not known[other]:
                    refuse_detached(other, known[other], target, written)
                known[other] = new


def storage(node) -> int | None:
    """The memory of a node that is a tensor."""
    meta = node.meta.get("val")
    if not isinstance(meta, torch.Tensor):
        return None
    return meta.untyped_storage()._cdata


def is_detached(node) -> bool:
    """Is a tensor a detached view of another one?"""
    key = storage(node)
    while isinstance(node, torch.fx.Node) and storage(node) == key:
        if getattr(node.target, "overloadpacket", None) is torch.ops.aten.detach:
            return True
        node = next(iter(node.args), None)
    return False


def refuse_detached(other, old, target, written):
    """Refuses a write that one of two tensors of the same memory differentiates and
    the other one does not know of."""
    behind_back = not written.trainable and old.trainable
    if behind_back or is_detached(other) != is_detached(target):
        raise Refusal("writes into memory that a detached tensor shares")


def addresses(node, s: int) -> torch.Tensor:
    """Where in its storage each element of a node lies, at batch size s."""

    def at(number) -> int:
        number = evaluate_symbol(number)
        return getattr(number, "two", number) if s == 2 else int(number)

    meta = node.meta["val"]
    index = torch.tensor(at(meta.storage_offset()))
    for i, (size, stride) in enumerate(zip(meta.shape, meta.stride())):
        step = torch.arange(at(size)) * at(stride)
        index = index + step.reshape([-1] + [1] * (len(meta.shape) - 1 - i))
    return index


def written_elements(other, target, s: int) -> torch.Tensor:
    """For each element of `other` the number of the element of `target` that lies
    at the same address, or -1."""
    here, there = addresses(other, s), addresses(target, s)
    numbers = torch.full((int(max(here.max(), there.max())) + 1,), -1)
    numbers[there.reshape(-1)] = torch.arange(there.numel())
    return numbers[here]


def overwrite(build: Builder, other, old, target, result: Value):
    """The value of `other` after `result` was written into `target`."""
    one, two = (written_elements(other, target, s) for s in (1, 2))
    if not bool((one >= 0).any()):
        return old
    lifted = build.lift(old)
    batch = written_batch(lifted, result, one, two)
    # Elements that keep their value are numbered behind those that are written.
    kept = math.prod(result.shape) + torch.arange(one.numel()).reshape(one.shape)
    parts = [
        build.reshape(Value(v.term, v.shape), (math.prod(v.shape),)) for v in (result, lifted)
    ]
    joined = build.concat(parts, 0, lifted.dtype)
    moved = build.gather(joined, 0, Constant(torch.where(one >= 0, one, kept)))
    return Value(moved.term, moved.shape, batch)


def written_batch(old: Value, result: Value, one, two) -> Batch | None:
    """The batch of what was `old` and has elements `one` (at s = 2 `two`) of
    `result` now; refuses a write from one example into another."""
    if old.batch is None and result.batch is None:
        return None
    if old.batch is None or result.batch is None:
        raise mixes("writes between tensors with and without a batch axis")
    axis, before = old.batch.axis, min(old.batch.before)
    batch = Batch(axis, frozenset([before]))
    wide = one.unflatten(axis, (before, 1, -1)).repeat_interleave(2, axis + 1).reshape(-1)
    flat = two.reshape(-1)
    if not torch.equal(wide >= 0, flat >= 0):
        raise mixes("writes differ from example to example")
    chosen = flat >= 0
    source, positions = number_examples(result.shape, result.batch)
    there, _ = number_examples(old.shape, batch)
    own = torch.equal(source[flat[chosen]], there[chosen])
    if not own or not torch.equal(positions[flat[chosen]], wide[chosen]):
        raise mixes("writes from one example into another")
    return batch
