# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One network for each kind of operator: values and derivatives."""

import pytest
import torch
import torch.nn.functional as F

from kernels import Through, assert_right, double

square = lambda h: h.reshape(-1, 3, 3)
image = lambda h: h.reshape(-1, 1, 3, 3)

OPERATORS = {
    # Functions of one variable.
    **{
        name: getattr(torch, name)
        for name in """tanh sigmoid exp sin cos tan atan sinh cosh asinh erf abs square neg
        expm1 exp2 relu""".split()
    },
    **{name: getattr(F, name) for name in "silu mish gelu softplus logsigmoid tanhshrink".split()},
    "asin": lambda h: (h / 9).asin() + (h / 9).acos() * 2 + (h / 9).atanh(),
    "acosh": lambda h: (h.abs() + 1.5).acosh(),
    "log": lambda h: h.abs().log() + h.abs().log1p(),
    "sqrt": lambda h: h.abs().sqrt() + (h.abs() + 1).rsqrt() + h.reciprocal(),
    "gelu tanh": lambda h: F.gelu(h, approximate="tanh"),
    "softplus beta": lambda h: F.softplus(h * 10, 2.0, 5.0),
    "elu alpha": lambda h: F.elu(h, 0.7),
    "prelu": lambda h: F.prelu(h, torch.full((1,), 0.3, dtype=h.dtype)),
    "rrelu": lambda h: F.rrelu(h),
    "glu": lambda h: F.glu(h[:, :8]),
    "pow": lambda h: h**3 + h.abs() ** 1.5 + h**2 + h.abs() ** 0.5 + h**1 + h**0 + h.abs() ** -0.5,
    "pow of tensors": lambda h: (h.abs() + 1) ** (h / 7) + 2.0**h,
    # Of two, three and more.
    "arithmetic": lambda h: (2 - h) / (h.abs() + 1) * h + 3 * h - h / 2 + (1 - 2 * h).sub(h, alpha=2),
    "add alpha": lambda h: torch.add(h, h * h, alpha=0.3) + torch.rsub(h, 1.5, alpha=2),
    "remainder": lambda h: torch.remainder(h, 0.7) + torch.fmod(h, 0.6) + torch.remainder(h, -0.9),
    "addcmul": lambda h: torch.addcmul(h, h, h, value=0.5) + torch.addcdiv(h, h, h.abs() + 1, value=2),
    "lerp": lambda h: torch.lerp(h, h * h, 0.3),
    "where": lambda h: torch.where((h > 0) & ~(h > 1) | (h < -1), h, h * h),
    "xor": lambda h: ((h > 0) ^ (h > 1)) * h + torch.logical_not(h > 0.3) * h,
    "masked_fill": lambda h: h.masked_fill(h < 0, 1.5),
    "comparisons": lambda h: (h >= 0.1) * h + (h <= 0.2) * h * h + (h == h) * 2 + (h != 0) * h,
    "isnan": lambda h: torch.where(torch.isnan(h) | torch.isinf(h), 0.0, h) * h,
    "maximum": lambda h: torch.maximum(h, h.flip(1)) * torch.minimum(h, h.flip(1)),
    # Movements.
    "views": lambda h: square(h).transpose(1, 2).reshape(-1, 9).view(-1, 9, 1).squeeze(-1).tanh(),
    "permute": lambda h: square(h).permute(2, 0, 1).movedim(0, 2).flatten(1) * h,
    "expand": lambda h: h[:, None].expand(-1, 2, -1).tanh().flatten(1),
    "repeat": lambda h: h.repeat(1, 2).tanh() * h.repeat_interleave(2, 1),
    "cat": lambda h: torch.cat([h.tanh(), h[:, :2]], 1) * torch.stack([h[:, 0]] * 11, 1),
    "slices": lambda h: h[:, 1::2] * h[:, -4:] * h[:, 2:3] + h.narrow(1, 1, 4) + h.select(1, 0)[:, None],
    "split": lambda h: torch.cat([p.tanh() * (i + 1) for i, p in enumerate(h.split([2, 3, 4], 1))], 1),
    "chunk": lambda h: sum(p[:, :1] for p in h.chunk(4, 1)) * h.unbind(1)[2][:, None],
    "flip": lambda h: h.flip(1) * h.roll(2, 1) + square(h).flip(1, 2).flatten(1),
    "pixels": lambda h: F.pixel_shuffle(h[:, :8].reshape(-1, 8, 1, 1), 2).flatten(1).tanh(),
    "pixels back": lambda h: F.pixel_unshuffle(h[:, :8].reshape(-1, 2, 2, 2), 2).flatten(1).tanh(),
    "channel shuffle": lambda h: F.channel_shuffle(h[:, :8].reshape(-1, 4, 2, 1), 2).flatten(1).exp(),
    "unfold": lambda h: h.unfold(1, 3, 2).tanh().flatten(1),
    "diagonal": lambda h: square(h).diagonal(dim1=1, dim2=2).tanh(),
    "tril": lambda h: (square(h).tril() + square(h).triu(1) * 2).exp().flatten(1),
    "pad": lambda h: F.pad(h, (1, 2), value=0.3).tanh() * F.pad(h, (2, 1)),
    "pad cut": lambda h: F.pad(h, (-1, -2)).tanh(),
    **{
        f"pad {mode}": lambda h, mode=mode: F.pad(image(h), (1, 2, 0, 1), mode=mode).exp().flatten(1)
        for mode in ("reflect", "replicate", "circular")
    },
    # Products.
    "einsum": lambda h: torch.einsum("bij,bkj,ik->bi", square(h), square(h).exp(), h.new_ones(3, 3)),
    "einsum dots": lambda h: torch.einsum("...ij,jk->...ik", square(h), h.new_ones(3, 2)).tanh().flatten(1),
    "matmul": lambda h: (square(h) @ square(h).tanh() @ h.new_ones(3)).tanh(),
    "matmul broadcast": lambda h: (h.reshape(-1, 1, 3, 3) @ h.new_ones(2, 3, 2)).tanh().flatten(1),
    "baddbmm": lambda h: torch.baddbmm(square(h), square(h), square(h), beta=0.3, alpha=2).flatten(1),
    "bilinear": lambda h: F.bilinear(h, h.tanh(), torch.ones(2, 9, 9, dtype=h.dtype)),
    "tensordot": lambda h: torch.tensordot(square(h), h.new_ones(3, 2), dims=1).flatten(1).tanh(),
    "det": lambda h: torch.linalg.det(square(h) + 2)[:, None] * h,
    "inverse": lambda h: torch.linalg.inv(square(h) + 3 * torch.eye(3, dtype=h.dtype)).flatten(1),
    # Reductions.
    "sums": lambda h: h.sum(1, keepdim=True) + square(h).mean((1, 2))[:, None] + h.tanh(),
    "variances": lambda h: h.var(1, keepdim=True) + h.std(1, unbiased=False, keepdim=True) * h,
    "var_mean": lambda h: sum(torch.var_mean(h, 1, keepdim=True)) * h,
    "prod": lambda h: square(h).prod(2),
    "cumsum": lambda h: h.cumsum(1).tanh(),
    "any": lambda h: torch.where((h > 1).any(1, keepdim=True), h, 2 * h) * (h > -9).all(1, keepdim=True),
    "softmax": lambda h: h.softmax(1) + h.log_softmax(1) + square(h).softmax(1).flatten(1),
    "logsumexp": lambda h: torch.logsumexp(h, 1, True) * h,
    "norms": lambda h: F.normalize(h, dim=1) + h.norm(dim=1, keepdim=True) + h.norm(p=1, dim=1, keepdim=True),
    "cosine": lambda h: F.cosine_similarity(h, h.roll(1, 1).exp(), dim=1)[:, None],
    "distance": lambda h: F.pairwise_distance(h, h.roll(1, 1))[:, None],
    # Indices.
    "index": lambda h: h[:, [0, 3, 3]] * h[:, torch.tensor([1, -1, 2])],
    "index two": lambda h: square(h)[:, [0, 1], [2, -1]] * square(h)[:, torch.tensor([[0], [1]]), [0, 2]].sum(1),
    "index apart": lambda h: square(h)[:, None][:, [0, 0], :, [1, 2]].movedim(0, 2).tanh().flatten(1),
    "index examples": lambda h: h[torch.arange(h.shape[0]), h.argmax(1)][:, None] * h,
    "gather": lambda h: h.gather(1, h.argmax(1, keepdim=True)) * h + h.index_select(1, torch.arange(9).flip(0)),
    "one_hot": lambda h: F.one_hot(h.argmax(1), 9) * h,
    # Windows.
    "pools": lambda h: F.max_pool1d(h[:, None], 3, 2, 1, ceil_mode=True).flatten(1).tanh(),
    "average pool": lambda h: F.avg_pool1d(h[:, None], 4, 3, 1, True, False).flatten(1).tanh(),
    "average pool 2d": lambda h: F.avg_pool2d(image(h), 2, 1, 1, divisor_override=3).flatten(1).tanh(),
    "adaptive": lambda h: F.adaptive_avg_pool2d(image(h), (2, 2)).flatten(1).tanh(),
    "im2col": lambda h: F.unfold(image(h), 2, padding=1).flatten(1).tanh(),
    "col2im": lambda h: F.fold(h[:, :8].reshape(-1, 4, 2), (2, 3), 2).flatten(1).tanh(),
    **{
        f"resize {mode}": lambda h, mode=mode: F.interpolate(image(h), scale_factor=1.7, mode=mode).flatten(1).tanh()
        for mode in ("nearest", "nearest-exact", "bilinear", "bicubic", "area")
    },
    "resize corners": lambda h: F.interpolate(image(h), (5, 4), mode="bilinear", align_corners=True).flatten(1).exp(),
    "resize line": lambda h: F.interpolate(h[:, None], 13, mode="linear").flatten(1).tanh(),
    "resize antialias": lambda h: F.interpolate(image(h), (2, 2), mode="bilinear", antialias=True).flatten(1).exp(),
    # Norms of functional form.
    "layer_norm": lambda h: F.layer_norm(h, (9,)) + F.rms_norm(h, (9,)),
    "group_norm": lambda h: F.group_norm(h.reshape(-1, 3, 3), 3).flatten(1),
    "instance_norm": lambda h: F.instance_norm(square(h)).flatten(1),
    "local_response": lambda h: F.local_response_norm(square(h), 2).flatten(1),
    # Writes.
    "write": lambda h: (lambda g: (g[:, 1:4].mul_(2.0), g.tanh())[1])(h + 1),
    "write from": lambda h: (lambda g: (g[:, 0].copy_(h[:, 1] ** 2), g.tanh())[1])(h * 2),
    "write seen through views": lambda h: (
        lambda g: (lambda a, b: (a.mul_(2), b.exp_(), g * a.sum(1, keepdim=True))[2])(g[:, :4], g[:, 2:6])
    )(h * 0.5),
    "write into a list": lambda h: (lambda t: (t.__setitem__(0, 5.0), h * t)[1])(torch.tensor([1.0] * 9, dtype=h.dtype)),
    "write into zeros": lambda h: (
        lambda z: (z[:, 2:5].copy_(h[:, :3]), z[:, 4:].add_(h[:, 4:]), z.exp())[2]
    )(torch.zeros(h.shape[0], 9, dtype=h.dtype)),
    "write masked": lambda h: (lambda g: (g.__setitem__(g < 0, 0.25), g * h)[1])(h * 2),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_operator(name, tmp_path):
    module, x = double(Through(OPERATORS[name], 9), 1.5 * torch.randn(3, 9))
    assert_right(module, x, tmp_path)
