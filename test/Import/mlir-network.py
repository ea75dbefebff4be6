# Networks written in MLIR: parameters from files, several outputs, an output
# with two axes, ids checked against their table; and what is refused.
#
# REQUIRES: numpy
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t

import os
import subprocess
import sys

import numpy as np

folder = sys.argv[1]
random = np.random.default_rng(0)
path = lambda name: os.path.join(folder, name)


def write(name, text):
    with open(path(name), "w") as file:
        file.write(text)
    return path(name)


def run(model, params, x, *options):
    np.savez(path("w.npz"), **params)
    np.savez(path("x.npz"), **x)
    if os.path.exists(path("theta.npy")):
        os.remove(path("theta.npy"))
    command = ["ntk-run", model, "--x1", path("x.npz"), "--params", path("w.npz")]
    done = subprocess.run(
        [*command, "-o", path("theta.npy"), *options], capture_output=True, text=True
    )
    return done.returncode, done.stderr


def kernel(*arguments):
    status, errors = run(*arguments)
    assert status == 0, errors
    return np.load(path("theta.npy"))


def refused(words, *arguments):
    status, errors = run(*arguments)
    lines = errors.splitlines()
    assert status == 1 and len(lines) == 1 and lines[0].startswith("error: "), errors
    for word in words:
        assert word in lines[0], (word, errors)
    assert not os.path.exists(path("theta.npy"))


LINEAR = """
ntk.network @linear(%x: tensor<3xf64> {ntk.input = "x"},
                    %w: tensor<2x3xf64> {ntk.param = "w"},
                    %scale: tensor<2xf64> {ntk.buffer = "scale"}) -> tensor<2xf64> {
  %y = ntk.contract "k, ck -> c" (%x, %w)
      : (tensor<3xf64>, tensor<2x3xf64>) -> tensor<2xf64>
  %z = ntk.mul %y, %scale : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  ntk.return %z : tensor<2xf64>
}
"""
linear = write("linear.mlir", LINEAR)
w = {"w": random.standard_normal((2, 3)), "scale": np.array([2.0, -3.0])}
x = random.standard_normal((4, 3))
expected = np.einsum("nk,mk,op->nmop", x, x, np.diag(w["scale"] ** 2))
np.testing.assert_allclose(kernel(linear, w, {"x": x}), expected, atol=1e-12)
# A file of floats and of another name: one array stands for the one input.
w32 = {k: v.astype(np.float32) for k, v in w.items()}
np.testing.assert_allclose(kernel(linear, w32, {"y": x}), expected, atol=1e-12)

refused(["w.npz", "'scale'"], linear, {"w": w["w"]}, {"x": x})
refused(["'w'", "[3, 2]"], linear, {**w, "w": w["w"].T}, {"x": x})
refused(["'w'", "int64"], linear, {**w, "w": np.ones((2, 3), np.int64)}, {"x": x})
# What else a file of parameters holds does no harm, but is said.
status, errors = run(linear, {**w, "bias": np.ones(2)}, {"x": x})
assert status == 0 and "does not use: 'bias'" in errors, errors
np.testing.assert_allclose(np.load(path("theta.npy")), expected, atol=1e-12)
refused(["--dtype", "f64"], linear, w, {"x": x}, "--dtype=f32")
refused(["--wrt", "'scale'"], linear, w, {"x": x}, "--wrt=scale")
refused(["--frozen", "'q'"], linear, w, {"x": x}, "--frozen=q")

broken = write("broken.mlir", LINEAR.replace("-> tensor<2xf64> {", "-> {"))
refused(["broken.mlir:4:"], broken, w, {"x": x})
wrong = write("wrong.mlir", LINEAR.replace('"k, ck -> c"', '"k, ck -> d"'))
refused(["wrong.mlir:5:"], wrong, w, {"x": x})
refused(["one ntk.network", "found 0"], write("none.mlir", "module {}"), w, {"x": x})
two = write("two.mlir", LINEAR + LINEAR.replace("@linear", "@other"))
refused(["one ntk.network", "found 2"], two, w, {"x": x})
refused(["nowhere.mlir"], path("nowhere.mlir"), w, {"x": x})

# An output with two axes: theta[n, m, a, a', b, b'], as neural-tangents has it.
matrix = write(
    "matrix.mlir",
    """
ntk.network @matrix(%x: tensor<3xf64>, %w: tensor<2x4x3xf64> {ntk.param = "w"})
    -> tensor<2x4xf64> {
  %y = ntk.contract "k, abk -> ab" (%x, %w)
      : (tensor<3xf64>, tensor<2x4x3xf64>) -> tensor<2x4xf64>
  ntk.return %y : tensor<2x4xf64>
}
""",
)
w = {"w": random.standard_normal((2, 4, 3))}
expected = np.einsum("nk,mk,ac,bd->nmacbd", x, x, np.eye(2), np.eye(4))
np.testing.assert_allclose(kernel(matrix, w, {"x": x}), expected, atol=1e-12)
found = kernel(matrix, w, {"x": x}, "--kernel=diagonal")
np.testing.assert_allclose(found, np.einsum("nmaabb->nmab", expected), atol=1e-12)
found = kernel(matrix, w, {"x": x}, "--kernel=trace")
np.testing.assert_allclose(found, np.einsum("nmaabb->nm", expected) / 8, atol=1e-12)

# Two outputs are joined flat.
joined = write(
    "joined.mlir",
    """
ntk.network @joined(%x: tensor<3xf64>, %w: tensor<2x3xf64> {ntk.param = "w"})
    -> (tensor<2xf64>, tensor<1x3xf64>) {
  %y = ntk.contract "k, ck -> c" (%x, %w)
      : (tensor<3xf64>, tensor<2x3xf64>) -> tensor<2xf64>
  %z = ntk.contract "ck, c -> k" (%w, %y)
      : (tensor<2x3xf64>, tensor<2xf64>) -> tensor<3xf64>
  %r = ntk.reshape %z {shape = array<i64: 1, 3>}
      : (tensor<3xf64>) -> tensor<1x3xf64>
  ntk.return %y, %r : tensor<2xf64>, tensor<1x3xf64>
}
""",
)
w = {"w": random.standard_normal((2, 3))}


def joined_jacobian(x):
    """y = W x and z = Wᵀ W x: ∂z_k/∂W_cl = [k=l] (W x)_c + W_ck x_l."""
    y = np.einsum("nk,od->nodk", x, np.eye(2))
    z = np.einsum("kl,nc->nkcl", np.eye(3), x @ w["w"].T) + np.einsum(
        "ck,nl->nkcl", w["w"], x
    )
    return np.concatenate([y, z], axis=1).reshape(len(x), 5, 6)


j = joined_jacobian(x)
expected = np.einsum("nop,mqp->nmoq", j, j)
found = kernel(joined, w, {"x": x})
assert found.shape == (4, 4, 5, 5)
np.testing.assert_allclose(found, expected, atol=1e-12)

# An embedding: ids are integers, and within the table.
embedding = write(
    "embedding.mlir",
    """
ntk.network @embedding(%ids: tensor<2xi64> {ntk.input = "ids"},
                       %table: tensor<5x3xf64> {ntk.param = "table"})
    -> tensor<3xf64> {
  %e = ntk.gather %table, %ids {axis = 0 : i64}
      : (tensor<5x3xf64>, tensor<2xi64>) -> tensor<2x3xf64>
  %y = ntk.contract "tk -> k" (%e) : (tensor<2x3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}
""",
)
w = {"table": random.standard_normal((5, 3))}
ids = np.array([[0, 1], [4, 4], [2, 0]], np.int32)
counts = np.stack([(ids == v).sum(axis=1) for v in range(5)], axis=1)
expected = np.einsum("nv,mv,op->nmop", counts, counts, np.eye(3))
np.testing.assert_allclose(kernel(embedding, w, {"ids": ids}), expected, atol=1e-12)
refused(["'ids': expected ids from -5 to 4", "got 7"], embedding, w, {"ids": ids + 3})
refused(["integers", "float64"], embedding, w, {"ids": ids.astype(np.float64)})

# Floats of two types: the kernel is in that of the first output. Expected is
# the Jacobian from central differences.
MIXED = """
ntk.network @mixed(%x: tensor<3xf64> {ntk.input = "x"}, %w: tensor<2x3xf64> {ntk.param = "w"},
                   %v: tensor<2xf32> {ntk.param = "v"}) -> (tensor<2xf32>, tensor<2xf64>) {
  %y = ntk.contract "k, ck -> c" (%x, %w)
      : (tensor<3xf64>, tensor<2x3xf64>) -> tensor<2xf64>
  %t = ntk.tanh %y : (tensor<2xf64>) -> tensor<2xf64>
  %c = ntk.convert %t {element = f32} : (tensor<2xf64>) -> tensor<2xf32>
  %z = ntk.mul %c, %v : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  ntk.return %z, %y : tensor<2xf32>, tensor<2xf64>
}
"""
mixed = write("mixed.mlir", MIXED)
x, w, v = random.standard_normal((4, 3)), random.standard_normal((2, 3)), random.standard_normal(2)


def outputs(numbers):
    y = x @ numbers[:6].reshape(2, 3).T
    return np.concatenate([np.tanh(y) * numbers[6:], y], axis=1)


numbers = np.concatenate([w.ravel(), v])
steps = 1e-6 * np.eye(len(numbers))
jacobian = np.stack([(outputs(numbers + s) - outputs(numbers - s)) / 2e-6 for s in steps], -1)
expected = np.einsum("nop,mqp->nmoq", jacobian, jacobian)
for method in ["structured", "jacobian-contraction", "ntk-vector-products"]:
    found = kernel(mixed, {"w": w, "v": v}, {"x": x}, f"--method={method}")
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max(), method

# Indices that no two arrays have in the same order: as many loops around a
# product. The network is linear, y = x . w, and so its kernel is a Gram matrix.
LOOPS = """
ntk.network @loops(%x: tensor<2x3x2x2x3x2x2x2xf64> {ntk.input = "x"},
                   %w: tensor<2x2x2x3x2x2x3x2xf64> {ntk.param = "w"}) -> tensor<2x3x2x2x3xf64> {
  %y = ntk.contract "abcdefgh, hgfedcba -> geacb" (%x, %w)
      : (tensor<2x3x2x2x3x2x2x2xf64>, tensor<2x2x2x3x2x2x3x2xf64>) -> tensor<2x3x2x2x3xf64>
  ntk.return %y : tensor<2x3x2x2x3xf64>
}
"""
loops = write("loops.mlir", LOOPS)
x = random.standard_normal((3, 2, 3, 2, 2, 3, 2, 2, 2))
w = random.standard_normal((2, 2, 2, 3, 2, 2, 3, 2))
expected = np.einsum("nabcdefgh,mabcdefgh->nmgeacb", x, x)
for method in ["structured", "jacobian-contraction", "ntk-vector-products"]:
    found = kernel(loops, {"w": w}, {"x": x}, "--kernel=diagonal", f"--method={method}")
    assert np.abs(found - expected).max() < 1e-12 * np.abs(expected).max(), method

# Values of more axes than indices can be told apart are refused, not an abort.
axes = "x".join(["1"] * 40)
wide = write("wide.mlir", f"""
ntk.network @wide(%x: tensor<{axes}xf64> {{ntk.input = "x"}},
                  %w: tensor<{axes}xf64> {{ntk.param = "w"}}) -> tensor<1xf64> {{
  %y = ntk.mul %x, %w : (tensor<{axes}xf64>, tensor<{axes}xf64>) -> tensor<{axes}xf64>
  %z = ntk.reshape %y {{shape = array<i64: 1>}} : (tensor<{axes}xf64>) -> tensor<1xf64>
  ntk.return %z : tensor<1xf64>
}}
""")
# (NumPy stops at 32 axes, so no array of that rank is read: source is asked for.)
done = subprocess.run(
    ["ntk-translate", "--ntk-to-cpp", wide, "-o", path("wide.cpp")], capture_output=True, text=True
)
assert done.returncode == 1 and "at most 16 axes" in done.stderr, done.stderr
