# A file of one example reads along the batch axis at positions that name that
# example: known ones, and those of its last token, which depend on the input. For
# several examples each has its own, without a doubt; θ is that of the file's
# Jacobians of one example after another.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %S/Inputs

import os
import sys

import numpy as np
import onnx

folder, *helpers = sys.argv[1:]
sys.path[:0] = helpers
from run import assert_close, finite_difference_jacobian, gram, kernel, ntk_run, save

random = np.random.default_rng(29)
draw = lambda *shape: random.standard_normal(shape).astype(np.float32)
x = draw(3, 4, 3)
t = np.array([2, 0, 3])


def write(name, nodes, tensors, shape, inputs):
    text = f"g ({inputs}) => (float[{shape}] y) {{ h = MatMul(x, w) {nodes} y = Sin(r) }}"
    graph = onnx.parser.parse_graph(text)
    for key, value in {"w": draw(3, 2), **tensors}.items():
        graph.initializer.append(onnx.numpy_helper.from_array(np.asarray(value), key))
    path = os.path.join(folder, name + ".onnx")
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10), path)
    return path


def check(path, inputs):
    each = [
        finite_difference_jacobian(path, {key: value[i : i + 1] for key, value in inputs.items()}, ["w"])
        for i in range(3)
    ]
    jacobian = np.concatenate(each)
    expected = gram(jacobian, jacobian)
    found = kernel(folder, path, inputs, None, "--dtype", "f64")
    # Each output axis stands there twice in turn.
    axes = [0, 1, *range(2, found.ndim, 2), *range(3, found.ndim, 2)]
    assert_close(found.transpose(axes).reshape(expected.shape), expected, 1e-7)
    return ntk_run(path, "--x1", save(os.path.join(folder, "x"), inputs), "-o", os.path.join(folder, "theta.npy"))[2]


only, both = "float[1,4,3] x", "float[1,4,3] x, int64[1] t"
flat = {"all": np.array([-1])}
order = np.arange(8).reshape(1, 2, 4)
places = np.array([[[0, 2], [0, 1], [0, 2]]])
for name, nodes, tensors, shape, inputs in (
    ("whole", "f = Reshape(h, all) r = Gather(f, i)", flat | {"i": order}, "1,2,4", only),
    ("order", "f = Reshape(h, all) r = Gather(f, i)", flat | {"i": order[:, ::-1, 1:] % 7}, "1,2,3", only),
    ("rows", "r = GatherND(h, i)", {"i": places}, "1,3,2", only),
    ("again", "r = Gather(h, i)", {"i": np.array([0])}, "1,4,2", only),
    (
        "last",
        "a = Unsqueeze(t, end) i = Concat<axis = -1>(zero, a) r = GatherND(h, i)",
        {"end": np.array([-1]), "zero": np.array([[0]])},
        "1,2",
        both,
    ),
    ("flat_last", "f = Reshape(h, s) r = Gather(f, t)", {"s": np.array([-1, 2])}, "1,2", both),
):
    path = write(name, nodes, tensors, shape, inputs)
    errors = check(path, {"x": x, "t": t} if inputs == both else {"x": x})
    assert "of one example" not in errors, (name, errors)

# The first example for all is told from each its own by its axis, which goes.
path = write("first", "r = Gather(h, i)", {"i": np.array(0)}, "4,2", only)
status, _, errors = ntk_run(path, "--x1", save(os.path.join(folder, "x"), {"x": x}), "-o", os.path.join(folder, "theta.npy"))
assert status == 1 or "of one example" in errors, errors
