# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small networks of the kinds that are in use: a maker of (module, inputs) each."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations

from kernels import Calls


class ConvNet(nn.Module):
    """Convolutions with batch norm, some of it frozen, and a residual."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU())
        self.body = nn.Sequential(
            nn.Conv2d(6, 6, 3, padding="same", dilation=2, groups=2), nn.BatchNorm2d(6, affine=False), nn.SiLU()
        )
        self.short = nn.Conv2d(6, 6, 1)
        self.head = nn.Linear(6, 3)
        self.stem[0].weight.requires_grad_(False)
        self.head.bias.requires_grad_(False)

    def forward(self, x):
        h = self.stem(x)
        h = F.max_pool2d(self.body(h) + self.short(h), 2)
        return self.head(F.adaptive_avg_pool2d(h, 1).flatten(1))


class Patches(nn.Module):
    """A vision transformer's block on patches, with a class token and positions."""

    def __init__(self, width=8):
        super().__init__()
        self.patch = nn.Conv2d(3, width, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, width))
        self.places = nn.Parameter(torch.randn(1, 5, width) * 0.1)
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 12), nn.Linear(12, width)
        self.scale = nn.Parameter(torch.full((width,), 0.3))
        self.head = nn.Linear(width, 3)

    def forward(self, x):
        h = self.patch(x).flatten(2).transpose(1, 2)
        h = torch.cat([self.token.expand(x.shape[0], -1, -1), h], 1) + self.places
        b, t, w = h.shape
        q, k, v = self.qkv(self.first(h)).reshape(b, t, 3, 2, w // 2).permute(2, 0, 3, 1, 4).unbind(0)
        a = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, t, w)
        h = h + self.out(a) * self.scale
        h = h + self.narrow(F.gelu(self.wide(self.second(h))))
        return self.head(h[:, 0])


class Encoder(nn.Module):
    """Two layers of a transformer over words with a padding word and a mask."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(12, 8, padding_idx=0)
        self.places = nn.Embedding(6, 8)
        layer = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True, norm_first=True)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(8, 2)

    def forward(self, words, weights):
        h = self.words(words) + self.places(torch.arange(words.shape[1]))
        h = self.layers(h, src_key_padding_mask=words == 0)
        h = (h * weights[..., None]).sum(1) / weights.sum(1, keepdim=True)
        return self.head(torch.tanh(h))


class Decoder(nn.Module):
    """A language model: causal attention, rotary places, grouped keys, RMS norm,
    and an output layer that is the table of words."""

    def __init__(self, width=8, heads=4, groups=2):
        super().__init__()
        self.heads, self.groups, self.size = heads, groups, width // heads
        self.words = nn.Embedding(11, width)
        self.norm, self.last = nn.RMSNorm(width), nn.RMSNorm(width, eps=1e-6)
        self.query = nn.Linear(width, width, bias=False)
        self.keys = nn.Linear(width, 2 * groups * self.size, bias=False)
        self.gate, self.up = nn.Linear(width, 12, bias=False), nn.Linear(width, 12, bias=False)
        self.down = nn.Linear(12, width, bias=False)
        self.out = nn.Linear(width, 11, bias=False)
        self.out.weight = self.words.weight
        self.register_buffer("rates", 1.0 / 100 ** torch.linspace(0, 1, self.size // 2), persistent=False)

    def turned(self, h):
        angles = torch.arange(h.shape[-2])[:, None] * self.rates
        a, b = h.chunk(2, -1)
        return torch.cat([a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos()], -1)

    def forward(self, words):
        h = self.words(words)
        z = self.norm(h)
        split = lambda y, n: y.unflatten(-1, (n, self.size)).transpose(1, 2)
        q, (k, v) = split(self.query(z), self.heads), self.keys(z).chunk(2, -1)
        k, v = split(k, self.groups), split(v, self.groups)
        a = F.scaled_dot_product_attention(self.turned(q), self.turned(k), v, is_causal=True, enable_gqa=True)
        h = h + a.transpose(1, 2).flatten(2)
        h = h + self.down(F.silu(self.gate(h)) * self.up(h))
        return self.out(self.last(h))[:, -1]


class UNet(nn.Module):
    def __init__(self, up):
        super().__init__()
        block = lambda i, o: nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.GroupNorm(2, o), nn.SiLU())
        self.down, self.deep, self.join = block(1, 4), block(4, 6), block(10, 4)
        transposed = nn.ConvTranspose2d(6, 6, 3, 2, 1, output_padding=1, groups=2)
        self.up = transposed if up == "transposed" else nn.Upsample(scale_factor=2, mode=up)
        self.out = nn.Conv2d(4, 1, 1)

    def forward(self, x):
        a = self.down(x)
        b = self.deep(F.avg_pool2d(a, 2))
        return self.out(self.join(torch.cat([self.up(b), a], 1)))


class LowRank(nn.Module):
    """A frozen layer with a low-rank change (LoRA)."""

    def __init__(self, layer, rank=2):
        super().__init__()
        self.layer = layer.requires_grad_(False)
        self.a = nn.Parameter(torch.randn(rank, layer.in_features) * 0.3)
        self.b = nn.Parameter(torch.randn(layer.out_features, rank) * 0.3)
        self.drop = nn.Dropout(0.1)
        self.register_buffer("factor", torch.tensor(0.5))

    def forward(self, x):
        return self.layer(x) + F.linear(F.linear(self.drop(x), self.a), self.b) * self.factor


class StraightThrough(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(4, 5), nn.Linear(5, 2)

    def forward(self, x):
        h = self.first(x)
        return self.second(h + (h.sign() - h).detach())


class Stopped(nn.Module):
    """Values without derivatives: detach, no_grad and enable_grad inside of it."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(4, 5), nn.Linear(5, 2)

    def forward(self, x):
        h = self.first(x).relu()
        with torch.no_grad():
            mask = (h > 0.1).to(h.dtype) * self.first(x).sigmoid()
            with torch.enable_grad():
                both = self.first(x).tanh()
        return self.second(h * mask * both + h.detach().square() + self.first.bias.clone().detach_())


def image(size=8, channels=3):
    return torch.randn(3, channels, size, size)


def recurrent(layer, **options):
    return Calls(
        lambda s, x: s.parts[1](s.parts[0](x)[0][:, -1]),
        layer(4, 3, batch_first=True, **options), nn.Linear(6 if "bidirectional" in options else 3, 2),
    )


def normalised():
    return nn.Sequential(
        parametrizations.weight_norm(nn.Linear(4, 5)), nn.GELU(),
        parametrizations.spectral_norm(nn.Linear(5, 5)), nn.Mish(), nn.utils.weight_norm(nn.Linear(5, 2)),
    )


def pools():
    return nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=1), nn.MaxPool2d(3, 2, 1, ceil_mode=True),
        nn.AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False), nn.Tanh(),
        nn.AdaptiveAvgPool2d((2, 3)), nn.Flatten(), nn.Linear(18, 2),
    )


def depthwise():
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU6(),
        nn.Conv2d(8, 8, 3, padding=1, groups=8, stride=2), nn.BatchNorm2d(8), nn.Hardswish(),
        nn.Conv2d(8, 4, 1), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16, 3),
    )


def volumes():
    return Calls(
        lambda s, x: s.parts[1](s.parts[0](x).unflatten(1, (2, 2)).unsqueeze(-1).expand(-1, -1, -1, -1, 2)).flatten(1).tanh(),
        nn.Conv1d(4, 4, 3, padding="same", dilation=2), nn.Conv3d(2, 2, 2),
    )


def norms():
    return nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.GroupNorm(2, 4), nn.ELU(), nn.InstanceNorm2d(4, affine=True),
        nn.PixelShuffle(2), nn.Flatten(), nn.Linear(64, 2),
    )


def tied():
    """One weight under three names, once transposed."""
    first, second, third = (nn.Linear(4, 4, bias=i == 0) for i in range(3))
    second.weight = third.weight = first.weight
    return Calls(
        lambda s, x: s.parts[2](torch.tanh(s.parts[1](s.parts[0](x).tanh()))) @ s.parts[0].weight.T,
        first, second, third,
    )


def loss():
    """Losses of single examples, with labels as a second input."""
    return Calls(
        lambda s, x, y: F.cross_entropy(s.parts[0](x), y, reduction="none", label_smoothing=0.1)
        + F.mse_loss(s.parts[0](x), x[:, :3], reduction="none").sum(1)
        + F.binary_cross_entropy_with_logits(s.parts[0](x), x[:, :3].sigmoid(), reduction="none").mean(1)
        + F.smooth_l1_loss(s.parts[0](x), x[:, :3], reduction="none").mean(1)
        + F.huber_loss(s.parts[0](x), x[:, :3], reduction="none", delta=0.4).mean(1)
        + F.l1_loss(s.parts[0](x), x[:, :3], reduction="none").mean(1)
        + F.kl_div(s.parts[0](x).log_softmax(1), x[:, :3].softmax(1), reduction="none").sum(1)
        + F.nll_loss(s.parts[0](x).log_softmax(1), y, weight=x.new_tensor([1.0, 2.0, 3.0]), reduction="none"),
        nn.Linear(4, 3),
    )


words = lambda: torch.randint(1, 11, (3, 6))


def padded():
    ids = words()
    ids[0, 4:] = 0
    return ids, torch.rand(3, 6) + 0.5


MODELS = {
    "mlp": lambda: (nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)), (torch.randn(4, 4),)),
    "cnn": lambda: (ConvNet(), (image(),)),
    "vit": lambda: (Patches(), (image(),)),
    "bert": lambda: (Encoder(), padded()),
    "gpt": lambda: (Decoder(), (words(),)),
    **{f"unet {up}": lambda up=up: (UNet(up), (image(6, 1),)) for up in ("transposed", "nearest", "bilinear")},
    "lora": lambda: (
        nn.Sequential(LowRank(nn.Linear(4, 6)), nn.GELU(), LowRank(nn.Linear(6, 6)), nn.LayerNorm(6), nn.Linear(6, 2)),
        (torch.randn(3, 4),),
    ),
    "straight through": lambda: (StraightThrough(), (torch.randn(3, 4),)),
    "stopped": lambda: (Stopped(), (torch.randn(3, 4),)),
    "lstm": lambda: (recurrent(nn.LSTM, num_layers=2, bidirectional=True, dropout=0.1), (torch.randn(3, 4, 4),)),
    "gru": lambda: (recurrent(nn.GRU, num_layers=2), (torch.randn(3, 4, 4),)),
    "rnn": lambda: (recurrent(nn.RNN, nonlinearity="relu", bias=False), (torch.randn(3, 4, 4),)),
    "lstm projected": lambda: (
        Calls(lambda s, x: s.parts[0](x)[0][:, -1], nn.LSTM(4, 5, 2, proj_size=3, batch_first=True, bidirectional=True)),
        (torch.randn(3, 4, 4),),
    ),
    "lstm projected without biases": lambda: (
        Calls(lambda s, x: s.parts[0](x)[1][1].sum(0), nn.LSTM(4, 5, proj_size=3, batch_first=True, bias=False)),
        (torch.randn(3, 4, 4),),
    ),
    "orthogonal": lambda: (
        parametrizations.orthogonal(nn.Linear(4, 4), orthogonal_map="cayley"), (torch.randn(3, 4),),
    ),
    "plain rnn": lambda: (recurrent(nn.RNN), (torch.randn(3, 4, 4),)),
    "lstm by time": lambda: (
        Calls(lambda s, x: s.parts[0](x.transpose(0, 1))[1][1][-1], nn.LSTM(4, 3)), (torch.randn(3, 5, 4),),
    ),
    "cells": lambda: (
        Calls(lambda s, x: s.parts[1](s.parts[0](x)[0]) + s.parts[2](x) + s.parts[3](x),
              nn.LSTMCell(4, 3), nn.GRUCell(3, 2), nn.RNNCell(4, 2), nn.RNNCell(4, 2, nonlinearity="relu")),
        (torch.randn(3, 4),),
    ),
    "normalised weights": lambda: (normalised(), (torch.randn(3, 4),)),
    "depthwise": lambda: (depthwise(), (image(),)),
    "volumes": lambda: (volumes(), (torch.randn(3, 4, 6),)),
    "norms": lambda: (norms(), (image(6, 2),)),
    "pools": lambda: (pools(), (image(14, 2),)),
    "attention by time": lambda: (
        Calls(lambda s, x: s.parts[0](*[x.transpose(0, 1)] * 3)[0].mean(0), nn.MultiheadAttention(8, 2)),
        (torch.randn(3, 5, 8),),
    ),
    "tied": lambda: (tied(), (torch.randn(3, 4),)),
    "loss": lambda: (loss(), (torch.randn(3, 4), torch.tensor([0, 2, 1]))),
    "one example": lambda: (ConvNet(), (image()[:1],)),
}
