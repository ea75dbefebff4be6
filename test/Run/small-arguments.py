# log1p and expm1 of small numbers, by the kernel of y = w·f(x) in w, which is
# f(x)²: in f32 and in f64 they keep the digits that 1 + x and exp x would lose.
#
# REQUIRES: numpy
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t

import os
import subprocess
import sys

import numpy as np

folder = sys.argv[1]
path = lambda name: os.path.join(folder, name)

NETWORK = """
ntk.network @small(%x: tensor<7x{0}> {{ntk.input = "x"}},
                   %w: tensor<7x{0}> {{ntk.param = "w"}}) -> tensor<7x{0}> {{
  %f = ntk.{1} %x : (tensor<7x{0}>) -> tensor<7x{0}>
  %y = ntk.mul %w, %f : (tensor<7x{0}>, tensor<7x{0}>) -> tensor<7x{0}>
  ntk.return %y : tensor<7x{0}>
}}
"""
SIZES = [1e-9, 1e-6, 1e-4, 3e-3, 0.1, 0.7, 3.0]

for dtype, tolerance in ((np.float32, 1e-6), (np.float64, 1e-14)):
    element = "f32" if dtype == np.float32 else "f64"
    for name, function in (("log1p", np.log1p), ("expm1", np.expm1)):
        with open(path("net.mlir"), "w") as file:
            file.write(NETWORK.format(element, name))
        x = np.array([SIZES, [-s if s < 1 else -0.9 for s in SIZES]], dtype)
        np.savez(path("x.npz"), x=x)
        np.savez(path("w.npz"), w=np.ones(7, dtype))
        command = ["ntk-run", path("net.mlir"), "--params", path("w.npz")]
        command += ["--x1", path("x.npz"), "-o", path("theta.npy"), "--kernel", "diagonal"]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        theta = np.load(path("theta.npy")).astype(np.float64)
        values = function(x.astype(np.float64))
        expected = values[:, None] * values[None]
        error = np.abs(theta / expected - 1).max()
        assert error < tolerance, (name, element, error)
