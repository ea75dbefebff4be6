# What torch's exporter merged with, or dropped beside, parameters of several
# names and tensors that it computed in advance. θ is that of the network before,
# by finite differences of a graph that is written out; what the file does not
# tell is refused.
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

random = np.random.default_rng(23)
draw = lambda *shape: random.standard_normal(shape).astype(np.float32)
path = lambda name: os.path.join(folder, name)
rows = ("x", ["N", 4]), ("y", ["N", 4])


def said(*arguments, module=""):
    """A call in a module, behind which its own name stands."""
    return dict(call=call(*arguments), scopes=str(["", module, arguments[0]]))


def run(name, x):
    """The status and the words."""
    status, _, errors = ntk_run(path(name + ".onnx"), "--x1", save(path("x"), x), "-o", path("theta.npy"))
    return status, errors


def check(name, x, wrt):
    """The file `name` against finite differences of `name`_whole."""
    jacobian = finite_difference_jacobian(path(name + "_whole.onnx"), {"x": x}, wrt)
    expected = gram(jacobian, jacobian)
    found = kernel(folder, path(name + ".onnx"), x, None, "--dtype", "f64")
    assert_close(found.reshape(expected.shape), expected, 1e-7)


def refuse(name, x, words):
    status, errors = run(name, x)
    assert status == 1 and words in errors, errors


x = draw(2, 4)

# A table of three names, of which calls have the last: the module of a call is
# that of another. A factor of 1 went. It is no parameter if each name that no
# call has is one of the table's; of a module without calls that is but likely,
# and where there is no such table, or the name is of another kind, it is open.
tensors = {"head.weight": draw(4, 4)}
steps = lambda first, second, third: [
    node("MatMul", ["x", "head.weight"], "mm", first),
    node("Sin", ["mm"], "sin", second),
    node("MatMul", ["sin", "head.weight"], "y", third),
]
write(path("tied_whole"), steps({}, {}, {}), tensors, *rows)
for names, module, isTold, isDoubted in (
    (["embed.weight", "head.weight"], "embed", True, False),
    (["shared.weight", "embed.weight", "head.weight"], "embed", True, True),
    (["shared.weight", "embed.weight", "head.weight"], "", False, False),
    (["embed.weight", "head.weight", "scale.weight"], "embed", False, False),
    (["scale", "embed.weight", "head.weight"], "embed", False, False),
):
    first = said("mm", "mm", "%x", "%p_head_weight", module=module)
    nodes = steps(first, said("sin", "sin", "%mul"), said("y", "mm", "%sin", "%p_head_weight", module="head"))
    write(path("tied"), nodes, tensors, *rows, signature(names), parameters=["head.weight"])
    if not isTold:
        refuse("tied", x, "nothing is left of 'mul'")
        continue
    check("tied", x, ["head.weight"])
    doubt = "'shared.weight' is taken as another name of 'head.weight', and 'mul' as a sum with 0"
    assert (doubt in run("tied", x)[1]) == isDoubted and ("warning" in run("tied", x)[1]) == isDoubted

# What went in front of a comparison had no gradient to pass on.
compare = lambda *metadata: [
    node("Greater", ["x", "zero"], "gt", *metadata[:1]),
    node("Where", ["gt", "x", "w"], "where", *metadata[1:2]),
    node("Sin", ["where"], "y", *metadata[2:]),
]
tensors = {"w": draw(4), "zero": np.zeros(1, np.float32)}
write(path("compared_whole"), compare(), tensors, *rows)
nodes = compare(said("gt", "gt", "%add", "0"), said("where", "where", "%gt", "%x", "%p_w"), said("y", "sin", "%where"))
write(path("compared"), nodes, tensors, *rows, signature(["w", "unused"]), parameters=["w"])
refuse("compared", x, "nothing is left of 'add'")
import onnx

model = onnx.load(path("compared.onnx"))
model.graph.value_info.append(onnx.helper.make_tensor_value_info("gt", onnx.TensorProto.BOOL, [2, 4]))
onnx.save(model, path("compared.onnx"))
check("compared", x, ["w"])

# The scale and the shift of a layer are zeros of one shape, and so are those of
# the next layer: one tensor for four views.
zeros = np.zeros((1, 4), np.float32)
names = ["a.bias", "a.weight", "b.bias", "b.weight"]
layers = lambda tensors, metadata: [
    node("Sin", ["x"], "s"),
    node("Mul", ["s", tensors[1]], "m", *metadata[:1]),
    node("Add", ["m", tensors[0]], "addcmul", *metadata[:1]),
    node("Cos", ["addcmul"], "c"),
    node("Mul", ["c", tensors[3]], "n", *metadata[1:]),
    node("Add", ["n", tensors[2]], "y", *metadata[1:]),
]
metadata = [
    said("addcmul", "addcmul", "%view", "%view_1", "%s", module="a"),
    said("y", "addcmul", "%view_2", "%view_3", "%c", module="b"),
]
write(path("views_whole"), layers(names, []), {name: zeros for name in names}, *rows)
write(
    path("views"),
    layers(["view"] * 4, metadata),
    {"view": zeros},
    *rows,
    signature(names),
    {"view": ["a.bias", "val_1"]},
)
check("views", x, names)

# One row of a table was picked for two places: what is not all equal says so.
# Of equal numbers there may have been other rows.
for row, isTold in ((draw(4), True), (np.zeros(4, np.float32), False)):
    table = np.stack([row, row if not isTold else draw(4)])
    pick = lambda tensors, *metadata: [
        node("Add", ["x", tensors[0]], "add", *metadata[:1]),
        node("Sin", ["add"], "sin", *metadata[1:2]),
        node("Mul", ["sin", tensors[1]], "y", *metadata[2:]),
    ]
    gathers = [node("Gather", ["e.weight", "zero"], name) for name in ("first", "second")]
    write(path("rows_whole"), [*gathers, *pick(["first", "second"])], {"e.weight": table, "zero": np.array([0])}, *rows)
    told = said("add", "add", "%x", "%embedding"), said("sin", "sin", "%add"), said("y", "mul", "%sin", "%embedding_1")
    write(
        path("rows"),
        pick(["embedding", "embedding"], *told),
        {"embedding": row[None]},
        *rows,
        signature(["e.weight"]),
        {"embedding": ["e.weight", "val_1"]},
    )
    if isTold:
        check("rows", x, ["e.weight"])
    else:
        refuse("rows", x, "'embedding' and 'embedding_1' are parts of one parameter")
