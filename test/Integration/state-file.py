# --params: a state_dict of the same model replaces all values of the file, and
# what is not one is refused, with the way out.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %S/Inputs

import os
import sys
import zipfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

folder, inputs = sys.argv[1:]
sys.path.insert(0, inputs)
from run import assert_close, finite_difference_jacobian, gram, ntk_run, save

random = np.random.default_rng(6)
draw = lambda *shape: random.standard_normal(shape).astype(np.float32)
path = lambda name: os.path.join(folder, name)
node = helper.make_node
SIGNATURE = "pkg.torch.export.ExportedProgram.graph_signature"


def state():
    """What a state_dict of the model holds."""
    return {
        "0.weight": draw(3, 4),
        "0.bias": draw(3),
        "1.weight": draw(3),
        "1.bias": draw(3),
        "1.running_mean": draw(3),
        "1.running_var": 1 + draw(3) ** 2,
        "scale": np.float32(random.standard_normal()),
        "2.weight": draw(2, 3),
        "2.bias": draw(2),
    }


def write(name, values, prefix=""):
    """The model with these values, and constants that no state_dict has."""
    norm = ["h", "1.weight", "1.bias", "1.running_mean", "1.running_var"]
    nodes = [
        node("Gemm", ["x", "0.weight", "0.bias"], ["h"], transB=1),
        node("BatchNormalization", norm, ["b"]),
        node("Mul", ["b", "scale"], ["s"]),
        node("Mul", ["s", "val_9"], ["c"]),
        node("Gemm", ["c", "2.weight", "2.bias"], ["y"], transB=1),
    ]
    value = lambda name, size: helper.make_tensor_value_info(
        name, TensorProto.FLOAT, ["batch", size]
    )
    for n in nodes:
        n.input[:] = [prefix + i if i in values else i for i in n.input]
    tensors = {prefix + k: v for k, v in values.items()}
    buffers = ("1.running_mean", "1.running_var", "scale")
    kinds = lambda name: "BUFFER" if name in buffers else "PARAMETER"
    lines = [f"v: {kinds(k)} target='{prefix}{k}' persistent=True" for k in values]
    tensors["val_9"] = np.float32([0.5, 2, 1])
    graph = helper.make_graph(
        nodes,
        name,
        [value("x", 4)],
        [value("y", 2)],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in tensors.items()],
    )
    graph.metadata_props.add(key=SIGNATURE, value="# inputs\n" + "\n".join(lines))
    opsets = [helper.make_opsetid("", 18)]
    onnx.save(
        helper.make_model(graph, ir_version=10, opset_imports=opsets),
        path(name + ".onnx"),
    )
    return path(name + ".onnx")


def saved(name, arrays):
    np.savez(path(name), **arrays)
    return path(name)


old, new = state(), state()
counters = {"1.num_batches_tracked": np.array(7)}
model, other = write("old", old), write("new", new)
x1, x2 = draw(3, 4), draw(2, 4)
examples = ["--x1", save(path("x1"), x1), "--x2", save(path("x2"), x2)]
theta = path("theta.npy")


def run(*options):
    if os.path.exists(theta):
        os.remove(theta)
    status, text, said = ntk_run(model, *examples, "-o", theta, "--dtype=f64", *options)
    assert status == (0 if os.path.exists(theta) else 1), said
    return status, said


def accepted(reference, *options):
    status, said = run(*options)
    assert status == 0, said
    wrt = [k for k in old if "running" not in k and k != "scale"]
    sides = [finite_difference_jacobian(reference, {"x": x}, wrt) for x in (x1, x2)]
    assert_close(np.load(theta), gram(*sides), 1e-7)
    return said


def refused(options, *words):
    status, said = run(*options)
    errors = [line for line in said.splitlines() if line.startswith("error: ")]
    assert status == 1 and len(errors) == 1, said
    for word in words:
        assert word in errors[0], (word, errors[0])


# All values come from the file, also the one number that is a buffer; counters
# and what the network does not use are no fault, and of any width.
accepted(other, "--params", saved("state.npz", {**new, **counters}))
wide = {k: np.asarray(v, np.float64) for k, v in new.items()}
accepted(other, "--params", saved("wide.npz", wide))
said = accepted(other, "--params", saved("more.npz", dict(new, **{"aux.weight": draw(2)})))
assert "'aux.weight'" in said and "does not use" in said, said

# Each tensor of the state has to be there.
for name in old:
    less = {k: v for k, v in new.items() if k != name}
    kind = "buffer" if "running" in name or name == "scale" else "parameter"
    refused(["--params", saved("less.npz", less)], f"{kind} '{name}'", "--partial-params")
less = {k: v for k, v in new.items() if k.startswith("0.")}
refused(["--params", saved("less.npz", less)], "'1.weight', '1.bias'", "and 4 more")
mixed = write("mixed", {**old, **less})
accepted(mixed, "--params", path("less.npz"), "--partial-params")
refused(["--partial-params"], "--partial-params", "--params")

# Misspelt names, prefixes, shapes, files of another kind.
wrong = {**less, "2.wieght": draw(2, 3)}
refused(["--params", saved("w.npz", wrong)], "'1.weight', '1.bias'", "near are '2.wieght'")
refused(["--params", path("w.npz"), "--partial-params"], "'2.wieght'", "'2.weight'")
parallel = {"module." + k: v for k, v in new.items()}
words = ["'module.' in front", "k.removeprefix('module.')"]
refused(["--params", saved("ddp.npz", parallel)], *words)
refused(["--params", saved("w.npz", {"0.weight": draw(4, 3)})], "'0.weight'", "[3, 4]", "[4, 3]")
refused(["--params", saved("w.npz", dict(new, **{"0.bias": np.arange(3)}))], "'0.bias'", "int64")
refused(["--params", save(path("w"), draw(3))], "with names", "one array")
with zipfile.ZipFile(path("sd.pt"), "w") as archive:
    archive.writestr("sd/data.pkl", b"\x80\x02}q\x00.")
    archive.writestr("sd/version", b"3")
with open(path("old.pt"), "wb") as file:
    file.write(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.")
for name in ("sd.pt", "old.pt"):
    refused(["--params", path(name)], name, "torch.save", "save_file")
    refused(["--x1", path(name)], "--x1", "torch.save", "np.save")
inner = write("inner", old, "net.")
status, _, said = ntk_run(inner, *examples, "-o", theta, "--params", path("state.npz"))
assert status == 1 and "'net.' in front" in said, said
for name in ("model.pt", "model.pth", "model.safetensors", "model.h5"):
    status, _, said = ntk_run(name, *examples, "-o", theta)
    assert status == 1 and name in said and ".onnx" in said, said
    assert "torch.onnx.export" in said or "tf2onnx" in said, said
with zipfile.ZipFile(path("archive.onnx"), "w") as archive:
    archive.writestr("sd/data.pkl", b"\x80\x02}q\x00.")
status, _, said = ntk_run(path("archive.onnx"), *examples, "-o", theta)
assert status == 1 and "torch.onnx.export" in said, said

# Examples: keys that are there, and images as bytes.
np.savez(path("keys.npz"), images=x1, labels=np.arange(3))
refused(["--x1", path("keys.npz")], "found none for 'x'", "'images', 'labels'")
refused(["--x1", save(path("bytes"), np.ones((3, 4), np.uint8))], "uint8", "astype", "/ 255")
