# Tensors in files beside the model: in its folder, or where a hub keeps both as
# links; not elsewhere, and each tensor has its values once.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %S/Inputs

import os
import subprocess
import sys

import numpy as np
from onnx import helper

folder, inputs = sys.argv[1:]
sys.path.insert(0, inputs)
from linear_model import EXAMPLES, WEIGHTS, external, model, tensor, theta

os.chdir(folder)
np.save("x.npy", EXAMPLES)


def write(name, content):
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    with open(name, "wb") as file:
        file.write(content)
    return name


def link(target, name):
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    os.symlink(target, name)
    return name


def run(name, *options):
    command = ["ntk-run", name, "--x1", "x.npy", "-o", "theta.npy", "--dtype", "f64", "--quiet"]
    return subprocess.run([*command, *options], capture_output=True, text=True, timeout=60)


def right(name):
    done = run(name)
    assert done.returncode == 0, (name, done.stderr)
    np.testing.assert_allclose(np.load("theta.npy"), theta(), atol=1e-12)
    os.remove("theta.npy")


def refused(name, *words, options=()):
    done = run(name, *options)
    assert done.returncode == 1 and done.stderr.count("\n") == 1, (name, done.stderr)
    for word in words:
        assert word in done.stderr, (word, done.stderr)
    assert not os.path.exists("theta.npy")


data = WEIGHTS.tobytes()
write("secret.bin", data)

# A plain folder, and links that stay in it.
write("plain/sub/w.bin", b"12345" + data)
for name in ("plain/m.onnx", "plain/n.onnx"):
    write(name, model(external("sub/w.bin" if "m." in name else "l.bin", offset=5, length=32)))
link("sub/w.bin", "plain/l.bin")
right("plain/m.onnx")
right("plain/n.onnx")
link("plain", "alias")
right("alias/m.onnx")

# A hub: what it shows are links to files in one place.
write("hub/blobs/a", model(external("m.onnx.data")))
write("hub/blobs/b", data)
link("../../blobs/a", "hub/snapshots/x/m.onnx")
link("../../blobs/b", "hub/snapshots/x/m.onnx.data")
right("hub/snapshots/x/m.onnx")
link("hub/snapshots/x/m.onnx", "own.onnx")  # by one link more, without the data
refused("own.onnx", "'w'", "m.onnx.data")

# Links out of both folders; the hub's data may not lie elsewhere either.
write("out/m.onnx", model(external("w.bin")))
link("../secret.bin", "out/w.bin")
refused("out/m.onnx", "'w'", "'w.bin' is a link out")
link("../../../secret.bin", "hub/snapshots/y/m.onnx.data")
link("../../blobs/a", "hub/snapshots/y/m.onnx")
refused("hub/snapshots/y/m.onnx", "'w'", "'m.onnx.data' is a link out")
link("..", "up/d")  # a folder that leads out
write("up/m.onnx", model(external("d/secret.bin")))
refused("up/m.onnx", "'w'", "'d/secret.bin' is a link out")
write("outer/m.onnx", model(external("w.bin")))  # beside a folder of a longer name
write("outer2/w.bin", data)
link("../outer2/w.bin", "outer/w.bin")
refused("outer/m.onnx", "is a link out")

# What is no file.
for name, make in (("null", lambda p: link("/dev/zero", p)), ("fifo", os.mkfifo), ("dir", os.mkdir)):
    write(f"{name}/m.onnx", model(external("w.bin")))
    make(f"{name}/w.bin")
    refused(f"{name}/m.onnx", "'w'", "'w.bin'")

# More than there is room for; the file has it, in no block of the disk.
with open("plain/huge.bin", "wb") as file:
    file.truncate(1 << 36)
write("plain/m.onnx", model(external("huge.bin", dims=[1 << 17, 1 << 17])))
refused("plain/m.onnx", "'w'", "memory", options=["--memory-limit", "1GiB"])

# Values in two places, or described twice.
both = tensor()
both.float_data.extend([0.0] * WEIGHTS.size)
refused(write("both.onnx", model(both)), "'w'", "raw_data and float_data")
inside = external("w.bin")
inside.raw_data = data
refused(write("plain/in.onnx", model(inside)), "'w'", "raw_data and external_data")
beside = tensor()
beside.external_data.add(key="location", value="w.bin")
refused(write("plain/in.onnx", model(beside)), "'w'", "raw_data and external_data")
twice = external("sub/w.bin")
twice.external_data.add(key="location", value="/etc/passwd")
refused(write("plain/in.onnx", model(twice)), "'w'", "once")
part = tensor()
part.segment.begin, part.segment.end = 0, 4
refused(write("part.onnx", model(part)), "'w'", "segment")

# The model's own data are no output.
write("own/m.onnx", model(external("w.npy")))
write("own/w.npy", data)
done = run("own/m.onnx", "-o", "own/w.npy")
assert done.returncode == 1 and "'own/w.npy' is an input" in done.stderr, done.stderr
assert open("own/w.npy", "rb").read() == data
emit = ["ntk-translate", "--ntk-to-cpp", "own/m.onnx", "-o", "own/net.cpp"]
done = subprocess.run([*emit, "--save-params", "own/w.npy"], capture_output=True, text=True)
assert done.returncode == 1 and "is an input" in done.stderr, done.stderr
assert sorted(os.listdir("own")) == ["m.onnx", "w.npy"]

# A number of outputs that is not theirs.
split = lambda n: model(
    tensor(),
    nodes=[
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Split", ["h"], ["a", "b"], "halves", axis=1, num_outputs=n),
        helper.make_node("Concat", ["a", "b"], ["y"], axis=1),
    ],
)
right(write("split.onnx", split(2)))
for outputs in (1, 3, -(2**63)):
    refused(write("split.onnx", split(outputs)), "'halves' (Split)", "num_outputs", str(outputs))
