# What torch's exporters merged, folded and dropped, by numbers: θ of files as
# they leave them is that of the network before, by finite differences of a graph
# that is written out; where the file does not tell, it is refused.
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

random = np.random.default_rng(13)
draw = lambda *shape: random.standard_normal(shape).astype(np.float32)
path = lambda name: os.path.join(folder, name)
said = lambda *arguments: dict(call=call(*arguments))


def run(name, x):
    """The status and the words."""
    args = ["--x1", save(path("x"), x), "-o", path("theta.npy")]
    status, _, errors = ntk_run(path(name + ".onnx"), *args)
    return status, errors


def check(name, x, wrt, *options):
    """The file `name` against finite differences of `name`_whole."""
    jacobian = finite_difference_jacobian(path(name + "_whole.onnx"), {"x": x}, wrt)
    expected = gram(jacobian, jacobian)
    found = kernel(folder, path(name + ".onnx"), x, None, "--dtype", "f64", *options)
    assert_close(found.reshape(expected.shape), expected, 1e-7)


# Two norms of one input were equal, and all that followed up to two layers of
# different weights. An activation was merged with them, or an operator that
# leaves no node.
ones, zeros = np.ones(4, np.float32), np.zeros(4, np.float32)
norms = ["blocks.first.weight", "blocks.first.bias", "blocks.second.weight", "blocks.second.bias"]
values = lambda i: ["%p_" + name.replace(".", "_") for name in norms[2 * i : 2 * i + 2]]
weights = {"c": draw(3, 4), "d": draw(3, 4)}
rows = ("x", ["N", 4]), ("y", ["N", 3])
for name, kind in (("twins", "sin"), ("passed", "type_as")):
    norm = node("LayerNormalization", ["x", *norms[:2]], "layer_norm", said("layer_norm", "layer_norm", "%x", "[4]", *values(0)))
    middle = [node("Sin", ["layer_norm"], "sin", said("sin", "sin", "%layer_norm"))]
    inner = "sin" if kind == "sin" else "layer_norm"
    nodes = [
        norm,
        *(middle if kind == "sin" else []),
        node("Gemm", [inner, "c"], "linear", said("linear", "linear", f"%{kind}", "%p_c"), transB=1),
        node("Gemm", [inner, "d"], "linear_1", said("linear_1", "linear", f"%{kind}_1", "%p_d"), transB=1),
        node("Mul", ["linear", "linear_1"], "y", said("y", "mul", "%linear", "%linear_1")),
    ]
    tensors = {norms[0]: ones, norms[1]: zeros, **weights}
    write(path(name), nodes, tensors, *rows, signature([*norms, "c", "d"]), parameters=list(tensors))
    whole = []
    for i, weight in enumerate("cd"):
        whole.append(node("LayerNormalization", ["x", *norms[2 * i : 2 * i + 2]], f"n{i}"))
        whole.append(node("Sin" if kind == "sin" else "Identity", [f"n{i}"], f"s{i}"))
        whole.append(node("Gemm", [f"s{i}", weight], f"l{i}", transB=1))
    whole.append(node("Mul", ["l0", "l1"], "y"))
    write(path(name + "_whole"), whole, dict(zip(norms, 2 * [ones, zeros])) | weights, *rows)
    check(name, draw(2, 4), [*norms, "c", "d"])
    assert f"are taken as those of '{kind}_1'" in run(name, draw(1, 4))[1]
    # With one more in the signature, others may have gone than are put back.
    write(path(name), nodes, tensors, *rows, signature([*norms, "c", "d", "e"]), parameters=list(tensors))
    status, errors = run(name, draw(1, 4))
    assert status == 1 and f"'{kind}_1' of the model may be made of them" in errors, errors

# A batch norm has several results, and its readers name one of them.
norms = [f"{name}.{key}" for name in "nm" for key in ("weight", "bias")]
stats = [f"{name}.{key}" for name in "nm" for key in ("mean", "var")]
arguments = ["%x", "%p_n_weight", "%p_n_bias", "%b_n_mean", "%b_n_var", "0.1", "1e-05"]
read = lambda name: ["x", f"{name}.weight", f"{name}.bias", f"{name}.mean", f"{name}.var"]
tail = lambda first, second: [
    node("Gemm", [first, "c"], "linear", said("linear", "linear", "%getitem", "%p_c"), transB=1),
    node("Gemm", [second, "d"], "linear_1", said("linear_1", "linear", "%getitem_3", "%p_d"), transB=1),
    node("Mul", ["linear", "linear_1"], "y", said("y", "mul", "%linear", "%linear_1")),
]
rows = ("x", ["N", 4]), ("y", ["N", 3])
tensors = dict(zip(norms, 2 * [ones, zeros])) | dict(zip(stats, 2 * [zeros, ones])) | weights
kept = {key: value for key, value in tensors.items() if not key.startswith("m.")}
fused = said("norm", "_native_batch_norm_legit_no_training", *arguments)
nodes = [node("BatchNormalization", read("n"), "getitem", fused), *tail("getitem", "getitem")]
write(path("results"), nodes, kept, *rows, signature([*norms, "c", "d"], stats), parameters=[*norms[:2], "c", "d"])
nodes = [node("BatchNormalization", read("n"), "first"), node("BatchNormalization", read("m"), "second"), *tail("first", "second")]
write(path("results_whole"), nodes, tensors, *rows)
check("results", draw(2, 4), [*norms, "c", "d"])
state = {key: draw(*value.shape) ** 2 + 0.5 for key, value in tensors.items()}
np.savez(path("results_state.npz"), **state)
write(path("results_whole"), nodes, state, *rows)
jacobian = finite_difference_jacobian(path("results_whole.onnx"), {"x": (x := draw(2, 4))}, [*norms, "c", "d"])
found = kernel(folder, path("results.onnx"), x, None, "--dtype", "f64", "--params", path("results_state.npz"))
assert_close(found, gram(jacobian, jacobian), 1e-7)

# A scale of ones was reshaped in advance, and what came of it merged with the
# weight of a norm, at two places. Where the module has no other parameter, the
# weight itself was reshaped.
scopes = lambda *modules: dict(scopes=str(["", *modules, "node"]))
scaled = lambda first, second, kind="view", module="s": [
    node("LayerNormalization", ["x", "n.weight"], "n", said("n", "layer_norm", "%x", "[4]", "%p_n_weight") | scopes("n")),
    node("Mul", ["n", first], "a", said("a", "mul", "%n", f"%{kind}_1") | scopes(module)),
    node("Sin", ["a"], "b", said("b", "sin", "%a")),
    node("Mul", ["b", second], "y", said("y", "mul", "%b", f"%{kind}_2") | scopes(module)),
]
rows = ("x", ["N", 4]), ("y", ["N", 4])
x = draw(2, 4)
for name, wrt in (("scaled", ["n.weight", "s.scale"]), ("itself", ["n.weight"])):
    module = "s" if name == "scaled" else "t"
    write(path(name), scaled(wrt[0], wrt[0], module=module), {wrt[0]: ones}, *rows, signature(["n.weight", "s.scale"]), parameters=wrt[:1])
    write(path(name + "_whole"), scaled(wrt[-1], wrt[-1]), {key: ones for key in wrt}, *rows)
    check(name, x, wrt)
write(path("scaled"), scaled("n.weight", "n.weight", "expand"), {"n.weight": ones}, *rows, signature(["n.weight", "s.scale"]), parameters=["n.weight"])
status, errors = run("scaled", x)
assert status == 1 and "'n.weight' stands for 'expand_1' of the model, which may be made of others" in errors, errors

# A table of biases, looked up at positions that were computed, one row for all
# heads; two of its numbers are equal by chance.
table = draw(5, 2)
table[0, 0] = table[3, 1]
positions = np.arange(3)[:, None] - np.arange(3) + 2
images = ("x", ["N", 2, 3, 3]), ("y", ["N", 2])
tail = lambda bias, *metadata: [
    node("Add", ["x", bias], "h", *metadata),
    node("Sin", ["h"], "s"),
    node("ReduceMean", ["s", "axes"], "y", keepdims=0),
]
write(
    path("table_whole"),
    [node("Gather", ["r", "positions"], "g"), node("Transpose", ["g"], "t", perm=[2, 0, 1]), *tail("t")],
    {"r": table, "positions": positions, "axes": np.array([2, 3])},
    *images,
)
steps = ["add", "arange", "arange_1", "embedding", "permute", "r", "sub", "val_1"]
for name, listed in (
    ("table", steps),
    ("buckets", sorted([*steps, "abs_1", "log", "minimum", "_to_copy"])),
    ("ratios", sorted([*steps, "mul", "mul_1", "convert_element_type"])),
):
    os.path.exists(path(name + "_whole.onnx")) or os.link(path("table_whole.onnx"), path(name + "_whole.onnx"))
    write(
        path(name),
        tail("unsqueeze", said("h", "add", "%x", "%unsqueeze")),
        {"unsqueeze": table[positions].transpose(2, 0, 1)[None], "axes": np.array([2, 3])},
        *images,
        signature(["r"]),
        {"unsqueeze": listed},
    )
    check(name, draw(2, 2, 3, 3), ["r"])
assert "positions that the model computes (_to_copy, abs, " in run("buckets", draw(1, 2, 3, 3))[1]
assert "positions that the model computes (add, arange, convert_" in run("ratios", draw(1, 2, 3, 3))[1]
assert "warning" not in run("table", draw(1, 2, 3, 3))[1]

# The older exporter says no more than the module in which the table is read. Its
# scalars are parameters, since those of the code are Constant nodes.
scalar = np.array(0.7, np.float32)
write(
    path("older"),
    [
        node("Add", ["x", "onnx::Add_5"], "a", name="/blocks/blocks.0/attention/Add"),
        node("Mul", ["a", "onnx::Mul_9"], "h", name="/blocks/blocks.0/Mul"),
        *tail("zero")[1:],
    ],
    {"onnx::Add_5": table[positions].transpose(2, 0, 1), "onnx::Mul_9": scalar, "axes": np.array([2, 3])},
    *images,
)
write(
    path("older_whole"),
    [
        node("Gather", ["r", "positions"], "g"),
        node("Transpose", ["g"], "t", perm=[2, 0, 1]),
        node("Add", ["x", "t"], "a"),
        node("Mul", ["a", "s"], "h"),
        *tail("zero")[1:],
    ],
    {"r": table, "s": scalar, "positions": positions, "axes": np.array([2, 3])},
    *images,
)
np.savez(path("older_state.npz"), **{"blocks.0.attention.bias_table": table, "onnx::Mul_9": scalar})
x = draw(2, 2, 3, 3)
check("older", x, ["r", "s"])
errors = run("older", x)[1]
assert "'onnx::Add_5' was computed from parameters" in errors, errors
assert "took 'onnx::Mul_9', 'onnx::Add_5.table' as parameters on doubt" in errors, errors
given = ["--params", path("older_state.npz"), "--parameters"]
_, listed, errors = ntk_run(path("older.onnx"), *given)
assert "blocks.0.attention.bias_table" in listed and "onnx::Add_5" not in listed + errors, listed

# A module that is called twice there has a number behind its name.
query = draw(3, 3)
rows = ("x", ["N", 3]), ("y", ["N", 3])
calls = lambda first, second: [
    node("MatMul", ["x", first], "h", name="/layer/query/MatMul"),
    node("Tanh", ["h"], "t"),
    node("MatMul", ["t", second], "y", name="/layer/query_1/MatMul"),
]
write(path("called"), calls("onnx::MatMul_3", "onnx::MatMul_7"), {"onnx::MatMul_3": query, "onnx::MatMul_7": query}, *rows)
write(path("called_whole"), calls("w", "w"), {"w": query}, *rows)
check("called", draw(2, 3), ["w"])

# A module beside it may have that name, too: values of both tell.
again = [*calls("onnx::MatMul_3", "onnx::MatMul_7")[:2], node("MatMul", ["t", "onnx::MatMul_7"], "u", name="/layer/query_1/MatMul")]
again.append(node("MatMul", ["u", "onnx::MatMul_9"], "y", name="/layer/query_1/MatMul_1"))
other = draw(3, 3)
write(path("called"), again, {"onnx::MatMul_3": query, "onnx::MatMul_7": query, "onnx::MatMul_9": other}, *rows)
whole = [*calls("w", "w")[:2], node("MatMul", ["t", "w"], "u"), node("MatMul", ["u", "v"], "y")]
write(path("called_whole"), whole, {"w": query, "v": other}, *rows)
state = {"layer.query.weight": query.T, "layer.query_1.weight": other.T}
np.savez(path("called.npz"), **{name: value.copy() for name, value in state.items()})
for options in ([], ["--params", path("called.npz")]):
    check("called", draw(2, 3), ["w", "v"], *options)

# A recurrent cell has two weights, the second without a name in the file; a
# state has names for both.
step = lambda k, x, h, w, u: [
    node("MatMul", [x, w], f"a{k}", name=f"/cell{k}/MatMul"),
    node("MatMul", [h, u], f"b{k}", name=f"/cell{k}/MatMul_1"),
    node("Add", [f"a{k}", f"b{k}"], f"c{k}", name=f"/cell{k}/Add"),
    node("Tanh", [f"c{k}"], f"h{k}", name=f"/cell{k}/Tanh"),
]
tensors = {f"onnx::MatMul_{i}": [query, other][i % 2] for i in range(4)}
names = list(tensors)
tail = [node("Sin", ["h_1"], "y")]
write(path("cell"), [*step("", "x", "x", *names[:2]), *step("_1", "x", "h", *names[2:]), *tail], tensors, *rows)
write(path("cell_whole"), [*step("", "x", "x", "w", "u"), *step("_1", "x", "h", "w", "u"), *tail], {"w": query, "u": other}, *rows)
np.savez(path("cell.npz"), **{"cell.weight_ih": query.T.copy(), "cell.weight_hh": other.T.copy()})
for options in ([], ["--params", path("cell.npz")]):
    check("cell", draw(2, 3), ["w", "u"], *options)

# A part of a table of positions has the table's name with its values.
table = draw(5, 3)
nodes = lambda positions: [node("Add", ["x", positions], "a", name="/embed/Add"), node("Sin", ["a"], "s"), node("ReduceSum", ["s", "axes"], "y", keepdims=0)]
sequence = ("x", ["N", 4, 3]), ("y", ["N", 3])
write(path("part"), nodes("onnx::Add_7"), {"onnx::Add_7": table[None, :4], "axes": np.array([1])}, *sequence)
write(path("part_whole"), nodes("p"), {"p": table[None, :4], "axes": np.array([1])}, *sequence)
np.savez(path("part.npz"), **{"embed.table": table})
for options in ([], ["--params", path("part.npz")]):
    check("part", draw(2, 4, 3), ["p"], *options)

# With a state_dict a tensor has the name of the parameter that it is a move of: of
# its module, or of whichever; numbers that are all equal, of the very module.
state = {"attention.in_proj_weight": draw(3, 3), "scale.gamma": np.full(3, 0.1, np.float32)}
state |= {"table.mlp.weight": draw(3, 3), "mixer.conv.weight": draw(3, 1), "other.gamma": state["scale.gamma"]}
np.savez(path("functional_state.npz"), **state)
functional = lambda project, scale, mix, filters: [
    node("MatMul", ["x", project], "h", name="/attention/MatMul"),
    node("Mul", ["h", scale], "g", name="/scale/Mul"),
    node("MatMul", ["g", mix], "m", name="/attention/mlp/MatMul"),
    node("Reshape", ["m", "images"], "i"),
    node("Conv", ["i", filters], "c", name="/mixer/Conv", group=3),
    node("Tanh", ["c"], "t"),
    node("Reshape", ["t", "flat"], "y"),
]
sizes = {"images": np.array([-1, 3, 1]), "flat": np.array([-1, 3])}
computed = {"onnx::MatMul_3": state["attention.in_proj_weight"].T, "onnx::Mul_5": state["scale.gamma"][None]}
computed |= {"onnx::MatMul_7": state["table.mlp.weight"].T, "onnx::Conv_9": state["mixer.conv.weight"][:, None]}
write(path("functional"), functional(*computed), computed | sizes, *rows)
write(path("functional_whole"), functional(*"abcd"), dict(zip("abcd", computed.values())) | sizes, *rows)
x = draw(2, 3)
for name, own in zip("abcd", ["attention.in_proj_weight", "scale.gamma", "table.mlp.weight", "mixer.conv.weight"]):
    jacobian = finite_difference_jacobian(path("functional_whole.onnx"), {"x": x}, [name])
    given = ["--params", path("functional_state.npz"), "--wrt", own]
    found = kernel(folder, path("functional.onnx"), x, None, "--dtype", "f64", *given)
    assert_close(found, gram(jacobian, jacobian), 1e-7)

# Where elements are equal, their order does not tell which is which: that the
# tensor is no parameter is said then. Else they are elements at other positions.
sizes = {"images": np.array([-1, 2, 3]), "flat": np.array([-1, 3])}
nodes = [node("Reshape", ["x", "images"], "i"), node("Conv", ["i", "onnx::Conv_9"], "c", name="/mixer/conv/Conv")]
nodes += [node("Tanh", ["c"], "t"), node("Reshape", ["t", "flat"], "y")]
for filters, isSaid in ((draw(3, 2, 3), False), (random.integers(1, 4, (3, 2, 3)).astype(np.float32), True)):
    shuffled = random.permutation(filters.ravel()).reshape(filters.shape)
    np.savez(path("shuffled.npz"), **{"mixer.conv.weight": filters})
    write(path("shuffled"), nodes, {"onnx::Conv_9": shuffled} | sizes, ("x", ["N", 6]), ("y", ["N", 3]))
    status, _, errors = ntk_run(path("shuffled.onnx"), "--parameters", "--params", path("shuffled.npz"))
    assert (status == 1) == isSaid and ("is folded into 'onnx::Conv_9' of 'mixer.conv'" in errors) == isSaid, errors
    assert "onnx::Conv_9." not in errors, errors

# Differences of parts of a parameter are no parts of it, nor are sums of two
# look-ups, and a join that holds a part twice is more than its parts.
w = draw(5)
for listed, values, words in (
    (["slice", "slice_1", "val_2", "w"], w[1:] - w[:-1], "'sub' is computed from 'w' by slice, sub"),
    (["add", "arange", "embedding", "index", "w"], w[:4] + w[[1, 1, 2, 3]], "'sub' is computed from 'w'"),
    (["cat", "v", "w"], w[[0, 1, 2, 0]], "'sub' joins 'v', 'w', one of them more than once"),
):
    name = "cat" if "cat" in listed else "sub"
    write(
        path("parts"),
        [node("Mul", ["x", name], "y", said("y", "mul", "%x", f"%{name}"))],
        {name: values},
        ("x", ["N", 4]),
        ("y", ["N", 4]),
        signature(["w", "v"][: 1 + ("v" in listed)]),
        {name: listed},
    )
    status, errors = run("parts", draw(1, 4))
    assert status == 1 and words.replace("'sub' j", "'cat' j") in errors, errors

# Initial states of zeros were one tensor, which stands for both, expanded to the
# examples of a file of one.
order = lambda gates: gates.reshape(4, 2, -1)[[0, 3, 1, 2]].reshape(8, -1)[None]
state = {"h": np.zeros((1, 1, 2), np.float32), "c": np.zeros((1, 1, 2), np.float32)}
state |= {"r.weight_ih_l0": draw(8, 3), "r.weight_hh_l0": draw(8, 2), "r.bias_ih_l0": draw(8), "r.bias_hh_l0": draw(8)}
np.savez(path("state.npz"), **state)
names = list(state)
made = {"i": order(state[names[2]]), "j": order(state[names[3]])}
made["k"] = np.concatenate([order(state[n]).reshape(1, 8) for n in names[4:]], axis=1)
listed = "[" + ", ".join("%p_" + n.replace(".", "_") for n in names[2:]) + "]"
lstm = said("lstm", "lstm", "%x", "[%expand, %expand_1]", listed, "True", "1", "0.0", "False", "False", "True")
sequence = ("x", [1, 3, 3]), ("y", [1, 2])
tail = lambda *metadata: [
    node("Transpose", ["x"], "t", *metadata, perm=[1, 0, 2]),
    node("LSTM", ["t", "i", "j", "k", "", "h", "c"], "l", *metadata, hidden_size=2),
    node("ReduceSum", ["l", "axes"], "y", *metadata, keepdims=0),
]
write(path("states_whole"), tail(), made | state | {"axes": np.array([0, 1])}, *sequence)
nodes = tail(lstm)
nodes[1].input[5:] = ["val_9", "val_9"]
write(
    path("states"),
    nodes,
    made | {"val_9": state["h"], "axes": np.array([0, 1])},
    *sequence,
    signature(names, output="lstm"),
    {"val_9": ["expand", "h", "val_1"], "i": [names[2], "val_2"], "j": [names[3], "val_2"], "k": [*names[4:], "val_2"]},
)
x = draw(1, 3, 3)
assert "'val_9' is 'h', all equal, and taken to have each element once" in run("states", x)[1]
jacobian = finite_difference_jacobian(path("states_whole.onnx"), {"x": x}, ["h", "c", *made])
for options in ([], ["--params", path("state.npz")]):
    found = kernel(folder, path("states.onnx"), x, None, "--dtype", "f64", *options)
    assert_close(found, gram(jacobian, jacobian), 1e-7)

# A token of equal numbers, expanded to positions in advance, is one tensor of
# which the file does not tell what is one entry; with the parameter's shape the
# operators do, whatever values it is given.
w, length = draw(4, 2), np.array([1])
tokens = ("x", ["N", 3, 4]), ("y", ["N", 2])
tail = lambda token, *metadata: [
    node("Concat", ["x", token], "a", *metadata, axis=1),
    node("Sin", ["a"], "s"),
    node("ReduceSum", ["s", "axes"], "m", keepdims=0),
    node("MatMul", ["m", "w"], "y"),
]
for shape, under, listed, times, folded in (
    ((1, 1, 4), (1, 1, 4), ["expand", "t", "val_1"], (1, 2, 1), (1, 2, 4)),
    ((1, 2, 4), (1, 2, 4), ["repeat", "t", "val_1"], (1, 2, 1), (1, 4, 4)),
    ((4,), (1, 1, 4), ["expand", "t", "unsqueeze", "unsqueeze_1"], (1, 3, 1), (1, 3, 4)),
    ((1,), (1, 1, 1), ["broadcast_to", "t", "val_1", "view"], (1, 2, 4), (1, 2, 4)),
):
    for values in (np.full(shape, 0.5, np.float32), draw(*shape)):
        made = {"t": values, "w": w, "axes": length}
        sizes = {"under": np.array(under), "times": np.array(times)}
        moves = [node("Reshape", ["t", "under"], "u"), node("Tile", ["u", "times"], "e")]
        once = ("x", [1, 3, 4]), tokens[1]
        write(path("token_whole"), [*moves, *tail("e")], made | sizes, *once)
        name = next(value for value in listed if value in ("expand", "repeat", "broadcast_to"))
        write(
            path("token"),
            tail(name, said("a", "cat", f"[%x, %{name}]", "1")),
            {name: np.full(folded, 0.5, np.float32), "w": w, "axes": length},
            *once,
            signature(["t", "w"]),
            {name: listed},
            ["w"],
        )
        x = draw(1, 3, 4)
        status, errors = run("token", x)
        assert status == 1 and f"lost are 1 of 2 parameters, 't' ('{name}' repeats entries of 't'" in errors, errors
        assert "give the model's state_dict by --params" in errors, errors
        np.savez(path("token.npz"), t=values, w=w)
        jacobian = finite_difference_jacobian(path("token_whole.onnx"), {"x": x}, ["t", "w"])
        found = kernel(folder, path("token.onnx"), x, None, "--dtype", "f64", "--params", path("token.npz"))
        assert_close(found, gram(jacobian, jacobian), 1e-7)

# Where sizes leave two ways, also with the values: an axis in front of the
# vector, or behind it.
write(
    path("token"),
    tail("expand", said("a", "cat", "[%x, %expand]", "1")),
    {"expand": np.zeros((1, 4, 4), np.float32), "w": w, "axes": length},
    *once,
    signature(["t", "w"]),
    {"expand": ["expand", "t", "unsqueeze"]},
    ["w"],
)
np.savez(path("token.npz"), t=np.zeros(4, np.float32), w=w)
args = ["--x1", save(path("x"), x), "-o", path("theta.npy"), "--params", path("token.npz")]
status, _, errors = ntk_run(path("token.onnx"), *args)
assert status == 1 and "'expand' repeats entries of 't'" in errors and "state_dict" not in errors, errors

# A norm before training, scaled by ones and shifted by zeros, has the names that
# a state has in its module; what tells no more keeps the file's.
nodes = lambda scale, shift, cut: [
    node("Mul", ["x", scale], "a", name="/blocks/norm/Mul"),
    node("Add", ["a", shift], "b", name="/blocks/norm/Add"),
    node("Add", ["b", cut], "c", name="/Add"),
    node("Sin", ["c"], "s"),
    node("ReduceSum", ["s", "axes"], "y", keepdims=0),
]
stored = {"onnx::Mul_1": np.ones((3, 1), np.float32), "onnx::Add_2": np.zeros((3, 1), np.float32)}
for cut, size in (("onnx::Add_3", (3, 1)), ("cut", (3, 1))):
    axes = {"axes": np.array([1])}
    tensors = stored | {cut: np.full(size, 2, np.float32)} | axes
    sequence = ("x", ["N", 3, 4]), ("y", ["N", 3])
    write(path("fresh"), nodes("onnx::Mul_1", "onnx::Add_2", cut), tensors, *sequence)
    write(path("fresh_whole"), nodes("onnx::Mul_1", "onnx::Add_2", cut), tensors, *sequence)
    state = {"blocks.norm.weight": np.ones(3, np.float32), "blocks.norm.bias": np.zeros(3, np.float32)}
    state |= {"cut": tensors[cut]} if cut == "cut" else {"first": tensors[cut], "second": tensors[cut]}
    np.savez(path("fresh.npz"), **state)
    options = ["--params", path("fresh.npz")]
    if cut != "cut":
        status, _, errors = ntk_run(path("fresh.onnx"), *options, "--parameters")
        assert status == 1 and "expected parameter 'onnx::Add_3'" in errors, errors
        options.append("--partial-params")
    _, listed, errors = ntk_run(path("fresh.onnx"), *options, "--parameters")
    assert "blocks.norm.weight" in listed and "blocks.norm.bias" in listed, listed + errors
    check("fresh", draw(2, 3, 4), ["onnx::Mul_1", "onnx::Add_2", cut], *options)

# Parts of packed biases that are zeros are one behind the other.
nodes = lambda first, second: [
    node("Add", ["x", first], "a", name="/attention/Add"),
    node("Sin", ["a"], "s"),
    node("Add", ["s", second], "b", name="/attention/Add_1"),
    node("Sin", ["b"], "c"),
    node("ReduceSum", ["c", "axes"], "y", keepdims=0),
]
parts = {name: np.zeros((1, 3, 1), np.float32) for name in ("onnx::Add_1", "onnx::Add_2")}
sequence = ("x", ["N", 3, 4]), ("y", ["N", 3])
write(path("packed"), nodes(*parts), parts | {"axes": np.array([2])}, *sequence)
write(path("packed_whole"), nodes(*parts), parts | {"axes": np.array([2])}, *sequence)
np.savez(path("packed.npz"), **{"attention.in_proj_bias": np.zeros(6, np.float32)})
for options in ([], ["--params", path("packed.npz")]):
    check("packed", draw(2, 3, 4), list(parts), *options)
_, listed, errors = ntk_run(path("packed.onnx"), *options, "--parameters")
assert "attention.in_proj_bias" in listed and "is taken as a part of 'attention.in_proj_bias'" in errors, errors

# Recurrent layers there have the names of their modules' parameters; a module
# that is called again reads them again.
weights = {}
for layer in range(2):
    for name, shape in (("weight_ih", (8, 2)), ("weight_hh", (8, 2)), ("bias_ih", (8,)), ("bias_hh", (8,))):
        weights[f"r.{name}_l{layer}"] = draw(*shape)


def layers(value, tensors, paths):
    for i, name in enumerate(paths):
        inputs = [f"onnx::LSTM_{10 * (i % 2) + k}" for k in range(3)]
        made = [order(weights[f"r.{n}_l{i % 2}"]) for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        made = [*made[:2], np.concatenate([m.reshape(1, 8) for m in made[2:]], axis=1)]
        tensors.update(zip(inputs, made))
        yield node("LSTM", [value, *inputs], f"l{i}", name=name, hidden_size=2)
        yield node("Squeeze", [f"l{i}", "axis"], value := f"q{i}")
    yield node("ReduceSum", [value, "last"], "y", keepdims=0)


paths = ["/r/LSTM", "/r/LSTM_1", "/r_1/LSTM", "/r_1/LSTM_1"]
tensors = {"axis": np.array([1]), "last": np.array([0])}
nodes = list(layers("t", tensors, paths))
nodes.insert(0, node("Transpose", ["x"], "t", perm=[1, 0, 2]))
sequence = ("x", ["N", 3, 2]), ("y", ["N", 2])
write(path("layers"), nodes, tensors, *sequence)
write(path("layers_whole"), nodes, tensors, *sequence)
np.savez(path("layers.npz"), **weights)
for options in ([], ["--params", path("layers.npz")]):
    check("layers", draw(2, 3, 2), sorted(set(tensors) - {"axis", "last"}), *options)

# Arguments that ONNX has no attribute for stand in the call alone: the
# smoothing of labels, here with weights and an ignored class, and the divisor
# of windows.
w, classes, smoothing = draw(3, 4), np.abs(draw(4)), 0.3
loss = ["%h", "%t", "%b_classes", "0", "1", str(smoothing)]
write(
    path("smoothing"),
    [
        node("MatMul", ["x", "w"], "h", said("h", "mm", "%x", "%p_w")),
        node("ArgMax", ["x"], "t", said("t", "argmax", "%x", "1"), axis=1, keepdims=0),
        node("SoftmaxCrossEntropyLoss", ["h", "t", "classes"], "y", said("y", "cross_entropy_loss", *loss), reduction="none", ignore_index=1),
    ],
    {"w": w, "classes": classes},
    ("x", ["N", 3]),
    ("y", ["N"]),
    signature(["w"], ["classes"]),
    parameters=["w"],
)


def smoothed(w, x):
    """One loss: PyTorch's formula."""
    target = np.argmax(x)
    if target == 1:
        return 0.0
    scores = x @ w
    logarithms = classes * (scores - np.log(np.exp(scores).sum()))
    return -(1 - smoothing) * logarithms[target] - smoothing / 4 * logarithms.sum()


x = draw(6, 3).astype(np.float64)
x[0, 1] = 9
jacobian = np.zeros((6, 1, 12))
for i, row in enumerate(x):
    for k in range(12):
        step = 1e-5 * np.eye(12)[k].reshape(3, 4)
        jacobian[i, 0, k] = (smoothed(w + step, row) - smoothed(w - step, row)) / 2e-5
found = kernel(folder, path("smoothing.onnx"), x, None, "--dtype", "f64")
assert_close(found.reshape(6, 6, 1, 1), gram(jacobian, jacobian), 1e-7)

pool = ["%h", "[2, 2]", "[2, 2]", "[1, 1]", "False", "True", "3"]
pooled = ("x", ["N", 1, 2, 2]), ("y", ["N", 1, 2, 2])
nodes = lambda *metadata: [
    node("Mul", ["x", "w"], "h"),
    node("AveragePool", ["h"], "p", *metadata, kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1),
]
w = draw(1, 2, 2)
write(
    path("divisor"),
    [*nodes(said("p", "avg_pool2d", *pool)), node("Sin", ["p"], "y", said("y", "sin", "%p"))],
    {"w": w},
    *pooled,
    signature(["w"]),
    parameters=["w"],
)
ratio = np.array(4 / 3, np.float32)
write(
    path("divisor_whole"),
    [*nodes(), node("Mul", ["p", "ratio"], "q"), node("Sin", ["q"], "y")],
    {"w": w, "ratio": ratio},
    *pooled,
)
jacobian = finite_difference_jacobian(path("divisor_whole.onnx"), {"x": (x := draw(2, 1, 2, 2))}, ["w"])
found = kernel(folder, path("divisor.onnx"), x, None, "--dtype", "f64")
found = found.transpose(0, 1, 2, 4, 6, 3, 5, 7).reshape(2, 2, 4, 4)
assert_close(found, gram(jacobian, jacobian), 1e-6)
