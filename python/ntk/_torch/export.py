# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""`torch.export` with a symbolic batch size, which leaves the module as it was.

What an exported program does not tell is found out here: functions with a
backward pass of their own, hooks on gradients, names of outputs.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import logging
import threading
import warnings

import torch
from torch.utils import _pytree as pytree
from torch.utils import checkpoint

from .errors import Error, Unsupported


@dataclasses.dataclass
class Example:
    """The arguments of one call of the module, and how many rows they have."""

    args: tuple
    kwargs: dict
    rows: int

    def take(self, rows) -> "Example":
        """The same arguments with these rows of each tensor, copied."""
        index = torch.as_tensor(rows)
        args, kwargs = pytree.tree_map(
            lambda x: x.detach()[index].clone() if isinstance(x, torch.Tensor) else x,
            (self.args, self.kwargs),
        )
        return Example(args, kwargs, len(index))

    def tensors(self) -> list[torch.Tensor]:
        leaves = pytree.tree_leaves((self.args, self.kwargs))
        return [x for x in leaves if isinstance(x, torch.Tensor)]


def read_example(args, kwargs) -> Example:
    """args: a tensor, a tuple or list of arguments, or a dict of named ones."""
    if isinstance(args, dict):
        args, kwargs = (), {**args, **(kwargs or {})}
    args = (args,) if not isinstance(args, (tuple, list)) else tuple(args)
    example = Example(args, dict(kwargs or {}), 0)
    tensors = example.tensors()
    if not tensors:
        raise Error(
            "from_torch: expected examples as tensors, but got none", argument="args"
        )
    for leaf, x in pytree.tree_leaves_with_path((args, example.kwargs)):
        if not isinstance(x, torch.Tensor):
            continue
        name = pytree.keystr(leaf)
        if x.dim() == 0 or x.shape[0] != tensors[0].shape[0] or x.shape[0] == 0:
            raise Error(
                f"from_torch: expected all tensors to have the examples along their "
                f"first axis, {tuple(tensors[0].shape)[:1]} of them, but got one of shape "
                f"{tuple(x.shape)} at {name}", argument="args",
            )
        if x.device.type != "cpu" or x.layout != torch.strided:
            raise Error(
                f"from_torch: expected dense tensors on the CPU, but got {x.layout} on "
                f"{x.device} at {name}", argument="args",
            )
    example.rows = tensors[0].shape[0]
    return example


def refuse_module(module):
    """Names what changes gradients and leaves no trace in a program."""
    if not isinstance(module, torch.nn.Module):
        raise Error(
            f"from_torch: expected a torch.nn.Module, but got {type(module).__name__}",
            argument="module",
        )
    names = [n for n, p in module.named_parameters() if p._backward_hooks]
    names += [
        n or type(m).__name__ for n, m in module.named_modules()
        if m._backward_hooks or getattr(m, "_backward_pre_hooks", None)
    ]
    if names:
        raise Unsupported(
            f"from_torch: hooks on gradients are not supported: {', '.join(names)}",
            names=names, argument="module",
        )
    away = [n for n, p in module.named_parameters() if p.device.type != "cpu"]
    if away:
        raise Error(
            f"from_torch: expected parameters on the CPU, but got {away[0]} on "
            f"{dict(module.named_parameters())[away[0]].device}; call module.cpu()",
            argument="module",
        )


@contextlib.contextmanager
def unchanged(module: torch.nn.Module):
    """Puts back whatever the body changes of the module: attributes, buffers,
    and the state of the random numbers."""
    tables = ("_parameters", "_buffers", "_modules")
    before = [
        (m, dict(m.__dict__), {t: dict(m.__dict__[t]) for t in tables})
        for m in module.modules()
    ]
    buffers = [(b, b.detach().clone()) for b in module.buffers()]
    with torch.random.fork_rng(devices=[]):
        try:
            yield
        finally:
            for m, attributes, contents in before:
                m.__dict__.clear()
                m.__dict__.update(attributes)
                for table, entries in contents.items():
                    m.__dict__[table].clear()
                    m.__dict__[table].update(entries)
            with torch.no_grad():
                for buffer, value in buffers:
                    if not torch.equal(buffer, value):
                        buffer.copy_(value)


# Functions of PyTorch's own that do not change derivatives.
TRUSTED = ("torch._higher_order_ops", "torch._functorch", "torch._dynamo")


def run_checkpoint(function, _, *args):
    """What a reentrant checkpoint computes; without an argument that requires
    gradients it is constant, as PyTorch warns."""
    wanted = any(isinstance(x, torch.Tensor) and x.requires_grad for x in args)
    with contextlib.nullcontext() if wanted else torch.no_grad():
        return function(*args)


# What is watched is torch's own, and there is one of it.
_watching = threading.Lock()


@contextlib.contextmanager
def watched_functions(found: list[str]):
    """Notes each torch.autograd.Function that is applied, and each hook on a
    gradient, whose doing the program does not have; checkpoints are what they
    compute."""
    function = torch.autograd.Function
    original, register = function.__dict__["apply"], torch.Tensor.register_hook

    def register_hook(self, hook):
        found.append("Tensor.register_hook")
        return register(self, hook)

    def apply(cls, *args, **kwargs):
        if cls is checkpoint.CheckpointFunction:
            return run_checkpoint(*args)
        if not cls.__module__.startswith(TRUSTED):
            found.append(cls.__name__)
        return original.__get__(None, cls)(*args, **kwargs)

    fast = torch.backends.mha.get_fastpath_enabled()
    function.apply = classmethod(apply)
    torch.Tensor.register_hook = register_hook
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        function.apply = original
        torch.Tensor.register_hook = register
        torch.backends.mha.set_fastpath_enabled(fast)


@contextlib.contextmanager
def silent():
    """Keeps what torch.export says of its own failures, graphs among it, from the
    terminal: its exception says it, too."""
    level = logging.root.manager.disable
    logging.disable(max(level, logging.ERROR))
    try:
        with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def export(module: torch.nn.Module, example: Example) -> torch.export.ExportedProgram:
    """The program of a module, before decomposition, of a symbolic batch size."""
    sizes = {size for x in example.tensors() for size in x.shape[1:]}
    rows = next(n for n in (5, 7, 11, 13, 17, 19, 23, 29, 31) if n not in sizes or n == 31)
    traced = example.take([i % example.rows for i in range(rows)])
    shapes = torch.export.ShapesCollection()
    batch = torch.export.Dim("batch")
    for tensor in traced.tensors():
        shapes[tensor] = {0: batch}
    functions: list[str] = []
    try:
        with _watching, unchanged(module), watched_functions(functions):
            with silent(), torch.enable_grad():
                program = torch.export.export(
                    module, traced.args, traced.kwargs, dynamic_shapes=shapes, strict=False
                )
    except Exception as fault:
        if not functions:
            raise export_error(fault) from fault
    if functions:
        names = list(dict.fromkeys(functions))
        raise Unsupported(
            "from_torch: functions with a backward pass of their own are not supported: "
            f"{', '.join(names)} (an exported program has no trace of it)", names=names,
        )
    return program


def export_error(fault: Exception) -> Error:
    """What torch.export says, in a line, and what it usually means."""
    text = str(fault).strip() or type(fault).__name__
    line = text.splitlines()[0]
    if "fake tensor" in text:
        line += " (.data and values kept from another call are not supported)"
    elif "Constraints violated" in text or "specialized" in text:
        line += " (the module fixes the batch size, or compares it)"
        line = " ".join([line, *(row.strip() for row in text.splitlines()[1:3])])
    return Error(f"from_torch: torch.export fails: {type(fault).__name__}: {line[:500]}")


def output_names(program: torch.export.ExportedProgram) -> list[str]:
    """A name for each leaf of the module's result: its keys, `output` for one."""
    spec = program.call_spec.out_spec
    structure = pytree.tree_unflatten(list(range(spec.num_leaves)), spec)
    names = []
    for path, _ in pytree.tree_leaves_with_path(structure):
        keys = (getattr(k, "key", getattr(k, "idx", getattr(k, "name", k))) for k in path)
        names.append(".".join(map(str, keys)) or "output")
    return names
