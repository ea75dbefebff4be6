# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A module is as it was after it was lowered, refused and checked."""

import copy

import pytest
import torch
from torch import nn

from kernels import ByProgram, Calls, double
from models import MODELS
from ntk import _torch
from ntk._torch import check


def state_of(module):
    return (
        {n: (id(p), p.requires_grad, p.grad, p._version) for n, p in module.named_parameters()},
        {n: (id(b), b.detach().clone()) for n, b in module.named_buffers()},
        [(n, m.training, set(m.__dict__), len(m._forward_hooks)) for n, m in module.named_modules()],
        torch.get_rng_state(),
    )


def assert_same(before, after):
    assert before[0] == after[0] and before[2] == after[2]
    assert all(a[0] == b[0] and torch.equal(a[1], b[1]) for a, b in zip(before[1].values(), after[1].values()))
    assert torch.equal(before[3], after[3])


@pytest.mark.parametrize("name", ["cnn", "bert", "gpt", "normalised weights", "stopped"])
def test_lowered(name, tmp_path):
    module, inputs = MODELS[name]()
    module, inputs = double(module, *inputs)
    before, given = state_of(module), [x.clone() for x in inputs]
    lowered = _torch.lower(module, inputs)
    check.check_examples(lowered)
    check.check_kernel(ByProgram(lowered, tmp_path), lowered, {})
    assert_same(before, state_of(module))
    assert all(torch.equal(x, y) for x, y in zip(inputs, given))


class Keeps(nn.Module):
    """Remembers what it computed, and counts."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)
        self.seen = None
        self.register_buffer("calls", torch.zeros(3))

    def forward(self, x):
        self.seen = self.layer(x)
        self.calls = self.calls + 1
        return self.seen * self.calls


def test_refused():
    module, x = Keeps(), torch.randn(3, 4)
    before = state_of(module)
    with pytest.raises(_torch.Error, match="changes the buffer 'calls'"):
        _torch.lower(module, x)
    assert_same(before, state_of(module))
    assert module.seen is None


def test_training_flags_and_hooks_stay():
    module = nn.Sequential(nn.Linear(4, 3), nn.Tanh()).train()
    module[1].eval()
    module[0].register_forward_hook(lambda m, i, o: 2 * o)
    x = torch.randn(3, 4)
    before = state_of(module)
    lowered = _torch.lower(module, x)
    assert "factor = 2.0" in lowered.text
    assert_same(before, state_of(module))


def test_functions_of_torch_are_put_back():
    apply, hook = torch.autograd.Function.__dict__["apply"], torch.Tensor.register_hook
    fast = torch.backends.mha.get_fastpath_enabled()
    with pytest.raises(_torch.Error):
        _torch.lower(Calls(lambda s, x: x.sort(1).values), torch.randn(3, 4))
    assert torch.autograd.Function.__dict__["apply"] is apply
    assert torch.Tensor.register_hook is hook
    assert torch.backends.mha.get_fastpath_enabled() == fast


def test_within_no_grad():
    module, x = double(copy.deepcopy(MODELS["mlp"]()[0]), torch.randn(2, 4))
    with torch.no_grad():
        inside = _torch.lower(module, x).text
        assert not torch.is_grad_enabled()
    assert inside == _torch.lower(module, x).text
