# What files and options say is shown in one line without control characters, and
# not at any length: in errors, notes, warnings, tables and JSON.
#
# REQUIRES: numpy
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %S/Inputs

import json
import os
import subprocess
import sys
import unicodedata
import zipfile

import numpy as np

folder, inputs = sys.argv[1:]
sys.path.insert(0, inputs)
from raw_model import field, write_model  # noqa: E402

LONGEST = 1100
HIDDEN = "\u202e\u2066\u200b\ufeff\u2028\u0085\x1b]0;title\x07\nerror: a second line\r\n"
EVERY = bytes(range(256))  # in parts, as a message has no room for all
NAMES = [EVERY[i : i + 64] for i in range(0, 256, 64)] + [HIDDEN.encode(), b"w" * 5000, b"w " * 2500]


def path(name):
    return os.path.join(folder, name)


def run(*command):
    result = subprocess.run(command, capture_output=True, cwd=folder)
    for text in (result.stdout, result.stderr):
        text = text.decode()  # is UTF-8
        hidden = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") and c != "\n"}
        assert not hidden, (command, hidden, text)
    assert b"Stack dump" not in result.stderr
    return result


def refused(*command, word=""):
    result = run(*command)
    lines = result.stderr.decode().splitlines()
    assert result.returncode == 1 and len(lines) == 1, (command, result)
    assert lines[0].startswith("error: ") and word in lines[0], (command, lines[0])
    assert len(lines[0]) <= LONGEST, (command, len(lines[0]))
    return lines[0]


np.save(path("x.npy"), np.ones((3, 2)))
write_model(path("plain.onnx"), [b"w"])
END = ["--x1", "x.npy", "-o", "theta.npy"]

# Options' values, and names of files.
for value in NAMES:
    value = value.replace(b"\0", b"")
    refused("ntk-run", "plain.onnx", *END, "--method", value, word="--method")
    refused("ntk-run", b"no" + value + b".onnx", *END)
    refused("ntk-translate", "--ntk-to-cpp", b"no" + value + b".onnx", "-o", "net.cpp")
    for tool in ("ntk-opt", "ntk-translate"):
        hidden = b"\x1b" + value
        refused(tool, b"no" + hidden + b".mlir", word="control characters")
        refused(tool, b"--no" + hidden, word="control characters")

# Names in a model.
for name in NAMES:
    write_model(path("model.onnx"), [name])
    with open(path("model.onnx"), "rb") as file:
        model = file.read()
    with open(path("unknown.onnx"), "wb") as file:
        file.write(model.replace(field(4, b"Mul"), field(4, b"M\x1bl")))
    refused("ntk-run", "unknown.onnx", *END)
    refused("ntk-translate", "--onnx-to-ntk", "unknown.onnx")
    refused("ntk-run", "model.onnx", *END, "--wrt", "nothing", word="nothing")
    assert run("ntk-run", "model.onnx", "--parameters").returncode == 0
    for report in ("--plan", "--profile"):
        assert run("ntk-run", "model.onnx", "--x1", "x.npy", report).returncode == 0
        result = run("ntk-run", "model.onnx", "--x1", "x.npy", f"{report}=json")
        assert json.loads(result.stdout)["parameters"][0]["name"] == name.decode("utf-8", "replace")

# Names in files of arrays; types and keys in their headers.
for name in NAMES:
    text = name.decode("latin-1").replace("\0", "")
    with zipfile.ZipFile(path("x.npz"), "w") as archive:
        with archive.open(text + ".npy", "w") as file:
            np.save(file, np.ones((3, 2, 2)))
    refused("ntk-run", "plain.onnx", "--x1", "x.npz", "-o", "theta.npy", "--quiet", word="x.npz")
    header = json.dumps({text: {"dtype": text, "shape": [2], "data_offsets": [0, 16]}}).encode()
    with open(path("w.safetensors"), "wb") as file:
        file.write(len(header).to_bytes(8, "little") + header + bytes(16))
    refused("ntk-run", "plain.onnx", *END, "--params", "w.safetensors", word="w.safetensors")
    for dictionary in ("{'descr': '%s', 'fortran_order': False, 'shape': (3, 2), }", "{'%s': 1, }"):
        head = (dictionary % text.replace("'", "")).encode("latin-1") + b"\n"
        with open(path("bad.npy"), "wb") as file:
            file.write(b"\x93NUMPY\x02\0" + len(head).to_bytes(4, "little") + head + bytes(48))
        refused("ntk-run", "plain.onnx", "--x1", "bad.npy", "-o", "theta.npy", word="bad.npy")
assert not os.path.exists(path("theta.npy"))
