# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes what the fuzzers start from: seeds.py FOLDER NTK-TRANSLATE

FOLDER/import: the node tests of the onnx package, with all inputs and with only
the first one, the others being initializers, and the models of this project's
tests. FOLDER/module: those of them that the importer takes, as MLIR, and the
networks of the tests. FOLDER/array: arrays as NumPy writes them, and
.safetensors files. Files of more than a few kilobytes are left out.
"""

import hashlib
import io
import itertools
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile

import numpy as np

TESTS = pathlib.Path(__file__).parents[2]
ONNX = TESTS / "Import/ONNX"
sys.path += [str(ONNX / "Inputs"), str(TESTS / "Data/Inputs")]
from array_samples import draw_arrays
from conformance import NotApplicable, cases, check, to_arrays, variant

LARGEST = 6000


def node_tests():
    for case in cases("node"):
        try:
            check(case)
        except NotApplicable:
            continue
        inputs, _ = map(to_arrays, case.data_sets[0])
        names = [value.name for value in case.model.graph.input]
        for kept in (names, names[:1]):
            yield variant(case, inputs, kept)[0].SerializeToString()


def written_models():
    """Those that the importer's tests write, and the files beside tests."""
    with tempfile.TemporaryDirectory() as folder:
        scripts = [("write_exported", folder), ("write_invalid", folder)]
        scripts += [("write_batches", folder, "40")]
        scripts += [("write_models", test, folder) for test in ONNX.glob("*.test")]
        for script, *arguments in scripts:
            command = [sys.executable, ONNX / f"Inputs/{script}.py", *arguments]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        paths = [*pathlib.Path(folder).rglob("*.onnx"), *TESTS.glob("Integration/**/*.onnx")]
        for path in filter(pathlib.Path.is_file, paths):
            yield path.read_bytes()


def options():
    """First lines of networks, see ModuleFuzzer.cpp."""
    kinds = ("full", "trace", "diagonal", "sum")
    methods = ("auto", "structured", "jacobian-contraction", "ntk-vector-products")
    return itertools.cycle(f"// {k} {m}\n" for k in kinds for m in methods)


def networks(models, translate):
    """The networks of tests, each on its own, and imported models."""
    for path in TESTS.rglob("*.mlir"):
        for text in path.read_text().split("// -----\n"):
            text = re.sub(r"^ *//.*\n", "", text, flags=re.M)
            yield from re.findall(r"^ntk\.network(?:.*\n)*?\}\n", text, re.M)
    for path in models:
        done = subprocess.run(
            [translate, "--onnx-to-ntk", path], capture_output=True, text=True
        )
        if done.returncode == 0:
            yield done.stdout


def safetensors(**arrays):
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, array in arrays.items():
        header[name] = dict(dtype="F32", shape=list(array.shape),
                            data_offsets=[len(data), len(data) + array.nbytes])
        data += array.tobytes()
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def array_files():
    random = np.random.default_rng(0)
    arrays = {k: a for k, a in draw_arrays(random).items() if a.nbytes < LARGEST}

    def saved(save, *given, **named):
        file = io.BytesIO()
        save(file, *given, **named)
        return file.getvalue()

    for array in arrays.values():
        yield saved(np.save, array)
    some = {f"a{i}": array for i, array in enumerate([*arrays.values()][::30])}
    for save in (np.savez, np.savez_compressed):
        yield saved(save, **some)
        for array in [*arrays.values()][::9]:
            yield saved(save, array)
    small = random.standard_normal((2, 3)).astype(np.float32)
    yield safetensors(**{"fc.weight": small, "fc.bias": small[0], 'o"dd\n': small[:0]})


def write(folder, contents):
    os.makedirs(folder, exist_ok=True)
    for data in contents:
        if len(data) <= LARGEST:
            (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


def main():
    folder, translate = map(pathlib.Path, sys.argv[1:])
    write(folder / "array", array_files())
    write(folder / "import", itertools.chain(node_tests(), written_models()))
    models = sorted((folder / "import").iterdir())
    texts = zip(options(), networks(models, translate))
    write(folder / "module", ((first + text).encode() for first, text in texts))


if __name__ == "__main__":
    main()
