# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Emits models as C++ with their parameters inside, links each with a client in
C99 and compares what it computes, at once and by its two steps, with ntk-run:

  emit_library.py FOLDER NTK_SOURCE MODEL... [--kernels=none,cblas,onednn]
          [--compilers=g++,clang++-19] [--sanitize] [-- option of both tools...]

Models have one input of floats; examples are random, three and two of them, and
two with themselves. What the network computes in is f64. --sanitize: with the
address and undefined-behaviour sanitizers.
"""

import argparse
import os
import subprocess
import sys

import numpy as np
import onnx

from emit import LIBRARIES, WARNINGS, compare, run, thread_flags

HERE = os.path.dirname(os.path.abspath(__file__))
C_COMPILERS = {"g++": "gcc", "clang++-19": "clang-19"}


def example_shape(path):
    (value,) = onnx.load(path).graph.input[:1]
    return [d.dim_value for d in value.type.tensor_type.shape.dim][1:]


def build(folder, name, include, kernels, compiler, sanitize):
    """Compiles the emitted file and the client; returns the program."""
    flags = ["-O0", *WARNINGS]
    if sanitize:
        flags += ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    define = [f'-DHEADER="{name}.h"', "-DREAL=double", f"-DNET(x)={name}_##x"]
    run(C_COMPILERS[compiler], "-std=c99", "-pedantic", *flags, "-I", folder, *define, "-c",
        f"{HERE}/client.c", "-o", f"{folder}/client.o")
    program = f"{folder}/{name}-{kernels}-{compiler}"
    run(compiler, "-std=c++17", *flags, "-I", include, f"{folder}/{name}.cpp",
        f"{folder}/client.o", "-o", program, *thread_flags(compiler, kernels),
        *LIBRARIES[kernels])
    return program


def call(program, x1, x2, pair):
    """theta and the tile [n, o, m, p], flat."""
    same = x2 is x1
    examples = x1.tobytes() + (b"" if same else x2.tobytes())
    counts = [len(x1), 0 if same else len(x2), x1[0].size, pair]
    result = subprocess.run([program, *map(str, counts)], input=examples, capture_output=True)
    if result.returncode:
        sys.exit(f"{program}: {result.returncode}\n{result.stderr.decode()}")
    return np.frombuffer(result.stdout).reshape(2, -1)


def as_tile(theta):
    """[n, m, a, a, b, b] as [n, a b, m, a b]."""
    n, m, *axes = theta.shape
    outputs = round(np.prod(axes) ** 0.5)
    order = (0, 1, *range(2, theta.ndim, 2), *range(3, theta.ndim, 2))
    return theta.transpose(order).reshape(n, m, outputs, outputs).transpose(0, 2, 1, 3)


def check(arguments, options, model):
    folder = arguments.folder
    name = os.path.splitext(os.path.basename(model))[0]
    random = np.random.default_rng(5)
    shape = example_shape(model)
    x1, x2 = (random.standard_normal((n, *shape)) for n in (3, 2))
    pairs = []
    for a, b in ((x1, x2), (x2, x2)):
        np.save(f"{folder}/x1.npy", a)
        np.save(f"{folder}/x2.npy", b)
        second = [] if b is a else ["--x2", f"{folder}/x2.npy"]
        run("ntk-run", model, "--x1", f"{folder}/x1.npy", *second, "-o", f"{folder}/theta.npy",
            "--dtype=f64", "--quiet", *options)
        pairs.append((a, b, np.load(f"{folder}/theta.npy")))
    for kernels in arguments.kernels.split(","):
        run("ntk-translate", "--ntk-to-cpp", model, "-o", f"{folder}/{name}.cpp", "--dtype=f64",
            "--embed-weights", "--n1=3", "--n2=2", "--quiet", f"--kernels={kernels}", *options)
        for compiler in arguments.compilers.split(","):
            program = build(folder, name, f"{arguments.source}/include", kernels, compiler,
                            arguments.sanitize)
            for a, b, expected in pairs:
                theta, tile = call(program, a, b, expected[0, 0].size)
                what = f"{name} {kernels} {compiler}"
                compare(what, theta.reshape(expected.shape), expected, 1e-12)
                expected_tile = as_tile(expected)
                tile = tile.reshape(expected_tile.shape)
                compare(f"{what}, by steps", tile, expected_tile, 1e-12)


def main():
    at = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("source")
    parser.add_argument("models", nargs="+")
    parser.add_argument("--kernels", default="none")
    parser.add_argument("--compilers", default="g++")
    parser.add_argument("--sanitize", action="store_true")
    arguments = parser.parse_args(sys.argv[1:at])
    os.makedirs(arguments.folder, exist_ok=True)
    for model in arguments.models:
        check(arguments, sys.argv[at + 1 :], model)


if __name__ == "__main__":
    main()
