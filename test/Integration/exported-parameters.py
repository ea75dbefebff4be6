# What torch's exporter did to parameters, by numbers: θ of files as it leaves
# them is that of the network before, by finite differences of a graph that has
# all parameters apart.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %S/Inputs %S/../Import/ONNX/Inputs

import os
import sys

import numpy as np
import onnx

folder, *helpers = sys.argv[1:]
sys.path[:0] = helpers
from run import assert_close, finite_difference_jacobian, gram, kernel, ntk_run, save
from write_exported import call, node, normal, signature, write

random = np.random.default_rng(11)
draw = lambda *shape: random.standard_normal(shape).astype(np.float32)
path = lambda name: os.path.join(folder, name)
ones, zeros = np.ones(4, np.float32), np.zeros(4, np.float32)


def check(name, x, wrt, *options, inputs=None, keep=None):
    """The file `name` against finite differences of `name`_whole."""
    inputs = {"x": x if inputs is None else inputs}
    jacobian = finite_difference_jacobian(path(name + "_whole.onnx"), inputs, wrt)
    if keep is not None:
        jacobian = jacobian[..., keep]
    expected = gram(jacobian, jacobian)
    for method in ("structured", "ntk-vector-products"):
        precise = ["--dtype", "f64", "--method", method]
        found = kernel(folder, path(name + ".onnx"), x, None, *precise, *options)
        try:
            assert_close(found, expected, 1e-7)
        except AssertionError as error:
            raise AssertionError(name, method) from error


# Two norms were equal, and one reads the tensors of the other. Left as it is,
# the file has half of the parameters.
names = ["a.weight", "a.bias", "b.weight", "b.bias"]
norm = lambda k, value: call(
    f"layer_norm{k}", "layer_norm", value, "[4]", *(f"%p_{'ab'[bool(k)]}_{n}" for n in ("weight", "bias"))
)
rows = ("x", ["N", 4]), ("y", ["N", 4])
write(
    path("merged"),
    [
        node("LayerNormalization", ["x", "a.weight", "a.bias"], "layer_norm", dict(call=norm("", "%x"))),
        node("Sin", ["layer_norm"], "sin", dict(call=call("sin", "sin", "%layer_norm"))),
        node("LayerNormalization", ["sin", "a.weight", "a.bias"], "layer_norm_1", dict(call=norm("_1", "%sin"))),
        node("Sin", ["layer_norm_1"], "y", dict(call=call("y", "sin", "%layer_norm_1"))),
    ],
    {"a.weight": ones, "a.bias": zeros},
    *rows,
    signature(names),
    parameters=names,
)
write(
    path("merged_whole"),
    [
        node("LayerNormalization", ["x", *names[:2]], "h"),
        node("Sin", ["h"], "s"),
        node("LayerNormalization", ["s", *names[2:]], "t"),
        node("Sin", ["t"], "y"),
    ],
    {"a.weight": ones, "a.bias": zeros, "b.weight": ones, "b.bias": zeros},
    *rows,
)
check("merged", draw(3, 4), names)

# A bias of zeros went.
linear = dict(call=call("linear", "linear", "%x", "%p_l_weight", "%p_l_bias"))
w, v = draw(3, 4), draw(2, 3)
rows = ("x", ["N", 4]), ("y", ["N", 2])
last = dict(call=call("y", "linear", "%tanh", "%p_v"))
write(
    path("bias"),
    [
        node("Gemm", ["x", "l.weight"], "linear", linear, transB=1),
        node("Tanh", ["linear"], "tanh", dict(call=call("tanh", "tanh", "%linear"))),
        node("Gemm", ["tanh", "v"], "y", last, transB=1),
    ],
    {"l.weight": w, "v": v},
    *rows,
    signature(["l.weight", "l.bias", "v"]),
    parameters=["l.weight", "v"],
)
write(
    path("bias_whole"),
    [
        node("Gemm", ["x", "l.weight", "l.bias"], "h", transB=1),
        node("Tanh", ["h"], "t"),
        node("Gemm", ["t", "v"], "y", transB=1),
    ],
    {"l.weight": w, "l.bias": zeros[:3], "v": v},
    *rows,
)
check("bias", draw(3, 4), ["l.weight", "l.bias", "v"])

# A batch norm was multiplied into the convolution before it: refused, and with
# the values of the model it is put back.
state = {"c.weight": draw(3, 2, 2, 2), "c.bias": draw(3), "n.weight": draw(3), "n.bias": draw(3)}
state |= {"n.mean": draw(3), "n.var": 0.5 + draw(3) ** 2}
np.savez(path("state.npz"), **state)
scale = state["n.weight"] / np.sqrt(state["n.var"] + np.float32(1e-3))
arguments = ["%conv2d", "%p_n_weight", "%p_n_bias", "%b_n_mean", "%b_n_var", "0.1", "0.001"]
fused = call("norm", "_native_batch_norm_legit_no_training", *arguments)
images = ("x", ["N", 2, 3, 3]), ("y", ["N", 3, 2, 2])
write(
    path("norm"),
    [
        node("Conv", ["x", "c.weight", "c.bias"], "norm", dict(call=fused, rule="FuseBatchNormIntoConv")),
        node("Tanh", ["norm"], "y", dict(call=call("y", "tanh", "%norm"))),
    ],
    {
        "c.weight": state["c.weight"] * scale[:, None, None, None],
        "c.bias": (state["c.bias"] - state["n.mean"]) * scale + state["n.bias"],
    },
    *images,
    signature(["c.weight", "c.bias", "n.weight", "n.bias"], ["n.mean", "n.var"]),
)
write(
    path("norm_whole"),
    [
        node("Conv", ["x", "c.weight", "c.bias"], "c"),
        node("BatchNormalization", ["c", "n.weight", "n.bias", "n.mean", "n.var"], "n", epsilon=1e-3),
        node("Tanh", ["n"], "y"),
    ],
    state,
    *images,
)
x = draw(2, 2, 3, 3)
flat = lambda theta: theta.transpose(0, 1, 2, 4, 6, 3, 5, 7).reshape(2, 2, 12, 12)
status, _, errors = ntk_run(path("norm.onnx"), "--x1", save(path("x"), x), "-o", path("theta.npy"))
assert status and "batch norm is folded into 'c.weight'" in errors, errors
wrt = ["c.weight", "c.bias", "n.weight", "n.bias"]
jacobian = finite_difference_jacobian(path("norm_whole.onnx"), {"x": x}, wrt)
found = kernel(folder, path("norm.onnx"), x, None, "--dtype", "f64", "--params", path("state.npz"))
assert_close(flat(found), gram(jacobian, jacobian), 1e-7)

# A parameter that nothing uses did not go with the product, although another has
# its values.
names = ["c.weight", "c.bias", "n.weight", "n.bias"]
model = onnx.load(path("norm.onnx"))
for entry in model.graph.metadata_props:
    entry.value = entry.value.replace(*(signature(keys, ["n.mean", "n.var"]) for keys in (names, [*names, "u.weight"])))
onnx.save(model, path("norm.onnx"))
np.savez(path("state.npz"), **state, **{"u.weight": state["n.weight"]})
found = kernel(folder, path("norm.onnx"), x, None, "--dtype", "f64", "--params", path("state.npz"))
assert_close(flat(found), gram(jacobian, jacobian), 1e-7)

# The older exporter leaves no call. Before training, the norm behind a convolution
# has the values of the one before it, whose node is still there; and of two that
# were folded each goes to the convolution of its number, in whatever order the
# state comes.
def norm_state(name, channels):
    values = {"weight": ones, "bias": zeros, "running_mean": zeros, "running_var": ones}
    return {f"{name}.{key}": value[:channels] for key, value in values.items()}


state = norm_state("block.bn1", 3) | norm_state("block.bn2", 3) | norm_state("block.bn3", 3)
state |= {f"block.conv{i}.weight": draw(3, 3, 1, 1) for i in (1, 2)}
np.savez(path("apart_state.npz"), **state)
read_by = lambda name: [f"{name}.{key}" for key in ("weight", "bias", "running_mean", "running_var")]
folded = lambda i: state[f"block.conv{i}.weight"] / np.sqrt(np.float32(1 + 1e-5))
images = ("x", ["N", 3, 1, 1]), ("y", ["N", 3, 1, 1])
write(
    path("apart"),
    [
        node("BatchNormalization", ["x", *read_by("block.bn1")], "n", name="/block/bn1/BatchNormalization"),
        node("Tanh", ["n"], "s"),
        node("Conv", ["s", "onnx::Conv_8", "onnx::Conv_9"], "h", name="/block/conv2/Conv"),
        node("Tanh", ["h"], "t"),
        node("Conv", ["t", "onnx::Conv_5", "onnx::Conv_6"], "y", name="/block/conv1/Conv"),
    ],
    {name: state[name] for name in read_by("block.bn1")}
    | {"onnx::Conv_8": folded(2), "onnx::Conv_9": zeros[:3], "onnx::Conv_5": folded(1), "onnx::Conv_6": zeros[:3]},
    *images,
)
write(
    path("apart_whole"),
    [
        node("BatchNormalization", ["x", *read_by("block.bn1")], "n"),
        node("Tanh", ["n"], "s"),
        node("Conv", ["s", "block.conv2.weight"], "h"),
        node("BatchNormalization", ["h", *read_by("block.bn2")], "m"),
        node("Tanh", ["m"], "t"),
        node("Conv", ["t", "block.conv1.weight"], "k"),
        node("BatchNormalization", ["k", *read_by("block.bn3")], "y"),
    ],
    state,
    *images,
)
x = draw(2, 3, 1, 1)
given = ["--params", path("apart_state.npz")]
for wrt in ([name for name in state if not name.split(".")[-1].startswith("running")], ["block.bn2.weight"]):
    jacobian = finite_difference_jacobian(path("apart_whole.onnx"), {"x": x}, wrt)
    found = kernel(folder, path("apart.onnx"), x, None, "--dtype", "f64", *given, "--wrt", ",".join(wrt))
    assert_close(found.reshape(2, 2, 3, 3), gram(jacobian, jacobian), 1e-7)

# The row of an embedding that stands for padding has no gradient. To the whole
# network the ids are given by how often they occur.
table, ids = draw(5, 4), np.array([[0, 1, 3], [3, 0, 0], [4, 2, 1]])
said = dict(call=call("embedding", "embedding", "%p_e_weight", "%ids", "0"))
mean = dict(call=call("mean", "mean", "%embedding", "[1]"))
write(
    path("padding"),
    [
        node("Gather", ["e.weight", "ids"], "embedding", said),
        node("ReduceMean", ["embedding", "axis"], "mean", mean, keepdims=0),
        node("Tanh", ["mean"], "y", dict(call=call("y", "tanh", "%mean"))),
    ],
    {"e.weight": table, "axis": np.array([1])},
    ("ids", ["N", 3]),
    ("y", ["N", 4]),
    signature(["e.weight"]).replace("x: USER", "ids: USER"),
    parameters=["e.weight"],
)
write(
    path("padding_whole"),
    [node("MatMul", ["x", "e.weight"], "h"), node("Tanh", ["h"], "y")],
    {"e.weight": table},
    ("x", ["N", 5]),
    ("y", ["N", 4]),
)
counts = (ids[:, :, None] == np.arange(5)).mean(1)
check("padding", ids, ["e.weight"], inputs=counts, keep=slice(4, None))

# Files of the older exporter do not tell: a row of zeros is a warning.
table[2] = 0
write(
    path("zero_row"),
    [
        node("Gather", ["e.weight", "ids"], "h"),
        node("ReduceMean", ["h", "axis"], "m", keepdims=0),
        node("Tanh", ["m"], "y"),
    ],
    {"e.weight": table, "axis": np.array([1])},
    ("ids", ["N", 3]),
    ("y", ["N", 4]),
)
write(
    path("zero_row_whole"),
    [node("MatMul", ["x", "e.weight"], "h"), node("Tanh", ["h"], "y")],
    {"e.weight": table},
    ("x", ["N", 5]),
    ("y", ["N", 4]),
)
check("zero_row", ids, ["e.weight"], inputs=counts)
run = [path("zero_row.onnx"), "--x1", save(path("ids"), ids), "-o", path("theta.npy")]
assert "row 2 of 'e.weight' is zeros: if it stands for padding" in ntk_run(*run)[2]

# Of h · detach(h) only one factor has a gradient; the call alone tells.
write(
    path("detach"),
    [
        node("Gemm", ["x", "w"], "h", dict(call=call("h", "linear", "%x", "%p_w")), transB=1),
        node("Mul", ["h", "h"], "y", dict(call=call("y", "mul", "%h", "%detach"))),
    ],
    {"w": w},
    ("x", ["N", 4]),
    ("y", ["N", 3]),
    signature(["w"]),
    parameters=["w"],
)
write(
    path("detach_whole"),
    [
        node("Gemm", ["x", "w"], "h", transB=1),
        node("Gemm", ["x", "copy"], "d", transB=1),
        node("Mul", ["h", "d"], "y"),
    ],
    {"w": w, "copy": w},
    ("x", ["N", 4]),
    ("y", ["N", 3]),
)
check("detach", draw(3, 4), ["w"])
