"""The table in Accuracy.md: the largest error of each function of one variable,
its value, its derivative, and both at once, over the whole range of f32 and f64,
in units in the last place, against mpmath.

    update_accuracy.py Accuracy.md [--points N] [--emitted] [--check] [--only NAME]

A network y = c f(x + b) is run by ntk-run (--emitted: as C++ of g++) on the points
x1 and one point x2: by c its kernel is f(x1) f(x2), by b the same of f', by both
their sum. --check compares with the file, and takes errors up to a half above the
table's, or two units.
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile

import mpmath
import numpy as np
import onnx
from mpmath import mpf
from onnx import TensorProto, helper

mpmath.mp.prec = 240
INF = float("inf")
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def sigmoid(x):
    return 1 / (1 + mpmath.exp(-x))


def softplus(x):
    return mpmath.log1p(mpmath.exp(x)) if x < 50 else x + mpmath.log1p(mpmath.exp(-x))


def density(x):
    return mpmath.exp(-x * x / 2) / mpmath.sqrt(2 * mpmath.pi)


def gelu_slope(x):
    """(1 + tanh u) / 2 and x times its derivative, u = √(2/π) (x + 0.044715 x³)."""
    root, cubic = mpmath.sqrt(2 / mpmath.pi), mpf("0.044715")
    t = mpmath.tanh(root * (x + cubic * x**3))
    return (1 + t) / 2, x * mpmath.sech(root * (x + cubic * x**3)) ** 2 * root * (1 + 3 * cubic * x * x) / 2


def mish_slope(x):
    t = mpmath.tanh(softplus(x))
    return t, x * mpmath.sech(softplus(x)) ** 2 * sigmoid(x)


ALPHA, GAMMA = mpf(float(np.float32(1.67326319217681884765625))), mpf(float(np.float32(1.05070102214813232421875)))

# Name of the operator, attributes; value and derivative of x, the latter as terms
# where they cancel; where the function is defined; the point x2.
FUNCTIONS = {
    "Abs": ({}, abs, mpmath.sign, (-INF, INF), 0.5),
    "Acos": ({}, mpmath.acos, lambda x: -1 / mpmath.sqrt((1 - x) * (1 + x)), (-1, 1), 0.5),
    "Acosh": ({}, mpmath.acosh, lambda x: 1 / mpmath.sqrt((x - 1) * (x + 1)), (1, INF), 1.5),
    "Asin": ({}, mpmath.asin, lambda x: 1 / mpmath.sqrt((1 - x) * (1 + x)), (-1, 1), 0.5),
    "Asinh": ({}, mpmath.asinh, lambda x: 1 / mpmath.sqrt(1 + x * x), (-INF, INF), 1.0),
    "Atan": ({}, mpmath.atan, lambda x: 1 / (1 + x * x), (-INF, INF), 0.5),
    "Atanh": ({}, mpmath.atanh, lambda x: 1 / ((1 - x) * (1 + x)), (-1, 1), 0.5),
    "Celu": ({"alpha": 2.0}, lambda x: x if x > 0 else 2 * mpmath.expm1(x / 2), lambda x: mpf(1) if x > 0 else mpmath.exp(x / 2), (-INF, INF), 0.5),
    "Cos": ({}, mpmath.cos, lambda x: -mpmath.sin(x), (-INF, INF), 0.7),
    "Cosh": ({}, mpmath.cosh, mpmath.sinh, (-INF, INF), 0.9),
    "Elu": ({"alpha": 1.0}, lambda x: x if x > 0 else mpmath.expm1(x), lambda x: mpf(1) if x > 0 else mpmath.exp(x), (-INF, INF), 0.5),
    "Erf": ({}, mpmath.erf, lambda x: 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-x * x), (-INF, INF), 0.5),
    "Exp": ({}, mpmath.exp, mpmath.exp, (-INF, INF), 0.5),
    "Gelu": ({}, lambda x: (x / 2, x * mpmath.erf(x / mpmath.sqrt(2)) / 2), lambda x: (mpf(0.5), mpmath.erf(x / mpmath.sqrt(2)) / 2, x * density(x)), (-INF, INF), 1.0),
    "Gelu tanh": ({"approximate": "tanh"}, lambda x: (x / 2, x * (gelu_slope(x)[0] - 0.5)), lambda x: (mpf(0.5), gelu_slope(x)[0] - 0.5, gelu_slope(x)[1]), (-INF, INF), 1.0),
    "HardSigmoid": ({}, lambda x: min(max(x * mpf(float(np.float32(0.2))) + mpf(0.5), mpf(0)), mpf(1)), lambda x: mpf(float(np.float32(0.2))) if abs(x) < 2.5 else mpf(0), (-INF, INF), 0.5),
    "Log": ({}, mpmath.log, lambda x: 1 / x, (0, INF), 2.0),
    "Mish": ({}, lambda x: x * mpmath.tanh(softplus(x)), mish_slope, (-INF, INF), 1.0),
    "Reciprocal": ({}, lambda x: 1 / x, lambda x: -1 / (x * x), (-INF, INF), 1.0),
    "Selu": ({}, lambda x: GAMMA * (x if x > 0 else ALPHA * mpmath.expm1(x)), lambda x: GAMMA * (mpf(1) if x > 0 else ALPHA * mpmath.exp(x)), (-INF, INF), 0.5),
    "Sigmoid": ({}, sigmoid, lambda x: sigmoid(x) * sigmoid(-x), (-INF, INF), 0.5),
    "Sin": ({}, mpmath.sin, mpmath.cos, (-INF, INF), 0.7),
    "Sinh": ({}, mpmath.sinh, mpmath.cosh, (-INF, INF), 0.9),
    "Softplus": ({}, softplus, sigmoid, (-INF, INF), 0.5),
    "Softsign": ({}, lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2, (-INF, INF), 0.5),
    "Sqrt": ({}, mpmath.sqrt, lambda x: 1 / (2 * mpmath.sqrt(x)), (0, INF), 1.0),
    "Swish": ({}, lambda x: x * sigmoid(x), lambda x: (sigmoid(x), x * sigmoid(x) * sigmoid(-x)), (-INF, INF), 1.0),
    "Tan": ({}, mpmath.tan, lambda x: 1 + mpmath.tan(x) ** 2, (-INF, INF), 0.5),
    "Tanh": ({}, mpmath.tanh, lambda x: mpmath.sech(x) ** 2, (-INF, INF), 0.5),
}  # fmt: skip


def choose_points(low, high, kind, count):
    """Every size that the type has, on both sides of zero and of the bounds,
    denormal numbers, and those of ordinary size densely."""
    info = np.finfo(kind)
    rng = np.random.default_rng(0)
    exponents = np.linspace(np.log2(float(info.smallest_subnormal)), np.log2(float(info.max)), count)
    sizes = [2.0 ** min(e, 1022.9) * f for e, f in zip(exponents, rng.uniform(1, 1.9, count))]
    sizes += list(rng.uniform(0, 1, count)) + list(rng.uniform(0, 12, count)) + list(rng.uniform(0, 100, count))
    sizes += [0.0, 1.0, 88.0, 89.0, 103.0, 709.0, 710.0, 745.0, float(info.tiny), float(info.smallest_subnormal), float(info.max)]
    with np.errstate(over="ignore"):
        near = [1 + s * 2.0**-e for e in range(1, info.nmant + 1) for s in (1, -1)]
        points = np.array([*sizes, *near], kind)
        points = np.unique(np.concatenate([points, -points]))
    points = points[np.isfinite(points)]
    return points[(points >= low) & (points <= high)]


def save_model(path, name, attributes, kind):
    type_, operator = helper.np_dtype_to_tensor_dtype(np.dtype(kind)), name.split()[0]
    nodes = [
        helper.make_node("Add", ["x", "b"], ["h"]),
        helper.make_node(operator, ["h"], ["f"], **attributes),
        helper.make_node("Mul", ["f", "c"], ["y"]),
    ]
    value = lambda name: helper.make_tensor_value_info(name, type_, ["n", 1])  # noqa: E731
    tensors = [helper.make_tensor(n, type_, [1], np.full(1, v, kind).tobytes(), raw=True) for n, v in (("b", 0), ("c", 1))]
    graph = helper.make_graph(nodes, "g", [value("x")], [value("y")], tensors)
    version = 24 if operator == "Swish" else 20
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)], ir_version=10), path)


def run(*command):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr}")


def compute(folder, wrt, dtype, emitted):
    files = [f"{folder}/{name}" for name in ("m.onnx", "x1.npy", "x2.npy", "theta.npy")]
    options = ["--kernel", "diagonal", "--wrt", wrt, "--dtype", dtype, "--quiet"]
    if emitted:
        source, program = f"{folder}/net.cpp", f"{folder}/net"
        run("ntk-translate", "--ntk-to-cpp", files[0], "-o", source, "--kernels=none", "--main", "--save-params", f"{folder}/w.npz", *options)
        run("g++", "-std=c++17", "-O2", "-march=native", "-fno-trapping-math", "-I", f"{ROOT}/include", source, "-o", program)
        run(program, "--x1", files[1], "--x2", files[2], "--params", f"{folder}/w.npz", "-o", files[3], "--allow-nonfinite")
    else:
        run("ntk-run", files[0], "--x1", files[1], "--x2", files[2], "-o", files[3], "--allow-nonfinite", *options)
    return np.load(files[3])[:, 0, 0]


def terms_of(function, x):
    value = function(mpf(float(x)))
    return value if isinstance(value, tuple) else (value,)


def errors(found, terms, kind):
    """In units in the last place of the largest term; where the sum is not
    finite in the type, whether the computed one is that too."""
    info = np.finfo(kind)
    worst, where = 0.0, None
    for i, (number, parts) in enumerate(zip(found, terms)):
        if any(mpmath.isnan(p) or mpmath.isinf(p) for p in parts):
            continue
        exact, size = sum(parts), max(abs(p) for p in parts)
        if abs(exact) > mpf(float(info.max)) * (1 - 8 * mpf(float(info.eps))):
            continue
        if not np.isfinite(number):
            error = INF
        else:
            exponent = max(mpmath.frexp(size)[1] if size else -(10**6), info.minexp + 1)
            error = float(abs(mpf(float(number)) - exact) / mpf(2) ** (exponent - info.nmant - 1))
        if error > worst:
            worst, where = error, i
    return worst, where


def measure(name, kind, count, emitted):
    attributes, value, derivative, (low, high), at = FUNCTIONS[name]
    points = choose_points(low, high, kind, count)
    dtype = {np.float32: "f32", np.float64: "f64"}[kind]

    def safely(function, x):
        try:
            return terms_of(function, x)
        except (ZeroDivisionError, ValueError):
            return (mpf("nan"),)

    def inside(terms):
        """Not where the type has no such number: there it may be infinite."""
        return terms if abs(sum(terms)) < float(np.finfo(kind).max) else (mpf("nan"),)

    if emitted and kind == np.float64 and name in ("Sin", "Cos", "Tan"):
        points = points[np.abs(points) <= 3e9]
    values = [inside(safely(value, x)) for x in points]
    slopes = [inside(safely(derivative, x)) for x in points]
    at_value, at_slope = sum(terms_of(value, kind(at))), sum(terms_of(derivative, kind(at)))
    with tempfile.TemporaryDirectory() as folder:
        save_model(f"{folder}/m.onnx", name, attributes, kind)
        np.save(f"{folder}/x1.npy", points[:, None])
        np.save(f"{folder}/x2.npy", np.full((1, 1), at, kind))
        wanted = {
            "c": [tuple(p * at_value for p in v) for v in values],
            "b": [tuple(p * at_slope for p in s) for s in slopes],
        }
        wanted["b,c"] = [a + b for a, b in zip(wanted["c"], wanted["b"])]
        result = []
        for wrt, terms in wanted.items():
            worst, where = errors(compute(folder, wrt, dtype, emitted), terms, kind)
            result.append((worst, None if where is None else points[where]))
    return result


def spell(error):
    return "∞" if error == INF else f"{error:.1f}" if error < 100 else f"{error:.1e}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("--points", type=int, default=300)
    parser.add_argument("--emitted", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--where", action="store_true", help="print the points of the largest errors")
    arguments = parser.parse_args()
    with open(arguments.file) as file:
        text = file.read()
    names = [name for name in FUNCTIONS if not arguments.only or name in arguments.only.split(",")]
    with concurrent.futures.ProcessPoolExecutor() as pool:
        tasks = [(name, kind, arguments.points, arguments.emitted) for name in names for kind in (np.float32, np.float64)]
        results = list(pool.map(measure, *zip(*tasks)))
    rows = []
    for name, pair in zip(names, zip(results[::2], results[1::2])):
        cells = [(spell(error), where) for half in pair for error, where in half]
        rows.append([name, *(cell for cell, _ in cells)])
        if arguments.where:
            print(name, *(f"| {cell} ({where})" for cell, where in cells))
    begin, end = "<!-- ntk-run -->\n", "<!-- end of ntk-run -->\n"
    first, last = text.index(begin) + len(begin), text.index(end)
    table = text[first:last]
    if arguments.check:
        check(table, rows)
    elif not arguments.only and not arguments.emitted:
        lines = ["| | value | derivative | both | value | derivative | both |", "|---|---|---|---|---|---|---|"]
        lines += ["| " + " | ".join(row) + " |" for row in rows]
        with open(arguments.file, "w") as file:
            file.write(text[:first] + "\n".join(lines) + "\n" + text[last:])


def check(table, rows):
    known = {}
    for line in table.splitlines()[2:]:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        known[cells[0]] = [float(c.replace("∞", "inf")) for c in cells[1:]]
    for name, *cells in rows:
        for found, most in zip(cells, known[name]):
            number = float(found.replace("∞", "inf"))
            if number > max(most * 1.5, most + 2):
                sys.exit(f"{name}: expected errors up to {known[name]}, but got {cells}")
    print(f"{len(rows)} functions within the table")


main()
