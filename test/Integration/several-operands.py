# The kernel of y = x·W·tanh(L·x), one einsum of three operands in the network,
# against its gradients by hand, for every method.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %S/Inputs

import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

folder, inputs = sys.argv[1:]
sys.path.insert(0, inputs)
from run import assert_close, kernel

random = np.random.default_rng(5)
w, l = (random.standard_normal((4, 4)).astype(np.float32) for _ in range(2))
x1, x2 = (random.standard_normal((n, 4)).astype(np.float32) for n in (3, 2))
float_info = lambda name, shape: helper.make_tensor_value_info(
    name, TensorProto.FLOAT, shape
)
graph = helper.make_graph(
    [
        helper.make_node("Gemm", ["x", "L"], ["a"], transB=1),
        helper.make_node("Tanh", ["a"], ["h"]),
        helper.make_node("Einsum", ["x", "W", "h"], ["y"], equation="ni,ij,nj->n"),
    ],
    "form",
    [float_info("x", ["N", 4])],
    [float_info("y", ["N"])],
    [numpy_helper.from_array(w, "W"), numpy_helper.from_array(l, "L")],
)
path = os.path.join(folder, "form.onnx")
opsets = [helper.make_opsetid("", 20)]
onnx.save(helper.make_model(graph, ir_version=8, opset_imports=opsets), path)


def gradients(x):
    x = x.astype(np.float64)
    h = np.tanh(x @ l.T.astype(np.float64))
    dw = np.einsum("ni,nj->nij", x, h)
    dl = np.einsum("nj,ni->nji", (x @ w.astype(np.float64)) * (1 - h * h), x)
    return np.concatenate([dw.reshape(len(x), -1), dl.reshape(len(x), -1)], 1)


expected = (gradients(x1) @ gradients(x2).T).reshape(3, 2)
for method in ("structured", "jacobian-contraction", "ntk-vector-products"):
    found = kernel(folder, path, x1, x2, "--dtype=f64", "--method", method)
    assert_close(found.reshape(3, 2), expected, 1e-12)
