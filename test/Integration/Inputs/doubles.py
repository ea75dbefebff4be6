# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Keeps the coordinates of onnx's own evaluator in doubles: it rounds those of
GridSample, DeformConv and AffineGrid to floats, through which finite differences
see steps. Import it before running a model."""

import numpy as np
from onnx.reference.ops import op_affine_grid, op_grid_sample


def denormalize(self, n, dims, align_corners):
    pairs = zip(n, dims, strict=True)
    return np.array([self._gs_denormalize(x, size, align_corners) for x, size in pairs])


def transform(theta, grid):
    return np.einsum("nij,...j->n...i", theta, grid)


op_grid_sample.GridSample._gs_denormalize_coordinates = denormalize
op_affine_grid.apply_affine_transform = transform
