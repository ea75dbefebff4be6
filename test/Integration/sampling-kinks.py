# Derivatives by the points of GridSample where they jump: on pixels, on the
# borders of the image, where reflections turn. They are those of PyTorch: that
# to the right on a pixel, zero on a border that holds points. And MaxUnpool of
# windows that overlap: each of them has the derivative of the pixel they share.
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

# The row of pixels 1, 2, 4 read at coordinates 0, 1, 2, -1/2 and 5/2.
POINTS = [-1, 0, 1, -1.5, 1.5]
SLOPES = {
    "zeros": [1, 2, -4, 1, -4],
    "border": [0, 2, 0, 0, 0],
    "reflection": [0, 2, 0, -1, -2],
}


def model(padding):
    grid = np.zeros((1, 1, len(POINTS), 2), np.float32)
    grid[..., 0] = POINTS
    nodes = [
        helper.make_node("Shape", ["x"], ["n"], start=0, end=1),
        helper.make_node("Concat", ["n", "rest"], ["shape"], axis=0),
        helper.make_node("Expand", ["points", "shape"], ["grid"]),
        helper.make_node("GridSample", ["x", "grid"], ["y"], align_corners=1, padding_mode=padding),
    ]
    rest = numpy_helper.from_array(np.array(grid.shape[1:], np.int64), "rest")
    info = lambda name, *shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape])
    graph = helper.make_graph(
        nodes, "g", [info("x", 1, 1, 3)], [info("y", 1, 1, len(POINTS))],
        [numpy_helper.from_array(grid, "points"), rest],
    )
    path = os.path.join(folder, f"{padding}.onnx")
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 20)]), path)
    return path


x = np.array([1, 2, 4], np.float32).reshape(1, 1, 1, 3)
for padding, slopes in SLOPES.items():
    for options in (["--dtype=f64"], ["--dtype=f32"], ["--reference"]):
        found = kernel(folder, model(padding), x, None, "--wrt=points", *options)
        expected = np.diag(np.square(slopes)).astype(found.dtype)
        assert_close(found.reshape(expected.shape), expected, 1e-6)


def unpool():
    """The largest of the pixels w · (1, 3, 2), which is in both windows, put back."""
    window = dict(kernel_shape=[1, 2], strides=[1, 1])
    nodes = [
        helper.make_node("Mul", ["x", "w"], ["h"]),
        helper.make_node("MaxPool", ["h"], ["m", "i"], **window),
        helper.make_node("MaxUnpool", ["m", "i"], ["y"], **window),
    ]
    info = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 1, 1, 3])
    w = numpy_helper.from_array(np.ones((1, 1, 1, 3), np.float32), "w")
    graph = helper.make_graph(nodes, "g", [info("x")], [info("y")], [w])
    path = os.path.join(folder, "unpool.onnx")
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 20)]), path)
    return path


found = kernel(folder, unpool(), np.array([1, 3, 2], np.float32).reshape(1, 1, 1, 3), None, "--wrt=w")
assert_close(found.reshape(3, 3), np.diag([0, 6**2, 0]).astype(found.dtype), 1e-6)
