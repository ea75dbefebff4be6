# Limits of what a model's file may hold, each at the limit, where the network is
# read, and one past it, where it is refused by name; see docs/Limits.md.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t

import os
import struct
import subprocess
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper, parser

os.chdir(sys.argv[1])
node = helper.make_node


def build(nodes, constants=None, functions=(), inputs=4):
    """y = f(x W), of which f is `nodes` from "h" to "y"."""
    value = lambda name, *shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    tensors = {"w": np.ones((inputs, 4), np.float32), **(constants or {})}
    graph = helper.make_graph(
        [node("MatMul", ["x", "w"], ["h"]), *nodes], "g", [value("x", "n", inputs)],
        [helper.make_empty_tensor_value_info("y")],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in tensors.items()])
    return helper.make_model(graph, functions=functions, ir_version=9, opset_imports=[
        helper.make_opsetid("", 20), helper.make_opsetid("f", 1)]).SerializeToString()


def read(content):
    """Status and stderr of the importer."""
    with open("m.onnx", "wb") as file:
        file.write(content)
    done = subprocess.run(["ntk-translate", "--onnx-to-ntk", "m.onnx", "-o", "m.mlir"],
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


def check(make, limit, *words):
    """`make(limit)` is read, `make(limit + 1)` is not, for a reason with `words`."""
    status, errors = read(make(limit))
    assert status == 0, (limit, errors[:500])
    status, errors = read(make(limit + 1))
    assert status == 1 and errors.startswith("error: ") and errors.count("\n") == 1, errors[:500]
    for word in words:
        assert word in errors, (word, errors[:500])


#
# Functions in each other, and the nodes of all.
#


def nested(depth):
    opsets = [helper.make_opsetid("", 20), helper.make_opsetid("f", 1)]
    inner = lambda i: node("Tanh", ["a"], ["b"]) if i == depth else node(f"F{i + 1}", ["a"], ["b"], domain="f")
    return build([node("F1", ["h"], ["y"], domain="f")], functions=[
        helper.make_function("f", f"F{i}", ["a"], ["b"], [inner(i)], opsets) for i in range(1, depth + 1)])


def spread(nodes):
    """510 calls of 512 nodes and what is left; that no output needs them comes later."""
    body = [node("Identity", ["a"], [f"b{i}"]) for i in range(512)]
    function = helper.make_function("f", "F", ["a"], ["b0"], body, [helper.make_opsetid("", 20)])
    calls = [node("F", ["h"], [f"c{i}"], domain="f") for i in range(510)]
    more = [node("Identity", ["h"], [f"d{i}"]) for i in range(nodes - 510 * 513 - 2)]
    return build([*calls, *more, node("Tanh", ["h"], ["y"])], functions=[function])


check(nested, 64, "64", "F65")
check(spread, 2**18, "262144 nodes")

#
# Branches of a loop over the examples, of which the last has its own that computes the same.
#


def branches(depth):
    """Sums of a row with itself, 2^depth ways from the last to the first."""
    def branch(name):
        sums = [f"{name}{i} = Add({name}{i - 1}, {name}{i - 1})" for i in range(1, depth - 1)]
        return (f"() => (float[4] {name}) {{ {name}0 = Sin(row)\n" + "\n".join(sums) +
                f"\n{name} = Tanh({name}{depth - 2}) }}")
    return parser.parse_model(f"""<ir_version: 9, opset_import: ["": 20]>
      g (float[N,4] x) => (float[N,4] y) <float[4,4] w = {{{", ".join(["1"] * 16)}}}> {{
      h = MatMul(x, w)
      one = Constant<value_int = 1>()
      s = Shape<start = 0, end = 1>(h)
      n = Squeeze(s)
      yes = Constant<value = bool {{1}}>()
      last = Sub(n, one)
      y = Loop<body = b (int64 i, bool go) => (bool still, float[4] out) {{ row = Gather<axis = 0>(h, i)
        isLast = Equal(i, last)
        out = If<then_branch = c {branch("p")}, else_branch = d {branch("q")}>(isLast)
        still = Identity(go) }}>(n, yes)
    }}""").SerializeToString()


check(branches, 64, "the last one has a branch of its own")

#
# Numbers that are known when the model is read.
#


def counted(count):
    return build([node("Range", ["zero", "count", "one"], ["r"]), node("Cast", ["r"], ["f"], to=TensorProto.FLOAT),
                  node("ReduceMax", ["f"], ["m"], keepdims=0), node("Mul", ["h", "m"], ["y"])],
                 {"zero": np.int64(0), "count": np.int64(count), "one": np.int64(1)})


def padded(size):
    return build([node("Pad", ["h", "pads"], ["y"], mode="edge")], {"pads": np.array([0, 0, 0, size])})


def one_hot(depth):
    return build([node("ArgMax", ["h"], ["a"], axis=1, keepdims=0), node("OneHot", ["a", "depth", "v"], ["o"]),
                  node("ReduceSum", ["o", "last"], ["s"]), node("Mul", ["h", "s"], ["y"])],
                 {"depth": np.int64(depth), "v": np.array([0, 1], np.float32), "last": np.array([1])})


check(counted, 65536, "65536 elements")
check(padded, 65536, "65536")
check(one_hot, 65536, "65536")


def many(ranges):
    """Ranges of 65536 numbers each."""
    made = [node("Range", [f"s{i}", f"e{i}", "one"], [f"r{i}"]) for i in range(ranges)]
    tops = [node("ReduceMax", [f"r{i}"], [f"m{i}"], keepdims=0) for i in range(ranges)]
    ends = {f"{c}{i}": np.int64(i + (65536 if c == "e" else 0)) for i in range(ranges) for c in "se"}
    return build([*made, *tops, node("Max", [f"m{i}" for i in range(ranges)], ["m"]),
                  node("Cast", ["m"], ["f"], to=TensorProto.FLOAT), node("Mul", ["h", "f"], ["y"])],
                 {"one": np.int64(1), **ends})


check(many, 128, "numbers that are computed while importing")

#
# Tables that operators make.
#


def spread_out(size):
    """Four numbers, each `size` times, as "e"."""
    return [node("Unsqueeze", ["h", "last"], ["u"]), node("Expand", ["u", "sizes"], ["r"]), node("Flatten", ["r"], ["e"])
            ], {"last": np.array([2]), "sizes": np.array([1, 4, size])}


def cumulative(size):
    nodes, constants = spread_out(size)
    return build([*nodes, node("CumSum", ["e", "axis"], ["c"]), node("ReduceSum", ["c", "axes"], ["s"]),
                  node("Mul", ["h", "s"], ["y"])], {**constants, "axis": np.int64(1), "axes": np.array([1])})


def widest(size):
    nodes, constants = spread_out(size)
    return build([*nodes, node("ArgMax", ["e"], ["a"], axis=1), node("Cast", ["a"], ["f"], to=TensorProto.FLOAT),
                  node("Mul", ["h", "f"], ["y"])], constants)


def resized(size):
    """4 pixels to `size`, in a matrix of both."""
    return build([node("Unsqueeze", ["h", "axes"], ["u"]),
                  node("Resize", ["u", "", "", "sizes"], ["y"], mode="linear", axes=[2])],
                 {"axes": np.array([1]), "sizes": np.array([size])})


def best(size):
    return build([node("TopK", ["x", "k"], ["v", "i"], axis=1), node("Slice", ["v", "zero", "four", "axis"], ["t"]),
                  node("Mul", ["h", "t"], ["y"])],
                 {"k": np.array([4]), "zero": np.array([0]), "four": np.array([4]), "axis": np.array([1])}, inputs=size)


def bordered(size):
    return build([node("Pad", ["h", "pads", "one"], ["p"]), node("ReduceSum", ["p", "axes"], ["s"]),
                  node("Mul", ["h", "s"], ["y"])],
                 {"pads": np.array([0, 0, 0, size - 4]), "one": np.float32(1), "axes": np.array([1])})


check(cumulative, 2**10, "4096")
check(widest, 2**20, "4194304")
check(resized, 2**22, "resize")
check(best, 2**13, "8192")
check(bordered, 2**23, "8388608")

#
# Messages in each other, which protobuf bounds.
#


def message(field, content):
    size, prefix = len(content), bytes([field << 3 | 2])
    while size >= 128:
        prefix, size = prefix + bytes([size & 127 | 128]), size >> 7
    return prefix + bytes([size]) + content


def typed(depth):
    """A value that nothing uses, whose type is `depth` messages deep: sequences of sequences."""
    content = b""
    for level in range(depth - 1):  # TypeProto.sequence_type, Sequence.elem_type
        content = message(4 if level % 2 else 1, content)
    value = message(1, b"unused") + message(2, content)
    return build([node("Tanh", ["h"], ["y"])]) + message(7, message(13, value))


check(typed, 98, "truncated or corrupt")
np.save("x.npy", np.ones((3, 4), np.float32))
with open("sparse.onnx", "wb") as file:
    file.truncate(2**31)
done = subprocess.run(["ntk-run", "sparse.onnx", "--x1", "x.npy", "-o", "t.npy"], capture_output=True, text=True)
assert done.returncode == 1 and "less than 2 GiB" in done.stderr, done.stderr

#
# The directory of an archive, which stands at its end.
#


def archive(size):
    """A directory of `size` bytes that hold nothing."""
    with open("w.npz", "wb") as file:
        file.write(b"PK\3\4")
        file.truncate(4 + size)
        file.seek(0, os.SEEK_END)
        file.write(struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, size, 4, 0))
    done = subprocess.run(["ntk-run", "m.onnx", "--x1", "x.npy", "--params", "w.npz", "-o", "t.npy"],
                          capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    return done.stderr


read(build([node("Tanh", ["h"], ["y"])]))
assert "100000000" in archive(10**8 + 1)
assert "100000000" not in archive(10**8)
