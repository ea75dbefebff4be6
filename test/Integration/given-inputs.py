# Sizes that a file leaves open are those of the examples, inputs that all
# examples share are given without their axis or by --input, and outputs that are
# not wanted are left out: kernels against finite differences by onnx's reference
# evaluator, example by example, and a message for each wrong use.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %S/Inputs

import os
import subprocess
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, parser
from onnx.reference import ReferenceEvaluator

folder, inputs = sys.argv[1:]
sys.path.insert(0, inputs)
from run import as_double, assert_close, gram, kernel, ntk_run, parameters, save

random = np.random.default_rng(3)


def model(name, text, **weights):
    """Writes a model in ONNX's text; initializers are its last part."""
    graph = parser.parse_graph(text)
    for key, value in weights.items():
        graph.initializer.append(numpy_helper.from_array(np.asarray(value), key))
    path = os.path.join(folder, name + ".onnx")
    opsets = [helper.make_opsetid("", 20)]
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=opsets), path)
    return path


def normal(*shape):
    return random.standard_normal(shape).astype(np.float32)


def jacobian(path, examples, shared, wrt, outputs=None, step=1e-5):
    """[N, O, P] of networks run with one example at a time."""
    graph = as_double(path)
    tensors = {t.name: t for t in graph.graph.initializer}
    values = parameters(path)
    double = lambda v: v.astype(np.float64) if v.dtype.kind == "f" else v
    shared = {k: double(np.asarray(v)) for k, v in shared.items()}
    count = len(next(iter(examples.values())))

    def run():
        rows = []
        for n in range(count):
            one = {k: double(v[n : n + 1]) for k, v in examples.items()}
            results = ReferenceEvaluator(graph).run(outputs, {**one, **shared})
            rows.append(np.concatenate([r.reshape(-1) for r in results]))
        return np.stack(rows)

    columns = []
    for name in wrt:
        for index in np.ndindex(values[name].shape):
            sides = []
            for sign in (1, -1):
                moved = values[name].copy()
                moved[index] += sign * step
                tensors[name].CopyFrom(numpy_helper.from_array(moved, name))
                sides.append(run())
            tensors[name].CopyFrom(numpy_helper.from_array(values[name], name))
            columns.append((sides[0] - sides[1]) / (2 * step))
    return np.stack(columns, axis=-1)


def check(path, x1, x2, shared, wrt, *options, given=None, outputs=None):
    """The kernel, fast and by the reference, is that of the differences."""
    j1, j2 = (jacobian(path, x, shared, wrt, outputs) for x in (x1, x2))
    given = {} if given is None else given
    for mode in ([], ["--reference"]):
        found = kernel(folder, path, {**x1, **given}, {**x2, **given}, "--dtype=f64", *options, *mode)
        shape = j1.shape[0], j2.shape[0], j1.shape[1], j2.shape[1]
        assert_close(found.reshape(shape), gram(j1, j2), 1e-7)


def refused(path, x1, x2, words, *options):
    arguments = [path, "--x1", save(os.path.join(folder, "x1"), x1), *options]
    if x2 is not None:
        arguments += ["--x2", save(os.path.join(folder, "x2"), x2)]
    output = os.path.join(folder, "no.npy")
    status, _, errors = ntk_run(*arguments, "-o", output)
    lines = errors.splitlines()
    assert status == 1 and lines[-1].startswith("error: "), errors
    for word in words:
        assert word in lines[-1], (word, errors)
    assert not os.path.exists(output)


# A length that the file leaves open, in two inputs.
pooled = model(
    "pooled",
    """g (float[batch,length,3] x, float[batch,length] mask) => (float[batch,2] y) {
      h = MatMul(x, W)
      t = Tanh(h)
      last = Constant<value_ints: ints = [-1]>()
      m = Unsqueeze(mask, last)
      z = Mul(t, m)
      axis = Constant<value_ints: ints = [1]>()
      y = ReduceSum<keepdims: int = 0>(z, axis)
    }""",
    W=normal(3, 2),
)
batch = lambda n, length: dict(x=normal(n, length, 3), mask=normal(n, length))
check(pooled, batch(3, 5), batch(2, 5), {}, ["W"])
x = batch(3, 5)
refused(pooled, dict(x, mask=normal(3, 4)), None, ["'mask'", "'length'", "5 by input 'x'", "got 4"])
refused(pooled, x, batch(2, 4), ["--x2", "[n, 5, 3]", "'x'", "[2, 4, 3]"])
refused(pooled, dict(x, x=normal(3, 5, 3, 1)), None, ["'x'", "[n, length, 3]", "[3, 5, 3, 1]"])
refused(pooled, dict(x=x["x"]), None, ["found none for 'mask'", "there are 'x'"])

# All examples have one mask; x2 need not repeat it, but may not change it.
mask = dict(mask=normal(5))
one = lambda n: dict(x=normal(n, 5, 3))
x1, x2 = one(3), one(2)
for given in ({"given": mask}, {}):
    options = [] if given else ["--input", "mask=" + save(os.path.join(folder, "mask"), mask["mask"])]
    check(pooled, x1, x2, {"mask": mask["mask"][None]}, ["W"], *options, **given)
check(pooled, x1, x2, {"mask": [[1.0, 0.5, 2.0, 0.0, -1.0]]}, ["W"], "--input", "mask=[1, 0.5, 2, 0, -1]")
check(pooled, x1, x2, {"mask": [[1.0, 0.5, 2.0, 0.0, -1.0]]}, ["W"], "--input=mask=[[1, 0.5, 2, 0, -1]]")
found = kernel(folder, pooled, {**x1, **mask}, x2)
np.testing.assert_array_equal(found, kernel(folder, pooled, {**x1, **mask}, {**x2, **mask}))
refused(pooled, {**x1, **mask}, dict(x2, mask=normal(5)), ["--x2", "'mask'", "share", "another"])
refused(pooled, {**x1, **mask}, dict(x2, mask=normal(2, 5)), ["--x2", "'mask'", "share", "another"])
refused(pooled, x1, None, ["--input 'mask'", "[length]", "float64[2, 2]"], "--input", "mask=[[1, 0.5], [1, 2]]")
refused(pooled, x1, None, ["'mask'", "'length'", "5 by input 'x'", "got 2"], "--input", "mask=[1, 0.5]")
refused(pooled, x1, None, ["--input 'task'", "'x', 'mask'"], "--input", "task=[1]")
refused(pooled, x1, None, ["--input", "'mask'", "number"], "--input", "mask=[1, [2]]")
refused(pooled, x1, None, ["--input", "NAME=VALUE"], "--input", "mask")
refused(pooled, x1, None, ["'mask'", "two"], "--input", "mask=1", "--input", "mask=2")
refused(pooled, {**x1, **mask}, None, ["'mask'", "--input and in --x1"], "--input", "mask=[1,1,1,1,1]")
refused(pooled, dict(x=normal(5, 3), mask=normal(5)), None, ["'x'", "[n, length, 3]"])
refused(pooled, dict(x1, mask=np.array([1, np.nan, 1, 1, 1])), None, ["'mask'", "finite", "1 NaN"])

# A number and a graph that the file has without a batch; as many nodes as
# examples make no difference.
graph = model(
    "graph",
    """g (float[batch,nodes,3] x, float[nodes,nodes] edges, float temperature) => (float[batch,2] y) {
      h = MatMul(x, W)
      a = Div(h, temperature)
      t = Tanh(a)
      z = MatMul(edges, t)
      axis = Constant<value_ints: ints = [1]>()
      s = ReduceMean<keepdims: int = 0>(z, axis)
      y = MatMul(s, V)
    }""",
    W=normal(3, 2),
    V=normal(2, 2),
)
for n in (3, 4):
    x1, x2 = dict(x=normal(n, 4, 3)), dict(x=normal(2, 4, 3))
    shared = dict(edges=normal(4, 4), temperature=np.float32(0.5))
    check(graph, x1, x2, shared, ["W", "V"], given=shared)
    check(graph, x1, x2, shared, ["W", "V"], "--input", "temperature=0.5", given=dict(edges=shared["edges"]))
edges = save(os.path.join(folder, "edges"), shared["edges"])
given = ["--input", "edges=" + edges, "--input"]
check(graph, x1, x2, dict(shared, temperature=np.float32(2)), ["W", "V"], *given, "temperature=2")
# One temperature for each example.
warm = kernel(folder, graph, {**x1, **shared, "temperature": np.full(4, 0.5)}, None, "--dtype=f64")
assert_close(warm, kernel(folder, graph, {**x1, **shared}, None, "--dtype=f64"), 1e-12)
refused(graph, dict(x1, edges=normal(4, 5), temperature=1.0), None, ["'edges'", "'nodes'", "4 by", "got 5"])
refused(graph, x1, None, ["--input 'temperature'", "[]", "int64[2]"], *given, "temperature=[1, 2]")

# Points that all examples share, as many as the file leaves open: another size
# than that of the first axis of the output.
points = model(
    "points",
    """g (float[s1,3] x, float[s2,2] points) => (float[s1,s2] y) {
      a = MatMul(x, W)
      b = MatMul(points, V)
      t = Tanh(b)
      f = Transpose<perm: ints = [1, 0]>(t)
      y = MatMul(a, f)
    }""",
    W=normal(3, 4),
    V=normal(2, 4),
)
x1, x2 = dict(x=normal(3, 3)), dict(x=normal(2, 3))
shared = dict(points=normal(5, 2))
check(points, x1, x2, shared, ["W", "V"], given=shared)
check(points, x1, x2, shared, ["W", "V"], "--input", "points=" + save(os.path.join(folder, "points"), shared["points"]))
refused(points, dict(x1, points=normal(3, 2)), None, ["(MatMul)", "mixes examples"])

# Time first, and no name says which axis is the batch: that of the output.
steps = model(
    "steps",
    """g (float[s1,s2,3] x) => (float[s2,2] y) {
      h = MatMul(x, W)
      t = Tanh(h)
      axis = Constant<value_ints: ints = [0]>()
      y = ReduceSum<keepdims: int = 0>(t, axis)
    }""",
    W=normal(3, 2),
)
x = normal(3, 5, 3)  # examples first
rows = np.einsum("nlk,nlc->nkc", x, 1 - np.tanh(x @ parameters(steps)["W"]) ** 2)
assert_close(kernel(folder, steps, x, None, "--dtype=f64"), np.einsum("nkc,mkd,cd->nmcd", rows, rows, np.eye(2)), 1e-6)

# One example is fixed, its length is open.
single = model(
    "single",
    """g (float[1,length,3] x, float[1,length] mask) => (float[1,2] y) {
      h = MatMul(x, W)
      t = Tanh(h)
      last = Constant<value_ints: ints = [-1]>()
      m = Unsqueeze(mask, last)
      z = Mul(t, m)
      axis = Constant<value_ints: ints = [1]>()
      y = ReduceSum<keepdims: int = 0>(z, axis)
    }""",
    W=normal(3, 2),
)
check(single, batch(3, 5), batch(2, 5), {}, ["W"])
mask = dict(mask=normal(5))
check(single, one(3), one(2), {"mask": mask["mask"][None]}, ["W"], given=mask)

# Numbers that shapes and branches are made of.
control = model(
    "control",
    """g (float[batch,4] x, int64 k, bool doubled) => (float[batch,2] y) {
      zero = Constant<value_ints: ints = [0]>()
      one = Constant<value_ints: ints = [1]>()
      last = Reshape(k, one)
      part = Slice(x, zero, last, one)
      h = MatMul(part, W)
      t = Tanh(h)
      y = If(doubled) <
        then_branch = yes () => (float[batch,2] a) { a = Add(t, t) },
        else_branch = no () => (float[batch,2] b) { b = Identity(t) }
      >
    }""",
    W=normal(3, 2),
)
x1, x2 = dict(x=normal(3, 4)), dict(x=normal(2, 4))
for doubled in (True, False):
    shared = dict(k=np.int64(3), doubled=np.bool_(doubled))
    check(control, x1, x2, shared, ["W"], given=shared)
    word = str(doubled).lower()
    check(control, x1, x2, shared, ["W"], "--input", "k=3", f"--input=doubled={word}")
refused(control, x1, None, ["(MatMul)", "equal sizes"], "--input", "k=2", "--input=doubled=true")
refused(control, x1, None, ["'k'", "integers", "float64"], "--input", "k=2.5", "--input=doubled=true")
refused(control, x1, None, ["'doubled'", "booleans"], "--input", "k=3", "--input=doubled=7")

# What no wanted output needs: an unsupported operator, a label, an input.
several = model(
    "several",
    """g (float[batch,4] x, int64[batch,M] unread) => (int64[batch] label, float[batch,2] y, float[batch,3] hidden, float[batch,M] odd) {
      hidden = MatMul(x, W)
      t = Tanh(hidden)
      y = MatMul(t, V)
      label = ArgMax<axis: int = 1, keepdims: int = 0>(y)
      odd = Wobble(unread)
    }""",
    W=normal(4, 3),
    V=normal(3, 2),
)
for outputs, glob in ((["y"], "y"), (["y", "hidden"], "[yh]*"), (["y", "hidden"], "hidden,y")):
    plain = model(
        "plain",
        f"""g (float[batch,4] x) => ({", ".join(f"float[batch,{3 if o == 'hidden' else 2}] {o}" for o in outputs)}) {{
          hidden = MatMul(x, W)
          t = Tanh(hidden)
          y = MatMul(t, V)
        }}""",
        **{t.name: numpy_helper.to_array(t) for t in onnx.load(several).graph.initializer},
    )
    j1, j2 = (jacobian(plain, x, {}, ["W", "V"]) for x in (x1, x2))
    found = kernel(folder, several, x1["x"], x2, "--dtype=f64", "--outputs", glob)
    assert_close(found, gram(j1, j2), 1e-7)
    with_unread = dict(x1, unread=np.zeros((3, 2), np.int64))
    found = kernel(folder, several, with_unread, x2, "--dtype=f64", "--outputs", glob)
    assert_close(found, gram(j1, j2), 1e-7)
refused(several, x1, None, ["'label'", "int64", "--outputs", "'y', 'hidden', 'odd'"])
refused(several, x1, None, ["Wobble"], "--outputs", "odd")
refused(several, x1, None, ["--outputs 'z*'", "'label', 'y', 'hidden', 'odd'"], "--outputs", "z*")
refused(several, x1, None, ["--outputs 'z'", "none"], "--outputs", "y,z")
refused(several, x1, None, ["'label'", "int64"], "--outputs", "label")

# ntk-translate has no examples: sizes have names, --input is compiled in.
translate = lambda *a: subprocess.run(["ntk-translate", *a], capture_output=True, text=True)
for options, words in [
    ([], ["input 'x'", "'length'", "--size length=N"]),
    (["--size", "width=3"], ["--size 'width'", "'length'"]),
    (["--size", "batch=3"], ["--size 'batch'", "'length'"]),
    (["--size", "length=0"], ["--size", "length=0", "NAME=N"]),
    (["--size", "length=4", "--input", "mask=[1, 2]"], ["'mask'", "share, [4]", "int64[2]"]),
]:
    for tool in (["--onnx-to-ntk", pooled], ["--ntk-to-cpp", pooled, "-o", os.path.join(folder, "p.cpp")]):
        done = translate(*tool, *options)
        assert done.returncode == 1 and all(w in done.stderr for w in words), (words, done.stderr)
text = translate("--onnx-to-ntk", pooled, "--size", "x.1=7").stdout
assert "tensor<7x3xf32>" in text and "tensor<7xf32>" in text, text
text = translate("--onnx-to-ntk", pooled, "--input", "mask=[1, 2, 3, 4]").stdout
assert "tensor<4x3xf32>" in text and "4xf32> {ntk.buffer = \"mask\"}" in text, text

# Emitted code: the temperature compiled in, the graph shared in the .npz.
source, program = os.path.join(folder, "graph.cpp"), os.path.join(folder, "graph")
done = translate("--ntk-to-cpp", graph, "-o", source, "--kernels=none", "--main", "--embed-weights",
                 "--dtype=f64", "--size", "nodes=4", "--input", "temperature=0.5", "--quiet")
assert done.returncode == 0, done.stderr
include = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../include")
subprocess.run(["g++", "-std=c++17", "-O0", "-I", include, source, "-o", program], check=True)
shared = dict(edges=normal(4, 4).astype(np.float64))
x1, x2 = (dict(x=normal(n, 4, 3).astype(np.float64), **shared) for n in (3, 2))
theta = os.path.join(folder, "emitted.npy")
files = ["--x1", save(os.path.join(folder, "x1"), x1), "--x2", save(os.path.join(folder, "x2"), x2)]
subprocess.run([program, *files, "-o", theta], check=True)
expected = kernel(folder, graph, x1, x2, "--dtype=f64", "--input", "temperature=0.5")
assert_close(np.load(theta), expected, 1e-12)
alone = dict(x=x1["x"][0], **shared)
done = subprocess.run([program, "--x1", save(os.path.join(folder, "x1"), alone), "-o", theta], capture_output=True, text=True)
assert done.returncode == 1 and "expected examples along the first axis" in done.stderr, done.stderr
