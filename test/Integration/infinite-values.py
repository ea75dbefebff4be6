# Elements that are infinite, written, chosen or padded, which what follows
# leaves out: values and derivatives are finite, by every method. Against
# finite differences of the graph that onnx's own evaluator runs.
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
from run import assert_close, finite_difference_jacobian, gram, kernel

node = helper.make_node
METHODS = ["structured", "jacobian-contraction", "ntk-vector-products"]
OPTIONS = [["--dtype=f32"], *(["--dtype=f64", f"--method={m}"] for m in METHODS)]

# Each takes logits h [N, 4] and labels y [N] to z, [N, …].
BY_LABEL = [node("Unsqueeze", ["y", "one"], ["yColumn"])]
AT_LABEL = [
    node("Shape", ["y"], ["n"]),
    node("Squeeze", ["n"], ["count"]),
    node("Range", ["zeroScalar", "count", "oneScalar"], ["examples"]),
    node("Unsqueeze", ["examples", "one"], ["exampleColumn"]),
    *BY_LABEL,
    node("Concat", ["exampleColumn", "yColumn"], ["at"], axis=1),
    node("Expand", ["negative", "n"], ["updates"]),
    node("ScatterND", ["h", "at", "updates"], ["z"]),
]


def along_labels(infinity):
    return [
        *BY_LABEL,
        node("Shape", ["yColumn"], ["n"]),
        node("Expand", [infinity, "n"], ["updates"]),
        node("ScatterElements", ["h", "yColumn", "updates"], ["z"], axis=1),
    ]


UNTIL_LABEL = [
    *BY_LABEL,
    node("Greater", ["columns", "yColumn"], ["isAfter"]),
    node("Where", ["isAfter", "negative", "h"], ["z"]),
]
PADDED = lambda value: [node("Pad", ["h", "pads", value], ["z"])]

# Each takes z to the output.
LSE = node("ReduceLogSumExp", ["z", "one"], ["out"], keepdims=0)
MAX = node("ReduceMax", ["z", "one"], ["out"], keepdims=0)
MIN = node("ReduceMin", ["z", "one"], ["out"], keepdims=0)
SOFTMAX = node("Softmax", ["z"], ["out"], axis=1)
SIGMOID = node("Sigmoid", ["z"], ["out"])

CASES = {
    "nd_lse": [*AT_LABEL, LSE],
    "nd_max": [*AT_LABEL, MAX],
    "elements_lse": [*along_labels("negative"), LSE],
    "elements_sigmoid": [*along_labels("negative"), SIGMOID],
    "elements_min": [*along_labels("positive"), MIN],
    "where_softmax": [*UNTIL_LABEL, SOFTMAX],
    "pad_lse": [*PADDED("negative"), LSE],
    "pad_min": [*PADDED("positive"), MIN],
    "pad_lowest": [*PADDED("lowest"), SOFTMAX],
}

random = np.random.default_rng(3)
draw = lambda *shape: random.standard_normal(shape).astype(np.float32)
real = lambda *values: np.array(values, np.float32)
whole = lambda *values: np.array(values, np.int64)
CONSTANTS = {
    "one": whole(1),
    "zeroScalar": np.array(0, np.int64),
    "oneScalar": np.array(1, np.int64),
    "columns": whole(0, 1, 2, 3),
    "pads": whole(0, 1, 0, 2),
    "negative": np.array(-np.inf, np.float32),
    "positive": np.array(np.inf, np.float32),
    "lowest": np.array(-1e30, np.float32),
}
WEIGHT = draw(3, 4)


def model(name, nodes):
    read = {i for n in nodes for i in n.input}
    info = lambda name, kind, *shape: helper.make_tensor_value_info(name, kind, ["N", *shape])
    values = {"W": WEIGHT, **{k: v for k, v in CONSTANTS.items() if k in read}}
    graph = helper.make_graph(
        [node("MatMul", ["x", "W"], ["h"]), *nodes],
        "g",
        [info("x", TensorProto.FLOAT, 3)] + [info("y", TensorProto.INT64)] * ("y" in read),
        [helper.make_empty_tensor_value_info("out")],
        [numpy_helper.from_array(v, k) for k, v in values.items()],
    )
    graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT
    path = os.path.join(folder, f"{name}.onnx")
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 20)]), path)
    return path, "y" in read


for name, nodes in CASES.items():
    path, hasLabels = model(name, nodes)
    examples = {"x": draw(3, 3), **({"y": whole(1, 3, 0)} if hasLabels else {})}
    jacobian = finite_difference_jacobian(path, examples, ["W"])
    expected = gram(jacobian, jacobian)
    assert np.isfinite(expected).all() and np.abs(expected).max() > 0, name
    found = kernel(folder, path, examples, None, "--wrt=W", "--reference")
    expected = expected.reshape(found.shape)  # one output has no axes
    assert_close(found, expected, 1e-7)
    for options in OPTIONS:
        found = kernel(folder, path, examples, None, "--wrt=W", *options)
        assert_close(found, expected, 1e-7 if found.dtype == np.float64 else 1e-5)
