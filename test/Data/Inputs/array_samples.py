# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arrays of every type, byte order, layout and kind of shape that NumPy writes."""

import os
import zipfile

import numpy as np

TYPES = "f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 ?".split()
SHAPES = [(), (1,), (7,), (0, 3), (2, 3, 5), (3, 1, 4, 2), (300, 101)]


def draw_arrays(random):
    """The arrays by name, as "little.f4.(2, 3, 5).C"."""
    arrays = {}
    for order in "<>":
        for name in TYPES:
            for shape in SHAPES:
                values = (random.standard_normal(shape) * 100).astype(order + name)
                for layout in "CF":
                    key = f"{'little' if order == '<' else 'big'}.{name}.{shape}.{layout}"
                    arrays[key] = np.array(values, order=layout)
    return arrays


def assert_same(found, expected):
    assert found.dtype == expected.dtype.newbyteorder("="), (found.dtype, expected.dtype)
    assert found.shape == expected.shape, (found.shape, expected.shape)
    assert found.flags.c_contiguous
    np.testing.assert_array_equal(found, expected)


def write_bomb(folder):
    """A deflated archive whose array `a` claims, in both places, more than its bytes can hold."""
    path = os.path.join(folder, "bomb.npz")
    np.save(os.path.join(folder, "zeros.npy"), np.zeros(1000))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(os.path.join(folder, "zeros.npy"), "a.npy")
    with open(path, "rb") as file:
        content = bytearray(file.read())
    directory = content.rindex(b"PK\1\2")
    content[22:26] = content[directory + 24 : directory + 28] = b"\xfe\xff\xff\xff"
    with open(path, "wb") as file:
        file.write(content)
    return path
