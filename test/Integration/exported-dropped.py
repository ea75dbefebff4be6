# What torch's exporter drops beside parameters, by numbers: operators that pass
# a value on, zeros, and constants that were merged into parameters. θ is that of
# the network before, by finite differences of a graph that is written out; what
# the file and the values of the parameters do not tell is refused.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %S/Inputs %S/../Import/ONNX/Inputs

import os
import sys

import numpy as np

folder, *helpers = sys.argv[1:]
sys.path[:0] = helpers
from run import assert_close, finite_difference_jacobian, gram, kernel, ntk_run, save
from write_exported import call, node, signature, write

random = np.random.default_rng(19)
draw = lambda *shape: random.standard_normal(shape).astype(np.float32)
path = lambda name: os.path.join(folder, name)
said = lambda *arguments: dict(call=call(*arguments))
ones, zeros = np.ones(4, np.float32), np.zeros(4, np.float32)
rows = ("x", ["N", 4]), ("y", ["N", 3])


def state(name, **values):
    np.savez(path(name + "_state.npz"), **values)
    return ["--params", path(name + "_state.npz")]


def check(name, x, wrt, options=()):
    """The file `name` against finite differences of `name`_whole."""
    jacobian = finite_difference_jacobian(path(name + "_whole.onnx"), {"x": x}, wrt)
    expected = gram(jacobian, jacobian)
    found = kernel(folder, path(name + ".onnx"), x, None, "--dtype", "f64", *options)
    assert_close(found.reshape(expected.shape), expected, 1e-7)


def run(name, x, options=()):
    """The status and the words."""
    args = ["--x1", save(path("x"), x), "-o", path("theta.npy"), *options]
    status, _, errors = ntk_run(path(name + ".onnx"), *args)
    return status, errors


def refuse(name, x, words, options=()):
    status, errors = run(name, x, options)
    assert status == 1 and words in errors, errors


x = draw(2, 4)

# A product with 1 (or a sum with 0) went, and a parameter is nowhere: it may
# have been the 1. Its size tells, in the state_dict of the very model.
w, v = draw(4, 4), draw(4, 3)
nodes = lambda first, second, third: [
    node("MatMul", ["x", "w"], "mm", *first),
    node("Sin", ["mm"], "s", *second),
    node("MatMul", ["s", "v"], "y", *third),
]
for gone in ("mul_1", "add_1"):
    write(path("neutral_whole"), nodes([], [], []), {"w": w, "v": v}, *rows)
    write(
        path("neutral"),
        nodes([said("mm", "mm", "%x", "%p_w")], [said("s", "sin", f"%{gone}")], [said("y", "mm", "%s", "%p_v")]),
        {"w": w, "v": v},
        *rows,
        signature(["w", "v", "u"]),
        parameters=["w", "v"],
    )
    refuse("neutral", x, f"nothing is left of '{gone}'")
    refuse("neutral", x, "give the model's state_dict by --params")
    check("neutral", x, ["w", "v"], state("neutral", w=w, v=v, u=draw(5)))
    refuse("neutral", x, f"nothing is left of '{gone}'", state("neutral", w=w, v=v, u=np.float32(1)))
    # Another of the same values may be tied to w; of one element it may be not.
    check("neutral", x, ["w", "v"], state("neutral", w=w, v=v, u=w))

# What is read for itself, too, may have been one of two that were equal.
write(
    path("both"),
    [
        node("LayerNormalization", ["x", "a.weight", "a.bias"], "n", said("n", "layer_norm", "%x", "[4]", "%p_a_weight", "%p_a_bias")),
        node("Sin", ["n"], "s", said("s", "sin", "%mul_1")),
        node("Cos", ["n"], "c", said("c", "cos", "%n")),
        node("Add", ["s", "c"], "y", said("y", "add", "%s", "%c")),
    ],
    {"a.weight": ones, "a.bias": zeros},
    rows[0],
    ("y", ["N", 4]),
    signature(["a.weight", "a.bias", "other.b.weight", "other.b.bias"]),
    parameters=["a.weight", "a.bias"],
)
norms = {f"{n}.{k}": v for n in ("a", "other.b") for k, v in (("weight", ones), ("bias", zeros))}
refuse("both", x, "nothing is left of 'mul_1'", state("both", **norms))

# A sum with 0 behind a sum is no copy of it whose parameters were equal, if the
# state_dict has others.
names = ["m.first.bias", "m.second.bias", "m.third.bias"]
sums = lambda *metadata: [
    node("Add", ["x", names[0]], "add", *metadata[:1]),
    node("Sin", ["add"], "sin", *metadata[1:2]),
    node("MatMul", ["sin", "v"], "y", *metadata[2:]),
]
biases = dict(zip(names, [draw(4), draw(4), draw(4)]))
write(path("sums_whole"), sums({}, {}, {}), {names[0]: biases[names[0]], "v": v}, *rows)
write(
    path("sums"),
    sums(
        said("add", "add", "%x", "%p_m_first_bias"),
        said("sin", "sin", "%add_1"),
        said("y", "mm", "%sin", "%p_v"),
    ),
    {names[0]: biases[names[0]], "v": v},
    *rows,
    signature([*names, "v"]),
    parameters=[names[0], "v"],
)
refuse("sums", x, "lost are 2 of 4 parameters, 'm.second.bias', 'm.third.bias'")
check("sums", x, [names[0], "v"], state("sums", v=v, **biases))
merged = biases | {names[1]: biases[names[0]]}
assert "are taken as those of 'add_1'" in run("sums", x, state("sums", v=v, **merged))[1]
# Values of another training do not say what was equal when the file was written.
refuse("sums", x, "'m.second.bias'", state("sums", v=draw(4, 3), **biases))

# A product of sizes in the shape of a view passes no value on.
view = [
    node("Sin", ["x"], "h", said("h", "sin", "%x")),
    node("Reshape", ["h", "shape"], "view", said("view", "view", "%clone", "[%mul_3, 4]")),
    node("MatMul", ["view", "v"], "y", said("y", "mm", "%view", "%p_v")),
]
write(path("sizes"), view, {"shape": np.array([-1, 4]), "v": v}, *rows, signature(["v", "w"]), parameters=["v"])
refuse("sizes", x, "nothing is left of 'mul_3'", state("sizes", v=v, w=v))
write(path("sizes_whole"), [node("Sin", ["x"], "h"), node("MatMul", ["h", "v"], "y")], {"v": v}, *rows)
check("sizes", x, ["v"], state("sizes", v=v, w=draw(4, 3)))

# A norm by groups is one by examples with a scale of ones and a shift of zeros,
# which were one with the parameters of another norm.
images = ("x", ["N", 4, 3]), ("y", ["N", 4])
arguments = ["%x", "4", "%p_g_weight", "%p_g_bias", "1e-05"]
groups = said("group_norm", "group_norm", *arguments)
last = ["%mean", "[4]", "%p_n_weight", "%p_n_bias", "1e-05"]
norms = lambda scale, shift, *metadata: [
    node("InstanceNormalization", ["x", scale, shift], "i", *metadata[:1], epsilon=1e-5),
    node("Mul", ["i", "val_1"], "m", *metadata[:1]),
    node("Add", ["m", "val_2"], "group_norm", *metadata[:1]),
    node("Sin", ["group_norm"], "sin", *metadata[1:2]),
    node("ReduceMean", ["sin", "axes"], "mean", *metadata[2:3], keepdims=0),
    node("LayerNormalization", ["mean", "n.weight", "n.bias"], "n", *metadata[3:]),
    node("Sin", ["n"], "y"),
]
tensors = {"n.weight": ones, "n.bias": zeros, "val_1": ones[:, None], "val_2": zeros[:, None], "axes": np.array([2])}
write(path("groups_whole"), norms("ones", "zeros", {}, {}, {}, {}), tensors | {"ones": ones, "zeros": zeros}, *images)
write(
    path("groups"),
    norms(
        "n.weight",
        "n.bias",
        groups,
        said("sin", "sin", "%group_norm"),
        said("mean", "mean", "%sin"),
        said("n", "layer_norm", *last),
    ),
    tensors,
    *images,
    signature(["g.weight", "g.bias", "n.weight", "n.bias"]),
    {"val_1": ["g.weight", "val_0"], "val_2": ["g.bias", "val_0"]},
    ["n.weight", "n.bias"],
)
check("groups", draw(2, 4, 3), ["n.weight", "n.bias", "val_1", "val_2"])

# A bias of zeros went from a product whose weight is computed: the file tells
# the weight's sizes.
import onnx

weight = lambda *metadata: [
    node("Exp", ["w"], "exp", *metadata[:1]),
    node("Gemm", ["x", "exp", *(["b"] if not metadata else [])], "linear", *metadata[1:2], transB=1),
    node("Sin", ["linear"], "y", *metadata[2:]),
]
w = draw(3, 4)
write(path("bias_whole"), weight(), {"w": w, "b": zeros[:3]}, *rows)
write(
    path("bias"),
    weight(
        said("exp", "exp", "%p_w"),
        said("linear", "linear", "%x", "%exp", "%p_b"),
        said("y", "sin", "%linear"),
    ),
    {"w": w},
    *rows,
    signature(["w", "b"]),
    parameters=["w"],
)
refuse("bias", x, "nothing stands for 'b' at 'linear'")
model = onnx.load(path("bias.onnx"))
model.graph.value_info.append(onnx.helper.make_tensor_value_info("exp", onnx.TensorProto.FLOAT, [3, 4]))
onnx.save(model, path("bias.onnx"))
check("bias", x, ["w", "b"])

# A sum in a product's call broadcasts: zeros that went may have been one number,
# or one for each output, and a state tells.
parameters = dict(w=draw(4, 3), b=zeros[:1].copy())
write(path("scalar_whole"), [node("Gemm", ["x", "w", "b"], "h"), node("Sin", ["h"], "y")], parameters, *rows)
write(
    path("scalar"),
    [
        node("Gemm", ["x", "w"], "h", said("h", "addmm", "%p_b", "%x", "%p_w")),
        node("Sin", ["h"], "y", said("y", "sin", "%h")),
    ],
    {"w": parameters["w"]},
    *rows,
    signature(["w", "b"]),
    parameters=["w"],
)
refuse("scalar", x, "lost are 1 of 2 parameters, 'b' (the exporter removed zeros of which nothing tells the size, 'b')")
assert "give the model's state_dict by --params" in run("scalar", x)[1]
check("scalar", x, ["w", "b"], state("scalar", **parameters))

# A region without gradients is nodes that come from no line of the model. What
# is in front of it is lost unless it is left out; where names are of another
# tracing, as those of autocast, there is but a doubt, and without parameters
# there is nothing to stop.
parameters = dict(w=draw(4, 4), v=draw(4, 3))
line = 'File "<eval_with_key>.9", line 5, in forward\n    {} = torch.ops.aten.mm.default({})'
write(path("region_whole"), [node("MatMul", ["x", "w"], "h"), node("Sin", ["h"], "s"), node("MatMul", ["s", "v"], "y")], parameters, *rows)
for text, first in (("mm", "x, p_w"), ("argmax", "x, p_w"), ("mm", "arg4_1, arg0_1"), ("mm", "x, b_w")):
    stopped = {"stack": line.format(text, first)}
    isBuffer = "b_w" in first
    write(
        path("region"),
        [
            node("MatMul", ["x", "w"], "h", said("h", "mm", "%x", "%b_w" if isBuffer else "%p_w") | stopped),
            node("Sin", ["h"], "s", said("s", "sin", "%h") | {"stack": line.format("sin", "mm")}),
            node("MatMul", ["s", "v"], "y", said("y", "mm", "%s", "%p_v")),
        ],
        parameters,
        *rows,
        signature(["v"], ["w"]) if isBuffer else signature(["w", "v"]),
        parameters=["v"] if isBuffer else ["w", "v"],
    )
    if "arg0" in first:
        assert "nodes 'h', 's' come from a region such as torch.no_grad()" in run("region", x)[1]
        check("region", x, ["w", "v"])
    elif isBuffer:
        assert "region" not in run("region", x)[1]
        check("region", x, ["v"])
    else:
        refuse("region", x, "lost are 1 of 2 parameters, 'w' (nodes 'h', 's' come from a region")
        check("region", x, ["v"], ["--frozen=w"])

# Two layers of equal weights and what reshapes their results were merged: only
# the reshape is named, and the second weight is nowhere. Where the input itself
# was reshaped twice, a parameter that is nowhere is an unused one.
sizes = {"flat": np.array([-1, 4]), "w": draw(4, 4), "v": draw(4, 3)}
for made in (True, False):
    first = [node("MatMul", ["x", "w"], "linear", said("linear", "linear", "%x", "%p_w"))] if made else []
    moved = node("Reshape", ["linear" if made else "x", "flat"], "view", said("view", "view", "%linear" if made else "%x", "[-1, 4]"))
    tail = lambda *metadata: [
        node("Sin", ["view"], "a", *metadata[:1]),
        node("Tanh", ["view"], "b", *metadata[1:2]),
        node("Add", ["a", "b"], "c", *metadata[2:3]),
        node("MatMul", ["c", "v"], "y", *metadata[3:]),
    ]
    told = said("a", "sin", "%view"), said("b", "tanh", "%view_1"), said("c", "add", "%a", "%b"), said("y", "mm", "%c", "%p_v")
    nodes = [*first, moved, *tail(*told)]
    tensors = sizes if made else {name: sizes[name] for name in ("flat", "v")}
    names = ["w", "v", "u"] if made else ["v", "u"]
    write(path("views"), nodes, tensors, *rows, signature(names), parameters=names[:-1])
    write(path("views_whole"), [*first, moved, *tail()], tensors, *rows)
    if made:
        refuse("views", x, "lost are 1 of 3 parameters, 'u' (nothing is left of 'view_1' of the model")
    else:
        check("views", x, ["v"])
