# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""check_level3.py FOLDER: FOLDER/dense computes the kernel of dense.mlir.

The expectation is NumPy's, from the network's gradients by hand.
"""

import subprocess
import sys

import numpy as np

folder = sys.argv[1]
random = np.random.default_rng(0)
shapes = {"fc1.weight": (4, 5), "fc1.bias": (4,), "fc2.weight": (3, 4)}
params = {name: random.standard_normal(shape) for name, shape in shapes.items()}
x1, x2 = random.standard_normal((5, 5)), random.standard_normal((3, 5))
np.savez(f"{folder}/params.npz", **params)
np.save(f"{folder}/x1.npy", x1)
np.save(f"{folder}/x2.npy", x2)


def factors(x):
    h = np.tanh(x @ params["fc1.weight"].T + params["fc1.bias"])
    return h, np.einsum("oc,nc->noc", params["fc2.weight"], 1 - h**2)


(h1, c1), (h2, c2) = factors(x1), factors(x2)
# fc1: (x1 x2ᵀ + 1) C1 C2ᵀ; fc2: h1 h2ᵀ on the diagonal of o, p.
expected = np.einsum("nm,noc,mpc->nmop", x1 @ x2.T + 1, c1, c2)
expected += np.einsum("nm,op->nmop", h1 @ h2.T, np.eye(3))

subprocess.run([f"{folder}/dense", "--x1", f"{folder}/x1.npy", "--x2", f"{folder}/x2.npy",
                "--params", f"{folder}/params.npz", "-o", f"{folder}/theta.npy"], check=True)
found = np.load(f"{folder}/theta.npy")
assert found.shape == expected.shape, found.shape
assert np.abs(found - expected).max() < 1e-12 * np.abs(expected).max()
