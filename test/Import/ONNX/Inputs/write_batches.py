# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes random networks whose batch is merged with other axes and taken apart.

    write_batches.py FOLDER COUNT [FIRST] [--mixing]

Between steps a value is [N, a, b, …]. A step turns the axes, merges some of
them with the batch into outer · N · inner, works on the rest, and undoes it; or
puts parts side by side along the batch; or repeats a parameter for each
example; or reads the example's own elements by their place in the batch. All of
them treat examples alike, so that a batch gives what each example gives. With
--mixing one step more does not.
"""

import math
import os
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

SIZES = (2, 3, 4)


class Draft:
    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.nodes, self.initializers = [], []
        self.shape = [int(self.random.choice(SIZES)) for _ in range(3)]
        self.input = list(self.shape)
        self.value = "x"
        self.batch = self.node("Shape", ["x"], start=0, end=1)

    # Building ---------------------------------------------------------------

    def name(self):
        return f"v{len(self.nodes) + len(self.initializers)}"

    def node(self, kind, inputs, outputs=1, **attributes):
        names = [f"{self.name()}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return names[0] if outputs == 1 else names

    def integers(self, *values):
        return self.store(np.array(values, np.int64))

    def store(self, array):
        self.initializers.append(numpy_helper.from_array(array, self.name()))
        return self.initializers[-1].name

    def parameter(self, *shape):
        values = 0.5 + 0.3 * self.random.standard_normal(shape)
        return self.store(values.astype(np.float32))

    def choose(self, *options):
        return options[self.random.integers(len(options))]

    def sizes(self, shape, axis, factor):
        """Sizes of which the one along `axis` is factor · N, open or counted."""
        if self.random.random() < 0.5:
            return self.integers(*shape[:axis], -1, *shape[axis + 1 :])
        count = self.node("Mul", [self.batch, self.integers(factor)])
        parts = [count]
        if shape[:axis]:
            parts.insert(0, self.integers(*shape[:axis]))
        if shape[axis + 1 :]:
            parts.append(self.integers(*shape[axis + 1 :]))
        return self.node("Concat", parts, axis=0)

    def reshape(self, value, shape, axis, factor):
        return self.node("Reshape", [value, self.sizes(shape, axis, factor)])

    # Steps ------------------------------------------------------------------

    def elementwise(self):
        self.value = self.node(self.choose("Tanh", "Sin"), [self.value])

    def merge(self):
        """Turns the axes, merges some with the batch, works, and goes back."""
        order = self.random.permutation(len(self.shape) + 1).tolist()
        turned = [0 if a == 0 else self.shape[a - 1] for a in order]
        at = order.index(0)
        low = int(self.random.integers(at + 1))
        high = int(self.random.integers(at, len(order))) + 1
        outer, inner = turned[low:at], turned[at + 1 : high]
        factor = math.prod(outer) * math.prod(inner)
        value = self.node("Transpose", [self.value], perm=order)
        merged = turned[:low] + [0] + turned[high:]
        value = self.reshape(value, merged, low, factor)
        value = self.work(value, merged, low)
        back = self.reshape(value, turned, at, 1)
        inverse = np.argsort(order).tolist()
        self.value = self.node("Transpose", [back], perm=inverse)

    def work(self, value, shape, batch):
        """An operator along the axes that are not the batch; the shape stays."""
        others = [a for a in range(len(shape)) if a != batch]
        kinds = ["Tanh"]
        if others:
            kinds += ["Softmax", "Flip"]
        if others and others[-1] == len(shape) - 1:
            kinds += ["MatMul", "LayerNormalization", "Pad"]
        if len(shape) == 3 and batch == 0:
            kinds += ["Conv", "MaxPool", "AveragePool", "InstanceNormalization"]
        if len(shape) == 4 and batch in (0, 2):
            kinds += ["Conv", "MaxPool", "AveragePool"]
        if len(shape) >= 2 and batch != 1:
            kinds += ["BatchNormalization"]
        kind = self.choose(*kinds)
        return getattr(self, f"work_{kind}", self.work_Tanh)(value, shape, batch)

    def work_Tanh(self, value, shape, batch):
        return self.node("Tanh", [value])

    def work_Softmax(self, value, shape, batch):
        axis = self.choose(*[a for a in range(len(shape)) if a != batch])
        return self.node("Softmax", [value], axis=axis)

    def work_Flip(self, value, shape, batch):
        axis = self.choose(*[a for a in range(len(shape)) if a != batch])
        least = np.iinfo(np.int64).min
        bounds = [self.integers(v) for v in (-1, least, axis, -1)]
        return self.node("Slice", [value, *bounds])

    def work_MatMul(self, value, shape, batch):
        return self.node("MatMul", [value, self.parameter(shape[-1], shape[-1])])

    def work_LayerNormalization(self, value, shape, batch):
        scale = self.parameter(shape[-1])
        return self.node("LayerNormalization", [value, scale], axis=-1)

    def work_Pad(self, value, shape, batch):
        pads = [0] * (2 * len(shape))
        pads[len(shape) - 1], pads[-1] = 1, -1
        return self.node("Pad", [value, self.integers(*pads)])

    def work_Conv(self, value, shape, batch):
        kernel = [1 if a == batch else 3 for a in range(2, len(shape))]
        pads = [k // 2 for k in kernel] * 2
        weight = self.parameter(shape[1], shape[1], *kernel)
        return self.node("Conv", [value, weight], pads=pads)

    def pool(self, kind, value, shape, batch):
        kernel = [1 if a == batch else 3 for a in range(2, len(shape))]
        pads = [k // 2 for k in kernel] * 2
        return self.node(kind, [value], kernel_shape=kernel, pads=pads)

    def work_MaxPool(self, value, shape, batch):
        return self.pool("MaxPool", value, shape, batch)

    def work_AveragePool(self, value, shape, batch):
        return self.pool("AveragePool", value, shape, batch)

    def work_InstanceNormalization(self, value, shape, batch):
        scale, bias = self.parameter(shape[1]), self.parameter(shape[1])
        return self.node("InstanceNormalization", [value, scale, bias])

    def work_BatchNormalization(self, value, shape, batch):
        vectors = [self.parameter(shape[1]) for _ in range(3)]
        vectors.append(self.store(np.full(shape[1], 0.7, np.float32)))
        return self.node("BatchNormalization", [value, *vectors])

    def parts(self):
        """Parts along the batch, which go through the same function."""
        count = self.choose(2, 3)
        parts = [self.value]
        for _ in range(count - 1):
            parts.append(self.node(self.choose("Sin", "Tanh", "Neg"), [self.value]))
        value = self.node("Concat", parts, axis=0)
        value = self.work(value, [0] + self.shape, 0)
        if self.random.random() < 0.3:
            equal = self.parameter(1, *self.shape)
            rows = self.node("Mul", [self.batch, self.integers(count)])
            ones = self.integers(*[1] * len(self.shape))
            size = self.node("Concat", [rows, ones], axis=0)
            value = self.node("Mul", [value, self.node("Expand", [equal, size])])
        self.value = self.combine(self.take_apart(value, count))

    def take_apart(self, value, count):
        kind = self.choose("Split", "Slice", "Reshape")
        if kind == "Split":
            return self.node("Split", [value], count, axis=0, num_outputs=count)
        if kind == "Slice":
            bounds = [
                self.node("Mul", [self.batch, self.integers(i)])
                for i in range(count + 1)
            ]
            zero = self.integers(0)
            return [
                self.node("Slice", [value, a, b, zero])
                for a, b in zip(bounds, bounds[1:])
            ]
        value = self.reshape(value, [count, 0] + self.shape, 1, 1)
        index = [self.store(np.array(i, np.int64)) for i in range(count)]
        return [self.node("Gather", [value, i], axis=0) for i in index]

    def combine(self, parts):
        value = parts[0]
        for part in parts[1:]:
            value = self.node(self.choose("Add", "Mul", "Sub"), [value, part])
        return value

    def repeat(self):
        """A parameter with rows of its own, repeated for each example."""
        if self.random.random() < 0.5:
            ones = self.integers(*[1] * len(self.shape))
            repeats = self.node("Concat", [self.batch, ones], axis=0)
            copies = self.node("Tile", [self.parameter(1, *self.shape), repeats])
            self.value = self.node("Mul", [self.value, copies])
            return
        rows, rest = self.shape[0], self.shape[1:]
        ones = self.integers(*[1] * len(rest))
        repeats = self.node("Concat", [self.batch, ones], axis=0)
        copies = self.node("Tile", [self.parameter(rows, *rest), repeats])
        flat = self.reshape(self.value, [0] + rest, 0, rows)
        value = self.node("Add", [flat, copies])
        self.value = self.reshape(value, [0] + self.shape, 0, 1)

    def read(self):
        """The example's own rows by their places among those of all."""
        rows, rest = self.shape[0], self.shape[1:]
        zero, one = (self.store(np.array(i, np.int64)) for i in (0, 1))
        places = self.node(
            "Range", [zero, self.node("Squeeze", [self.batch]), one]
        )
        flat = self.reshape(self.value, [0] + rest, 0, rows)
        starts = self.node("Mul", [places, self.store(np.array(rows, np.int64))])
        row = int(self.random.integers(rows))
        picked = self.node("Add", [starts, self.store(np.array(row, np.int64))])
        value = self.node("Gather", [flat, picked], axis=0)
        value = self.node("Unsqueeze", [value, self.integers(1)])
        self.value = self.node("Mul", [self.value, value])

    # Steps that mix examples ------------------------------------------------

    def mix_layout(self):
        """Merges with the batch behind an axis and splits with it in front."""
        rows, rest = self.shape[0], self.shape[1:]
        turned = [1, 0, *range(2, len(self.shape) + 1)]
        value = self.node("Transpose", [self.value], perm=turned)
        value = self.reshape(value, [0] + rest, 0, rows)
        self.value = self.reshape(value, [0] + self.shape, 0, 1)

    def mix_order(self):
        """Turns the merged rows round."""
        rows, rest = self.shape[0], self.shape[1:]
        flat = self.reshape(self.value, [0] + rest, 0, rows)
        value = self.work_Flip(flat, [0], -1)
        self.value = self.reshape(value, [0] + self.shape, 0, 1)

    def mix_parts(self):
        """Two parts side by side, shifted by a row."""
        value = self.node("Concat", [self.value, self.value], axis=0)
        one, zero = self.integers(1), self.integers(0)
        end = self.node("Add", [self.batch, one])
        self.value = self.node("Slice", [value, one, end, zero])

    def mix_window(self):
        """A convolution over the rows of all examples."""
        count = math.prod(self.shape)
        line = self.reshape(self.value, [1, 1, 0], 2, count)
        weight = self.parameter(1, 1, 3)
        value = self.node("Conv", [line, weight], pads=[1, 1])
        self.value = self.reshape(value, [0] + self.shape, 0, 1)

    def mix_places(self):
        """The rows of the example before."""
        zero, one = (self.store(np.array(i, np.int64)) for i in (0, 1))
        places = self.node(
            "Range", [zero, self.node("Squeeze", [self.batch]), one]
        )
        before = self.node("Sub", [places, one])
        self.value = self.node("Gather", [self.value, before], axis=0)

    def mix_sums(self):
        """Shares of each row in the sum over those of all examples."""
        rows, rest = self.shape[0], self.shape[1:]
        flat = self.reshape(self.value, [0] + rest, 0, rows)
        value = self.node("Softmax", [flat], axis=0)
        self.value = self.reshape(value, [0] + self.shape, 0, 1)

    def model(self, mixes):
        steps = [
            self.choose("merge", "merge", "merge", "parts", "parts", "repeat",
                        "read", "elementwise")
            for _ in range(int(self.random.integers(2, 6)))
        ]
        if mixes:
            kinds = ("layout", "order", "parts", "window", "places", "sums")
            at = int(self.random.integers(len(steps) + 1))
            steps.insert(at, "mix_" + self.choose(*kinds))
        for step in steps:
            getattr(self, step)()
        self.nodes.append(helper.make_node("Identity", [self.value], ["y"]))
        value = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            "g",
            [value("x", TensorProto.FLOAT, ["N", *self.input])],
            [value("y", TensorProto.FLOAT, ["N", *self.shape])],
            self.initializers,
        )
        opset = [helper.make_opsetid("", 20)]
        return helper.make_model(graph, ir_version=8, opset_imports=opset)


if __name__ == "__main__":
    mixes = "--mixing" in sys.argv
    folder, count, *first = [a for a in sys.argv[1:] if a != "--mixing"]
    first = int(first[0]) if first else 0
    os.makedirs(folder, exist_ok=True)
    for seed in range(first, first + int(count)):
        path = os.path.join(folder, f"batch{seed}.onnx")
        save(Draft(seed).model(mixes), path)
