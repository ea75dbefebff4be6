# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What cannot be right is refused, and by name."""

import re

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from kernels import Calls, double
from ntk import _torch


class Straight(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clamp(-1, 1)

    @staticmethod
    def backward(ctx, g):
        return g


class Counts(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        self.calls += 1
        return self.layer(x) * self.calls


class Averages(nn.Module):
    """Updates a running mean under no_grad, as its first doing or beside all else."""

    def __init__(self, read):
        super().__init__()
        self.layer, self.read = nn.Linear(4, 3), read
        self.register_buffer("mean", torch.zeros(3))

    def forward(self, x):
        h = self.layer(x)
        with torch.no_grad():
            self.mean.mul_(0.9).add_(0.1)
        return h * self.mean if self.read else h


def behind_a_view(s, x):
    h = s.parts[0](x)
    h.detach().mul_(2)
    return h


def seen_by_a_detached(s, x):
    h = s.parts[0](x)
    before = h.detach()
    h.mul_(2)
    return h * before


def hooked(s, x):
    h = s.parts[0](x)
    h.register_hook(lambda g: 2 * g)
    return h


def cast(s, x):
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return s.parts[0](x)


def written(s, x):
    h = s.parts[0](x)
    with torch.no_grad():
        h.mul_(2)
    return h


def embedded(s, x):
    return s.parts[1](x.long().clamp(0, 3))[:, 0]


def decided(s, x):
    return s.parts[0](x) if x.sum() > 0 else x


layer = lambda s, x: s.parts[0](x)
linear = lambda: nn.Linear(4, 3)

# A module, whether it is what this front end lacks, and what is said of it.
REFUSED = {
    "operators": (
        Calls(lambda s, x: layer(s, x).sort(1).values + layer(s, x).cummax(1).values, linear()), True,
        "aten.sort.default .*; aten.cummax.default .* is not supported",
    ),
    "fft": (Calls(lambda s, x: torch.fft.fft(layer(s, x)).real, linear()), True, "fft"),
    "in a module": (nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.Softmax2d(), nn.Fold(2, 2)))[:1].append(
        Calls(lambda s, x: x.msort(), nn.Identity())), True, "in module '1'"),
    "autograd function": (Calls(lambda s, x: Straight.apply(layer(s, x)), linear()), True, "Straight"),
    "hook on a value": (Calls(hooked, linear()), True, "register_hook"),
    "buffer": (Counts(), False, "changes the buffer 'calls'"),
    "buffer in no_grad": (Averages(True), False, "changes the buffer 'mean'"),
    "buffer beside": (Averages(False), False, "changes the buffer 'mean'"),
    "write behind a view": (Calls(behind_a_view, linear()), False, "memory that a detached tensor shares"),
    "write seen detached": (Calls(seen_by_a_detached, linear()), False, "memory that a detached tensor shares"),
    "data": (Calls(lambda s, x: layer(s, x).data * layer(s, x), linear()), False, r"\.data"),
    "max_norm": (Calls(embedded, linear(), nn.Embedding(4, 3, max_norm=1.0)), False, "changes the parameter 'parts.1.weight'"),
    "frequencies": (Calls(embedded, linear(), nn.Embedding(4, 3, scale_grad_by_freq=True)), True, "scale_grad_by_freq"),
    "autocast": (Calls(cast, linear()), True, "autocast to torch.bfloat16"),
    "half": (Calls(lambda s, x: layer(s, x).half().float(), linear()), False, "float16"),
    "write in no_grad": (Calls(written, linear()), False, "from outside of a torch.no_grad"),
    "random": (Calls(lambda s, x: layer(s, x) + torch.rand(3), linear()), True, "draws random numbers"),
    "random like": (Calls(lambda s, x: layer(s, x) + torch.randn_like(x)[:, :3], linear()), True, "randn_like"),
    "decision": (Calls(decided, linear()), False, "data-dependent"),
    "mask as index": (Calls(lambda s, x: layer(s, x)[:, torch.arange(3) > 1], linear()), True, "a size depends on values"),
    "mean loss": (Calls(lambda s, x: F.cross_entropy(layer(s, x), x.long()[:, 0]), linear()), False, "reduction='none'"),
    "integer output": (Calls(lambda s, x: (layer(s, x), layer(s, x).argmax(1)), linear()), False, "'1' is torch.int64"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusal(name, capfd):
    module, unsupported, said = REFUSED[name]
    module, x = double(module, torch.randn(3, 4))
    with pytest.raises(_torch.Error, match=said) as refusal:
        _torch.lower(module, x)
    assert isinstance(refusal.value, _torch.Unsupported) == unsupported
    assert str(refusal.value).startswith("from_torch: ") and "\n" not in str(refusal.value)
    assert capfd.readouterr() == ("", "")


def test_all_operators_are_named():
    module = Calls(lambda s, x: layer(s, x).sort(1).values + torch.linalg.svdvals(s.parts[0].weight), linear())
    with pytest.raises(_torch.Unsupported) as refusal:
        _torch.lower(module, torch.randn(3, 4))
    assert list(refusal.value.names) == ["sort", "linalg_svdvals"]


TRAINING = {
    "dropout": lambda: nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.1)),
    "batch norm": lambda: nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)),
    "instance norm": lambda: nn.Sequential(
        nn.Unflatten(1, (2, 2)), nn.InstanceNorm1d(2, track_running_stats=True)),
    "lstm": lambda: Calls(lambda s, x: s.parts[0](x[:, None])[0], nn.LSTM(4, 3, 2, batch_first=True, dropout=0.1)),
    "attention": lambda: Calls(
        lambda s, x: s.parts[0](*[x[:, None]] * 3, need_weights=False)[0],
        nn.MultiheadAttention(4, 1, batch_first=True, dropout=0.1)),
}


@pytest.mark.parametrize("name", TRAINING)
def test_training_mode(name):
    with pytest.raises(_torch.Error, match=re.escape("call .eval() on the module")):
        _torch.lower(TRAINING[name]().train(), torch.randn(3, 4))


def test_hooks_on_gradients():
    module = nn.Sequential(nn.Linear(4, 3))
    module[0].weight.register_hook(lambda g: 2 * g)
    with pytest.raises(_torch.Unsupported, match="hooks on gradients .*: 0.weight"):
        _torch.lower(module, torch.randn(3, 4))
    module = nn.Sequential(nn.Linear(4, 3))
    module[0].register_full_backward_hook(lambda *_: None)
    with pytest.raises(_torch.Unsupported, match="hooks on gradients .*: 0"):
        _torch.lower(module, torch.randn(3, 4))


ARGUMENTS = {
    "no tensor": (dict(args=(3,)), "expected examples as tensors"),
    "a number": (dict(args=(torch.randn(3, 4), torch.tensor(1.0))), r"one of shape \(\)"),
    "other rows": (dict(args=(torch.randn(3, 4), torch.randn(2, 4))), r"one of shape \(2, 4\)"),
    "no rows": (dict(args=torch.randn(0, 4)), "one of shape"),
    "sparse": (dict(args=torch.randn(3, 4).to_sparse()), "expected dense tensors"),
    "an output": (dict(args=torch.randn(3, 4), outputs="logits"), "named logits, but the module has output"),
    "half": (dict(args=torch.randn(3, 4).half()), "torch.export fails|float16"),
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments(name):
    given, said = ARGUMENTS[name]
    with pytest.raises(_torch.Error, match=said):
        _torch.lower(nn.Linear(4, 3), **given)


def test_what_is_no_module():
    with pytest.raises(_torch.Error, match="expected a torch.nn.Module, but got function"):
        _torch.lower(lambda x: x, torch.randn(3, 4))


def test_half_parameters():
    with pytest.raises(_torch.Unsupported, match=r"'weight'.*bfloat16; call module.float\(\)"):
        _torch.lower(nn.Linear(4, 3).bfloat16(), torch.randn(3, 4).bfloat16())
