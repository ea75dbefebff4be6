# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kernels of modules in double precision: by ntk-run, and by torch.autograd."""

import os
import subprocess

import numpy as np
import torch
from torch import nn
from torch.utils import _pytree as pytree

from ntk import _torch


def double(module, *inputs):
    """The module and its inputs in double precision, in evaluation mode, away
    from what initial values hide: biases of 0, scales and variances of 1."""
    module = module.double().eval()
    generator = torch.Generator().manual_seed(1)
    noise = lambda t: 0.1 * torch.rand(t.shape, dtype=t.dtype, generator=generator)
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.dim() <= 1:
                parameter += noise(parameter)
        for buffer in module.buffers():
            if buffer.is_floating_point():
                buffer += noise(buffer)
    return module, tuple(x.double() if x.is_floating_point() else x for x in inputs)


class ByProgram:
    """A kernel of a lowered module by ntk-run, called as a compiled one."""

    def __init__(self, lowered, folder, **options):
        self.lowered, self.folder, self.options = lowered, str(folder), options

    def variant(self, **options):
        options = {k: v for k, v in {**self.options, **options}.items() if v is not None}
        return ByProgram(self.lowered, self.folder, **options)

    def __call__(self, x1):
        path = lambda name: os.path.join(self.folder, name)
        with open(path("net.mlir"), "w") as file:
            file.write(self.lowered.text)
        np.savez(path("w.npz"), **{k: v.numpy() for k, v in self.lowered.parameters.items()})
        examples = path("x.npz")
        if isinstance(x1, dict):
            np.savez(examples, **x1)
        else:
            examples = path("x.npy")
            np.save(examples, x1)
        command = ["ntk-run", path("net.mlir"), "--x1", examples, "--params", path("w.npz")]
        command += ["-o", path("theta.npy"), "--quiet"]
        command += [f"--{k}={v}" for k, v in self.options.items()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr + self.lowered.text[:4000]
        return np.load(path("theta.npy"))


def tensors_of(args, kwargs=None):
    leaves = pytree.tree_leaves((args, kwargs or {}))
    return [x for x in leaves if isinstance(x, torch.Tensor)]


def by_program(module, args, folder, kwargs=None, **options):
    """[n, m, o, p] of all of the examples, and what was lowered from two of them."""
    lowered = _torch.lower(module, args, kwargs, **options)
    arrays = [x.numpy() for x in tensors_of(args, kwargs)]
    inputs = arrays[0] if len(arrays) == 1 else dict(zip(lowered.inputs, arrays))
    theta = ByProgram(lowered, folder)(inputs)
    if theta.ndim > 4:
        count = theta.ndim
        theta = theta.transpose(0, 1, *range(2, count, 2), *range(3, count, 2))
    if theta.ndim != 4 or theta.shape[2] != theta.shape[3]:
        outputs = int(round((theta.size / theta.shape[0] ** 2) ** 0.5))
        theta = theta.reshape(theta.shape[0], theta.shape[1], outputs, outputs)
    return theta, lowered


def outputs_of(module, args, kwargs, chosen):
    leaves = pytree.tree_leaves(module(*args, **(kwargs or {})))
    return [leaves[i] for i in chosen]


def by_autograd(module, args, kwargs=None, chosen=(0,), axes=(0,)):
    """[n, m, o, p]: each output of each example by a backward pass of its own, the
    batch made of this example twice."""
    parameters = [p for p in module.parameters() if p.requires_grad]
    take = lambda i: lambda x: x[[i, i]] if isinstance(x, torch.Tensor) else x
    rows = []
    for i in range(tensors_of(args, kwargs)[0].shape[0]):
        one, named = pytree.tree_map(take(i), (args, kwargs or {}))
        outputs = outputs_of(module, one, named, chosen)
        flat = torch.cat([y.select(a, 0).reshape(-1) for y, a in zip(outputs, axes)])
        for y in flat:
            found = torch.autograd.grad(y, parameters, retain_graph=True, allow_unused=True)
            found = [torch.zeros_like(p) if g is None else g for g, p in zip(found, parameters)]
            rows.append(torch.cat([g.reshape(-1) for g in found]).detach())
        count = len(flat)
    jacobian = torch.stack(rows).reshape(-1, count, rows[0].numel())
    return torch.einsum("now,mpw->nmop", jacobian, jacobian).numpy()


def assert_right(module, args, folder, kwargs=None, tolerance=1e-9, **options):
    """The kernel by ntk-run is autograd's, relative to its largest entry."""
    args = args if isinstance(args, tuple) else (args,)
    theta, lowered = by_program(module, args, folder, kwargs, **options)
    expected = by_autograd(module, args, kwargs, lowered.chosen, lowered.axes)
    assert theta.shape == expected.shape
    size = np.abs(expected).max()
    assert size > 0
    assert np.abs(theta - expected).max() <= tolerance * size
    return lowered


class Calls(nn.Module):
    """forward(*x) is function(self, *x); `parts` are submodules, `tables` buffers."""

    def __init__(self, function, *parts, **tables):
        super().__init__()
        self.function = function
        self.parts = nn.ModuleList(parts)
        for name, table in tables.items():
            self.register_buffer(name, table)

    def forward(self, *x):
        return self.function(self, *x)


class Through(nn.Module):
    """v · function(x W): the kernel has derivatives by W and values by v."""

    def __init__(self, function, size, identity=False):
        super().__init__()
        self.function = function
        weight = torch.eye(size) if identity else torch.randn(size, size) / size**0.5
        self.weight = nn.Parameter(weight)
        self.value = nn.Parameter(torch.tensor(1.5))

    def forward(self, x):
        return self.value * self.function(x @ self.weight)
