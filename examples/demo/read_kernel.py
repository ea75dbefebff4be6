# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reads a kernel that ntk-run wrote and says what is in it: read_kernel.py THETA.npy"""

import sys

import numpy as np

path = sys.argv[1]
theta = np.load(path)
n1, n2, outputs, _ = theta.shape
print(f"{path}: {theta.dtype}, shape {theta.shape}, axes [n1, n2, o, p]:")
print("theta[n1, n2, o, p] is the inner product of the gradients of output o at")
print("example n1 and of output p at example n2 with respect to all parameters.")
print()
print("  theta = np.load(path)")
for n2_, p in [(0, 0), (0, 1), (1, 0)]:
    print(f"  theta[0, {n2_}, 0, {p}]   ->  {theta[0, n2_, 0, p]:.6g}")
trace = np.trace(theta, axis1=2, axis2=3) / outputs
print("  np.trace(theta, axis1=2, axis2=3) / o   ->  [n1, n2]:")
print("  " + np.array2string(trace, precision=1, suppress_small=True, prefix="  "))

# As a matrix over (example, output) it is a Gram matrix: symmetric, and without
# negative eigenvalues beyond rounding.
gram = theta.transpose(0, 2, 1, 3).reshape(n1 * outputs, n2 * outputs)
if n1 == n2:
    eigenvalues = np.linalg.eigvalsh(gram.astype(np.float64))
    print("  eigenvalues of theta.transpose(0, 2, 1, 3).reshape(n1 * o, n2 * o):")
    print(f"  {eigenvalues[0]:.3g} to {eigenvalues[-1]:.6g}")
    print(f"  symmetric, bit for bit: {np.array_equal(gram, gram.T)}")
