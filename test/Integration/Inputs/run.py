# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What tests of ntk-run share: running it, and Jacobians it knows nothing of."""

import json
import os
import subprocess

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

INPUTS = os.path.dirname(os.path.abspath(__file__))


def model_path(name):
    return os.path.join(INPUTS, f"{name}.onnx")


def ntk_run(*arguments):
    """Exit status, stdout, stderr."""
    done = subprocess.run(
        ["ntk-run", *map(str, arguments)], capture_output=True, text=True, timeout=300
    )
    return done.returncode, done.stdout, done.stderr


def save(path, examples):
    """Writes one array, or a dictionary of them; returns the path."""
    if isinstance(examples, dict):
        path += ".npz"
        np.savez(path, **examples)
    else:
        path += ".npy"
        np.save(path, examples)
    return path


def kernel(folder, model, x1, x2=None, *options):
    """The kernel that ntk-run writes."""
    arguments = ["--x1", save(os.path.join(folder, "x1"), x1)]
    if x2 is not None:
        arguments += ["--x2", save(os.path.join(folder, "x2"), x2)]
    output = os.path.join(folder, "theta.npy")
    if os.path.exists(output):
        os.remove(output)
    status, _, errors = ntk_run(model, *arguments, "-o", output, "--quiet", *options)
    assert status == 0 and "error" not in errors, (options, errors)
    return np.load(output)


def plan(folder, model, x1, *options):
    """What --plan=json says."""
    path = save(os.path.join(folder, "x1"), x1)
    status, text, errors = ntk_run(model, "--x1", path, "--plan=json", *options)
    assert status == 0, errors
    return json.loads(text)


def parameters(model):
    """The float initializers by name, as doubles."""
    tensors = onnx.load(model).graph.initializer
    arrays = {t.name: onnx.numpy_helper.to_array(t) for t in tensors}
    return {k: v.astype(np.float64) for k, v in arrays.items() if v.dtype.kind == "f"}


def as_double(model):
    """The model with doubles instead of floats."""
    graph = onnx.load(model)
    for tensor in graph.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            array = onnx.numpy_helper.to_array(tensor).astype(np.float64)
            tensor.CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))
    for value in [*graph.graph.input, *graph.graph.output]:
        if value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT:
            value.type.tensor_type.elem_type = onnx.TensorProto.DOUBLE
    return graph


def finite_difference_jacobian(model, inputs, wrt, step=1e-5):
    """[N, O, P] over the parameters `wrt`, by central differences in doubles."""
    graph = as_double(model)
    tensors = {t.name: t for t in graph.graph.initializer}
    values = parameters(model)
    inputs = {k: v.astype(np.float64) if v.dtype.kind == "f" else v for k, v in inputs.items()}

    def outputs():
        results = ReferenceEvaluator(graph).run(None, inputs)
        return np.concatenate([r.reshape(len(r), -1) for r in results], axis=1)

    columns = []
    for name in wrt:
        for index in np.ndindex(values[name].shape):
            sides = []
            for sign in (1, -1):
                moved = values[name].copy()
                moved[index] += sign * step
                tensors[name].CopyFrom(onnx.numpy_helper.from_array(moved, name))
                sides.append(outputs())
            tensors[name].CopyFrom(onnx.numpy_helper.from_array(values[name], name))
            columns.append((sides[0] - sides[1]) / (2 * step))
    return np.stack(columns, axis=-1)


def gram(jacobian1, jacobian2):
    return np.einsum("nop,mqp->nmoq", jacobian1, jacobian2)


def assert_close(found, expected, tolerance):
    """Relative to the largest entry."""
    assert found.shape == expected.shape, (found.shape, expected.shape)
    error = np.abs(found - expected).max() / np.abs(expected).max()
    assert error < tolerance, error
