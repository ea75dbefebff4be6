# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the tests share: networks, and their kernels by formulas of NumPy."""

import os
import sys

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

MODELS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../test/Integration/Inputs")
sys.path.insert(0, MODELS)


class Mlp:
    """f = W2 tanh(W1 x + b1) + b2, as a model and with its kernel by hand."""

    def __init__(self, sizes=(6, 8, 3), dtype=np.float64):
        self.sizes = sizes
        self.dtype = dtype
        self.parameters = self.draw(0)

    def draw(self, seed):
        inputs, hidden, outputs = self.sizes
        random = np.random.default_rng(seed)
        shapes = {
            "fc1.weight": (hidden, inputs),
            "fc1.bias": (hidden,),
            "fc2.weight": (outputs, hidden),
            "fc2.bias": (outputs,),
        }
        return {
            name: random.standard_normal(shape).astype(self.dtype) for name, shape in shapes.items()
        }

    def model(self):
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(self.dtype))
        nodes = [
            helper.make_node("Gemm", ["x", "fc1.weight", "fc1.bias"], ["a"], "fc1", transB=1),
            helper.make_node("Tanh", ["a"], ["h"], "tanh"),
            helper.make_node("Gemm", ["h", "fc2.weight", "fc2.bias"], ["y"], "fc2", transB=1),
        ]
        inputs, _, outputs = self.sizes
        graph = helper.make_graph(
            nodes,
            "mlp",
            [helper.make_tensor_value_info("x", kind, ["N", inputs])],
            [helper.make_tensor_value_info("y", kind, ["N", outputs])],
            [numpy_helper.from_array(value, name) for name, value in self.parameters.items()],
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)

    def text(self):
        inputs, hidden, outputs = self.sizes
        e = "f64" if self.dtype == np.float64 else "f32"
        h, y = f"tensor<{hidden}x{e}>", f"tensor<{outputs}x{e}>"
        x, w1, w2 = (
            f"tensor<{inputs}x{e}>",
            f"tensor<{hidden}x{inputs}x{e}>",
            f"tensor<{outputs}x{hidden}x{e}>",
        )
        return f"""
ntk.network @mlp(%x: {x} {{ntk.input = "x"}}, %w1: {w1} {{ntk.param = "fc1.weight"}},
                 %b1: {h} {{ntk.param = "fc1.bias"}}, %w2: {w2} {{ntk.param = "fc2.weight"}},
                 %b2: {y} {{ntk.param = "fc2.bias"}}) -> {y} {{
  %p = ntk.contract "k, ck -> c" (%x, %w1) : ({x}, {w1}) -> {h}
  %a = ntk.add %p, %b1 : ({h}, {h}) -> {h}
  %h = ntk.tanh %a : ({h}) -> {h}
  %q = ntk.contract "k, ck -> c" (%h, %w2) : ({h}, {w2}) -> {y}
  %y = ntk.add %q, %b2 : ({y}, {y}) -> {y}
  ntk.return %y : {y}
}}
"""

    def examples(self, count, seed=1):
        return (
            np.random.default_rng(seed).standard_normal((count, self.sizes[0])).astype(self.dtype)
        )

    def jacobian(self, x, p=None, wrt=None):
        """Gradients by hand: [n, o, all parameters]."""
        p = {k: v.astype(np.float64) for k, v in (p or self.parameters).items()}
        x = x.astype(np.float64)
        h = np.tanh(x @ p["fc1.weight"].T + p["fc1.bias"])
        c = np.einsum("oc,nc->noc", p["fc2.weight"], 1 - h**2)
        outputs = self.sizes[2]
        eye = np.broadcast_to(np.eye(outputs), (len(x), outputs, outputs))
        parts = {
            "fc1.weight": np.einsum("noc,nk->nock", c, x),
            "fc1.bias": c,
            "fc2.weight": np.einsum("noq,nc->noqc", eye, h),
            "fc2.bias": eye,
        }
        return np.concatenate([parts[k].reshape(len(x), outputs, -1) for k in wrt or parts], axis=2)

    def kernel(self, x1, x2=None, p=None, wrt=None):
        """[n1, n2, o, o] by hand."""
        j1 = self.jacobian(x1, p, wrt)
        j2 = j1 if x2 is None else self.jacobian(x2, p, wrt)
        return np.einsum("now,mpw->nmop", j1, j2)


def assert_close(found, wanted, tolerance=1e-12):
    assert found.shape == wanted.shape, (found.shape, wanted.shape)
    assert np.abs(found - wanted).max() <= tolerance * np.abs(wanted).max()


@pytest.fixture
def mlp():
    return Mlp()


@pytest.fixture
def models():
    """The folder of the models of test/Integration."""
    return MODELS


def save(model, path):
    onnx.save(model, path)
    return str(path)
