# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes models to start a fuzzer from: seeds.py FOLDER [MODEL.onnx ...]

The node tests of the onnx package, with all inputs and with only the first one,
the others being initializers; and the given models. Models of more than a few
kilobytes are left out.
"""

import hashlib
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "Import/ONNX/Inputs"))
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


def main():
    folder, *paths = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    for data in [*node_tests(), *(pathlib.Path(path).read_bytes() for path in paths)]:
        if len(data) <= LARGEST:
            name = hashlib.sha1(data).hexdigest()
            pathlib.Path(folder, name).write_bytes(data)


if __name__ == "__main__":
    main()
