# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Evaluates the text of an ntk.network with NumPy, in double precision.

It follows the descriptions of the ops and shares no code with the compiler, so
that an imported network can be compared with onnxruntime on the same file.
"""

import itertools
import math
import re

import numpy as np

ERF = np.vectorize(math.erf, otypes=[float])


def windows(x, a, fill):
    """Windows over the trailing axes: [..., outputs..., taps]."""
    rank = len(a["window"])
    padding = np.reshape(a["padding"], (rank, 2)).tolist()
    lead = x.ndim - rank
    x = np.pad(x, [(0, 0)] * lead + padding, constant_values=fill)
    taps = []
    reach = [d * (k - 1) + 1 for k, d in zip(a["window"], a["dilations"])]
    sizes = [
        (n - r) // s + 1 for n, r, s in zip(x.shape[lead:], reach, a["strides"])
    ]
    for tap in itertools.product(*map(range, a["window"])):
        slices = [
            slice(t * d, t * d + (n - 1) * s + 1, s)
            for t, d, n, s in zip(tap, a["dilations"], sizes, a["strides"])
        ]
        taps.append(x[(Ellipsis, *slices)])
    return np.stack(taps, -1)


def winners(x, a):
    """Of each window the row-major position of its first largest element."""
    shape = x.shape[x.ndim - len(a["window"]) :]
    places = np.broadcast_to(np.arange(math.prod(shape)).reshape(shape), x.shape)
    first = windows(x, a, -np.inf).argmax(-1)[..., None]
    return np.take_along_axis(windows(places, a, -1), first, -1)[..., 0]


def conv(x, w, a):
    groups = a["groups"]
    out = []
    for g in range(groups):
        xs, ws = np.split(x, groups)[g], np.split(w, groups)[g]
        patches = windows(xs, dict(a, window=w.shape[2:]), 0.0)
        ws = ws.reshape(*ws.shape[:2], -1)
        out.append(np.einsum("a...t,cat->c...", patches, ws))
    return np.concatenate(out)


def conv_transpose(x, w, a):
    """The transpose of conv, from its columns."""
    shape = (w.shape[1] * a["groups"], *a["output_size"])
    result = np.zeros(shape)
    for index in np.ndindex(shape):
        unit = np.zeros(shape)
        unit[index] = 1
        result[index] = np.sum(conv(unit, w, a) * x)
    return result


def fold_patches(z, a):
    """[G, A, taps, pixels] back into pixels, a tap at a time."""
    kernel, strides, dilations = a["kernel_size"], a["strides"], a["dilations"]
    low, high = np.reshape(a["padding"], (len(kernel), 2)).T
    channels = z.shape[0] * z.shape[1]
    image = np.zeros((channels, *(a["output_size"] + low + high)))
    counts = [
        (n - d * (k - 1) - 1) // s + 1
        for n, k, d, s in zip(image.shape[1:], kernel, dilations, strides)
    ]
    z = z.reshape(channels, -1, *counts)
    for i, tap in enumerate(itertools.product(*map(range, kernel))):
        steps = zip(tap, dilations, counts, strides)
        slices = [slice(t * d, t * d + (n - 1) * s + 1, s) for t, d, n, s in steps]
        image[(slice(None), *slices)] += z[:, i]
    inside = [slice(l, l + n) for l, n in zip(low, a["output_size"])]
    return image[(slice(None), *inside)]


def pad(x, a):
    shape = [
        low + (n - 1) * (i + 1) + 1 + high
        for n, low, high, i in zip(x.shape, a["low"], a["high"], a["interior"])
    ]
    y = np.zeros(shape, x.dtype)
    y[
        tuple(
            slice(low, low + (n - 1) * (i + 1) + 1, i + 1)
            for n, low, i in zip(x.shape, a["low"], a["interior"])
        )
    ] = x
    return y


def broadcast(x, a):
    shape = [1] * len(a["shape"])
    for axis, size in zip(a["dimensions"], x.shape):
        shape[axis] = size
    return np.broadcast_to(x.reshape(shape), a["shape"])


def take(x, starts, sizes, strides):
    return x[
        tuple(slice(b, b + (n - 1) * s + 1, s) for b, n, s in zip(starts, sizes, strides))
    ]


def scatter_add(x, indices, a):
    axis, rank = a["axis"], indices.ndim
    x = np.moveaxis(x, range(axis, axis + rank), range(rank))
    y = np.zeros((a["size"], *x.shape[rank:]))
    np.add.at(y, indices, x)
    return np.moveaxis(y, 0, axis)


def softmax(x, axis):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


COMPARE = {
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
}

OPS = {
    "abs": lambda a, x: np.abs(x),
    "add": lambda a, x, y: x + y,
    "bit_and": lambda a, x, y: x & y,
    "broadcast": lambda a, x: broadcast(x, a),
    "clip": lambda a, x: np.clip(x, a["low"], a["high"]),
    "concat": lambda a, *x: np.concatenate(x, a["axis"]),
    "conv": lambda a, x, w: conv(x, w, a),
    "conv_transpose": lambda a, x, w: conv_transpose(x, w, a),
    "convert": lambda a, x: np.trunc(x).astype(a["element"]),
    "cos": lambda a, x: np.cos(x),
    "det": lambda a, x: np.linalg.det(x),
    "div": lambda a, x, y: x / y
    if x.dtype.kind == "f"
    else np.trunc(x / y).astype(x.dtype),
    "elu": lambda a, x: np.where(x > 0, x, a["alpha"] * np.expm1(np.minimum(x, 0))),
    "erf": lambda a, x: ERF(x),
    "exp": lambda a, x: np.exp(x),
    "expm1": lambda a, x: np.expm1(x),
    "fold_patches": lambda a, x: fold_patches(x, a),
    "gather": lambda a, x, i: np.take(x, i, a["axis"]),
    "gelu": lambda a, x: x * (1 + ERF(x / 2**0.5)) / 2,
    "gelu_tanh": lambda a, x: x
    * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3)))
    / 2,
    "inverse": lambda a, x: np.linalg.inv(x),
    "leaky_relu": lambda a, x: np.where(x > 0, x, a["alpha"] * x),
    "log": lambda a, x: np.log(x),
    "log1p": lambda a, x: np.log1p(x),
    "max": lambda a, x, y: np.maximum(x, y),
    "max_pool_winner": lambda a, x: winners(x, a),
    "max_pool": lambda a, x: windows(x, a, -np.inf).max(-1),
    "min": lambda a, x, y: np.minimum(x, y),
    "mul": lambda a, x, y: x * y,
    "neg": lambda a, x: -x,
    "pad": lambda a, x: pad(x, a),
    "pow": lambda a, x: x ** a["exponent"],
    "power": lambda a, x, y: np.power(x, y),
    "reciprocal": lambda a, x: 1 / x,
    "reduce_max": lambda a, x: x.max(tuple(a["axes"])),
    "reduce_sum": lambda a, x: x.sum(tuple(a["axes"])),
    "relu": lambda a, x: np.maximum(x, 0),
    "remainder": lambda a, x, y: np.fmod(x, y),
    "reshape": lambda a, x: x.reshape(a["shape"]),
    "reverse": lambda a, x: np.flip(x, a["axes"]),
    "rsqrt": lambda a, x: x**-0.5,
    "scatter_add": lambda a, x, i: scatter_add(x, i, a),
    "scale": lambda a, x: x * a["factor"],
    "select": lambda a, c, x, y: np.where(c, x, y),
    "shift": lambda a, x: x + a["offset"],
    "sigmoid": lambda a, x: 1 / (1 + np.exp(-x)),
    "sin": lambda a, x: np.sin(x),
    "slice": lambda a, x: take(x, a["starts"], a["sizes"], a["strides"]),
    "softmax": lambda a, x: softmax(x, a["axis"]),
    "acos": lambda a, x: np.arccos(x),
    "acosh": lambda a, x: np.arccosh(x),
    "asin": lambda a, x: np.arcsin(x),
    "asinh": lambda a, x: np.arcsinh(x),
    "atan": lambda a, x: np.arctan(x),
    "atanh": lambda a, x: np.arctanh(x),
    "cosh": lambda a, x: np.cosh(x),
    "mish": lambda a, x: x * np.tanh(np.logaddexp(x, 0)),
    "sinh": lambda a, x: np.sinh(x),
    "softsign": lambda a, x: x / (1 + np.abs(x)),
    "tan": lambda a, x: np.tan(x),
    "softplus": lambda a, x: np.logaddexp(x, 0),
    "stop_gradient": lambda a, x: x,
    "sqrt": lambda a, x: np.sqrt(x),
    "square": lambda a, x: x * x,
    "sub": lambda a, x, y: x - y,
    "take_along": lambda a, x, i: np.take_along_axis(x, i, -1),
    "tanh": lambda a, x: np.tanh(x),
    "transpose": lambda a, x: x.transpose(a["permutation"]),
    "window_sum": lambda a, x: windows(x, a, 0.0).sum(-1),
}

DTYPES = {"f32": float, "f64": float, "i64": np.int64, "i32": np.int32, "i1": bool}


def tensor_type(text):
    *shape, element = re.fullmatch(r"tensor<(.*)>", text.strip()).group(1).split("x")
    return [int(n) for n in shape], DTYPES[element]


def from_bits(bits, digits):
    if digits == 8:
        return float(np.array(bits, np.uint32).view(np.float32))
    return float(np.array(bits, np.uint64).view(np.float64))


def dense(text):
    value, kind = re.fullmatch(r"dense<(.*)> : (tensor<.*>)", text).groups()
    shape, dtype = tensor_type(kind)
    if not value:
        return np.zeros(shape, dtype)
    if value.startswith('"0x') and dtype is bool:  # a bit for each
        bits = np.frombuffer(bytes.fromhex(value[3:-1]), np.uint8)
        count = math.prod(shape)
        return np.unpackbits(bits, bitorder="little")[:count].astype(bool).reshape(shape)
    if value.startswith('"0x'):
        raw = {"f32": np.float32, "f64": np.float64}.get(
            kind[:-1].split("x")[-1].split("<")[-1], dtype
        )
        return np.frombuffer(bytes.fromhex(value[3:-1]), raw).astype(dtype).reshape(shape)
    if dtype is float:  # infinities and NaN are printed as their bits
        bits = lambda m: repr(from_bits(int(m.group(), 16), len(m.group()) - 2))
        value = re.sub(r"0x[0-9A-F]+", bits, value)
    names = {"true": True, "false": False, "inf": np.inf, "nan": np.nan}
    value = eval(value, names)
    return np.broadcast_to(np.asarray(value, dtype), shape)


def attribute(text):
    if text.startswith("array<i64"):
        return [int(n) for n in re.findall(r"-?\d+", text[len("array<i64") :])]
    if text.startswith("dense<"):
        return dense(text)
    if text in DTYPES:
        return DTYPES[text]
    number, kind = re.fullmatch(r"(\S+) : (\w+)", text).groups()
    if number.startswith("0x"):
        return from_bits(int(number, 16), len(number) - 2)
    return float(number) if kind.startswith("f") else int(number)


def attributes(text):
    found = re.findall(
        r"(\w+) = (array<[^>]*>|dense<.*> : tensor<[^>]*>|[^\s,}]+ : \w+|\w+)", text
    )
    return {name: attribute(value) for name, value in found}


class Network:
    """A parsed ntk.network; `parameters` names its parameters and buffers."""

    def __init__(self, text):
        lines = [line.strip() for line in text.splitlines()]
        header = next(line for line in lines if line.startswith("ntk.network"))
        self.inputs, self.parameters, self.arguments = [], {}, []
        pattern = r'(%\w+): (tensor<[^>]*>)(?: \{ntk\.(param|buffer) = "([^"]*)"\})?'
        for name, kind, role, key in re.findall(pattern, header):
            self.arguments.append((name, tensor_type(kind)))
            if role:
                self.parameters[name] = key
            else:
                self.inputs.append(name)
        self.lines = lines[lines.index(header) + 1 :]
        self.ops = {name for line in self.lines for name in re.findall(r"^%\w+ = (\w+)", line)}

    def __call__(self, inputs, tensors):
        values = dict(zip(self.inputs, inputs))
        for name, (shape, dtype) in self.arguments:
            if name in self.parameters:
                values[name] = np.asarray(tensors[self.parameters[name]], dtype)
            assert list(values[name].shape) == shape, (name, values[name].shape, shape)
        for line in self.lines:
            if line.startswith("return"):
                return [values[n] for n in re.findall(r"%\w+", line.split(":")[0])]
            result, op, rest, kind = re.fullmatch(
                r"(%\w+) = (\w+) (.*) : (?:\(.*?\) -> )?(tensor<[^>]*>)", line
            ).groups()
            if op == "constant":
                values[result] = dense(f"{rest} : {kind}")
            else:
                values[result] = self.evaluate(op, rest, values)
            shape, _ = tensor_type(kind)
            assert list(values[result].shape) == shape, line
        raise ValueError("no return")

    def evaluate(self, op, rest, values):
        head, _, tail = rest.partition("{")
        operands = [values[n] for n in re.findall(r"%\w+", head)]
        if op == "compare":
            return COMPARE[head.split()[0]](*operands)
        if op == "contract":
            spec = re.match(r'"([^"]*)"', head).group(1)
            return np.einsum(spec.replace(" ", ""), *operands)
        return OPS[op](attributes(tail), *operands)
