# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes files that no importer may trust: write_invalid.py FOLDER."""

import os
import random
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def model(nodes, initializers=(), outputs=("y",), inputs=("x",), opset=20):
    float_info = lambda name: helper.make_tensor_value_info(
        name, TensorProto.FLOAT, ["N", 3]
    )
    graph = helper.make_graph(
        nodes,
        "g",
        [float_info(name) for name in inputs],
        [float_info(name) for name in outputs],
        initializers,
    )
    return helper.make_model(
        graph, ir_version=8, opset_imports=[helper.make_opsetid("", opset)]
    )


def weights(name="W", shape=(3, 3)):
    return numpy_helper.from_array(np.ones(shape, np.float32), name)


def raw(name, dims, data=b""):
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=dims)
    tensor.raw_data = data
    return tensor


def external(location, **fields):
    tensor = TensorProto(name="W", data_type=TensorProto.FLOAT, dims=[3, 3])
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in dict(location=location, **fields).items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor


node = helper.make_node
matmul = node("MatMul", ["x", "W"], ["y"], name="product")


def integers(name, values):
    return numpy_helper.from_array(np.array(values, np.int64), name)


def bombs():
    """Small files of large values."""
    read = [node("Cast", ["k"], ["f"], to=TensorProto.FLOAT), node("Mul", ["x", "f"], ["y"])]
    repeats = integers("r", [1, 2**40])
    yield "tile_bomb", model([node("Tile", ["x", "r"], ["y"], name="bomb")], [repeats])
    doubled = [node("Concat", [f"h{i}"] * 2, [f"h{i + 1}"], axis=1) for i in range(60)]
    concat = [node("Identity", ["x"], ["h0"]), *doubled, node("Relu", ["h60"], ["y"])]
    yield "concat_bomb", model(concat)
    doubled = [node("Concat", [f"k{i}"] * 2, [f"k{i + 1}"], axis=0) for i in range(60)]
    total = node("ReduceSum", ["k60"], ["k"], keepdims=0)
    yield "known_bomb", model([*doubled, total, *read], [integers("k0", [1])])
    picked = node("Gather", ["table", "rows"], ["many"], axis=0, name="bomb")
    again = node("Gather", ["many", "rows"], ["more"], axis=1, name="bomb")
    large = [integers("table", [range(30000)]), integers("rows", [0, -1, 0] * 10000)]
    total = node("ReduceSum", ["more"], ["k"], keepdims=0)
    yield "gather_bomb", model([picked, again, total, *read], large)
    added = [node("Add", [f"k{i}", "one"], [f"k{i + 1}"]) for i in range(600)]
    total = node("ReduceSum", ["k600"], ["k"], keepdims=0)
    tables = [integers("k0", [0] * 60000), integers("one", 1)]
    yield "numbers", model([*added, total, *read], tables)
    yield "huge_input", model([node("Relu", ["x"], ["y"])])
    yield "wide_outputs", model([matmul, node("Tile", ["y", "r"], ["z"])],
                                [weights(), integers("r", [1, 2**29])], outputs=["z"])


def models():
    for name, bomb in bombs():
        if name == "huge_input":
            bomb.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 2**40
        yield name, bomb
    softmax = model([node("Softmax", ["x"], ["y"], axis=1)])
    softmax.graph.node[0].attribute.add().CopyFrom(helper.make_attribute("axis", -1))
    yield "attribute_twice", softmax
    yield "tensor_twice", model([matmul], [weights(), weights()])
    yield "input_twice", model([node("Add", ["x", "x"], ["y"])], inputs=("x", "x"))
    yield "unsupported", model(
        [
            node("TfIdfVectorizer", ["x"], ["a"], name="counts"),
            node("Wobble", ["a"], ["b"], domain="my"),
            node("Tanh", ["b"], ["y"]),
            node("Wobble", ["x"], ["unread"], name="dead", domain="my"),
        ]
    )
    yield "opset", model([matmul], [weights()], opset=77)
    yield "old_opset", model([matmul], [weights()], opset=6)
    scale = numpy_helper.from_array(np.float32(0.1), "s")
    zero = numpy_helper.from_array(np.uint8(0), "z")
    quantised = [
        node("QuantizeLinear", ["x", "s", "z"], ["q"], name="into_bytes"),
        node("DequantizeLinear", ["q", "s", "z"], ["d"]),
        node("Det", ["d"], ["y"]),
    ]
    yield "quantised", model(quantised, [scale, zero])
    yield "fused_quantised", model([node("QGemm", ["x"], ["y"], domain="com.microsoft")])
    yield "cycle", model(
        [node("Add", ["x", "b"], ["a"], name="first"), node("Relu", ["a"], ["b"]),
         node("Tanh", ["b"], ["y"])]
    )
    yield "twice", model([node("Relu", ["x"], ["y"]), node("Tanh", ["x"], ["y"])])
    yield "no_origin", model([node("Relu", ["x"], ["z"])])
    yield "missing_input", model([node("Add", ["x"], ["y"], name="lonely")])
    yield "empty_input", model([node("Add", ["x", ""], ["y"], name="lonely")])
    yield "no_inputs", model([node("Cast", [], ["y"], name="lonely", to=TensorProto.FLOAT)])
    unread = node("Constant", [], [], value=weights())
    yield "no_outputs", model([unread, node("Relu", ["x"], []), matmul], [weights()])
    flat = ["x", "", "W", "W", "", "g", "g", "", "x"]
    embed = node("EmbedLayerNormalization", flat, ["y"], name="flat", domain="com.microsoft")
    tokens = model([embed], [weights(shape=(3,)), weights("g", (3,))])
    tokens.graph.input[0].type.tensor_type.elem_type = TensorProto.INT32
    tokens.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    yield "flat_tables", tokens
    skip = node("SkipLayerNormalization", ["W", "W", "g"], ["z"], name="flat", domain="com.microsoft")
    scalars = model([skip, node("Mul", ["x", "z"], ["y"])], [weights(shape=()), weights("g", (3,))])
    scalars.opset_import.append(helper.make_opsetid("com.microsoft", 1))
    yield "flat_sum", scalars
    yield "width", model([matmul], [weights(shape=(4, 3))])
    yield "sum", model([matmul], [weights(shape=(1, 3))])
    yield "attribute_type", model([node("Softmax", ["x"], ["y"], axis=1.5)])
    yield "axis", model([node("Softmax", ["x"], ["y"], axis=7)])
    yield "no_kernel", model([node("MaxPool", ["x"], ["y"])])
    rows = numpy_helper.from_array(np.array([0, 1, 3]), "rows")
    past = node("MaxPool", ["r"], ["y"], kernel_shape=[5], strides=[2], ceil_mode=1)
    yield "pool_past", model([node("Reshape", ["x", "rows"], ["r"]), past], [rows])
    yield "negative_dims", model([matmul], [raw("W", [-3, 3])])
    yield "absurd_dims", model([matmul], [raw("W", [2**40, 2**40])])
    yield "short_raw", model([matmul], [raw("W", [3, 3], b"1234")])
    yield "empty_data", model(
        [matmul], [TensorProto(name="W", data_type=TensorProto.FLOAT, dims=[10**9, 4])]
    )
    yield "string_weights", model(
        [matmul], [TensorProto(name="W", data_type=TensorProto.STRING, dims=[1])]
    )
    yield "complex_weights", model(
        [matmul], [TensorProto(name="W", data_type=TensorProto.COMPLEX64, dims=[1])]
    )
    yield "for_one_processor", model(
        [helper.make_node("Conv", ["x", "W"], ["y"], domain="com.microsoft.nchwc")]
    )
    yield "external_missing", model([matmul], [external("nowhere.bin")])
    yield "external_escapes", model([matmul], [external("../weights.bin")])
    yield "external_absolute", model([matmul], [external("/etc/passwd")])
    yield "external_short", model([matmul], [external("short.bin")])
    yield "external_pipe", model([matmul], [external("pipe.bin")])
    yield "external_offset", model([matmul], [external("short.bin", offset="-4")])
    shape = numpy_helper.from_array(np.array([2**62, 2**62], np.int64), "s")
    yield "huge_shape", model([node("ConstantOfShape", ["s"], ["y"])], [shape])
    yield "huge_range", model(
        [node("Range", ["a", "b", "c"], ["r"]), node("Mul", ["x", "r"], ["y"])],
        [numpy_helper.from_array(np.array(v, np.float32), k)
         for k, v in (("a", 0), ("b", 1e30), ("c", 1))],
    )
    region = numpy_helper.from_array(np.array([0, 0, np.nan, 1], np.float32), "r")
    yield "no_region", model(
        [node("Resize", ["x", "r", "", "s"], ["y"], mode="linear",
              coordinate_transformation_mode="tf_crop_and_resize")],
        [region, integers("s", [1, 5])],
    )
    rows = model([node("Hardmax", ["x"], ["y"])])
    rows.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 2**30
    yield "huge_rows", rows
    yield "huge_cut", model(
        [node("Pad", ["x", "p"], ["y"])], [integers("p", [0, -(2**63), 0, 0])]
    )
    yield "step", model(
        [node("MatMul", ["x", "W"], ["h"]), node("Floor", ["h"], ["y"], name="round")],
        [weights()],
    )
    yield "integer_output", model([node("Cast", ["x"], ["y"], to=TensorProto.INT64)])
    sizes = model([node("Relu", ["x"], ["y"])])
    sizes.graph.input[0].type.tensor_type.shape.dim[1].dim_param = "width"
    yield "open_width", sizes
    empty = model([node("Relu", ["x"], ["y"])])
    empty.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 0
    yield "empty_batch", empty
    doubling = model([node("f0", ["x"], ["y"], domain="my")])
    for i in range(40):
        calls = [node(f"f{i + 1}", ["x"], [name], domain="my") for name in "ab"]
        doubling.functions.append(
            helper.make_function(
                "my", f"f{i}", ["x"], ["b"], calls, [helper.make_opsetid("my", 1)]
            )
        )
    yield "explosion", doubling


def write(folder):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "short.bin"), "wb") as file:
        file.write(b"12345678")
    if not os.path.exists(os.path.join(folder, "pipe.bin")):
        os.mkfifo(os.path.join(folder, "pipe.bin"))
    np.save(os.path.join(folder, "x.npy"), np.ones((2, 3), np.float32))
    good = model([matmul], [weights()]).SerializeToString()
    with open(os.path.join(folder, "truncated.onnx"), "wb") as file:
        file.write(good[: len(good) // 2])
    with open(os.path.join(folder, "text.onnx"), "wb") as file:
        file.write(b"not a model\n" * 9)
    for name, proto in models():
        with open(os.path.join(folder, f"{name}.onnx"), "wb") as file:
            file.write(proto.SerializeToString())
    # Any damage gives an error or a network, never a crash.
    generator = random.Random(3)
    for i in range(40):
        damaged = bytearray(good)
        for _ in range(3):
            damaged[generator.randrange(len(damaged))] = generator.randrange(256)
        with open(os.path.join(folder, f"damaged_{i}.onnx"), "wb") as file:
            file.write(damaged)


if __name__ == "__main__":
    write(sys.argv[1])
