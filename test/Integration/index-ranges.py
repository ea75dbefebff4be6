# Integers of examples that name a place which is not there: refused by input,
# range and value for every operator that reads or writes at positions and for
# labels of losses. What is within the limits is computed. Which integers are
# right is ONNX's: -s to s - 1 for positions along an axis of s, 0 to s - 1 or
# ignore_index for labels.
#
# REQUIRES: onnxruntime
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t

import os
import subprocess
import sys

import numpy as np
import onnx
from onnx import parser

folder = sys.argv[1]
path = lambda name: os.path.join(folder, name)
random = np.random.default_rng(0)
W = random.standard_normal((4, 4)).astype(np.float32)


def run(body, x, options=()):
    """body: the graph in onnx.parser's text, h = x W ahead of it."""
    names = ", ".join(f"{kind} {name}" for name, kind in body["inputs"].items())
    text = f"""<ir_version: 8, opset_import: ["" : 18]>
g (float[N,4] x, {names}) => ({body["result"]} y) <{body.get("constants", "")}> {{
  h = MatMul(x, w)
  {body["nodes"]}
}}"""
    model = parser.parse_model(text)
    model.graph.initializer.append(onnx.numpy_helper.from_array(W, "w"))
    onnx.save(model, path("model.onnx"))
    count = len(next(iter(x.values())))
    np.savez(path("x1.npz"), x=random.standard_normal((count, 4)).astype(np.float32), **x)
    command = ["ntk-run", path("model.onnx"), "--x1", path("x1.npz"), "--quiet"]
    return subprocess.run(
        [*command, "-o", path("theta.npy"), *options], capture_output=True, text=True
    )


def check(body, right, wrong, name="i", expected="from -4 to 3", shape=(2, 1)):
    """The values `right` are taken, each of `wrong` is refused, in the second
    example, by the name of the input, the range and what is computed."""
    dtype = np.int32 if "int32" in body["inputs"][name] else np.int64
    for value in [*right, *wrong]:
        i = np.zeros(shape, dtype)
        i.reshape(-1)[-1] = value
        others = {n: np.zeros(shape, np.int64) for n in body["inputs"] if n != name}
        done = run(body, {name: i, **others})
        if value in right:
            assert done.returncode == 0, (body, value, done.stderr)
            continue
        assert done.returncode == 1, (body, value)
        got = wrong[value]
        for word in [f"'{name}'", f"expected ids {expected}, but got {got}"]:
            assert word in done.stderr, (body, word, done.stderr)


def same(*values):
    return {value: value for value in values}


def nodes(text, result="float[N,1]", constants="", **inputs):
    inputs = inputs or {"i": "int64[N,1]"}
    return {"nodes": text, "inputs": inputs, "result": result, "constants": constants}


beyond = same(4, -5, 7, 2**40, -(2**40))

# Elements, as they are given and of int32.
elements = "y = GatherElements<axis = 1>(h, i)"
check(nodes(elements), [3, -4], beyond)
check(nodes(elements, i="int32[N,1]"), [3, -4], same(4, -5))
check(
    nodes("j = Cast<to = 7>(i)\n y = GatherElements<axis = 1>(h, j)", i="int32[N,1]"),
    [3, -4],
    same(4, -5),
)

# Written elements; int64's least number, too.
scatter = "u = Cast<to = 1>(i)\n y = ScatterElements<axis = 1>(h, i, u)"
check(nodes(scatter, "float[N,4]"), [3, -4], {**beyond, -(2**63): -(2**63)})

# Rows and elements by GatherND.
check(nodes("y = GatherND<batch_dims = 1>(h, i)", "float[N]"), [3, -4], beyond)

# Ids that are computed: a shift, and a part of the input.
one = "int64[1] one = {1}"
shifted = {value: value + 1 for value in [3, -6, 2**40]}
ids = "j = Add(i, one)\n t = Gather<axis = 0>(w, j)\n u = ReduceSum<keepdims = 0>(t, minus)"
ids += "\n y = Add(h, u)"
check(
    nodes(ids, "float[N,4]", f"{one}, int64[1] minus = {{1}}"),
    [2, -5],
    shifted,
)

# Ids of two inputs: their sum is what counts.
two = {"i": "int64[N,1]", "j": "int64[N,1]"}
check(
    nodes("k = Add(i, j)\n y = GatherElements<axis = 1>(h, k)", **two),
    [3, -4],
    same(4, -5),
)
check(
    nodes("a = GatherElements<axis = 1>(h, i)\n b = GatherElements<axis = 1>(h, j)\n y = Add(a, b)", **two),
    [3, -4],
    same(4, -5),
    name="j",
)

# Labels: none is negative, but one may be ignored.
labels = {"t": "int64[N]"}
for loss, text in [
    ("SoftmaxCrossEntropyLoss", "y = SoftmaxCrossEntropyLoss"),
    ("NegativeLogLikelihoodLoss", "l = LogSoftmax<axis = 1>(h)\n y = NegativeLogLikelihoodLoss"),
]:
    scores = "l" if "Log" in loss[:11] else "h"
    plain = f'{text}<reduction = "none">({scores}, t)'
    arguments = dict(name="t", shape=(2,))
    check(nodes(plain, "float[N]", **labels), [0, 3], same(4, 9, -1), expected="from 0 to 3", **arguments)
    for ignored in [-100, 9, 2]:
        some = f'{text}<reduction = "none", ignore_index = {ignored}>({scores}, t)'
        wrong = same(4, -1, -101)
        check(
            nodes(some, "float[N]", **labels),
            [0, 3, ignored],
            wrong,
            expected=f"from 0 to 3 or {ignored}",
            **arguments,
        )
