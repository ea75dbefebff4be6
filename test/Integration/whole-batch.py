# Networks that mix examples: refused by the name of the node; with --whole-batch
# their kernel is that of PyTorch, by all methods and kinds of kernels, in blocks
# of outputs, from batches of open and of fixed size, by the reference too.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %S/Inputs

import os
import sys

import numpy as np

folder, inputs = sys.argv[1:]
sys.path.insert(0, inputs)
from run import assert_close, kernel, ntk_run, plan, save

METHODS = ["structured", "jacobian-contraction", "ntk-vector-products"]


def path(name):
    return os.path.join(inputs, "whole_batch", name)


def whole(model, x1, x2, *options):
    return kernel(folder, model, x1, x2, "--whole-batch", *options)


def refused(model, x1, x2, words, *options):
    arguments = [model, "--x1", save(os.path.join(folder, "x1"), x1), *options]
    if x2 is not None:
        arguments += ["--x2", save(os.path.join(folder, "x2"), x2)]
    output = os.path.join(folder, "no.npy")
    status, _, errors = ntk_run(*arguments, "-o", output)
    lines = errors.splitlines()
    assert status == 1 and lines[-1].startswith("error: "), errors
    for word in words:
        assert word in lines[-1], (word, errors)
    assert not os.path.exists(output)


for name in ["mlp", "cnn"]:
    model, case = path(f"{name}.onnx"), np.load(path(f"{name}.npz"))
    x1, x2, theta = case["x1"], case["x2"], case["theta"]
    refused(model, x1, None, ["'norm' (BatchNormalization)", "mixes", "--whole-batch"])
    for method in METHODS:
        found = whole(model, x1, x2, f"--method={method}")
        assert_close(found, theta, 1e-12)
    same = whole(model, x1, None)
    assert_close(same, case["theta_same"], 1e-12)
    pairs = [0, 1] + list(range(2, same.ndim))
    swapped = [axis + 1 - 2 * (axis % 2) for axis in pairs]
    np.testing.assert_array_equal(same, same.transpose(swapped))
    assert_close(whole(model, x1, x2, "--reference"), theta, 1e-12)
    assert_close(whole(model, x1, x2, "--dtype=f32"), theta, 1e-5)

    # The batch is full, whatever becomes of the axes of an example.
    if name == "cnn":
        diagonal, total = np.einsum("nmaabb->nmab", theta), np.einsum("nmabcd->nm", theta)
        trace = diagonal.mean((2, 3))
        last = np.einsum("nmabcc->nmab", theta) / 3
        first = np.einsum("nmaabc->nmabc", theta)
        mixed = np.einsum("nmaabb->nmb", theta) / 2
        for options, expected in [
            (["--kernel=trace", "--axes=-1"], last),
            (["--axes=trace:1"], last),
            (["--kernel=diagonal", "--axes=0"], first),
            (["--axes=trace:0,diagonal:1"], mixed),
        ]:
            assert_close(whole(model, x1, x2, *options), expected, 1e-12)
            assert_close(whole(model, x1, x2, *options, "--reference"), expected, 1e-12)
    else:
        diagonal, total = np.einsum("nmoo->nmo", theta), theta.sum((2, 3))
        trace = diagonal.mean(2)
    for kind, expected in [("trace", trace), ("diagonal", diagonal), ("sum", total)]:
        for method in METHODS:
            found = whole(model, x1, x2, f"--kernel={kind}", f"--method={method}")
            assert_close(found, expected, 1e-12)
        found = whole(model, x1, x2, f"--kernel={kind}", "--reference")
        assert_close(found, expected, 1e-12)

    # Less memory than all outputs at once take: blocks of them.
    peak = plan(folder, model, x1, "--whole-batch")["peak_bytes"]
    limit = f"--memory-limit={peak * 3 // 4}"
    report = plan(folder, model, x1, "--whole-batch", limit)
    assert report["blocks"]["outputs"] < x1.shape[0] * theta.size ** 0.5, report["blocks"]
    assert_close(whole(model, x1, None, limit), case["theta_same"], 1e-12)

    traced = plan(folder, model, x1, "--whole-batch", "--kernel=trace")["kernel"]
    assert traced == "full" + " x trace" * (theta.ndim // 2 - 1), traced

    refused(model, x1, x2[:2], ["--x2", "the whole batch"], "--whole-batch")
refused(path("cnn.onnx"), x1[:2], None, ["--x1", "[3, 2, 4, 4]"], "--whole-batch")
refused(path("mlp.onnx"), x1[0], None, ["'x'", "rank 2", "rank 3"], "--whole-batch")

# A network that does not mix has the kernel it has example by example.
mlp = os.path.join(inputs, "mlp.onnx")
x = np.load(os.path.join(inputs, "mlp.npy")).astype(np.float64)
each = kernel(folder, mlp, x, x[:1].repeat(5, 0) + x, "--dtype=f64")
together = whole(mlp, x, x[:1].repeat(5, 0) + x, "--dtype=f64")
assert_close(together, each, 1e-12)

# Networks in MLIR; two outputs are joined example by example, and an output that
# does not begin with the batch has its own axes only.
TEXT = """
ntk.network @net(%x: tensor<4x3xf64> {{ntk.input = "x"}},
                 %w: tensor<2x3xf64> {{ntk.param = "w"}}) -> {types} {{
  %y = ntk.contract "nk, ck -> nc" (%x, %w)
      : (tensor<4x3xf64>, tensor<2x3xf64>) -> tensor<4x2xf64>
  %m = ntk.reduce_sum %y {{axes = array<i64: 0>}} : (tensor<4x2xf64>) -> tensor<2xf64>
  %b = ntk.broadcast %m {{dimensions = array<i64: 1>, shape = array<i64: 4, 2>}}
      : (tensor<2xf64>) -> tensor<4x2xf64>
  %s = ntk.square %y : (tensor<4x2xf64>) -> tensor<4x2xf64>
  %z = ntk.mul %s, %b : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
  ntk.return {values} : {plain}
}}
"""
random = np.random.default_rng(1)
w, x1, x2 = (random.standard_normal(s) for s in [(2, 3), (4, 3), (4, 3)])
np.savez(os.path.join(folder, "w.npz"), w=w)


def network(*values):
    shapes = {"%y": "tensor<4x2xf64>", "%z": "tensor<4x2xf64>", "%m": "tensor<2xf64>"}
    types = ", ".join(shapes[v] for v in values)
    text = TEXT.format(types=f"({types})", values=", ".join(values), plain=types)
    with open(os.path.join(folder, "net.mlir"), "w") as file:
        file.write(text)
    return os.path.join(folder, "net.mlir")


def jacobians(x):
    """y = x Wᵀ, m = Σ y, z = y² m, by hand: [n, c, c', k]."""
    y, eye = x @ w.T, np.eye(2)
    m = y.sum(0)
    dy = np.einsum("nk,cd->ncdk", x, eye)
    dm = np.einsum("k,cd->cdk", x.sum(0), eye)
    dz = (2 * y * m)[:, :, None, None] * dy + (y**2)[:, :, None, None] * dm
    return {"%y": dy.reshape(4, 2, 6), "%z": dz.reshape(4, 2, 6), "%m": dm.reshape(2, 6)}


j1, j2 = jacobians(x1), jacobians(x2)
params = f"--params={folder}/w.npz"
joined = lambda j: np.concatenate([j["%y"], j["%z"]], axis=1)
expected = np.einsum("nox,mpx->nmop", joined(j1), joined(j2))
for options in [[], ["--reference"]]:
    found = whole(network("%y", "%z"), x1, x2, params, *options)
    assert_close(found, expected, 1e-12)
    found = whole(network("%y", "%z"), x1, x2, params, "--kernel=trace", *options)
    assert_close(found, np.einsum("nmoo->nm", expected) / 4, 1e-12)
    found = whole(network("%m"), x1, x2, params, *options)
    assert_close(found, j1["%m"] @ j2["%m"].T, 1e-12)
    found = whole(network("%m"), x1, x2, params, "--kernel=sum", *options)
    assert_close(found, (j1["%m"].sum(0) * j2["%m"].sum(0)).sum()[()], 1e-12)
