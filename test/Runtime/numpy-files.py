# Files that NumPy wrote, read by the headers that generated code includes, and
# what those write, read by NumPy; hostile changes of such files; and a program
# as it is generated, from files to its kernel.
#
# REQUIRES: numpy
# RUN: rm -rf %t && mkdir %t && %ntk-python %s %t

import json
import os
import struct
import subprocess
import sys

import numpy as np

folder = sys.argv[1]
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../Data/Inputs"))
from array_samples import TYPES, assert_same, draw_arrays, write_bomb


def path(name):
    return os.path.join(folder, name)


def run(*words, fails=False):
    """What a program prints: to stderr if it is to fail, else to stdout."""
    result = subprocess.run(words, capture_output=True, text=True)
    assert result.returncode == (1 if fails else 0), (words, result)
    assert not fails or result.stderr.count("\n") == 1, result.stderr
    return result.stderr if fails else result.stdout


def copy(source):
    """The arrays of a file by name, read and written by our headers."""
    target = path("copy")
    os.makedirs(target, exist_ok=True)
    for name in os.listdir(target):
        os.remove(os.path.join(target, name))
    run("array-file-tool", "copy", source, target)
    return {
        name[: -len(".npy")]: np.load(os.path.join(target, name))
        for name in os.listdir(target)
    }


def write_safetensors(name, tensors, **metadata):
    header, data = {"__metadata__": metadata}, b""
    for key, (dtype, array) in tensors.items():
        begin = len(data)
        data += array.tobytes()
        header[key] = {
            "dtype": dtype,
            "shape": list(array.shape),
            "data_offsets": [begin, len(data)],
        }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path(name), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


random = np.random.default_rng(0)
arrays = draw_arrays(random)

# One at a time as .npy, all at once as .npz, stored and deflated.
for array in list(arrays.values())[::11]:
    np.save(path("in.npy"), array)
    assert_same(copy(path("in.npy"))[""], array)
for save in (np.savez, np.savez_compressed):
    save(path("in.npz"), **arrays)
    found = copy(path("in.npz"))
    assert set(found) == set(arrays)
    for key, array in arrays.items():
        assert_same(found[key], array)

# What deflate does best, worst, and in between: each kind of block.
kinds = {
    "zeros": np.zeros((1000, 1000)),
    "noise": random.integers(0, 256, 300000).astype("u1"),
    "ramp": np.arange(200000),
    "words": random.integers(0, 5, 300000).astype("u1"),
    "little": np.arange(3, dtype="u1"),
}
np.savez_compressed(path("in.npz"), **kinds)
found = copy(path("in.npz"))
for key, array in kinds.items():
    assert_same(found[key], array)

# Format version 2.
with open(path("in.npy"), "wb") as file:
    np.lib.format.write_array(file, arrays["little.f4.(2, 3, 5).C"], version=(2, 0))
assert_same(copy(path("in.npy"))[""], arrays["little.f4.(2, 3, 5).C"])

# A file that claims 64 GiB, of which there are three numbers.
with open(path("huge.npy"), "wb") as file:
    header = {"descr": "<f4", "fortran_order": False, "shape": (2**34,)}
    np.lib.format.write_array_header_1_0(file, header)
    file.write(bytes(12))
out = run("array-file-tool", "copy", path("huge.npy"), folder, fails=True)
assert out == (
    f"error: {path('huge.npy')}: truncated: float32[17179869184] needs "
    "68719476736 bytes, but 12 are there\n"
), out

# .safetensors: every type, a name that JSON escapes.
codes = dict(zip(TYPES, "F16 F32 F64 I8 I16 I32 I64 U8 U16 U32 U64 BOOL".split()))
tensors = {
    f"é.{name}": (code, arrays[f"little.{name}.(2, 3, 5).C"])
    for name, code in codes.items()
}
write_safetensors("in.safetensors", tensors, format="pt")
found = copy(path("in.safetensors"))
assert set(found) == set(tensors)
for key, (_, array) in tensors.items():
    assert_same(found[key], array)
rounded = arrays["little.f4.(7,).C"].view("u4") & 0xFFFF0000
upper = (rounded >> 16).astype("u2")
write_safetensors("bf16.safetensors", {"a": ("BF16", upper)})
assert_same(copy(path("bf16.safetensors"))["a"], rounded.view("f4"))

# A deflated archive that claims more than its bytes can hold.
write_bomb(folder)
out = run("array-file-tool", "copy", path("bomb.npz"), folder, fails=True)
assert out == (
    f"error: {path('bomb.npz')}:a: corrupt .npz archive: the size it claims is "
    "impossible\n"
), out

# Hostile changes: no prefix of a file is read, and archives, which have
# checksums, give no other arrays than NumPy wrote, whichever byte is changed.
# Nothing crashes, or runs for long.
small = {"a": np.arange(6.0).reshape(2, 3), "b": np.array(["ab" * 9]).view("u4")}
np.savez(path("stored.npz"), **small)
np.savez_compressed(path("deflated.npz"), **small)
np.save(path("in.npy"), small["a"])
write_safetensors("small.safetensors", {"a": ("F64", small["a"])})
scratch = "/dev/shm" if os.access("/dev/shm", os.W_OK) else folder
scratch = os.path.join(scratch, f"ntk-numpy-files-{os.getpid()}")
try:
    for name in "stored.npz", "deflated.npz", "in.npy", "small.safetensors":
        size = os.path.getsize(path(name))
        out = run("array-file-tool", "corrupt", path(name), scratch)
        lines = [[int(part.split(": ")[1]) for part in line.split(", ")]
                 for line in out.splitlines()]
        assert lines[0] == [size, size], (name, out)
        assert lines[1][0] == 3 * size and lines[1][1] > size, (name, out)
        assert lines[1][2] == 0 or not name.endswith(".npz"), (name, out)
finally:
    os.remove(scratch)

# A program as it is generated, of two inputs.
table = random.standard_normal((5, 3))
scale = np.array(0.5, dtype="f2")
np.savez_compressed(path("net.npz"), scale=scale, **{"embedding.weight": table})
write_safetensors(
    "net.safetensors",
    {"scale": ("F16", scale), "embedding.weight": ("F64", table)},
)


def make_examples(n):
    return {"x": random.standard_normal((n, 3)), "ids": random.integers(-5, 5, (n, 2))}


def features(examples):
    return examples["x"] + table[examples["ids"]].sum(1)


x1, x2 = make_examples(7), make_examples(4)
np.savez(path("x1.npz"), **x1)
np.savez_compressed(path("x2.npz"), x=x2["x"].astype("f4"), ids=x2["ids"].astype("i2"))
for params in "net.npz", "net.safetensors":
    for second in None, x1, x2:
        words = ["--x1", path("x1.npz"), "--params", path(params), "-o", path("t.npy")]
        if second is not None:
            words += ["--x2", path("x1.npz" if second is x1 else "x2.npz")]
        run("kernel-program", *words, "--threads", "1")
        theta = np.load(path("t.npy"))
        f1, f2 = features(x1), features(x1 if second is None else second)
        expected = 0.5 * f1[:, None] * f2[None]
        assert theta.dtype == np.float32 and theta.shape == expected.shape
        np.testing.assert_allclose(theta, expected, rtol=1e-5, atol=1e-5)

# What it refuses; nothing is left then.
os.remove(path("t.npy"))


def refuses(x1, expected, params="net.npz"):
    names = sorted(os.listdir(folder))
    out = run(
        *["kernel-program", "--x1", path(x1), "--params", path(params)],
        *["-o", path("t.npy")],
        fails=True,
    )
    assert out.replace(folder + "/", "") == f"error: {expected}\n", out
    assert sorted(os.listdir(folder)) == names


np.savez(path("bad.npz"), x=x1["x"])
refuses("bad.npz", "--x1: bad.npz: expected an array for input 'ids', but there is none")
np.savez(path("bad.npz"), **x1, y=x1["x"])
refuses("bad.npz", "--x1: bad.npz: expected 2 arrays, one for each input, but found 3")
np.savez(path("bad.npz"), x=x1["x"], ids=x1["ids"][:5])
refuses("bad.npz", "--x1: bad.npz:ids: expected 7 examples as for 'x', but got 5")
np.savez(path("bad.npz"), x=x1["x"][:1], ids=[[4, -6]])
out = "--x1: bad.npz:ids: expected ids from -5 to 4, but got -6"
refuses("bad.npz", out)
np.savez(path("bad.npz"), x=x1["x"], ids=x1["ids"].astype("f4"))
refuses("bad.npz", "--x1: bad.npz:ids: expected integers, but got float32[7, 2]")
np.savez(path("many.npz"), **make_examples(101))
refuses("many.npz", "net: expected at most 100 examples")
np.savez(path("bad.npz"), scale=scale)
refuses(
    "x1.npz",
    "--params: bad.npz: expected float32[5, 3] for 'embedding.weight', but there "
    "is no array of that name",
    params="bad.npz",
)
