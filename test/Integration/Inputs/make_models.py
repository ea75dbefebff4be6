# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the tiny networks that tests use: make_models.py FOLDER.

mlp.onnx             two layers and a tanh; mlp.npy: five examples
mlp_f64.onnx         the same with doubles
mlp_opset9.onnx      the same, as older files have it, initializers listed as inputs
cnn.onnx             convolution, ReLU, max pooling, a depthwise convolution, average
                     pooling, a layer; cnn.npy: three images
two_inputs.onnx      two inputs that meet; two_inputs.npz
fixed_batch.onnx     the MLP with a batch of 2 fixed by its exporter
mixes_examples.onnx  subtracts the mean over the batch: no kernel per example
unsupported.onnx     two operators that no compiler of networks has
no_parameters.onnx   a tanh, nothing to differentiate by
"""

import os
import sys

import numpy as np
import onnx
from onnx import helper

sys.path.insert(
    0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../examples")
)
from onnx_graph import Graph


def mlp(name="mlp", **options):
    graph = Graph(name, seed=2, **options)
    x = graph.node("Tanh", [graph.linear(graph.input("x", 6), "fc1", 6, 8)])
    return graph.model(graph.linear(x, "fc2", 8, 3), 3)


def mlp_opset9():
    model = mlp("mlp_opset9", opset=9)
    model.ir_version = 3
    for tensor in model.graph.initializer:
        model.graph.input.append(
            helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
        )
    return model


def cnn():
    graph = Graph("cnn", seed=3)
    x = graph.conv(graph.input("x", 2, 8, 8), "conv1", 2, 4, 3, bias=True)
    x = graph.node("MaxPool", [graph.relu(x)], kernel_shape=[2, 2], strides=[2, 2])
    x = graph.relu(graph.conv(x, "conv2", 4, 4, 3, stride=2, group=4))
    x = graph.node("AveragePool", [x], kernel_shape=[2, 2])
    x = graph.node("Flatten", [x])
    return graph.model(graph.linear(x, "fc", 4, 3), 3)


def two_inputs():
    graph = Graph("two_inputs", seed=4)
    left = graph.linear(graph.input("left", 4), "left_layer", 4, 5)
    right = graph.linear(graph.input("right", 3), "right_layer", 3, 5)
    x = graph.relu(graph.node("Add", [left, right]))
    return graph.model(graph.linear(x, "fc", 5, 2), 2)


def fixed_batch():
    model = mlp("fixed_batch")
    for value in [*model.graph.input, *model.graph.output]:
        value.type.tensor_type.shape.dim[0].dim_value = 2
    return model


def mixes_examples():
    graph = Graph("mixes_examples", seed=5)
    x = graph.linear(graph.input("x", 4), "fc", 4, 3)
    # Opset 17, where the axes are an attribute.
    mean = graph.node("ReduceMean", [x], "batch_mean", axes=[0], keepdims=1)
    graph.opset = 17
    return graph.model(graph.node("Sub", [x, mean]), 3)


def unsupported():
    graph = Graph("unsupported", seed=6)
    x = graph.linear(graph.input("x", 4), "fc", 4, 4)
    x = graph.node("RandomNormalLike", [x], "noise")
    x = graph.node("RandomUniformLike", [x], "more_noise")
    return graph.model(x, 4)


def no_parameters():
    graph = Graph("no_parameters", seed=7)
    return graph.model(graph.node("Tanh", [graph.input("x", 4)]), 4)


def write(folder):
    models = {
        "mlp": mlp(),
        "mlp_f64": mlp("mlp_f64", dtype=np.float64),
        "mlp_opset9": mlp_opset9(),
        "cnn": cnn(),
        "two_inputs": two_inputs(),
        "fixed_batch": fixed_batch(),
        "mixes_examples": mixes_examples(),
        "unsupported": unsupported(),
        "no_parameters": no_parameters(),
    }
    for name, model in models.items():
        onnx.save(model, os.path.join(folder, f"{name}.onnx"))
    random = np.random.default_rng(8)
    draw = lambda *shape: random.standard_normal(shape).astype(np.float32)
    np.save(os.path.join(folder, "mlp.npy"), draw(5, 6))
    np.save(os.path.join(folder, "cnn.npy"), draw(3, 2, 8, 8))
    np.savez(os.path.join(folder, "two_inputs.npz"), left=draw(3, 4), right=draw(3, 3))


if __name__ == "__main__":
    write(sys.argv[1])
