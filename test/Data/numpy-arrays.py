# Arrays that NumPy wrote are read, written back and compared with NumPy.
#
# REQUIRES: numpy
# RUN: rm -rf %t && mkdir %t && %ntk-python %s %t

import os
import subprocess
import sys

import numpy as np

folder = sys.argv[1]
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "Inputs"))
from array_samples import assert_same, draw_arrays, write_bomb


def path(name):
    return os.path.join(folder, name)


def copy(source, target):
    return subprocess.run(
        ["copy-arrays", source, target], check=True, capture_output=True, text=True
    ).stdout


random = np.random.default_rng(0)
arrays = draw_arrays(random)

# One at a time as .npy, all at once as .npz, stored and deflated.
for key, array in list(arrays.items())[::7]:
    np.save(path("in.npy"), array)
    printed = copy(path("in.npy"), path("out.npy"))
    assert printed == f"-: {array.dtype.newbyteorder('=')}{list(array.shape)}\n", printed
    assert_same(np.load(path("out.npy")), array)
for save in (np.savez, np.savez_compressed):
    save(path("in.npz"), **arrays)
    copy(path("in.npz"), path("out.npz"))
    found = np.load(path("out.npz"))
    assert set(found) == set(arrays)
    for key, array in arrays.items():
        assert_same(found[key], array)

# Format version 2, with a header too long for version 1 had it one.
with open(path("in.npy"), "wb") as file:
    np.lib.format.write_array(file, arrays["little.f4.(2, 3, 5).C"], version=(2, 0))
copy(path("in.npy"), path("out.npy"))
assert_same(np.load(path("out.npy")), arrays["little.f4.(2, 3, 5).C"])

# A copy over the file itself, and through a link.
large = random.standard_normal((500, 500))
np.save(path("large.npy"), large)
os.symlink("large.npy", path("link.npy"))
copy(path("large.npy"), path("link.npy"))
assert os.path.islink(path("link.npy"))
assert_same(np.load(path("large.npy")), large)

# A file for all, under any name, and nothing beside it.
os.mkdir(path("100%%%"))
copy(path("in.npy"), path("100%%%/out.npy"))
assert os.listdir(path("100%%%")) == ["out.npy"]
mode = os.stat(path("100%%%/out.npy")).st_mode & 0o777
umask = os.umask(0)
os.umask(umask)
assert mode == 0o666 & ~umask, oct(mode)

# Files are only looked at: 64 GiB, of which the disk holds only the header.
with open(path("sparse.npy"), "wb") as file:
    header = {"descr": "<f4", "fortran_order": False, "shape": (2**34,)}
    np.lib.format.write_array_header_1_0(file, header)
    file.truncate(file.tell() + 2**36)
out = subprocess.run(
    ["copy-arrays", path("sparse.npy")], check=True, capture_output=True, text=True
)
assert out.stdout == "-: float32[17179869184]\n", out.stdout

# To what is not a file.
np.save(path("in.npy"), large[0])
out = subprocess.run(
    ["copy-arrays", path("in.npy"), "/dev/null"], check=True, capture_output=True
)
assert not os.path.isfile("/dev/null")

# An archive that claims more than its bytes can hold; one with other files.
write_bomb(folder)
out = subprocess.run(["copy-arrays", path("bomb.npz")], capture_output=True, text=True)
assert out.returncode == 1
assert out.stderr.startswith(f"error: {path('bomb.npz')}:a: ") and "impossible" in out.stderr, out.stderr
