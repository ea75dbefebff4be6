# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Derivatives where functions have none: x on 0, on bounds, with ties."""

import pytest
import torch
import torch.nn.functional as F

from kernels import Through, assert_right, double

POINTS = torch.tensor(
    [[-6.0, -3, -1, -0.5, 0, 0.5, 1, 3, 6], [0.0, 0, 1, 1, -1, -1, 0.5, 6, -3]]
)

KINKS = {
    "relu": F.relu,
    "relu6": F.relu6,
    "hardtanh": F.hardtanh,
    "hardswish": F.hardswish,
    "hardsigmoid": F.hardsigmoid,
    "clamp": lambda h: h.clamp(-1, 1),
    "clamp below": lambda h: h.clamp(min=0.0),
    "clamp above": lambda h: h.clamp(max=0.5),
    "clamp by tensors": lambda h: h.clamp(-torch.ones_like(h), h.new_full((9,), 0.5)),
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "selu": F.selu,
    "celu": lambda h: F.celu(h, 1.5),
    "abs": torch.abs,
    "threshold": lambda h: F.threshold(h, 0.5, 2.0),
    "hardshrink": F.hardshrink,
    "softshrink": F.softshrink,
    "softsign": F.softsign,
    "sign": lambda h: h.sign() * h,
    "max along": lambda h: h.max(1, keepdim=True).values,
    "min along": lambda h: h.min(dim=1, keepdim=True).values,
    "amax": lambda h: h.amax(1, keepdim=True),
    "amin": lambda h: h.amin(1, keepdim=True),
    "maximum": lambda h: torch.maximum(h, h.flip(1)),
    "minimum": lambda h: torch.minimum(h, h.roll(1, 1)),
    "max of two": lambda h: torch.max(h, h.roll(2, 1)),
    "max_pool": lambda h: F.max_pool1d(h[:, None], 3, 2)[:, 0],
    "adaptive_max_pool": lambda h: F.adaptive_max_pool1d(h[:, None], 3)[:, 0],
    "adaptive windows": lambda h: F.adaptive_max_pool2d(h.reshape(-1, 1, 3, 3).round(), 2).flatten(1)
    + F.adaptive_max_pool2d(h.relu().reshape(-1, 1, 3, 3), 2).flatten(1),
    "where": lambda h: torch.where(h > 0, h, 2 * h),
    "relu squared": lambda h: h.relu() * h,
    "std of equal ones": lambda h: (h * 0 + h.detach().mean(1, keepdim=True)).std(1, keepdim=True) + h,
    "norm at 0": lambda h: torch.stack([h[:, :3].norm(dim=1), (h[:, 3:5] * 0).norm(dim=1)], 1),
    "norm of order 1": lambda h: torch.linalg.vector_norm(h, 1, dim=1, keepdim=True),
    "norm of order inf": lambda h: torch.linalg.vector_norm(h, float("inf"), dim=1, keepdim=True),
    "norm of order 3": lambda h: torch.linalg.vector_norm(h, 3, dim=1, keepdim=True),
    "round": lambda h: h.round() * h + h.floor() * h + h.ceil() + h.trunc(),
    "argmax": lambda h: h.argmax(1, keepdim=True) * h,
}


@pytest.mark.parametrize("name", KINKS)
def test_kink(name, tmp_path):
    # hardsigmoid's derivative in PyTorch has a factor of 1/6 in single precision.
    tolerance = 1e-6 if name == "hardsigmoid" else 1e-9
    module, x = double(Through(KINKS[name], 9, identity=True), POINTS)
    with torch.no_grad():
        module.weight.copy_(torch.eye(9))
    assert_right(module, x, tmp_path, tolerance=tolerance)
