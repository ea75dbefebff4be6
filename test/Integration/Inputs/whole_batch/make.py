# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Networks with batch norm in training mode, and their kernels by PyTorch in
doubles: make.py, with onnx and torch, writes beside itself

mlp.onnx   two layers with a norm between; batches of any size
cnn.onnx   a convolution, a norm and a layer, two tokens of three numbers;
           batches of 3
NAME.npz   x1 and x2, batches; theta of x1 with x2 and theta_same of x1 with itself,
           [n1, n2, o, o] or [n1, n2, t, t, o, o]
"""

import os
import sys

import numpy as np
import onnx
import torch

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "../../../../examples"))
from onnx_graph import Graph

EPSILON = float(np.float32(1e-5))  # as the file holds it


def training_norm(graph, x, name, channels):
    """Batch norm with the moments of the batch at hand."""
    operands = [
        x,
        graph.parameter(f"{name}.weight", 1 + graph.normal(channels, scale=0.3)),
        graph.parameter(f"{name}.bias", graph.normal(channels, scale=0.3)),
        graph.parameter(f"{name}.running_mean", np.zeros(channels)),
        graph.parameter(f"{name}.running_var", np.ones(channels)),
    ]
    node = onnx.helper.make_node(
        "BatchNormalization",
        operands,
        [name, f"{name}.new_mean", f"{name}.new_var"],
        name=name,
        epsilon=EPSILON,
        training_mode=1,
    )
    graph.nodes.append(node)
    return name


def mlp():
    graph = Graph("mlp", seed=1, dtype=np.float64)
    x = graph.linear(graph.input("x", 4), "fc1", 4, 5)
    x = graph.node("Tanh", [training_norm(graph, x, "norm", 5)])
    return graph.model(graph.linear(x, "fc2", 5, 3), 3)


def mlp_torch(p, x):
    x = x @ p["fc1.weight"].T + p["fc1.bias"]
    x = torch.nn.functional.batch_norm(
        x, None, None, p["norm.weight"], p["norm.bias"], training=True, eps=EPSILON
    )
    return torch.tanh(x) @ p["fc2.weight"].T + p["fc2.bias"]


def cnn():
    graph = Graph("cnn", seed=2, dtype=np.float64)
    x = graph.conv(graph.input("x", 2, 4, 4), "conv", 2, 3, 3, stride=2)
    x = graph.relu(training_norm(graph, x, "norm", 3))
    x = graph.node("Flatten", [x])
    x = graph.linear(x, "fc", 12, 6)
    shape = onnx.numpy_helper.from_array(np.array([-1, 2, 3], np.int64), "shape")
    graph.initializers.append(shape)
    model = graph.model(graph.node("Reshape", [x, "shape"]), 2, 3)
    for value in [*model.graph.input, *model.graph.output]:
        value.type.tensor_type.shape.dim[0].dim_value = 3
    return model


def cnn_torch(p, x):
    x = torch.nn.functional.conv2d(x, p["conv.weight"], stride=2, padding=1)
    x = torch.nn.functional.batch_norm(
        x, None, None, p["norm.weight"], p["norm.bias"], training=True, eps=EPSILON
    )
    x = torch.relu(x).flatten(1) @ p["fc.weight"].T + p["fc.bias"]
    return x.reshape(-1, 2, 3)


def jacobian(function, parameters, x):
    """[outputs of the batch..., all parameters]."""
    parts = torch.func.jacrev(function)(parameters, torch.from_numpy(x))
    outputs = function(parameters, torch.from_numpy(x)).shape
    return torch.cat([parts[k].reshape(*outputs, -1) for k in sorted(parts)], -1)


def main():
    random = np.random.default_rng(3)
    cases = [("mlp", mlp(), mlp_torch, (5, 4)), ("cnn", cnn(), cnn_torch, (3, 2, 4, 4))]
    for name, model, function, shape in cases:
        onnx.save(model, os.path.join(here, f"{name}.onnx"))
        parameters = {
            t.name: torch.from_numpy(onnx.numpy_helper.to_array(t).copy())
            for t in model.graph.initializer
            if "running" not in t.name and t.name != "shape"
        }
        x1, x2 = random.standard_normal(shape), random.standard_normal(shape)
        j1, j2 = (jacobian(function, parameters, x) for x in (x1, x2))
        letters = "nopx, mqrx -> nmoqpr" if name == "cnn" else "nox, mqx -> nmoq"
        np.savez(
            os.path.join(here, f"{name}.npz"),
            x1=x1,
            x2=x2,
            theta=torch.einsum(letters, j1, j2).numpy(),
            theta_same=torch.einsum(letters, j1, j1).numpy(),
        )


if __name__ == "__main__":
    main()
