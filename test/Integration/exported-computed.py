# What torch's exporter computed from parameters in advance, by numbers: with
# the values of the parameters, θ is that of the network before, by finite
# differences of a graph that is written out; what they do not tell is refused.
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

random = np.random.default_rng(17)
draw = lambda *shape: random.standard_normal(shape).astype(np.float32)
path = lambda name: os.path.join(folder, name)
said = lambda *arguments: dict(call=call(*arguments))
wide = lambda x: x.astype(np.float64)


def state(name, **values):
    np.savez(path(name + "_state.npz"), **values)
    return ["--params", path(name + "_state.npz")]


def run(name, x, options=()):
    """The status and the words."""
    args = ["--x1", save(path("x"), x), "-o", path("theta.npy")]
    status, _, errors = ntk_run(path(name + ".onnx"), *args, *options)
    return status, errors


def check(name, x, wrt, options=(), tolerance=1e-7):
    """The file `name` against finite differences of `name`_whole."""
    jacobian = finite_difference_jacobian(path(name + "_whole.onnx"), {"x": x}, wrt)
    expected = gram(jacobian, jacobian)
    found = kernel(folder, path(name + ".onnx"), x, None, "--dtype", "f64", *options)
    assert_close(found.reshape(expected.shape), expected, tolerance)


def refuse(name, x, words, options=()):
    status, errors = run(name, x, options)
    assert status == 1 and words in errors, errors


# Each case: the folded tensor, which a product reads, its list, the parameters,
# and the nodes that make it of them.
rows = ("x", ["N", 4]), ("y", ["N", 3])


def compute(name, tensor, listed, parameters, nodes, extra=None, buffers=(), reader="mul"):
    extra = extra or {}
    tail = lambda *metadata: [
        node("Mul" if reader == "mul" else "MatMul", ["x", tensor], "h", *metadata),
        node("Sin", ["h"], "s"),
        node("MatMul", ["s", "last"], "y"),
    ]
    last = {"last": draw(4, 3)}
    write(path(name + "_whole"), [*nodes, *tail()], parameters | extra | last, *rows)
    from onnx.reference import ReferenceEvaluator
    import onnx

    model = onnx.load(path(name + "_whole.onnx"))
    model.graph.output[0].CopyFrom(onnx.helper.make_tensor_value_info(tensor, 1, None))
    (values,) = ReferenceEvaluator(model).run(None, {"x": draw(1, 4)})
    metadata = said("h", reader, "%x", f"%{tensor}")
    write(
        path(name),
        tail(metadata),
        {tensor: values, **last},
        *rows,
        signature([*parameters, "last"], buffers),
        {tensor: [*listed, *parameters, *buffers]},
        ["last"],
    )
    return state(name, **parameters, **last)


x = draw(2, 4)

# A weight norm, trained and at its beginning, where v |v| / g is v, too.
v = draw(4, 4)
norms = np.sqrt((v * v).sum(1, keepdims=True))
weight_norm = [
    node("ReduceL2", ["v", "axes"], "n", keepdims=1),
    node("Div", ["g", "n"], "d"),
    node("Mul", ["v", "d"], "mul"),
]
for name, g in (("trained", draw(4, 1)), ("fresh", norms)):
    listed = ["div", "linalg_vector_norm", "val_1"]
    given = compute(name, "mul", listed, dict(g=g, v=v), weight_norm, {"axes": np.array([1])}, reader="matmul")
    check(name, x, ["g", "v", "last"], given)
    assert ("divided by a norm" in run(name, x, given)[1]) == (name == "fresh")
    refuse(name, x, "lost are 2 of 3 parameters, 'g', 'v' ('mul' is computed from 'g', 'v' by div, linalg")
    assert "give the model's state_dict by --params" in run(name, x)[1]
# Values of another training confirm no formula.
refuse("trained", x, "'mul' is computed from 'g', 'v'", state("other", g=draw(4, 1), v=draw(4, 4), last=draw(4, 3)))

# A linear layer of a table of parameters, a part of its rows, split into heads.
heads = [
    node("Transpose", ["w"], "wt"),
    node("MatMul", ["r", "wt"], "p"),
    node("Add", ["p", "b"], "l"),
    node("Slice", ["l", "from", "to"], "q"),
    node("Reshape", ["q", "sizes"], "i"),
    node("Transpose", ["i"], "t", perm=[1, 0, 2]),
    node("Reshape", ["t", "flat"], "transpose"),
]
shapes = {"from": np.array([1]), "to": np.array([3]), "sizes": np.array([2, 2, 2]), "flat": np.array([2, 4])}
for name, b in (("heads", draw(4)), ("heads_fresh", np.zeros(4, np.float32))):
    nodes = [*heads, node("ReduceSum", ["transpose", "first"], "sum", keepdims=0)]
    parameters = dict(b=b, r=draw(5, 3), w=draw(4, 3))
    tail = lambda metadata=None: [
        node("Unsqueeze", ["x", "one"], "u"),
        node("Mul", ["u", "transpose"], "h", metadata or {}),
        node("Sin", ["h"], "s"),
        node("ReduceSum", ["s", "one"], "y", keepdims=0),
    ]
    one = {"one": np.array([1])}
    images = ("x", ["N", 4]), ("y", ["N", 4])
    write(path(name + "_whole"), [*heads, *tail()], parameters | shapes | one, *images)
    values = (parameters["r"] @ parameters["w"].T + b)[1:3].reshape(2, 2, 2).transpose(1, 0, 2).reshape(2, 4)
    write(
        path(name),
        tail(said("h", "mul", "%unsqueeze", "%transpose")),
        {"transpose": values, **one},
        *images,
        signature(list(parameters)),
        {"transpose": ["linear_3", "slice_1", "val_2", "view_1", *parameters]},
    )
    check(name, x, list(parameters), state(name, **parameters))

# The first step of a recurrent layer has a state of zeros: what it makes of the
# weight is none of its values, and with a bias it is the bias. The second step
# has both in the file.
u, w, b = draw(4, 3), draw(3, 3), draw(3)
steps = lambda first, then, *metadata: [
    node("MatMul", ["x", "u"], "xu"),
    node("Add", ["xu", first], "h", *metadata),
    node("Sin", ["h"], "s"),
    node("MatMul", ["s", "w"], "sw", *then[:1]),
    node("Add", ["sw", "b"], "y", *then[1:]) if len(then) > 1 else node("Sin", ["sw"], "y"),
]
for bias, operators in (
    (None, ["linear", "zeros"]),
    (None, ["getitem", "matmul", "unsqueeze", "val_3", "zeros_like"]),
    (b, ["linear", "val_3", "zeros"]),
    (b, ["addmm", "new_zeros"]),
    (np.zeros(3, np.float32), ["linear", "zeros"]),
):
    parameters = dict(u=u, w=w) | ({} if bias is None else dict(b=bias))
    values = np.zeros((1, 3), np.float32) + (0 if bias is None else bias)
    tensor = next(value for value in operators if value in ("linear", "matmul", "addmm"))
    second = [said("sw", "mm", "%s", "%p_w")] + ([] if bias is None else [said("y", "add", "%sw", "%p_b")])
    first = [node("MatMul", ["start", "w"], "p")] + ([] if bias is None else [node("Add", ["p", "b"], "q")])
    write(
        path("start_whole"),
        [*first, *steps("p" if bias is None else "q", [{}] * len(second))],
        parameters | {"start": np.zeros((1, 3), np.float32)},
        *rows,
    )
    write(
        path("start"),
        steps(tensor, second, said("h", "add", "%xu", f"%{tensor}")),
        parameters | {tensor: values},
        *rows,
        signature(list(parameters)),
        {tensor: [*operators, *(set(parameters) - {"u"})]},
        list(parameters),
    )
    for given in ([], state("start", **parameters)):
        check("start", x, list(parameters), given)

# The state is a parameter: the weight has a derivative.
write(
    path("start"),
    steps("linear", [said("sw", "mm", "%s", "%p_w")], said("h", "add", "%xu", "%linear")),
    {"u": u, "w": w, "linear": np.zeros((1, 3), np.float32)},
    *rows,
    signature(["u", "w", "start"]),
    {"linear": ["linear", "start", "w"]},
    ["u", "w"],
)
refuse("start", x, "'linear' is computed from 'start', 'w' by linear")

# A multiple of a parameter: operators that are left over made the factor. Of
# zeros no factor is to be seen.
scaled = [node("Mul", ["w", "c"], "mul")]
for name, w in (("scaled", draw(4)), ("ones", np.ones(4, np.float32))):
    given = compute(name, "mul", ["val_3"], dict(w=w), scaled, {"c": np.array(0.3, np.float32)})
    check(name, x, ["w", "last"], given, 1e-6)
given = compute("zeros", "mul", ["val_3"], dict(w=np.zeros(4, np.float32)), scaled, {"c": np.array(0.3, np.float32)})
refuse("zeros", x, "'mul' is computed from 'w' by mul", given)

# A norm of all of a parameter by which it is divided, and one with a constant
# added: as a factor it depends on the parameter.
whole = [node("ReduceL2", ["w", "axes"], "n", keepdims=1), node("Div", ["w", "n"], "div")]
given = compute("whole", "div", ["linalg_vector_norm", "val_1"], dict(w=draw(4, 4)), whole, {"axes": np.array([0, 1])}, reader="matmul")
check("whole", x, ["w", "last"], given)
peak = [node("ReduceMax", ["w"], "m", keepdims=1), node("Div", ["w", "m"], "div")]
given = compute("peak", "div", ["amax", "val_1"], dict(w=draw(4, 4)), peak, reader="matmul")
refuse("peak", x, "'div' is computed from 'w' by amax, div", given)

# Functions of elements: a clamp may have had its bounds anywhere; of equal
# numbers two orders may give the same, and only one is right.
given = compute(
    "clamped", "exp", ["clamp", "val_3"], dict(w=draw(4)), [node("Exp", ["w"], "exp")]
)
check("clamped", x, ["w", "last"], given)
assert "by a clamp, none of whose bounds" in run("clamped", x, given)[1]
orders = [node("Sqrt", ["w"], "sqrt"), node("Exp", ["sqrt"], "exp")]
given = compute("ordered", "exp", ["sqrt"], dict(w=np.abs(draw(4))), orders)
check("ordered", x, ["w", "last"], given)
given = compute("unordered", "exp", ["sqrt"], dict(w=np.zeros(4, np.float32)), orders)
refuse("unordered", x, "'exp' is computed from 'w' by exp, sqrt", given)
# The factor stood inside of the function.
inside = [node("Mul", ["w", "c"], "m"), node("Exp", ["m"], "exp")]
given = compute("inside", "exp", ["mul", "val_3"], dict(w=np.ones(4, np.float32)), inside, {"c": np.array(0.3, np.float32)})
refuse("inside", x, "'exp' is computed from 'w' by exp, mul", given)

# A linear layer of a constant that nothing is left of: the product tells it if
# there are more equations than unknowns.
for inputs, isTold in ((2, True), (5, False)):
    table, w, b = draw(3, inputs), draw(8, inputs), draw(8)
    tail = lambda *metadata: [
        node("Add", ["val_5", "b"], "linear", *metadata),
        node("Sin", ["linear"], "s"),
        node("MatMul", ["x", "s"], "y"),
    ]
    images = ("x", ["N", 3]), ("y", ["N", 8])
    whole = [node("Transpose", ["w"], "wt"), node("MatMul", ["table", "wt"], "val_5"), *tail()]
    write(path("factor_whole"), whole, dict(table=table, w=w, b=b), *images)
    write(
        path("factor"),
        tail(said("linear", "linear", "%b_table", "%p_w", "%p_b")),
        {"val_5": table @ w.T, "b": b},
        *images,
        signature(["w", "b"], ["table"]),
        {"val_5": ["w", "table", "val_4"]},
        ["b"],
    )
    given = state("factor", w=w, b=b)
    if isTold:
        check("factor", draw(2, 3), ["w", "b"], given)
    else:
        refuse("factor", draw(2, 3), "'val_5' is computed from 'w'", given)

# A join of parameters is made of them again; with a buffer between them, where
# each can be in one place only.
joined = [node("Concat", ["q", "k", "v"], "cat", axis=0)]
k = np.zeros(1, np.float32)
given = compute("join", "cat", [], dict(q=draw(2), v=draw(1)), joined, {"k": k}, buffers=["k"])
check("join", x, ["q", "v", "last"], given)
given = compute("join", "cat", [], dict(k=k, q=draw(2), v=k), joined)
check("join", x, ["k", "q", "v", "last"], given)

# Without the parameter's values, what a function gave tells them if it has an
# inverse: scales that are kept as logarithms, and decays whose sign is put to
# them, whatever moves came between. A root that was taken of the exponential, or
# the exponential of a root, are other networks, and so far from zero a tangent
# is as good as flat.
functions = {
    "exp": [node("Exp", ["w"], "exp")],
    "neg": [node("Exp", ["w"], "e"), node("Reshape", ["e", "flat"], "u"), node("Neg", ["u"], "neg")],
    "sigmoid": [node("Sigmoid", ["w"], "sigmoid")],
    "neg_1": [node("Neg", ["w"], "n"), node("Exp", ["n"], "e"), node("Neg", ["e"], "neg_1")],
    "reciprocal": [node("Sigmoid", ["w"], "s"), node("Reciprocal", ["s"], "reciprocal")],
}
listed = {"neg": ["exp", "unsqueeze", "val_2"], "neg_1": ["exp", "neg"], "reciprocal": ["sigmoid"]}
for tensor, nodes in functions.items():
    shape = (2, 2) if tensor == "neg" else (4,)
    values = 0.5 * draw(*shape) - 3 * (tensor in ("sigmoid", "reciprocal"))
    compute("inverse", tensor, listed.get(tensor, []), dict(w=values), nodes, {"flat": np.array([4])})
    check("inverse", x, ["w", "last"], tolerance=1e-6)
    assert "warning" not in run("inverse", x)[1]
compute("inverse", "exp", ["clamp", "val_3"], dict(w=0.5 * draw(4)), functions["exp"])
check("inverse", x, ["w", "last"], tolerance=1e-6)
assert "by a clamp, none of whose bounds" in run("inverse", x)[1]
# A part of what was computed, of which some is read twice.
twice = [node("Exp", ["w"], "e"), node("Gather", ["e", "rows"], "index")]
compute("inverse", "index", ["exp", "val_3"], dict(w=0.5 * draw(3)), twice, {"rows": np.array([0, 1, 2, 1])})
check("inverse", x, ["w", "last"], tolerance=1e-6)
compute("inverse", "exp", ["sqrt"], dict(w=np.abs(draw(4))), orders)
refuse("inverse", x, "'exp' is computed from 'w' by exp, sqrt")
compute("inverse", "tanh", [], dict(w=draw(4) + 6), [node("Tanh", ["w"], "tanh")])
refuse("inverse", x, "'tanh' is computed from 'w' by tanh")
compute("inverse", "exp", ["mul", "val_3"], dict(w=draw(4)), inside, {"c": np.array(0.3, np.float32)})
refuse("inverse", x, "'exp' is computed from 'w' by exp, mul")
