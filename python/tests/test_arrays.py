# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arrays that are wrong in each way, and those that are right although they look
unusual."""

import array

import numpy as np
import pytest
from conftest import Mlp, assert_close

import ntk


@pytest.fixture
def k(mlp):
    return ntk.compile(mlp.model())


def refused(words, call, argument, kind=ntk.Error):
    with pytest.raises(kind) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text and "--" not in text, text
    for word in words:
        assert word in text, (word, text)
    assert caught.value.argument == argument, caught.value.argument
    return caught.value


def test_layouts(k, mlp):
    x = mlp.examples(8)
    wanted = mlp.kernel(x)
    strided = np.zeros((8, 12))
    strided[:, ::2] = x
    odd = np.empty(8 * 6 * 8 + 1, np.uint8)[1:].view(np.float64).reshape(8, 6)
    odd[:] = x
    locked = x.copy()
    locked.flags.writeable = False
    for given in (
        np.asfortranarray(x),
        strided[:, ::2],
        x[::-1][::-1],
        x.astype(">f8"),
        odd,
        locked,
        x.astype(np.longdouble),
        memoryview(np.ascontiguousarray(x)),
        np.ma.array(x),
    ):
        before = np.array(given, copy=True)
        assert_close(k(given), wanted)
        assert np.array_equal(before, given)
    for width in (np.float16, np.float32):
        assert_close(k(x.astype(width)), mlp.kernel(x.astype(width).astype(np.float64)))


class Exchange:
    """An array that other libraries see by DLPack alone."""

    def __init__(self, array, device=(1, 0)):
        self.array, self.device = array, device

    def __dlpack__(self, **arguments):
        return self.array.__dlpack__(**arguments)

    def __dlpack_device__(self):
        return self.device


def test_protocols(k, mlp):
    x = mlp.examples(1)
    assert_close(k(Exchange(x)), mlp.kernel(x))
    assert_close(k(memoryview(x)), mlp.kernel(x))
    assert_close(k(x, params={n: Exchange(v) for n, v in mlp.parameters.items()}), mlp.kernel(x))
    refused(["x1", "CPU"], lambda: k(Exchange(x, device=(2, 0))), "x1")
    refused(["x1", "[n, 6]", "float64[6]"], lambda: k(array.array("d", [0.0] * 6)), "x1")
    refused(["x1", "array", "bytes"], lambda: k(x.tobytes()), "x1")


def test_wrong_examples(k):
    x = np.zeros((4, 6))
    for given, words in [
        (np.zeros((4, 5)), ["[n, 6]", "float64[4, 5]"]),
        (np.zeros(6), ["[n, 6]", "float64[6]"]),
        (np.float64(3), ["[n, 6]", "float64[]"]),
        (np.zeros((0, 6)), ["at least one example", "float64[0, 6]"]),
        (np.zeros((4, 6), int), ["floats", "int64[4, 6]", "astype"]),
        (np.zeros((4, 6), bool), ["floats", "bool[4, 6]"]),
        (np.zeros((4, 6), complex), ["numbers", "complex128[4, 6]"]),
        (np.full((4, 6), "a"), ["numbers", "<U1"]),
        (np.full((4, 6), None), ["numbers", "object"]),
        (np.ma.masked_less(x, 1), ["masked"]),
        ([[0.0] * 6], ["one array", "'x'", "list of 1"]),
        ("x.npy", ["array", "str"]),
        (None, ["array", "NoneType"]),
        ({}, ["an array for each input"]),
        (np.full((4, 6), np.nan), ["24 NaN", "allow_nonfinite"]),
        (np.full((4, 6), np.inf), ["24 infinite"]),
    ]:
        refused(["x1", *words], lambda: k(given), "x1")
        if given is not None:
            refused(["x2", *words], lambda: k(x, given), "x2")
    refused(["x1", "'y'"], lambda: k({"y": x, "z": x}), "x1")


def test_wrong_parameters(k, mlp):
    x = mlp.examples(2)
    p = mlp.parameters
    without = {name: value for name, value in p.items() if name != "fc1.bias"}
    for params, words in [
        (without, ["'fc1.bias'", "partial"]),
        ({**p, "fc1.bias": np.zeros(9)}, ["'fc1.bias'", "float64[8]", "float64[9]"]),
        ({**p, "fc1.bias": np.zeros(8, int)}, ["'fc1.bias'", "int64[8]"]),
        ({**p, "fc1.bias": np.full(8, np.nan)}, ["'fc1.bias'", "8 NaN"]),
        ({**p, "fc1.bias": "zeros"}, ["'fc1.bias'", "str"]),
        ({f"module.{name}": value for name, value in p.items()}, ["'module.'", "removeprefix"]),
        ({}, ["expected", "fc"]),
        (3, ["state_dict", "int"]),
    ]:
        refused(["params", *words], lambda: k(x, params=params), "params")
        refused(["params", *words], lambda: k.bind(params), "params")
    refused(["params"], lambda: k(x, partial=True), "partial")
    assert_close(k(x), mlp.kernel(x))


def test_wrong_out(k, mlp):
    x = mlp.examples(2)
    locked = np.zeros((2, 2, 3, 3))
    locked.flags.writeable = False
    for out, words in [
        (np.zeros((2, 2, 3)), ["float64[2, 2, 3, 3]", "float64[2, 2, 3]"]),
        (np.zeros((2, 2, 3, 3), np.float32), ["float32"]),
        (np.zeros((2, 2, 3, 3), order="F"), ["row-major"]),
        (np.zeros((2, 2, 3, 3), ">f8"), ["float64"]),
        (locked, ["written"]),
        ([0.0] * 36, ["list"]),
    ]:
        refused(["out", *words], lambda: k(x, out=out), "out")


def test_wrong_options(mlp):
    model = mlp.model()
    for options, argument, words in [
        (dict(kernel="full-ish"), "kernel", ["full, trace, diagonal, sum", "full-ish"]),
        (dict(kernel=3), "kernel", ["string"]),
        (dict(axes=-1), "axes", ["kernel=trace"]),
        (dict(kernel="trace", axes=4), "axes", ["4"]),
        (dict(method="magic"), "method", ["auto", "magic"]),
        (dict(dtype="f16"), "dtype", ["f32"]),
        (dict(wrt="conv*"), "wrt", ["conv*"]),
        (dict(frozen=3), "frozen", ["globs"]),
        (dict(memory_limit="lots"), "memory_limit", ["4GiB"]),
        (dict(threads=0), "threads", ["1"]),
        (dict(sizes={"length": 3}), "sizes", ["length"]),
        (dict(outputs="logits"), "outputs", ["logits"]),
    ]:
        refused(words, lambda: ntk.compile(model, **options), argument)
    for name in ("loss", "per", "project", "derivatives"):
        refused([name], lambda: ntk.compile(model, **{name: "x"}), name, ntk.Unsupported)
    with pytest.raises(TypeError, match="kernal"):
        ntk.compile(model, kernal="trace")


def test_names_that_say_it_all(k, mlp):
    """Errors name the file and the node."""
    model = mlp.model()
    model.graph.node[1].op_type = "Tanhh"
    with pytest.raises(ntk.Unsupported) as caught:
        ntk.compile(model)
    assert caught.value.names == ("Tanhh",) and "node 'tanh'" in str(caught.value)
    assert caught.value.file == "model" and isinstance(caught.value, NotImplementedError)
    model = mlp.model()
    model.graph.node[0].input[1] = "fc2.weight"
    with pytest.raises(ntk.Error) as caught:
        ntk.compile(model)
    assert caught.value.file == "model" and caught.value.node == "fc1", caught.value.__dict__


def test_models_that_are_none(mlp, tmp_path):
    (tmp_path / "empty.onnx").write_bytes(b"")
    (tmp_path / "text.mlir").write_text("ntk.network @f(")
    for model, words in [
        ("nowhere.onnx", ["nowhere.onnx", "no such file"]),
        (str(tmp_path), [".onnx or .mlir"]),
        ("weights.pt", ["PyTorch"]),
        (str(tmp_path / "empty.onnx"), ["empty.onnx"]),
        (b"\x08\x07junk", ["model"]),
        (mlp.model().SerializeToString()[:-9], ["model"]),
    ]:
        with pytest.raises(ntk.Error) as caught:
            ntk.compile(model)
        for word in words:
            assert word in str(caught.value), (word, str(caught.value))
        assert caught.value.file, str(caught.value)
    with pytest.raises(ntk.Error, match="text.mlir:1:") as caught:
        ntk.from_mlir(tmp_path / "text.mlir")
    assert caught.value.file.endswith("text.mlir")
    for model in (3, None, [b"x"]):
        refused(["path", type(model).__name__], lambda: ntk.compile(model), "model")


def test_what_is_not_there(k, mlp):
    x = mlp.examples(2)
    for call in (
        lambda: k.jacobian(x),
        lambda: k.jvp(x, {}),
        lambda: k.vjp(x, x),
        lambda: k.matvec(x, x),
        lambda: k.tiles(x),
        lambda: k(x, weights1=x),
        lambda: k.report("r.html", x),
        lambda: ntk.from_jax(None, None, None),
    ):
        with pytest.raises(ntk.Unsupported):
            call()


def test_nonfinite_if_allowed():
    mlp = Mlp()
    k = ntk.compile(mlp.model(), allow_nonfinite=True)
    assert np.isnan(k(np.full((1, 6), np.nan))).any()


def test_callers_arrays(mlp):
    """What becomes of the caller's arrays later changes no kernel, nor what is
    made of it."""
    import copy
    import pickle

    x = mlp.examples(4)
    mine = {name: value.copy() for name, value in mlp.parameters.items()}
    for k in (
        ntk.from_mlir(mlp.text(), params=mine),
        ntk.compile(mlp.model(), params=mine),
        ntk.compile(mlp.model()).bind(mine),
    ):
        for value in mine.values():
            value *= 2
        for same in (k, copy.copy(k), copy.deepcopy(k), pickle.loads(pickle.dumps(k))):
            assert_close(same(x), mlp.kernel(x))
        assert_close(k.variant(kernel="diagonal")(x), np.einsum("nmoo->nmo", mlp.kernel(x)))
        for name, value in mine.items():
            value[:] = mlp.parameters[name]


def test_output_over_input(k, mlp):
    """An output that lies over what is read is refused."""
    x = mlp.examples(4)
    buffer = np.zeros(4 * 4 * 3 * 3)
    out, over = buffer.reshape(4, 4, 3, 3), buffer[-x.size :].reshape(x.shape)
    over[:] = x
    refused(["out", "memory of its own", "x1"], lambda: k(over, out=out), "out")
    refused(["out", "memory of its own", "x2"], lambda: k(x, over, out=out), "out")
    bias = buffer[:3]
    params = {**mlp.parameters, "fc2.bias": bias}
    refused(["out", "memory of its own", "params"], lambda: k(x, params=params, out=out), "out")
    assert_close(k(x, out=out), mlp.kernel(x))


def test_names(k, mlp):
    """Names that are none, and lists without any."""
    x = mlp.examples(4)
    refused(["x1", "'x'", "'y'"], lambda: k({"y": x}), "x1")
    assert_close(k({"x": x}), mlp.kernel(x))
    for option in ("wrt", "outputs"):
        refused([option, "at least one name"], lambda: ntk.compile(mlp.model(), **{option: []}), option)
    assert_close(ntk.compile(mlp.model(), frozen=[])(x), mlp.kernel(x))
    refused(
        ["inputs", "ONNX", "each call"],
        lambda: ntk.from_mlir(mlp.text(), params=mlp.parameters, inputs={"z": 1}),
        "inputs",
    )
    refused(["text", "Unicode"], lambda: ntk.from_mlir(mlp.text() + "// \udc80"), "text")
    refused(["n1", "at most"], lambda: k.plan(2**63), "n1")
