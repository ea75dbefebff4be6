# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares imported networks with onnxruntime.

    compare.py MODEL.onnx...

Each model runs in onnxruntime on a batch of random examples (of 3, or of what
the file fixes), and example by example as the network that `ntk-translate
--onnx-to-ntk` prints, evaluated with NumPy. Integer inputs are small and not
negative. Prints a line for each model; the exit status is 1 if one differs.
"""

import os
import subprocess
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper
from onnx.reference import ReferenceEvaluator

from network import Network
from verdicts import report


def draw(random, value, batch):
    tensor = value.type.tensor_type
    shape = [d.dim_value or batch for d in tensor.shape.dim]
    dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
    if np.issubdtype(dtype, np.floating):
        return random.standard_normal(shape).astype(dtype)
    if dtype == bool:
        return random.random(shape) < 0.5
    return random.integers(0, 4, shape).astype(dtype)


def tensors(model):
    """Initializers, and the copies that an Identity makes of them."""
    return graph_tensors(model.graph)


def linear_model(node):
    """The weights of a node of ai.onnx.ml, mirrored ones once."""
    values = {a.name: np.array(helper.get_attribute_value(a)) for a in node.attribute}
    intercepts = values.get("intercepts", np.zeros(values.get("targets", 1)))
    rows = values["coefficients"].reshape(len(intercepts), -1)
    if len(rows) == 2 and np.array_equal(rows[0], -rows[1]) and intercepts[0] == -intercepts[1]:
        rows, intercepts = rows[1:], intercepts[1:]
    name = node.name or node.output[0]
    return {name + ".coefficients": rows, name + ".intercepts": intercepts}


def graph_tensors(graph):
    found = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                found.update(graph_tensors(attribute.g))
        if node.op_type in ("LinearRegressor", "LinearClassifier"):
            found.update(linear_model(node))
        if node.op_type == "Identity" and node.input[0] in found:
            found[node.output[0]] = found[node.input[0]]
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            found[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
    return found


def batch_axis(value):
    dims = value.type.tensor_type.shape.dim
    open_axes = [i for i, d in enumerate(dims) if not d.HasField("dim_value")]
    return open_axes[0] if len(open_axes) == 1 else 0


def evaluate(path, x):
    """By onnxruntime, or by onnx itself where that implements less."""
    try:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except onnxruntime.capi.onnxruntime_pybind11_state.Fail:
        return ReferenceEvaluator(path).run(None, x)
    fed = {i.name for i in session.get_inputs()}
    return session.run(None, {k: v for k, v in x.items() if k in fed})


def compare(path, options):
    model = onnx.load(path)
    names = {t.name for t in model.graph.initializer}
    inputs = [i for i in model.graph.input if i.name not in names]
    first = inputs[0].type.tensor_type.shape.dim[batch_axis(inputs[0])]
    batch = first.dim_value or 3
    random = np.random.default_rng(0)
    x = {i.name: draw(random, i, batch) for i in inputs}
    onnxruntime.set_default_logger_severity(4)
    expected = evaluate(path, x)
    command = ["ntk-translate", "--onnx-to-ntk", "--dtype=f64", *options, path]
    text = subprocess.run(command, capture_output=True, text=True)
    if text.returncode:
        return text.stderr.strip().splitlines()[-1]
    network = Network(text.stdout)
    values = tensors(model)
    worst = 0.0
    for n in range(batch):
        example = [np.take(x[i.name], n, batch_axis(i)) for i in inputs]
        results = network(example, values)
        for y, reference in zip(results, expected):
            # The output's batch axis is the one that the network lacks.
            axes = [
                axis
                for axis in range(reference.ndim)
                if reference.shape[axis] == batch
                and reference.shape[:axis] + reference.shape[axis + 1 :] == y.shape
            ]
            if reference.shape != y.shape or batch == 1 and axes:
                errors = [
                    np.abs(np.take(reference, n, axis) - y).max() for axis in axes
                ]
            else:
                errors = [np.abs(reference - y).max()]
            if not errors:
                return f"shapes {reference.shape} and {y.shape}"
            worst = max(worst, min(errors) / max(1.0, np.abs(reference).max()))
    return "ok" if worst < 2e-5 else f"differs by {worst:.1e}"


if __name__ == "__main__":
    options = [a for a in sys.argv[1:] if a.startswith("--")]
    paths = [a for a in sys.argv[1:] if not a.startswith("--")]
    sys.exit(report(lambda path: compare(path, options), paths))
