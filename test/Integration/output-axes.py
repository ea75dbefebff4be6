# Outputs of several axes: what --kernel and --axes make of each, against formulas
# in NumPy: every combination on three axes, by all methods, and in blocks.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %S/Inputs

import itertools
import os
import sys

import numpy as np

folder, inputs = sys.argv[1:]
sys.path.insert(0, inputs)
from run import assert_close, kernel, model_path, ntk_run, plan, save

SIZES = 2, 3, 4
KINDS = ["full", "trace", "diagonal", "sum"]
METHODS = ["structured", "jacobian-contraction", "ntk-vector-products"]
random = np.random.default_rng(0)
v, w = random.standard_normal((5, 3)), random.standard_normal((*SIZES, 5))
x1, x2 = random.standard_normal((4, 3)), random.standard_normal((3, 3))
np.savez(f"{folder}/w.npz", v=v, w=w)
model = f"{folder}/net.mlir"
with open(model, "w") as file:
    file.write(
        """
ntk.network @net(%x: tensor<3xf64>, %v: tensor<5x3xf64> {ntk.param = "v"},
                 %w: tensor<2x3x4x5xf64> {ntk.param = "w"}) -> tensor<2x3x4xf64> {
  %a = ntk.contract "i, hi -> h" (%x, %v)
      : (tensor<3xf64>, tensor<5x3xf64>) -> tensor<5xf64>
  %h = ntk.tanh %a : (tensor<5xf64>) -> tensor<5xf64>
  %y = ntk.contract "h, abch -> abc" (%h, %w)
      : (tensor<5xf64>, tensor<2x3x4x5xf64>) -> tensor<2x3x4xf64>
  ntk.return %y : tensor<2x3x4xf64>
}
"""
    )


def jacobian(x):
    """Of y = w tanh(v x), [n, a, b, c, all parameters]."""
    h = np.tanh(x @ v.T)
    dv = np.einsum("abch,nh,ni->nabchi", w, 1 - h**2, x)
    dw = np.einsum("xy,nh->nxyh", np.eye(24), h).reshape(len(x), 24, -1)
    return np.concatenate([dv.reshape(len(x), 24, -1), dw], 2).reshape(len(x), *SIZES, -1)


FULL = np.einsum("nabcx,mdefx->nmadbecf", jacobian(x1), jacobian(x2))


def reduce(theta, kinds):
    """What becomes of the pairs of axes of theta, the last first."""
    for pair in reversed(range(len(kinds))):
        axes = 2 + 2 * pair, 3 + 2 * pair
        if kinds[pair] == "sum":
            theta = theta.sum(axes)
        elif kinds[pair] != "full":
            once = np.moveaxis(theta.diagonal(0, *axes), -1, axes[0])
            theta = once.mean(axes[0]) if kinds[pair] == "trace" else once
    return theta


def run(*options):
    return kernel(folder, model, x1, x2, f"--params={folder}/w.npz", *options)


for number, kinds in enumerate(itertools.product(KINDS, repeat=3)):
    axes = [f"{kind}:{i - 3 * (i % 2)}" for i, kind in enumerate(kinds) if kind != "full"]
    options = [f"--axes={','.join(axes)}"] if axes else []
    options.append(f"--method={METHODS[number % 3]}")
    if number % 4 == 0:
        options = [*options[:-1], "--reference"]
    assert_close(run(*options), reduce(FULL, kinds), 1e-12)



def spell(kinds):
    """The request as an einsum over the Jacobians."""
    first, second, result = "n", "m", "nm"
    for (a, b), kind in zip(("ad", "be", "cf"), kinds):
        b = b if kind in ("full", "sum") else a
        first, second = first + a, second + b
        result += {"full": a + b, "diagonal": a}.get(kind, "")
    return f"{first}w, {second}w -> {result}"


# The same as einsums, which divide nothing.
for number, kinds in enumerate(itertools.product(KINDS, repeat=3)):
    if number % 5:
        continue
    scale = np.prod([size for size, kind in zip(SIZES, kinds) if kind == "trace"])
    options = [f"--kernel={spell(kinds)}", f"--method={METHODS[number % 3]}"]
    for more in ([], ["--reference"]):
        assert_close(run(*options, *more), scale * reduce(FULL, kinds), 1e-12)
assert plan(folder, model, x1, f"--params={folder}/w.npz", "--kernel=nabcw, mabcw -> nmac")[
    "kernel"] == "nabcw, mabcw -> nmac"

# --kernel is about the axes named, or all.
assert_close(run("--kernel=trace", "--axes=0,-1"), reduce(FULL, ["trace", "full", "trace"]), 1e-12)
assert_close(run("--kernel=trace"), reduce(FULL, ["trace"] * 3), 1e-12)
assert_close(run("--kernel=diagonal"), reduce(FULL, ["diagonal"] * 3), 1e-12)
assert_close(run("--kernel=sum", "--axes=1", "--axes=trace:0"), reduce(FULL, ["trace", "sum", "full"]), 1e-12)

# x1 = x2 is symmetric to the bit, and blocks of outputs change nothing.
full = np.einsum("nabcx,mdefx->nmadbecf", jacobian(x1), jacobian(x1))
params = f"--params={folder}/w.npz"
for kinds in [["full"] * 3, ["full", "trace", "full"], ["full", "diagonal", "full"]]:
    options = [params, f"--axes={kinds[1]}:1"] if kinds[1] != "full" else [params]
    found = kernel(folder, model, x1, None, *options)
    assert_close(found, reduce(full, kinds), 1e-12)
    middle = {"full": [5, 4], "trace": [], "diagonal": [4]}[kinds[1]]
    last = found.ndim - 2
    np.testing.assert_array_equal(found, found.transpose(1, 0, 3, 2, *middle, last + 1, last))
    peak = plan(folder, model, x1, *options)
    small = f"--memory-limit={peak['peak_bytes'] * 4 // 5}"
    report = plan(folder, model, x1, *options, small)
    assert report["peak_bytes"] < peak["peak_bytes"]
    assert_close(kernel(folder, model, x1, None, *options, small), found, 1e-12)

# The work is that of the groups, and their number is counted.
flops = lambda *options: plan(folder, model, x1, params, *options)["flops_tiles"]
assert flops("--axes=diagonal:1") < flops() / 2
assert flops("--axes=trace:2") < flops() / 3


def refused(words, *options):
    status, _, errors = ntk_run(
        model, "--x1", save(f"{folder}/x1", x1), params, "-o", f"{folder}/no.npy", *options
    )
    assert status == 1 and errors.startswith("error: ") and errors.count("\n") == 1, errors
    for word in words:
        assert word in errors, (word, errors)
    assert not os.path.exists(f"{folder}/no.npy")


refused(["--axes", "has 3", "got 3"], "--axes=trace:3")
refused(["--axes", "has 3", "got -4"], "--axes=trace:-4")
refused(["--axes", "2 twice"], "--axes=trace:-1,sum:2")
refused(["--axes", "--kernel=trace"], "--axes=1")
refused(["--axes", "a word as --kernel"], "--axes=1", "--kernel=nabcw, mabcw -> nmac")
refused(["--kernel", "full, trace, diagonal, sum", "einsum", "'traces'"], "--kernel=traces")
refused(["--kernel", "letters for the 3 axes", "got 1"], "--kernel=now, mpw -> nmop")
refused(["--kernel", '"nmad" as the result', '"nmda"'], "--kernel=nabcw, mdbcw -> nmda")
refused(["--kernel", "'a' and 'd' in the result, or neither"], "--kernel=nabcw, mdbcw -> nma")
refused(["--kernel", "of both sides", "'n' twice"], "--kernel=nabcw, nabcw -> nabc")
refused(["--kernel", "one letter for the parameters"], "--kernel=nabcw, mabcx -> nmabc")
refused(["--kernel", "two Jacobians"], "--kernel=nabcw -> n")
refused(["--kernel", "on it alone"], "--kernel=nabcw, mbacw -> nmab")
refused(["--kernel", "in an operand"], "--kernel=nabcw, mabcw -> nmz")

# One axis has the same kernels with its name as without.
mlp, x = model_path("mlp"), np.load(os.path.join(inputs, "mlp.npy"))
for kind in KINDS[1:]:
    named = kernel(folder, mlp, x, None, f"--axes={kind}:0")
    np.testing.assert_array_equal(named, kernel(folder, mlp, x, None, f"--kernel={kind}"))
