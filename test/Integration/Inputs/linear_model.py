# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A network whose kernel is known, y = x W, for tests of files."""

import numpy as np
from onnx import TensorProto, helper

EXAMPLES = np.random.default_rng(1).standard_normal((3, 4)).astype(np.float32)
WEIGHTS = np.random.default_rng(2).standard_normal((4, 2)).astype(np.float32)


def tensor(values=WEIGHTS, name="w"):
    return helper.make_tensor(name, TensorProto.FLOAT, values.shape, values.tobytes(), raw=True)


def external(location, name="w", dims=WEIGHTS.shape, **entries):
    """A tensor whose values are in another file."""
    result = TensorProto(
        name=name, data_type=TensorProto.FLOAT, dims=dims, data_location=TensorProto.EXTERNAL
    )
    for key, value in {"location": location, **entries}.items():
        result.external_data.add(key=key, value=str(value))
    return result


def model(*tensors, nodes=None):
    info = lambda name, size: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size])
    nodes = nodes or [helper.make_node("MatMul", ["x", "w"], ["y"])]
    graph = helper.make_graph(nodes, "g", [info("x", 4)], [info("y", 2)], tensors or [tensor()])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return made.SerializeToString()


def theta(x1=EXAMPLES, x2=EXAMPLES):
    """<x1, x2> on the diagonal of the outputs."""
    return np.einsum("nk,mk,ab->nmab", *(x.astype(np.float64) for x in (x1, x2)), np.eye(2))
