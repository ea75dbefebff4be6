# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Values: kernels against formulas and finite differences of NumPy."""

import os
import subprocess

import numpy as np
import pytest
from conftest import Mlp, assert_close, save
from onnx import TensorProto, helper, numpy_helper
from run import finite_difference_jacobian, gram
from test_arrays import refused

import ntk

KINDS = {
    "full": lambda t: t,
    "trace": lambda t: np.trace(t, axis1=2, axis2=3) / t.shape[2],
    "diagonal": lambda t: np.einsum("nmoo->nmo", t),
    "sum": lambda t: t.sum(axis=(2, 3)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "method", ["auto", "jacobian-contraction", "ntk-vector-products", "structured"]
)
def test_kinds_and_methods(mlp, kind, method):
    k = ntk.compile(mlp.model(), kernel=kind, method=method)
    x1, x2 = mlp.examples(7), mlp.examples(5, seed=2)
    assert_close(k(x1, x2), KINDS[kind](mlp.kernel(x1, x2)))
    assert_close(k(x1), KINDS[kind](mlp.kernel(x1)))


@pytest.mark.parametrize(
    "dtype, result, tolerance",
    [
        ("f32", np.float32, 2e-6),
        (np.float32, np.float32, 2e-6),
        ("float64", np.float64, 1e-6),
        (np.dtype("f8"), np.float64, 1e-6),
        (None, np.float32, 2e-6),
    ],
)
def test_dtypes(dtype, result, tolerance):
    mlp = Mlp(dtype=np.float32)
    k = ntk.compile(mlp.model(), dtype=dtype)
    x = mlp.examples(4)
    assert k(x).dtype == k.dtype == result
    assert_close(k(x), mlp.kernel(x), tolerance)


def test_sources(mlp, tmp_path):
    """Paths, bytes, models, text and its file are the same kernel."""
    path = save(mlp.model(), tmp_path / "mlp.onnx")
    text = tmp_path / "mlp.mlir"
    text.write_text(mlp.text())
    x = mlp.examples(4)
    wanted = mlp.kernel(x)
    kernels = [
        ntk.compile(path),
        ntk.compile(tmp_path / "mlp.onnx"),
        ntk.compile(mlp.model()),
        ntk.compile(mlp.model().SerializeToString()),
        ntk.compile(bytearray(mlp.model().SerializeToString())),
        ntk.from_mlir(mlp.text(), params=mlp.parameters),
        ntk.from_mlir(str(text), params=mlp.parameters),
        ntk.from_mlir(text, params=mlp.parameters),
    ]
    for k in kernels:
        assert_close(k(x), wanted)


def test_any_number_of_examples(mlp):
    """One code for all: other numbers only choose other blocks."""
    k = ntk.compile(mlp.model(), memory_limit="1MiB")
    x = mlp.examples(300)
    assert_close(k(x[:3]), mlp.kernel(x[:3]))
    for n1, n2 in [(1, 1), (1, 13), (13, 1), (64, 9), (2, 100), (3, None), (64, None), (1, None)]:
        x2 = None if n2 is None else mlp.examples(n2, seed=3)
        assert_close(k(x[:n1], x2), mlp.kernel(x[:n1], x2))
    with pytest.raises(ntk.Error, match="memory_limit is 1.0 MiB"):
        k(x)


def test_symmetric_to_the_bit(mlp):
    k = ntk.compile(mlp.model())
    x = mlp.examples(31)
    theta = k(x)
    assert np.array_equal(theta, theta.transpose(1, 0, 3, 2))
    assert np.array_equal(theta, k(x, x.copy()))


def test_parameters(mlp):
    """Other parameters with each call: of a dictionary, of a nested one, of an object."""
    k = ntk.compile(mlp.model())
    x = mlp.examples(4)

    class Module:
        def state_dict(self):
            return p

    for seed in range(3):
        p = mlp.draw(seed)
        wanted = mlp.kernel(x, p=p)
        nested = {
            "fc1": {"weight": p["fc1.weight"], "bias": p["fc1.bias"]},
            "fc2": {"weight": p["fc2.weight"], "bias": p["fc2.bias"]},
        }
        for params in (p, nested, Module(), {**p, "step": np.int64(3), "unused": np.zeros(2)}):
            assert_close(k(x, params=params), wanted)
        bound = k.bind(p)
        p["fc1.weight"][:] = 0  # what is bound was copied
        assert_close(bound(x), wanted)
    assert_close(k(x), mlp.kernel(x))
    some = {"fc1.bias": np.ones(8)}
    wanted = mlp.kernel(x, p={**mlp.parameters, **some})
    assert_close(k(x, params=some, partial=True), wanted)
    assert_close(k.bind(some, partial=True)(x), wanted)
    assert_close(
        k.bind(mlp.draw(5)).bind(some, partial=True)(x), mlp.kernel(x, p={**mlp.draw(5), **some})
    )


def test_partial_parameters_of_a_bound_kernel(mlp):
    x = mlp.examples(4)
    some = {"fc1.bias": np.ones(8)}
    bound = ntk.compile(mlp.model()).bind(mlp.draw(5))
    wanted = mlp.kernel(x, p={**mlp.draw(5), **some})
    assert_close(bound(x, params=some, partial=True), wanted)
    assert_close(bound.variant(method="structured")(x, params=some, partial=True), wanted)
    assert_close(bound(x), mlp.kernel(x, p=mlp.draw(5)))


def test_text_without_parameters(mlp):
    k = ntk.from_mlir(mlp.text())
    x = mlp.examples(4)
    assert k.parameters["fc1.bias"] == ((8,), "float64", True, True)
    with pytest.raises(ntk.Error, match="params: expected parameter 'fc1.weight'"):
        k(x)
    assert_close(k(x, params=mlp.parameters), mlp.kernel(x))
    assert_close(k.bind(mlp.parameters)(x), mlp.kernel(x))


def test_variant_and_choice_of_parameters(mlp):
    k = ntk.compile(mlp.model())
    x = mlp.examples(4)
    p = mlp.draw(7)
    trace = k.variant(kernel="trace")
    assert_close(trace(x), KINDS["trace"](mlp.kernel(x)))
    assert_close(
        k.bind(p).variant(wrt="fc1.*")(x), mlp.kernel(x, p=p, wrt=["fc1.weight", "fc1.bias"])
    )
    frozen = k.variant(frozen=["fc1.weight", "fc2.weight"])
    assert_close(frozen(x), mlp.kernel(x, wrt=["fc1.bias", "fc2.bias"]))
    assert not frozen.parameters["fc1.weight"].trainable and frozen.parameters["fc1.bias"].trainable


def test_einsum(mlp):
    """Kernels by an einsum over the Jacobians."""
    x1, x2 = mlp.examples(4), mlp.examples(5, seed=2)
    theta = mlp.kernel(x1, x2)
    k = ntk.compile(mlp.model())
    assert_close(k.variant(kernel="now, mpw -> nmop")(x1, x2), theta)
    trace = k.variant(kernel="now, mow -> nm")
    assert_close(trace(x1, x2), np.trace(theta, axis1=2, axis2=3))
    assert_close(trace.diag(x1), np.einsum("nnoo->n", mlp.kernel(x1)))
    refused(["nmop", "pnmo"], lambda: k.variant(kernel="now, mpw -> pnmo"), "kernel")
    with pytest.raises(ntk.Unsupported, match="einsum"):
        trace.linear_operator(x1)


def test_diag(mlp):
    k = ntk.compile(mlp.model())
    x = mlp.examples(5)
    wanted = np.einsum("nnop->nop", mlp.kernel(x))
    assert_close(k.diag(x), wanted)
    assert_close(k.variant(kernel="trace").diag(x), np.trace(wanted, axis1=1, axis2=2) / 3)
    assert_close(
        k.diag(x, params=mlp.draw(2)), np.einsum("nnop->nop", mlp.kernel(x, p=mlp.draw(2)))
    )


def test_linear_operator(mlp):
    pytest.importorskip("scipy")
    k = ntk.compile(mlp.model())
    x1, x2 = mlp.examples(5), mlp.examples(4, seed=2)
    theta = mlp.kernel(x1, x2)
    matrix = theta.transpose(0, 2, 1, 3).reshape(15, 12)
    v, u = np.random.default_rng(3).standard_normal((12, 2)), np.arange(15.0)
    operator = k.linear_operator(x1, x2)
    assert operator.shape == (15, 12)
    assert_close(operator @ v, matrix @ v)
    assert_close(operator.T @ u, matrix.T @ u)
    sums = k.variant(kernel="sum").linear_operator(x1, x2)
    assert_close(sums @ np.ones(4), KINDS["sum"](theta) @ np.ones(4))
    diagonal = k.variant(kernel="diagonal").linear_operator(x1, x2)
    wanted = np.einsum("nmo,mo->no", KINDS["diagonal"](theta), v[:, 0].reshape(4, 3)).ravel()
    assert_close(diagonal @ v[:, 0], wanted)
    with pytest.raises(ntk.Unsupported, match="axes"):
        k.variant(kernel="trace", axes=-1).linear_operator(x1)


def test_out(mlp):
    k = ntk.compile(mlp.model())
    x = mlp.examples(4)
    out = np.full((4, 4, 3, 3), np.nan)
    assert k(x, out=out) is out
    assert_close(out, mlp.kernel(x))


def test_convolutions(models):
    """A network of convolutions against finite differences, which know nothing of it."""
    model = f"{models}/cnn.onnx"
    x = np.load(f"{models}/cnn.npy")[:3]
    k = ntk.compile(model, dtype="f64")
    wrt = [name for name, parameter in k.parameters.items() if parameter.trainable]
    assert any("conv" in name for name in wrt), wrt
    jacobian = finite_difference_jacobian(model, {next(iter(k.inputs)): x}, wrt)
    assert_close(k(x), gram(jacobian, jacobian), 1e-7)


def test_several_inputs(models):
    """By name and in order; one without examples is shared."""
    with np.load(f"{models}/two_inputs.npz") as file:
        x = dict(file)
    k = ntk.compile(f"{models}/two_inputs.onnx")
    theta = k(x)
    assert np.array_equal(theta, k([x[name] for name in k.inputs]))
    first = {name: array[:1] for name, array in x.items()}
    assert_close(k(first, x)[0], theta[0], 1e-6)


def embedding(rows=7, width=4):
    """Mean over the tokens of rows of a table, whose length the model leaves open."""
    table = np.random.default_rng(0).standard_normal((rows, width))
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "ids"], ["e"], "embed"),
            helper.make_node("ReduceMean", ["e"], ["y"], "mean", axes=[1], keepdims=0),
        ],
        "embedding",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["N", "length"])],
        [helper.make_tensor_value_info("y", TensorProto.DOUBLE, ["N", width])],
        [numpy_helper.from_array(table, "table")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_integers_and_open_sizes():
    """The kernel of mean embeddings: shared tokens over the square of the length."""
    with pytest.raises(ntk.Error, match="sizes length=N") as caught:
        ntk.compile(embedding())
    assert caught.value.file == "model"
    k = ntk.compile(embedding(), sizes={"length": 3}, wrt="table", kernel="trace")
    ids = np.array([[0, 1, 1], [6, 1, 0]])
    counts = np.stack([np.bincount(row, minlength=7) for row in ids])
    for kind in (np.int64, np.int32, np.uint8):
        assert_close(k(ids.astype(kind)), counts @ counts.T / 9)
    for wrong, words in [
        (ids + 1, ["ids from", "7"]),
        (ids.astype(float), ["integers", "float64"]),
        (ids[:, :2], ["[n, 3]", "[2, 2]"]),
    ]:
        refused(["x1", *words], lambda: k(wrong), "x1")


def test_whole_batch(models):
    """A network that mixes its examples: refused, or one batch is the example."""
    model = f"{models}/mixes_examples.onnx"
    with pytest.raises(ntk.Error, match="mixes examples") as caught:
        ntk.compile(model)
    assert caught.value.file == model and caught.value.node
    shape = next(iter(ntk.compile(model, whole_batch=4).inputs.values())).shape
    x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    k = ntk.compile(model, whole_batch=4, dtype="f64")
    wrt = [name for name, parameter in k.parameters.items() if parameter.trainable]
    j = finite_difference_jacobian(model, {next(iter(k.inputs)): x}, wrt)
    found = k(x)
    assert found.shape == (
        4,
        4,
        *([j.shape[1]] * 2 if j.ndim == 3 and j.shape[1] > 1 else [1, 1]),
    ), found.shape
    assert_close(found, gram(j, j), 1e-6)


def test_plan(mlp):
    k = ntk.compile(mlp.model())
    plan = k.plan(32)
    assert plan.flops > 0 and plan["peak_bytes"] == plan.peak_bytes
    assert {s["name"] for s in plan.sites} == set(mlp.parameters)
    assert "fc1.weight" in str(plan) and "fc1.weight" in plan._repr_html_()
    assert k.plan(32, 8)["n2"] == 8
    k.precompile(100)
    x = mlp.examples(4)
    assert_close(k(x), mlp.kernel(x))


def test_to_cpp(mlp, tmp_path):
    """Source that a compiler takes, and whose numbers are the kernel's."""
    k = ntk.compile(mlp.model(), kernel="trace")
    path = tmp_path / "mlp.cpp"
    k.to_cpp(path, 4, 5, kernels="none")
    main = tmp_path / "main.cpp"
    main.write_text("""
#include "mlp.h"
#include <cstdio>
#include <cstdlib>
template <typename T> static void read(T &to) { if (std::fread(&to, sizeof to, 1, stdin) != 1) std::abort(); }
static mlp_params p;
static double x1[4][6], x2[5][6], theta[4][5];
int main() {
  read(p.fc1_weight), read(p.fc1_bias), read(p.fc2_weight), read(p.fc2_bias), read(x1), read(x2);
  void *workspace = std::aligned_alloc(64, (mlp_theta_workspace_bytes(4, 5) + 63) / 64 * 64);
  if (int status = mlp_theta(&p, x1[0], 4, x2[0], 5, theta[0], workspace))
    return std::puts(mlp_theta_error(status)), 1;
  return std::fwrite(theta, sizeof theta, 1, stdout) != 1;
}
""")
    program = tmp_path / "main"
    include = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../include")
    subprocess.run(
        ["g++", "-std=c++17", "-O1", f"-I{include}", main, path, "-o", program],
        check=True,
        timeout=300,
    )
    x1, x2 = mlp.examples(4), mlp.examples(5, seed=2)
    data = b"".join(array.tobytes() for array in (*mlp.parameters.values(), x1, x2))
    done = subprocess.run([program], input=data, capture_output=True, check=True, timeout=60)
    found = np.frombuffer(done.stdout).reshape(4, 5)
    assert_close(found, KINDS["trace"](mlp.kernel(x1, x2)))
    assert_close(k(x1, x2), found)
    for arguments, word in [
        (("mlp.txt",), "NET.cpp"),
        ((tmp_path / "no/mlp.cpp",), "path: .* there is no directory"),
        ((path, 0), "n1"),
    ]:
        with pytest.raises(ntk.Error, match=word):
            k.to_cpp(*arguments)
    with pytest.raises(ntk.Error, match="onednn, cblas or none"):
        k.to_cpp(path, kernels="mkl")
