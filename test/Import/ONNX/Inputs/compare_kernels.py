# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares kernels with those of the reference interpreter.

    compare_kernels.py MODEL.onnx...

The interpreter differentiates the imported network by dual numbers, without
the compiler's derivatives. Inputs are random; a batch that the file leaves open
has 3 examples. Prints a line for each model; the exit status is 1 if one
differs.
"""

import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx

from compare import batch_axis, draw
from verdicts import report


def kernel(folder, path, *options):
    output = os.path.join(folder, "theta.npy")
    inputs = os.path.join(folder, "x.npz")
    command = ["ntk-run", path, "--x1", inputs, "--dtype=f64", "-o", output, *options]
    run = subprocess.run([*command, "--quiet"], capture_output=True, text=True)
    if run.returncode:
        raise ValueError(run.stderr.strip())
    return np.load(output)


def compare(path):
    model = onnx.load(path)
    names = {t.name for t in model.graph.initializer}
    inputs = [i for i in model.graph.input if i.name not in names]
    first = inputs[0].type.tensor_type.shape.dim[batch_axis(inputs[0])]
    random = np.random.default_rng(0)
    x = {
        i.name: np.moveaxis(draw(random, i, first.dim_value or 3), batch_axis(i), 0)
        for i in inputs
    }
    with tempfile.TemporaryDirectory() as folder:
        np.savez(os.path.join(folder, "x.npz"), **x)
        expected = kernel(folder, path, "--reference")
        found = kernel(folder, path)
    if found.shape != expected.shape or not np.abs(expected).max() > 0:
        return f"shapes {found.shape} and {expected.shape}, or all is zero"
    error = np.abs(found - expected).max() / np.abs(expected).max()
    return "ok" if error < 1e-12 else f"differs by {error:.1e}"


if __name__ == "__main__":
    sys.exit(report(compare, sys.argv[1:]))
