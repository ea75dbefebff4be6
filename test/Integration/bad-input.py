# Bad input gets one line that names the file, node or option, exit status 1,
# and no output file.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %S/Inputs

import os
import sys

import numpy as np
import onnx

folder, inputs = sys.argv[1:]
sys.path.insert(0, inputs)
from run import model_path, ntk_run

output = os.path.join(folder, "theta.npy")


def path(name, array):
    name = os.path.join(folder, name)
    np.savez(name, **array) if isinstance(array, dict) else np.save(name, array)
    return name


def file(name, contents):
    name = os.path.join(folder, name)
    with open(name, "wb") as stream:
        stream.write(contents)
    return name


def refused(arguments, *words):
    status, _, errors = ntk_run(*arguments)
    lines = [line for line in errors.splitlines() if line.startswith("error: ")]
    assert status == 1 and len(lines) == 1, (arguments, status, errors)
    for word in words:
        assert word in lines[0], (word, lines[0])
    assert not os.path.exists(output), arguments


mlp = model_path("mlp")
draw = lambda *shape: np.random.default_rng(0).standard_normal(shape)
good = path("good.npy", draw(3, 6))
write = ["-o", output]
with open(mlp, "rb") as stream:
    onnx_bytes = stream.read()

# The command line.
refused([], "expected a model")
refused([mlp, "--x1", good], "-o THETA.npy")
refused([mlp, *write], "--x1")
refused([mlp, "--x1", good, *write, "--kernel", "all"], "--kernel", "'all'", "trace")
refused([mlp, "--x1", good, *write, "--axes=trace:1"], "--axes", "has 1", "got 1")
refused([mlp, "--x1", good, *write, "--axes=trace:0,sum:-1"], "--axes", "0 twice")
refused([mlp, "--x1", good, *write, "--frobnicate"], "--frobnicate")

# Models.
refused(["nowhere.onnx", "--x1", good, *write], "nowhere.onnx", "no such file")
refused([file("empty.onnx", b""), "--x1", good, *write], "empty.onnx")
for size in (1, 20, len(onnx_bytes) // 2, len(onnx_bytes) - 3):
    cut = file("cut.onnx", onnx_bytes[:size])
    refused([cut, "--x1", good, *write], "cut.onnx")
refused([file("noise.onnx", bytes(range(256)) * 9), "--x1", good, *write], "noise.onnx")
refused([model_path("unsupported"), "--x1", good, *write], "RandomNormalLike", "RandomUniformLike")
refused([model_path("mixes_examples"), "--x1", good, *write], "batch_mean")
empty = file("empty.mlir", b"""
ntk.network @empty(%x: tensor<0xf32>, %w: tensor<0xf32> {ntk.param = "w"}) -> tensor<0xf32> {
  %y = ntk.mul %x, %w : (tensor<0xf32>, tensor<0xf32>) -> tensor<0xf32>
  ntk.return %y : tensor<0xf32>
}
""")
nothing = [path("nothing.npy", np.ones((1, 0))), "--params", path("w.npz", {"w": np.ones(0)})]
refused([empty, "--x1", *nothing, *write], "empty.mlir:2:1: ", "expected outputs with elements")
graph = onnx.parser.parse_graph("g (float[N, 3] x) => (float[N, 0] y) <float[3, 0] w> { y = MatMul(x, w) }")
del graph.value_info[:]
graph.initializer.append(onnx.numpy_helper.from_array(np.ones((3, 0), np.float32), "w"))
imports = [onnx.helper.make_opsetid("", 20)]
empty = file("none.onnx", onnx.helper.make_model(graph, opset_imports=imports, ir_version=8).SerializeToString())
three = path("three.npy", np.ones((2, 3)))
refused([empty, "--x1", three, *write], "none.onnx: none: ", "expected outputs with elements")
refused([model_path("no_parameters"), "--x1", good, *write], "parameter")
refused([mlp, "--x1", good, *write, "--wrt", "fc3.*"], "--wrt", "'fc3.*'")
refused([mlp, "--x1", good, *write, "--frozen", "zebra"], "--frozen", "'zebra'")
refused([mlp, "--x1", good, *write, "--wrt", "fc1.[w"], "fc1.[w")
refused([mlp, "--x1", good, *write, "--frozen", "*"], "parameter")

# Parameters.
refused([mlp, "--x1", good, *write, "--params", "none.npz"], "none.npz")
wrong = path("w.npz", {"fc1.weight": draw(8, 7)})
refused([mlp, "--x1", good, *write, "--params", wrong], "fc1.weight", "[8, 7]", "[8, 6]")
wrong = path("w.npz", {"fc7.weight": draw(8, 6)})
refused([mlp, "--x1", good, *write, "--params", wrong], "fc7.weight")
write_partly = [*write, "--partial-params"]
refused([mlp, "--x1", good, *write_partly, "--params", wrong], "named 'fc7.weight'")
weights = draw(8, 6)
weights[0, 0], weights[1, 1] = np.nan, np.inf
wrong = path("w.npz", {"fc1.weight": weights})
refused([mlp, "--x1", good, *write_partly, "--params", wrong], "w.npz: ", "fc1.weight", "1 NaN")
model = onnx.load(mlp)
model.graph.initializer[0].CopyFrom(
    onnx.numpy_helper.from_array(weights.astype(np.float32), model.graph.initializer[0].name)
)
nan = file("nan.onnx", model.SerializeToString())
refused([nan, "--x1", good, *write], "nan.onnx: expected finite", "1 NaN and 1 Inf")

# Examples.
refused([mlp, "--x1", "none.npy", *write], "--x1", "none.npy", "no such file")
refused([mlp, "--x1", mlp, *write], "--x1", "mlp.onnx")
cut = file("cut.npy", open(good, "rb").read()[:-5])
refused([mlp, "--x1", cut, *write], "--x1", "cut.npy")
for shape in [(), (6,), (3, 7), (3, 6, 1)]:
    bad = path("bad.npy", draw(*shape))
    refused([mlp, "--x1", bad, *write], "--x1", "bad.npy", "[n, 6]", "float64")
    refused([mlp, "--x1", good, "--x2", bad, *write], "--x2", "bad.npy", "[n, 6]")
bad = path("bad.npy", draw(0, 6))
refused([mlp, "--x1", bad, *write], "at least one example")
bad = path("bad.npy", np.ones((3, 6), np.int64))
refused([mlp, "--x1", bad, *write], "expected floats", "int64")
bad = path("bad.npy", np.ones((3, 6), np.complex64))
refused([mlp, "--x1", bad, *write], "--x1", "bad.npy")
x = draw(3, 6)
x[0, 1], x[2, 3], x[2, 4] = np.nan, np.inf, -np.inf
bad = path("bad.npy", x)
refused([mlp, "--x1", bad, *write], "1 NaN and 2 infinite", "--allow-nonfinite")

two = model_path("two_inputs")
refused([two, "--x1", good, *write], "'left', 'right'")
bad = path("bad.npz", {"left": draw(3, 4)})
refused([two, "--x1", bad, *write], "'right'")
bad = path("bad.npz", {"left": draw(3, 4), "right": draw(4, 3)})
refused([two, "--x1", bad, *write], "3 examples", "got 4")
bad = path("bad.npz", {"left": draw(3, 4), "right": draw(3, 3), "top": draw(3)})
refused([two, "--x1", bad, *write], "expected 2 arrays")

# Files that are something else.
others = {"version https://git-lfs.github.com/spec/v1\noid sha256:0\n": "git lfs pull", "PK\3\4": "torch.save",
          "\x1f\x8b\x08\0": "gzip", "\x89HDF\r\n\x1a\n": "tf2onnx", "<!doctype html>\n<html>": "a web page",
          "\x08": "truncated or corrupt"}
for start, word in others.items():
    with open(f"{folder}/other.onnx", "wb") as file:
        file.write(start.encode("latin-1"))
    refused([f"{folder}/other.onnx", "--x1", good, *write], "other.onnx", word)

# The output.
refused([mlp, "--x1", good, "-o", ""], "error: -o: expected the name of a file")
refused([mlp, "--x1", good, "-o", "nowhere/theta.npy"], "-o", "nowhere")
os.mkdir(f"{folder}/folder.npy")
refused([mlp, "--x1", good, "-o", f"{folder}/folder.npy"], "-o", "is a directory")
refused([mlp, "--x1", good, "-o", f"{folder}/theta.cpp"], "expected a file THETA.npy")
refused([mlp, "--x1", good, "-o", good], "-o", "is an input")

# Memory.
refused([mlp, "--x1", good, *write, "--memory-limit", "100"], "needs at least", "100 B")

# NaN where it is allowed: computed, with a warning that counts.
nan = path("nan.npy", np.full((2, 6), np.nan))
status, _, errors = ntk_run(mlp, "--x1", nan, *write, "--allow-nonfinite", "--quiet")
assert status == 0, errors
assert errors.startswith("warning: ") and "36 NaN" in errors, errors
assert np.isnan(np.load(output)).all()
