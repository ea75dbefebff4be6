# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the files of the demo: make_demo.py FOLDER.

resnet.onnx: a residual network for 3 x 16 x 16 images and 10 classes, two
blocks, the second with half the pixels and a convolution on its shortcut.
images.npy: eight images of coloured waves.
"""

import os
import sys

import numpy as np
import onnx

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from onnx_graph import Graph


def block(graph, x, name, inputs, outputs, stride):
    """relu(bn(conv(relu(bn(conv(x))))) + shortcut(x))"""
    y = graph.conv(x, f"{name}.conv1", inputs, outputs, 3, stride)
    y = graph.relu(graph.batch_norm(y, f"{name}.bn1", outputs))
    y = graph.conv(y, f"{name}.conv2", outputs, outputs, 3)
    y = graph.batch_norm(y, f"{name}.bn2", outputs)
    if stride > 1:
        x = graph.conv(x, f"{name}.shortcut.0", inputs, outputs, 1, stride)
        x = graph.batch_norm(x, f"{name}.shortcut.1", outputs)
    return graph.relu(graph.node("Add", [y, x], f"{name}.sum"))


def resnet():
    graph = Graph("resnet", seed=0)
    x = graph.input("images", 3, 16, 16)
    x = graph.relu(graph.batch_norm(graph.conv(x, "conv1", 3, 16, 3), "bn1", 16))
    x = block(graph, x, "block1", 16, 16, stride=1)
    x = block(graph, x, "block2", 16, 32, stride=2)
    x = graph.node("Flatten", [graph.node("GlobalAveragePool", [x])])
    return graph.model(graph.linear(x, "fc", 32, 10), 10)


def images(count=8, channels=3, size=16):
    """Each channel of each image is a plane wave."""
    random = np.random.default_rng(1)
    frequency = random.uniform(-2, 2, (2, count, channels, 1, 1))
    phase = random.uniform(0, 2 * np.pi, (count, channels, 1, 1))
    y, x = np.meshgrid(*[np.linspace(-1, 1, size)] * 2, indexing="ij")
    wave = np.sin(np.pi * (frequency[0] * y + frequency[1] * x) + phase)
    return wave.astype(np.float32)


if __name__ == "__main__":
    onnx.save(resnet(), os.path.join(sys.argv[1], "resnet.onnx"))
    np.save(os.path.join(sys.argv[1], "images.npy"), images())
