# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks in which examples of a batch mix are refused, those that only merge
the batch into other axes are not."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from kernels import Calls, assert_right, double
from ntk import _torch

first = lambda s, x: s.parts[0](x)

MIXING = {
    "center": lambda s, x: first(s, x) - first(s, x).mean(0),
    "softmax": lambda s, x: first(s, x).softmax(0),
    "log_softmax": lambda s, x: first(s, x).log_softmax(0),
    "outer product": lambda s, x: first(s, x) @ first(s, x).T @ x,
    "first example": lambda s, x: first(s, x) + first(s, x)[:1],
    "last example": lambda s, x: first(s, x) + first(s, x)[-1],
    "roll": lambda s, x: first(s, x).roll(1, 0),
    "roll flat": lambda s, x: first(s, x).roll(1),
    "flip": lambda s, x: first(s, x).flip(0),
    "cumsum": lambda s, x: first(s, x).cumsum(0),
    "position": lambda s, x: first(s, x) * torch.arange(x.shape[0])[:, None],
    "position after many": lambda s, x: first(s, x) * (torch.arange(x.shape[0]) < 50)[:, None],
    "position in a decision": lambda s, x: first(s, x) * (torch.arange(x.shape[0]) < 50).any(),
    "position cut off": lambda s, x: first(s, x)[torch.arange(x.shape[0]).clamp(max=50)],
    "table cut off": lambda s, x: first(s, x) * (torch.arange(99) < 50)[: x.shape[0]][:, None],
    "examples counted": lambda s, x: first(s, x) * (torch.ones(x.shape[0]).sum() < 50),
    "examples numbered": lambda s, x: first(s, x) * (torch.ones(x.shape[0], 1).cumsum(0) < 50),
    "examples multiplied": lambda s, x: first(s, x) * (torch.ones(1, x.shape[0]) @ torch.ones(x.shape[0], 3) < 50),
    "first many": lambda s, x: first(s, x)[:50],
    "write to many": lambda s, x: (lambda g: (g[:50].mul_(2), g)[1])(first(s, x) + 1),
    "window of batch size": lambda s, x: F.avg_pool1d(x.expand(-1, 4), x.shape[0], 1)[:, :1] * first(s, x),
    "roll by batch size": lambda s, x: first(s, x).roll(x.shape[0], 1),
    "scale of batch size": lambda s, x: F.softplus(first(s, x), x.shape[0]),
    "mask of batch size": lambda s, x: first(s, x) * x.new_ones(3, 3).tril(x.shape[0])[1],
    "filled with batch size": lambda s, x: first(s, x) + torch.full((3,), x.shape[0]),
    "batch size": lambda s, x: first(s, x) / x.shape[0],
    "batch size as exponent": lambda s, x: first(s, x).abs() ** x.shape[0],
    "batch size in a sum": lambda s, x: first(s, x).sum(1) + torch.ones(x.shape[0], 2).sum(),
    "view across": lambda s, x: first(s, x).view(3, -1).T.reshape(-1, 3) * 1,
    "transpose and view": lambda s, x: first(s, x).T.reshape(-1, 3),
    "attention": lambda s, x: F.scaled_dot_product_attention(first(s, x)[None], x[None, :, :3], x[None, :, :3])[0],
    "norm of all": lambda s, x: first(s, x) / first(s, x).norm(),
    "normalize": lambda s, x: F.normalize(first(s, x), dim=0),
    "pairs": lambda s, x: (first(s, x)[:, None] - first(s, x)[None]).abs().sum(1),
    "turned rows": lambda s, x: first(s, x)[torch.arange(x.shape[0]).flip(0)],
    "rows by value": lambda s, x: first(s, x)[x[:, 0].long()],
    "table of examples": lambda s, x: F.embedding(x[:, 0].long().clamp(0, 1), first(s, x)),
    "gather": lambda s, x: first(s, x).gather(0, x[:, :3].long().clamp(0, 1)),
    "sum": lambda s, x: first(s, x).sum(),
    "mean loss": lambda s, x: F.mse_loss(first(s, x), x[:, :3]),
    "maximum": lambda s, x: first(s, x) - first(s, x).max(0).values,
    "any": lambda s, x: first(s, x) * (x > 0).any(),
    "std": lambda s, x: first(s, x) / first(s, x).std(0),
    "batch norm": lambda s, x: s.parts[1](first(s, x)),
    "convolution": lambda s, x: F.conv1d(first(s, x).T[None], x.new_ones(3, 3, 3), padding="same")[0].T,
    "channels": lambda s, x: F.conv1d(first(s, x)[None], x.new_ones(2, 4, 1))[0],
    "kernel of examples": lambda s, x: F.linear(x[:, :3], first(s, x)),
    "instance norm": lambda s, x: F.instance_norm(first(s, x).T[None])[0].T,
    "group norm": lambda s, x: F.group_norm(first(s, x).T[None], 3)[0].T,
    "layer norm": lambda s, x: F.layer_norm(first(s, x).T[..., None].expand(-1, -1, 2).flatten(1), [8]),
    "pool": lambda s, x: F.avg_pool1d(first(s, x).T[None], 3, 1, 1)[0].T,
    "resize": lambda s, x: F.interpolate(first(s, x).T[None], scale_factor=1.0, mode="linear")[0].T,
    "einsum": lambda s, x: torch.einsum("bi,bj,ci->cj", first(s, x), x, first(s, x)),
    "tensordot": lambda s, x: first(s, x) @ torch.tensordot(first(s, x), x, dims=([0], [0])),
    "shift": lambda s, x: torch.cat([first(s, x)[1:], first(s, x)[:1]]),
    "recurrence": lambda s, x: s.parts[2](first(s, x)[:, None])[0][:, 0],
    "attention layer": lambda s, x: s.parts[3](*[first(s, x)[:, None]] * 3)[0][:, 0],
    "write": lambda s, x: (lambda g: (g[1:].mul_(2), g)[1])(first(s, x) + 1),
    "write turned": lambda s, x: (lambda g: (g.copy_(x[:, :3].flip(0)), g)[1])(first(s, x) + 1),
    "triangle": lambda s, x: first(s, x).triu(),
    "stacked": lambda s, x: torch.stack([first(s, x), first(s, x).flip(0)], 1),
    "no batch in the output": lambda s, x: s.parts[0].weight * 2,
}


def parts():
    return (
        nn.Linear(4, 3), nn.BatchNorm1d(3, track_running_stats=False), nn.LSTM(3, 3),
        nn.MultiheadAttention(3, 1),
    )


@pytest.mark.parametrize("name", MIXING)
def test_mixing_is_refused(name):
    module, x = double(Calls(MIXING[name], *parts()), torch.randn(4, 4))
    with pytest.raises(_torch.Error, match="from_torch: ") as refusal:
        _torch.lower(module, x)
    said = str(refusal.value)
    assert any(word in said for word in ("mix", "batch", "torch.export fails")), said


MERGED = {
    "first": lambda s, x: first(s, x).flatten(0, 1).tanh().unflatten(0, (x.shape[0], 5)).sum(1),
    "second": lambda s, x: first(s, x).transpose(0, 1).reshape(-1, 6).tanh().view(5, -1, 6).sum(0),
    "interleaved": lambda s, x: first(s, x).repeat_interleave(2, 0).tanh().view(-1, 2, 5, 6).sum((1, 2)),
    "repeated": lambda s, x: first(s, x).repeat(2, 1, 1).tanh().view(2, -1, 5, 6).sum((0, 2)),
    "convolved": lambda s, x: F.conv1d(first(s, x).flatten(0, 1)[:, None], x.new_ones(2, 1, 3)).tanh().view(-1, 5, 8).sum(1),
    "expanded": lambda s, x: torch.cat([s.parts[0].bias.expand(x.shape[0], 1, -1), first(s, x)], 1).tanh().sum(1),
    "repeated token": lambda s, x: torch.cat([s.parts[0].bias.repeat(x.shape[0], 1, 1), first(s, x)], 1).tanh().sum(1),
    "zeros": lambda s, x: torch.cat([x.new_zeros(x.shape[0], 1, 6), first(s, x)], 1).softmax(-1).square().sum(1),
    "numbered": lambda s, x: first(s, x) * torch.arange(5).expand(x.shape[0], -1)[..., None],
    "masks by number": lambda s, x: first(s, x)
    * torch.ones(x.shape[0], 5)[torch.arange(x.shape[0])[:, None], torch.arange(5)][..., None],
    "squeezed": lambda s, x: first(s, x).mean(1, True).squeeze().tanh(),
    "batch behind": lambda s, x: first(s, x).permute(1, 2, 0).tanh(),
}

APART = {
    "repeated": lambda s, x: first(s, x).repeat(2, 1, 1).tanh().view(-1, 2, 5, 6).sum((1, 2)),
    "interleaved": lambda s, x: first(s, x).repeat_interleave(2, 0).tanh().view(2, -1, 5, 6).sum((0, 2)),
    "flat": lambda s, x: first(s, x).flatten(0, 1).tanh().view(5, -1, 6).sum(0),
}


@pytest.mark.parametrize("name", MERGED)
def test_merged_batch(name, tmp_path):
    module, x = double(Calls(MERGED[name], nn.Linear(4, 6)), torch.randn(3, 5, 4))
    assert_right(module, x, tmp_path)


@pytest.mark.parametrize("name", APART)
def test_merged_batch_taken_apart(name):
    module, x = double(Calls(APART[name], nn.Linear(4, 6)), torch.randn(3, 5, 4))
    with pytest.raises(_torch.Error, match="takes the batch axis apart"):
        _torch.lower(module, x)
