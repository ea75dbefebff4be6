# The kernel is by the model's parameters and nothing else: graphs as exporters
# write them, against finite differences by what the model trains.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %S/Inputs

import os
import re
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

folder, inputs = sys.argv[1:]
sys.path.insert(0, inputs)
from run import assert_close, finite_difference_jacobian, gram, kernel, ntk_run, save

random = np.random.default_rng(5)
draw = lambda *shape: random.standard_normal(shape).astype(np.float32)
node = helper.make_node
SIGNATURE = "pkg.torch.export.ExportedProgram.graph_signature"
FOLDED = "pkg.onnxscript.optimizer.folded_from"


def model(name, x, nodes, tensors, outputs, producer="", signature="", folded={}):
    """`outputs`: shapes without the batch. `signature`: lines NAME: KIND."""
    value = lambda name, shape: helper.make_tensor_value_info(
        name, TensorProto.FLOAT, ["batch", *shape]
    )
    graph = helper.make_graph(
        nodes,
        name,
        [value("x", x)],
        [value(k, shape) for k, shape in outputs.items()],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in tensors.items()],
    )
    if signature:
        lines = [
            f"v_{i}: {kind} target='{target}'" + (" persistent=True" * (kind == "BUFFER"))
            for i, (target, kind) in enumerate(signature.items())
        ]
        graph.metadata_props.add(key=SIGNATURE, value="# inputs\n" + "\n".join(lines))
    for tensor, names in folded.items():
        info = helper.make_tensor_value_info(tensor, TensorProto.FLOAT, None)
        info.metadata_props.add(key=FOLDED, value=str(names))
        graph.value_info.append(info)
    opsets = [helper.make_opsetid("", 18)]
    made = helper.make_model(
        graph, ir_version=10, opset_imports=opsets, producer_name=producer
    )
    path = os.path.join(folder, name + ".onnx")
    onnx.save(made, path)
    return path


def check(path, x, trained, twin=None):
    """The kernel is by `trained`, and the table says so. Returns what is said. A
    `twin` is the same network with all tensors in initializers."""
    x1, x2 = draw(3, *x), draw(2, *x)
    jacobians = [
        finite_difference_jacobian(twin or path, {"x": x}, trained) for x in (x1, x2)
    ]
    expected = gram(*jacobians)
    found = kernel(folder, path, x1, x2, "--dtype", "f64")
    # Output axes a, b are [a, a, b, b].
    axes = np.arange(2, found.ndim).reshape(-1, 2).T.ravel()
    found = found.transpose(0, 1, *axes).reshape(expected.shape)
    assert_close(found, expected, 1e-7)
    status, table, said = ntk_run(path, "--parameters")
    assert status == 0, said
    rows = [re.split(r"\s\s+", line) for line in table.splitlines()[1:]]
    assert sorted(row[0] for row in rows if row[2].split()[0] == "taken") == sorted(trained), table
    return said


def contains(said, *words):
    for word in words:
        assert word in said, (word, said)


# Parameters that reach an output by moves alone.
shape = [
    node("Shape", ["x"], ["n"], start=0, end=1),
    node("Concat", ["n", "three"], ["shape"], axis=0),
    node("Gemm", ["x", "fc.weight", "fc.bias"], ["mean"], transB=1),
]
policy = {
    "fc.weight": draw(3, 4),
    "fc.bias": draw(3),
    "log_std": draw(3),
    "three": np.array([3]),
}
listed = dict.fromkeys(["fc.weight", "fc.bias", "log_std"], "PARAMETER")
expand = [*shape, node("Expand", ["log_std", "shape"], ["std"])]
both = {"mean": [3], "std": [3]}
for name, options in {
    "signature": dict(producer="pytorch", signature=listed),
    "older": dict(producer="pytorch"),
    "other": {},
}.items():
    path = model("policy_" + name, [4], expand, policy, both, **options)
    said = check(path, [4], list(listed))
    # Without a signature the file does not tell it from a buffer.
    assert ("--frozen='log_std'" in said) == (name != "signature"), said

# … through a transpose, a slice and a concatenation; of one element.
token = [
    *shape[:1],
    node("MatMul", ["x", "W"], ["h"]),
    node("Transpose", ["table"], ["t"]),
    node("Slice", ["t", "one", "two", "one"], ["column"]),
    node("Unsqueeze", ["column", "zero"], ["row"]),
    node("Concat", ["n", "ends"], ["shape"], axis=0),
    node("Expand", ["row", "shape"], ["token"]),
    node("Unsqueeze", ["h", "one"], ["g"]),
    node("Reshape", ["token", "rows"], ["f"]),
    node("Concat", ["f", "g"], ["y"], axis=1),
]
tensors = {
    "W": draw(4, 3),
    "table": draw(2, 3),
    **{k: np.array([v]) for k, v in dict(zero=0, one=1, two=2).items()},
    "ends": np.array([3, 1]),
    "rows": np.array([0, 1, 3]),
}
path = model("token", [4], token, tensors, {"y": [2, 3]})
check(path, [4], ["W", "table"])
single = [node("Expand", ["temperature", "shape"], ["y"])]
tensors = dict(policy, temperature=np.float32(0.7), three=np.array([1]))
path = model(
    "single",
    [4],
    [*shape, *single],
    tensors,
    {"mean": [3], "y": [1]},
    producer="pytorch",
    signature=dict(listed, temperature="PARAMETER"),
)
check(path, [4], ["fc.weight", "fc.bias", "temperature"])

# Folded tensors: of a parameter, of buffers and constants.
folded = [
    node("MatMul", ["x", "val_1"], ["h"]),
    node("Add", ["h", "fc.bias"], ["g"]),
    node("Mul", ["g", "val_2"], ["k"]),
    node("MatMul", ["k", "table"], ["l"]),
    node("Add", ["l", "val_3"], ["m"]),
    node("Div", ["m", "scale"], ["y"]),
]
tensors = {
    "val_1": draw(4, 3),
    "fc.bias": draw(3),
    "val_2": draw(3),
    "table": draw(3, 2),
    "val_3": draw(1, 2),
    "scale": draw(2),
}
names = {"fc.weight": "PARAMETER", "fc.bias": "PARAMETER", "table": "BUFFER"}
names["scale"] = "CONSTANT_TENSOR"
path = model(
    "folded",
    [4],
    folded,
    tensors,
    {"y": [2]},
    producer="pytorch",
    signature=names,
    folded={"val_1": ["fc.weight"], "val_2": ["sin", "table", "val_0"]},
)
said = check(path, [4], ["val_1", "fc.bias"])
assert "doubt" not in said, said

# Biases of one element behind a product, and single numbers elsewhere.
heads = {
    "matmul": [node("MatMul", ["x", "W"], ["h"]), node("Add", ["h", "b"], ["y"])],
    "reversed": [node("MatMul", ["x", "W"], ["h"]), node("Add", ["b", "h"], ["y"])],
    "subtracted": [node("MatMul", ["x", "W"], ["h"]), node("Sub", ["h", "b"], ["y"])],
    "gemm": [
        node("Gemm", ["x", "V"], ["h"], transB=1),
        node("Add", ["h", "b"], ["y"]),
    ],
    "vector": [
        node("Einsum", ["x", "v"], ["h"], equation="nk,k->n"),
        node("Unsqueeze", ["h", "one"], ["g"]),
        node("Add", ["g", "b"], ["y"]),
    ],
    "recurrent": [
        node("MatMul", ["x", "W"], ["h"]),
        node("Tanh", ["x"], ["t"]),
        node("MatMul", ["t", "W"], ["g"]),
        node("Add", ["h", "g"], ["s"]),
        node("Add", ["s", "b"], ["y"]),
    ],
}
for name, nodes in heads.items():
    read = {i for n in nodes for i in n.input}
    tensors = {"W": draw(4, 1), "V": draw(1, 4), "v": draw(4), "one": np.array([1])}
    tensors = {k: v for k, v in tensors.items() if k in read}
    for shape in ([1], [1, 1]):
        tensors["b"] = draw(*shape)
        path = model("head_" + name, [4], nodes, tensors, {"y": [1]})
        trained = [k for k in tensors if k != "one"]
        said = check(path, [4], trained)
        contains(said, "left 0 tensors")
        assert "doubt" not in said, said
image = [
    node("Conv", ["x", "K"], ["h"]),
    node("Add", ["h", "b"], ["g"]),
    node("Mul", ["g", "slope"], ["k"]),
    node("Max", ["g", "k"], ["y"]),
]
tensors = {"K": draw(1, 2, 2, 2), "b": draw(1, 1, 1), "slope": draw(1, 1, 1, 1)}
path = model("image", [2, 3, 3], image, tensors, {"y": [1, 2, 2]})
said = check(path, [2, 3, 3], ["K", "b"])
contains(said, "left 1 tensor (1 number): 'slope'", "note: left 'slope'", "--wrt='+slope'")
rank0 = dict(tensors, b=np.float32(0.3))
said = check(model("image0", [2, 3, 3], image, rank0, {"y": [1, 2, 2]}), [2, 3, 3], ["K", "b"])
contains(said, "warning: took 'b' as parameter on doubt", "--frozen='b'")
# One number for several channels is no bias.
wide = dict(tensors, K=draw(3, 2, 2, 2))
path = model("wide", [2, 3, 3], image, wide, {"y": [3, 2, 2]})
contains(check(path, [2, 3, 3], ["K"]), "left 'b', 'slope' as constants on doubt")
x1 = save(os.path.join(folder, "x1"), draw(3, 2, 3, 3))
status, table, said = ntk_run(path, "--parameters", "--wrt=+b")
assert status == 0 and "took 2 parameters" in said and "'b'" in said, said
status, table, said = ntk_run(path, "--parameters", "--wrt=+b,K")
assert status == 1 and "--wrt" in said, said
# A filler of zeros that Gemm multiplies by zero is none either.
filler = [node("Gemm", ["x", "W", "c"], ["y"], beta=0.0)]
path = model("filler", [4], filler, {"W": draw(4, 2), "c": np.float32(0)}, {"y": [2]})
assert "doubt" not in check(path, [4], ["W"])

# Weights in Constant nodes, all of them or one.
nodes = [
    node("MatMul", ["x", "W"], ["h"]),
    node("Add", ["h", "b"], ["g"]),
    node("Mul", ["g", "k"], ["s"]),
    node("MatMul", ["s", "V"], ["y"]),
]
tensors = {"W": draw(4, 3), "b": draw(3), "k": draw(3), "V": draw(3, 2)}
twin = model("twin", [4], nodes, tensors, {"y": [2]})
make = lambda k: node("Constant", [], [k], value=numpy_helper.from_array(tensors[k]))
path = model("constants", [4], [*map(make, tensors), *nodes], {}, {"y": [2]})
said = check(path, [4], ["W", "b", "V"], twin)
contains(said, "took 'W', 'b', 'V' as parameters on doubt", "--frozen='W,b,V'")
path = model("one", [4], [make("V"), *nodes], {k: tensors[k] for k in "Wbk"}, {"y": [2]})
said = check(path, [4], ["W", "b", "k"], twin)
contains(said, "left 'V' as constant on doubt", "--wrt='+V'")

# Files without a signature: buffers, masks, numbers that normalise the input.
older = [
    node("Sub", ["x", "mean"], ["a"]),
    node("Div", ["a", "std"], ["b"]),
    node("MatMul", ["b", "freq"], ["c"]),
    node("Sin", ["c"], ["d"]),
    node("Gemm", ["d", "1.weight", "1.bias"], ["e"], transB=1),
    node("Add", ["e", "mask"], ["f"]),
    node("Mul", ["f", "onnx::Mul_9"], ["y"]),
]
tensors = {
    "mean": draw(1, 4),
    "std": 1 + draw(1, 4) ** 2,
    "freq": draw(4, 5),
    "1.weight": draw(3, 5),
    "1.bias": draw(3),
    "onnx::Mul_9": draw(1, 3),
}
scores = [node("Identity", ["e"], ["f"]), older[-1]]
path = model("older", [4], older[:5] + scores, tensors, {"y": [3]}, producer="pytorch")
trained = ["freq", "1.weight", "1.bias", "onnx::Mul_9"]
said = check(path, [4], trained)
contains(said, "took 'freq' as", "--frozen='freq'", "took 'onnx::Mul_9' as")
contains(said, "do_constant_folding=False")
contains(said, "left 'mean', 'std' as constants on doubt", "--wrt='+mean,+std'")
attention = [
    node("MatMul", ["x", "W"], ["q"]),
    node("Transpose", ["q"], ["k"], perm=[0, 2, 1]),
    node("MatMul", ["q", "k"], ["s"]),
    node("Add", ["s", "mask"], ["t"]),
    node("Softmax", ["t"], ["u"]),
    node("MatMul", ["u", "q"], ["y"]),
]
for hidden in (-1e9, -100, -np.inf):
    mask = np.triu(np.full((3, 3), hidden, np.float32), 1)
    tensors = {"W": draw(4, 2), "mask": mask}
    path = model("attention", [3, 4], attention, tensors, {"y": [3, 2]})
    said = check(path, [3, 4], ["W"])
    contains(said, "warning: left 'mask' as constant on doubt", "--wrt='+mask'")

# What is taken off a product is a bias as what is added to it, on either side. A
# number that the exporter computed, as the step of an integrator, is none beyond
# doubt, wherever it stands.
subtracted = [
    node("MatMul", ["x", "a.weight"], ["c"]),
    node("Sub", ["c", "a.bias"], ["d"]),
    node("Sin", ["d"], ["e"]),
    node("Gemm", ["e", "f.weight"], ["g"]),
    node("Sub", ["f.bias", "g"], ["h"]),
    node("Add", ["h", "onnx::Add_3"], ["i"], name="/field/step/Add"),
    node("Mul", ["i", "onnx::Mul_4"], ["y"], name="/field/step/Mul"),
]
tensors = {"a.weight": draw(4, 3), "a.bias": draw(3), "f.weight": draw(3, 1), "f.bias": draw(1)}
tensors |= {"onnx::Add_3": np.float32(0.5), "onnx::Mul_4": np.float32(0.25)}
path = model("subtracted", [4], subtracted, tensors, {"y": [1]}, producer="pytorch")
said = check(path, [4], list(tensors))
contains(said, "took 'onnx::Add_3', 'onnx::Mul_4' as parameters on doubt, the exporter computed it")
assert "a.bias' as" not in said and "f.bias' as" not in said, said

# Names tell a parameter from a buffer where torch's layers give them to it, and
# it stands where a layer has it. What is left is a buffer beyond doubt.
head = node("Gemm", ["t", "f.weight", "f.bias"], ["y"], transB=1)
for name, kept, buffers, nodes in [
    (
        "spectral",
        {"a.weight_orig": draw(3, 4), "a.bias": draw(3)},
        {"a.weight_u": draw(3), "a.weight_v": draw(4)},
        [
            node("MatMul", ["a.weight_orig", "a.weight_v"], ["v"]),
            node("MatMul", ["a.weight_u", "v"], ["sigma"]),
            node("Div", ["a.weight_orig", "sigma"], ["w"]),
            node("Gemm", ["x", "w", "a.bias"], ["t"], transB=1),
        ],
    ),
    (
        "pruned",
        {"weight_orig": draw(3, 4), "bias": draw(3)},
        {"weight_mask": np.float32(draw(3, 4) > 0)},
        [
            node("Mul", ["weight_orig", "weight_mask"], ["w"]),
            node("Transpose", ["w"], ["u"]),
            node("MatMul", ["x", "u"], ["h"]),
            node("Add", ["bias", "h"], ["t"]),
        ],
    ),
    (
        "root_norm",
        {"n.weight": draw(4), "n.bias": draw(4), "a.weight": draw(4, 3)},
        {},
        [
            node("ReduceMean", ["x", "last"], ["m"]),
            node("Sub", ["x", "m"], ["c"]),
            node("Mul", ["c", "c"], ["s"]),
            node("ReduceMean", ["s", "last"], ["q"]),
            node("Sqrt", ["q"], ["r"]),
            node("Div", ["c", "r"], ["n"]),
            node("Mul", ["n", "n.weight"], ["k"]),
            node("Add", ["k", "n.bias"], ["z"]),
            node("MatMul", ["z", "a.weight"], ["t"]),
        ],
    ),
]:
    kept = dict(kept, **{"f.weight": draw(2, 3), "f.bias": draw(2)})
    tensors = dict(kept, **buffers, last=np.array([-1]))
    path = model(name, [4], [*nodes, head], tensors, {"y": [2]}, producer="pytorch")
    said = check(path, [4], list(kept))
    assert "doubt" not in said, said

# Names that only contain the words, or of what no layer computes with so.
distance = -np.abs(np.subtract.outer(np.arange(3), np.arange(3))).astype(np.float32)
for name, x, doubted, nodes in [
    (
        "edges",
        [4],
        {"edge_weight": draw(4, 3)},
        [node("MatMul", ["x", "edge_weight"], ["h"]), node("Tanh", ["h"], ["t"])],
    ),
    (
        "features",
        [4],
        {"weight": draw(3, 4), "bias": draw(3)},
        [
            node("Gemm", ["x", "weight", "bias"], ["h"], transB=1),
            node("Cos", ["h"], ["t"]),
        ],
    ),
    (
        "distances",
        [3],
        {"attn_bias": distance},
        [
            node("Unsqueeze", ["x", "last"], ["q"]),
            node("Transpose", ["q"], ["k"], perm=[0, 2, 1]),
            node("MatMul", ["q", "k"], ["s"]),
            node("Add", ["s", "attn_bias"], ["p"]),
            node("Softmax", ["p"], ["u"]),
            node("MatMul", ["u", "q"], ["o"]),
            node("Squeeze", ["o", "last"], ["t"]),
        ],
    ),
    (
        "frozen_norm",
        [3],
        {
            "n.weight": draw(3),
            "n.bias": draw(3),
            "n.running_mean": draw(3),
            "n.running_var": 1 + draw(3) ** 2,
        },
        [
            node("Sqrt", ["n.running_var"], ["d"]),
            node("Reciprocal", ["d"], ["r"]),
            node("Mul", ["n.weight", "r"], ["scale"]),
            node("Mul", ["n.running_mean", "scale"], ["m"]),
            node("Sub", ["n.bias", "m"], ["shift"]),
            node("Mul", ["x", "scale"], ["h"]),
            node("Add", ["h", "shift"], ["t"]),
        ],
    ),
    (
        "mixture",
        [3],
        {"weight": draw(3)},
        [node("Tanh", ["x"], ["h"]), node("Mul", ["h", "weight"], ["t"])],
    ),
]:
    tensors = {**doubted, "f.weight": draw(2, 3), "f.bias": draw(2), "last": np.array([-1])}
    path = model(name, x, [*nodes, head], tensors, {"y": [2]}, producer="pytorch")
    said = check(path, x, [k for k in tensors if k != "last"])
    globs = re.findall("--frozen='([^']*)'", said)
    assert len(globs) == 1 and "f." not in globs[0], said
    status, _, said = ntk_run(path, "--parameters", "--frozen=" + globs[0])
    assert status == 0 and "took 2 parameters" in said, said
    assert "doubt" not in said, said

# Names of layers are said as one glob; unused tensors are no word.
deep, tensors = [], {}
for layer in range(12):
    name = f"layers.{layer}.gamma"
    deep.append(node("Mul", [f"h{layer}" if layer else "x", name], [f"h{layer + 1}"]))
    tensors[name] = draw(4)
deep.append(node("Identity", ["h12"], ["y"]))
tensors["unused.weight"] = draw(2)
path = model("deep", [4], deep, tensors, {"y": [4]}, producer="pytorch")
said = check(path, [4], [f"layers.{layer}.gamma" for layer in range(12)])
contains(said, "took 12 parameters (48 numbers): 'layers.*.gamma'; left 0 tensors")
contains(said, "--frozen='layers.*.gamma'")
assert "unused" not in said, said

# An output that no parameter reaches.
nodes = [node("MatMul", ["x", "W"], ["y"]), node("Tanh", ["x"], ["z"])]
path = model("constant", [4], nodes, {"W": draw(4, 2)}, {"y": [2], "z": [4]})
status, _, said = ntk_run(path, "--parameters")
contains(said, "warning: output 'z'", "its kernel is zero")
assert "output 'y'" not in said, said

# A stopped gradient is no step function; beside one both are said.
detach = node("Identity", ["h"], ["d"])
detach.metadata_props.add(
    key="pkg.torch.onnx.fx_node",
    value="%d : [num_users=1] = call_function[target=torch.ops.aten.detach.default]"
    "(args = (%h,), kwargs = {})",
)
nodes = [
    node("MatMul", ["x", "W"], ["h"]),
    detach,
    node("MatMul", ["x", "V"], ["g"]),
]
tensors = {"W": draw(4, 2), "V": draw(4, 2)}
stopped = "'W' reaches the outputs only where the model stops the gradient (node"
for name, more, words in [
    ("stopped", [], stopped),
    (
        "stopped_and_rounded",
        [node("Floor", ["h"], ["r"]), node("Add", ["k", "r"], ["y"])],
        "only through step functions and where the model stops the gradient",
    ),
]:
    last = node("Mul", ["g", "d"], ["k" if more else "y"])
    path = model(name, [4], [*nodes, last, *more], tensors, {"y": [2]})
    status, _, said = ntk_run(path, "--parameters")
    assert status == 0, said
    contains(said, words, "the derivative is zero")
