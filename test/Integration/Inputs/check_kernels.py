# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares the kernels of the models in a folder with finite differences:
check_kernels.py FOLDER. Every model has one input of floats and random
initializers, all of which are trainable."""

import glob
import os
import sys

import numpy as np
import onnx

import doubles
from run import assert_close, finite_difference_jacobian, gram, kernel, parameters

METHODS = ["structured", "jacobian-contraction", "ntk-vector-products"]


def check(folder, path):
    value = onnx.load(path).graph.input[0]
    shape = [d.dim_value for d in value.type.tensor_type.shape.dim][1:]
    random = np.random.default_rng(3)
    x1, x2 = (random.standard_normal((n, *shape)).astype(np.float32) for n in (3, 2))
    wrt = list(parameters(path))
    j1 = finite_difference_jacobian(path, {value.name: x1}, wrt)
    j2 = finite_difference_jacobian(path, {value.name: x2}, wrt)
    expected = gram(j1, j2)
    for method in METHODS:
        for dtype, tolerance in (("f64", 1e-7), ("f32", 2e-5)):
            options = ["--method", method, "--dtype", dtype, "--wrt", ",".join(wrt)]
            found = kernel(folder, path, x1, x2, *options)
            assert_close(found.reshape(expected.shape), expected, tolerance)


folder = sys.argv[1]
for path in sorted(glob.glob(os.path.join(folder, "*.onnx"))):
    print(path)
    check(folder, path)
