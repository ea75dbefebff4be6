# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is lowered, against PyTorch itself, on the example.

`check_examples` runs the module on several rows and on each alone: outputs that
differ mix examples, whatever the shapes say. `check_kernel` takes two rows of
outputs of two examples, and compares the compiled kernel with the products of
their gradients by torch.autograd.
"""

from __future__ import annotations

import fnmatch
import math

import numpy as np
import torch
from torch.utils import _pytree as pytree

from .errors import Error
from .export import Example, unchanged
from .lower import Lowered

# Relative to the norms of what is compared, by the type that is computed in.
OUTPUT_TOLERANCE = {torch.float32: 1e-3, torch.float64: 1e-6}
KERNEL_TOLERANCE = {torch.float32: 1e-2, torch.float64: 1e-5}


def run(lowered: Lowered, example: Example, parameters=None) -> list[torch.Tensor]:
    """The chosen outputs, each with the examples along its first axis."""
    if parameters is None:
        result = lowered.module(*example.args, **example.kwargs)
    else:
        result = torch.func.functional_call(
            lowered.module, parameters, example.args, example.kwargs, tie_weights=True
        )
    leaves = pytree.tree_leaves(result)
    return [leaves[i].movedim(a, 0) for i, a in zip(lowered.chosen, lowered.axes)]


def different_rows(lowered: Lowered, generator) -> Example:
    """Up to three rows of the example; a single one with a changed one beside it."""
    example = lowered.example
    if example.rows > 1:
        return example.take(range(min(example.rows, 3)))
    rows = example.take([0, 0])
    for x in rows.tensors():
        if x.is_floating_point():
            x[1] += 0.1 * torch.randn(x.shape[1:], generator=generator).to(x.dtype)
        else:
            x[1] = x[1].flip(list(range(x.dim() - 1)))
    return rows


def check_examples(lowered: Lowered):
    """Raises `Error` if the module's output at the first or last row depends on the
    other rows."""
    generator = torch.Generator().manual_seed(0)
    rows = different_rows(lowered, generator)
    with unchanged(lowered.module), torch.no_grad():
        together = run(lowered, rows)
        for i in (0, rows.rows - 1):
            alone = run(lowered, rows.take([i, i]))
            for name, a, b in zip(lowered.outputs, together, alone):
                _compare_outputs(name, i, a[i], b[0])


def _compare_outputs(name: str, i: int, among: torch.Tensor, alone: torch.Tensor):
    tolerance = OUTPUT_TOLERANCE.get(among.dtype, 1e-2)
    size = max(float(among.abs().max()), float(alone.abs().max()), 1e-30)
    error = float((among - alone).abs().max()) / size
    if error > tolerance:
        raise Error(
            f"from_torch: output '{name}' of row {i} differs by {error:.1e} when other rows "
            "stand beside it: examples of the batch mix, or the module is random "
            "(check=False compiles the kernel of each row alone)", argument="module",
        )


def differentiated(lowered: Lowered, options: dict) -> list[str]:
    """The parameters that the kernel is about."""
    names = lowered.trainable
    for option, keep in (("wrt", True), ("frozen", False)):
        globs = options.get(option)
        if globs is None:
            continue
        globs = [globs] if isinstance(globs, str) else list(globs)
        names = [n for n in names if any(fnmatch.fnmatchcase(n, g) for g in globs) == keep]
    return names


def flat_outputs(lowered: Lowered, example: Example, parameters) -> torch.Tensor:
    """[rows, outputs]: all outputs of an example one after the other."""
    outputs = run(lowered, example, parameters)
    return torch.cat([y.reshape(example.rows, -1) for y in outputs], 1)


def gradients(lowered: Lowered, names, picks) -> list[torch.Tensor]:
    """The gradient, all parameters in one row, of outputs: `picks` has for each a
    row of the example and weights of its outputs, a function of their number."""
    held = dict(lowered.module.named_parameters(remove_duplicate=False))
    parameters = {n: held[n].detach().clone().requires_grad_() for n in names}
    found = []
    with unchanged(lowered.module), torch.enable_grad():
        for row, weights in picks:
            y = flat_outputs(lowered, lowered.example.take([row, row]), parameters)[0]
            grads = torch.autograd.grad(
                y @ weights(y.numel()).to(y.dtype), list(parameters.values()), allow_unused=True
            )
            zeros = (torch.zeros_like(p) for p in parameters.values())
            parts = [z if g is None else g for g, z in zip(grads, zeros)]
            found.append(torch.cat([g.reshape(-1).double() for g in parts]))
    return found


def as_matrix(theta: np.ndarray, sizes) -> np.ndarray:
    """[n, m, o, p] of a full kernel whose axes are n, m, a, a, b, b, …"""
    if theta.ndim == 2 + 2 * len(sizes) and len(sizes) != 1:
        count = theta.ndim
        theta = theta.transpose(0, 1, *range(2, count, 2), *range(3, count, 2))
    outputs = math.isqrt(theta.size // (theta.shape[0] * theta.shape[1]))
    return theta.reshape(theta.shape[0], theta.shape[1], outputs, outputs)


def output_sizes(lowered: Lowered) -> tuple[int, ...]:
    """The axes of an example's output; of several outputs their total number."""
    if len(lowered.sizes) == 1:
        return lowered.sizes[0]
    return (sum(map(math.prod, lowered.sizes)),)


def inputs_of(lowered: Lowered, rows):
    """What a kernel takes: an array, or arrays by the names of the inputs."""
    arrays = [x.numpy() for x in lowered.example.take(rows).tensors()]
    return arrays[0] if len(arrays) == 1 else dict(zip(lowered.inputs, arrays))


def check_kernel(kernel, lowered: Lowered, options: dict):
    """Raises `Error` if entries of a compiled kernel differ from autograd's.

    kernel: a function of inputs to an array. Kernels of other objects than
    `full` and `sum` are checked through their `variant` for the summed outputs.
    """
    plain = {"kernel", "wrt", "frozen", "method", "memory_limit", "threads", "cache"}
    kind = options.get("kernel") or "full"
    if kind not in ("full", "sum") or any(options.get(o) for o in set(options) - plain):
        others = {o: None for o in set(options) - plain}
        kernel, kind = kernel.variant(**{**others, "kernel": "sum"}), "sum"
    generator = torch.Generator().manual_seed(1)
    rows = [int(i) for i in torch.randperm(lowered.example.rows, generator=generator)[:2]]
    sizes = output_sizes(lowered)
    count = math.prod(sizes)
    picked = [int(torch.randint(count, (), generator=generator)) for _ in rows]
    weights = torch.ones if kind == "sum" else None
    picks = [(r, weights or _one(o)) for r, o in zip(rows, picked)]
    names = differentiated(lowered, options)
    found = gradients(lowered, names, picks)
    theta = np.asarray(kernel(inputs_of(lowered, rows)), np.float64)
    full = None if kind == "sum" else as_matrix(theta, sizes)
    for i, j in [(0, 0), (len(rows) - 1, 0), (len(rows) - 1, len(rows) - 1)]:
        entry = theta[i, j] if full is None else full[i, j, picked[i], picked[j]]
        outputs = None if full is None else (picked[i], picked[j])
        _compare_entry(float(entry), found[i], found[j], (rows[i], rows[j]), outputs, lowered)


def _one(output: int):
    return lambda count: torch.nn.functional.one_hot(torch.tensor(output), count)


def _compare_entry(entry: float, first, second, rows, outputs, lowered: Lowered):
    expected = float(first @ second)
    size = float(first.norm() * second.norm())
    computed = [*lowered.module.parameters(), *lowered.parameters.values()]
    tolerance = max(KERNEL_TOLERANCE.get(p.dtype, 1e-2) for p in computed)
    if abs(entry - expected) <= tolerance * size or entry == expected:
        return
    at = f"rows {rows[0]}, {rows[1]}"
    at += f", outputs {outputs[0]}, {outputs[1]}" if outputs else ", summed outputs"
    raise Error(
        f"from_torch: the kernel at {at} is {entry:.6g}, but torch.autograd gives "
        f"{expected:.6g}; the module does what its exported program does not tell "
        "(check=False takes the program's word)", argument="module",
    )
