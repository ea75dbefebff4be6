# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Resampling along axes: a matrix for each, which PyTorch's own operator gives.

Interpolation and adaptive averages are linear along each axis by itself; applied
to the identity they are their matrices.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from .builder import Builder
from .rules import RULES, Call
from .values import Constant, Value


def _adaptive_avg_pool(count: int):
    def apply(build: Builder, call: Call) -> Value:
        v = build.lift(call["self"])
        rank = len(v.shape)
        if call.shape[-count:] == (1,) * count:
            return build.mean(v, range(rank - count, rank), True)
        for axis in range(rank - count, rank):
            if v.shape[axis] != call.shape[axis]:
                eye = torch.eye(v.shape[axis], dtype=torch.float64)[None]
                matrix = F.adaptive_avg_pool1d(eye, call.shape[axis])[0].T
                v = build.matrix(v, axis, matrix)
        return v

    return apply


def resample(line: torch.Tensor, size: int, factor: float | None, mode: str, **options):
    """Rows [1, rows, k] of a table, resampled to a size or by a factor.

    Where PyTorch has a mode for images alone, each row is an image of one line.
    """
    image = mode in ("bicubic", "bilinear")
    line = line[:, :, None] if image else line
    sizes, factors = ((1, size), (1.0, factor)) if image else (size, factor)
    how = dict(size=sizes) if factor is None else dict(scale_factor=factors)
    result = F.interpolate(line, mode=mode, **how, **options)
    return result[:, :, 0] if image else result


def _upsample(mode: str, count: int, antialias: bool = False):
    def apply(build: Builder, call: Call) -> Value:
        v = build.lift(call.first("self", "input"))
        first = len(v.shape) - count
        for axis in range(first, len(v.shape)):
            build.along(v, axis)
            size, factor = call.shape[axis], scale_of(call, axis - first, count)
            if "nearest" in mode:
                line = torch.arange(v.shape[axis], dtype=torch.float64)[None, None]
                picks = resample(line, size, factor, mode)[0, 0].long()
                if not torch.equal(picks, torch.arange(v.shape[axis])):
                    v = build.gather(v, axis, Constant(picks))
                continue
            eye = torch.eye(v.shape[axis], dtype=torch.float64)[None]
            options = {"align_corners": call["align_corners"]}
            if antialias:
                options["antialias"] = True
            matrix = resample(eye, size, factor, mode, **options)[0].T
            if matrix.shape[0] != matrix.shape[1] or not torch.equal(matrix, eye[0]):
                v = build.matrix(v, axis, matrix)
        return v

    return apply


def scale_of(call: Call, axis: int, count: int) -> float | None:
    """The factor that the module gave for an axis, which decides where samples lie."""
    factors = call.get("scale_factors")
    if factors is not None:
        return float(factors[axis])
    name = "scales" if count == 1 else "scales_" + "dhw"[3 - count + axis]
    factor = call.get(name)
    return None if factor is None else float(factor)


for _count in (1, 2, 3):
    RULES[f"adaptive_avg_pool{_count}d"] = _adaptive_avg_pool(_count)
    RULES[f"upsample_nearest{_count}d"] = _upsample("nearest", _count)
    RULES[f"_upsample_nearest_exact{_count}d"] = _upsample("nearest-exact", _count)
RULES["upsample_linear1d"] = _upsample("linear", 1)
RULES["upsample_bilinear2d"] = _upsample("linear", 2)
RULES["upsample_trilinear3d"] = _upsample("linear", 3)
RULES["upsample_bicubic2d"] = _upsample("bicubic", 2)
RULES["_upsample_bilinear2d_aa"] = _upsample("bilinear", 2, antialias=True)
RULES["_upsample_bicubic2d_aa"] = _upsample("bicubic", 2, antialias=True)
