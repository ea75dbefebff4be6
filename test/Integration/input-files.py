# What a file is and what its headers say is looked at before it is read: devices
# and pipes that nobody writes are refused, pipes that somebody writes are taken,
# and what is not wanted is not unpacked.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %S/Inputs

import os
import resource
import struct
import subprocess
import sys
import threading
import time
import zipfile

import numpy as np

folder, inputs = sys.argv[1:]
sys.path.insert(0, inputs)
from linear_model import EXAMPLES, WEIGHTS, external, model, theta

os.chdir(folder)
DTYPE = ["--dtype", "f64", "--quiet"]


def write(name, content):
    with open(name, "wb") as file:
        file.write(content)
    return name


def run(*arguments, stdin=subprocess.DEVNULL, tool="ntk-run"):
    """Status and stderr."""
    done = subprocess.run(
        [tool, *arguments], stdin=stdin, capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stderr


def refused(arguments, *words, **more):
    before, start = sorted(os.listdir()), time.monotonic()
    status, errors = run(*arguments, "-o", "theta.npy", **more)
    lines = [l for l in errors.splitlines() if not l.startswith(("note: ", "warning: "))]
    assert status == 1 and len(lines) == 1 and lines[0].startswith("error: "), (arguments, errors)
    for word in words:
        assert word in lines[0], (word, lines[0])
    assert sorted(os.listdir()) == before, arguments
    assert time.monotonic() - start < 20


def right(arguments, expected=theta(), **more):
    if os.path.exists("theta.npy"):
        os.remove("theta.npy")
    status, errors = run(*arguments, "-o", "theta.npy", *DTYPE, **more)
    assert status == 0, (arguments, errors)
    np.testing.assert_allclose(np.load("theta.npy"), expected, atol=1e-12)
    os.remove("theta.npy")


write("m.onnx", model())
np.save("x.npy", EXAMPLES)
np.savez("w.npz", w=WEIGHTS)
with open("m.mlir", "w") as file:
    file.write("""
ntk.network @linear(%x: tensor<4xf64> {ntk.input = "x"},
                    %w: tensor<4x2xf64> {ntk.param = "w"}) -> tensor<2xf64> {
  %y = ntk.contract "k, kc -> c" (%x, %w)
      : (tensor<4xf64>, tensor<4x2xf64>) -> tensor<2xf64>
  ntk.return %y : tensor<2xf64>
}
""")

# Every place for a file.
places = {
    "model": lambda f: [f, "--x1", "x.npy"],
    "x1": lambda f: ["m.onnx", "--x1", f],
    "x2": lambda f: ["m.onnx", "--x1", "x.npy", "--x2", f],
    "params": lambda f: ["m.onnx", "--x1", "x.npy", "--params", f],
}
right(places["x2"]("x.npy"))

# What is no file.
os.mkdir("dir.onnx")
os.symlink("/dev/zero", "zero.onnx")
os.symlink("zero.onnx", "zero.npy")  # a link to a link
os.mkfifo("pipe.onnx")
for place, arguments in places.items():
    refused(arguments("/dev/urandom"), "/dev/urandom", "expected a file, but got a device")
    refused(arguments("/dev/stdin"), "/dev/stdin", "a device")  # is /dev/null here
    refused(arguments("zero.onnx"), "zero.onnx", "a device")
    refused(arguments("dir.onnx"), "dir.onnx", "a directory")
refused(places["x1"]("zero.npy"), "zero.npy", "a device")
refused(places["model"]("pipe.onnx"), "pipe.onnx", "a pipe that nobody writes")
refused(places["params"]("pipe.onnx"), "pipe.onnx", "a pipe that nobody writes")
refused(["m.onnx", "--x1", "x.npy", "--input", "x=zero.npy"], "--input", "a device")
refused(["zero.onnx", "--onnx-to-ntk"], "a device", tool="ntk-translate")

# Pipes that somebody writes: named ones, and stdin.
files = {"model": "m.onnx", "x1": "x.npy", "x2": "x.npy", "params": "w.npz"}
for place, arguments in places.items():
    with open(files[place], "rb") as file:
        content = file.read()

    def feed():
        with open("pipe.onnx" if place == "model" else "pipe", "wb") as pipe:
            for part in (content[:100], content[100:]):
                pipe.write(part)
                pipe.flush()
                time.sleep(0.1)

    if place == "x1":
        os.mkfifo("pipe")
    writer = threading.Thread(target=feed)
    writer.start()
    right(arguments("pipe.onnx" if place == "model" else "pipe"))
    writer.join()
    cat = subprocess.Popen(["cat", files[place]], stdout=subprocess.PIPE)
    right(arguments("/dev/stdin"), stdin=cat.stdout)
    cat.wait()
    with open(files[place], "rb") as file:
        right(arguments("/dev/stdin"), stdin=file)
cat = subprocess.Popen(["cat", "m.mlir"], stdout=subprocess.PIPE)
right(["/dev/stdin", "--x1", "x.npy", "--params", "w.npz"], stdin=cat.stdout)
cat.wait()
write("beside.onnx", model(external("w.bin")))
cat = subprocess.Popen(["cat", "beside.onnx"], stdout=subprocess.PIPE)
refused(places["model"]("/dev/stdin"), "'w'", "'w.bin'", "save the model", stdin=cat.stdout)
cat.wait()


# Archives with more than the network wants.
def npy_header(shape):
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode()


def bomb(name, entry, header, size, **good):
    """An archive of some 100 kB with an entry of `size` zeros."""
    np.savez(name, **good)
    with zipfile.ZipFile(name, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open(entry, "w", force_zip64=True) as file:
            file.write(header)
            for _ in range(size >> 24):
                file.write(bytes(1 << 24))
    return name


size = 3 << 26  # 192 MiB
most = lambda: resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss << 10
before = most()
bomb("b.npz", "w.npy", npy_header((size >> 4, 4)), size)
refused(places["params"]("b.npz"), "b.npz", "'w'", "[4, 2]", f"[{size >> 4}, 4]")
refused([*places["x1"]("b.npz"), "--memory-limit", "128MiB"], "b.npz:w", "at least", "memory")
bomb("b.npz", "other.npy", npy_header((size >> 4, 4)), size, w=WEIGHTS)
right(places["params"]("b.npz"))  # what is not wanted is not read
bomb("b.npz", "w.npy", npy_header((4, 2)), size)
refused(places["params"]("b.npz"), "b.npz:w", "[4, 2]", "it goes on")
assert most() < before + size // 2, (before, most())  # none of it was unpacked

# Three thousand names for one entry.
np.savez_compressed("one.npz", a=np.zeros(100000))
content = open("one.npz", "rb").read()
directory, end = content.index(b"PK\1\2"), content.index(b"PK\5\6")
entry = bytearray(content[directory:end])
copies = b""
for i in range(3000):
    name = b"%05d" % i  # as long as a.npy
    entry[46:51] = b"a.npy" if i == 0 else name
    copies += entry
record = bytearray(content[end:])
record[8:12] = struct.pack("<HH", 3000, 3000)
record[12:20] = struct.pack("<II", len(copies), directory)
write("many.npz", content[:directory] + copies + record)
refused(places["params"]("many.npz"), "many.npz")
refused(places["x1"]("many.npz"), "many.npz")

# A file that is cut short between its header and its numbers is an error.
write("cut.npy", open("x.npy", "rb").read()[:-1])
refused(places["x1"]("cut.npy"), "cut.npy", "truncated")

# MLIR nests as deep as is said, and no deeper; other brackets are not counted.
text = open("m.mlir").read()
deep = lambda o, n, c: f"module attributes {{x.a = {o * n}{c * n}}} {{\n{text}\n}}\n"
mlir = ["deep.mlir", "--x1", "x.npy", "--params", "w.npz"]
write("deep.mlir", deep("[", 255, "]").encode())  # inside of the braces
right(mlir)
write("deep.mlir", deep("[", 256, "]").encode())
refused(mlir, "deep.mlir", "line 1", "256 deep")
for many in ("[" * 1000 + "]" * 1000, "tuple<" * 10**5 + ">" * 10**5, '"' + "[" * 1000 + '"'):
    write("deep.mlir", f"module attributes {{x.a = {many}}} {{\n{text}\n}}\n".encode())
    (right if '"' in many else lambda a: refused(a, "256 deep"))(mlir)
write("deep.mlir", ("// " + "[" * 1000 + "\n" + text).encode())
right(mlir)
chain = lambda n: f"affine_map<(d0) -> (d0{' + d0' * n})>"
for operators in (1000, 1001):
    write("deep.mlir", f"module attributes {{x.a = {chain(operators)}}} {{\n{text}\n}}\n".encode())
    (right if operators == 1000 else lambda a: refused(a, "1000 operators"))(mlir)
for digits in ("9" * 256, "9" * 257, "0x" + "f" * 257, "1." + "9" * 500):
    write("deep.mlir", f"module attributes {{x.a = {digits}{'' if '.' in digits else ' : i1024'}}} {{\n{text}\n}}\n".encode())
    (right if len(digits) == 256 or "." in digits else lambda a: refused(a, "line 1", "256 digits"))(mlir)
write("deep.mlir", ("// " + "9" * 10**6 + "\n" + text).encode())
right(mlir)
refused(["m.onnx", "--x1", "x.npy", "--input", "x=" + "[" * 100000], "--input", "64 deep")
write("deep.mlir", text.encode().ljust(64 << 20, b" "))
right(mlir)
write("deep.mlir", text.encode().ljust((64 << 20) + 1, b" "))
refused(mlir, "deep.mlir", "at most 67108864 bytes")
write("code.mlir", b"ML\xefR\x06")
refused(["code.mlir", "--x1", "x.npy"], "code.mlir", "expected MLIR text")
