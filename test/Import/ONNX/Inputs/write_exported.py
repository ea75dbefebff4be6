# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes small models as torch's exporters leave them: write_exported.py FOLDER.

Each has one thing that an optimizer does to parameters, with the metadata that
say so: the signature, the call that a node comes from, what was folded.
"""

import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIGNATURE = "pkg.torch.export.ExportedProgram.graph_signature"
random = np.random.default_rng(3)


def normal(*shape):
    return random.standard_normal(shape).astype(np.float32)


def add_metadata(proto, **entries):
    keys = dict(
        call="pkg.torch.onnx.fx_node",
        scopes="pkg.torch.onnx.name_scopes",
        rule="pkg.onnxscript.rewriter.rule_name",
        stack="pkg.torch.onnx.stack_trace",
        folded="pkg.onnxscript.optimizer.folded_from",
        kind="pkg.torch.export.graph_signature.InputSpec.kind",
    )
    for key, value in entries.items():
        entry = proto.metadata_props.add()
        entry.key, entry.value = keys[key], value


def call(name, operator, *arguments):
    arguments = ", ".join(arguments)
    return (
        f"%{name} : [num_users=1] = call_function[target=torch.ops.aten."
        f"{operator}.default](args = ({arguments}), kwargs = {{}})"
    )


def node(kind, inputs, output, metadata=None, **attributes):
    made = helper.make_node(kind, inputs, [output], name=attributes.pop("name", output))
    for name, value in attributes.items():
        made.attribute.append(helper.make_attribute(name, value))
    add_metadata(made, **(metadata or {}))
    return made


def signature(parameters=(), buffers=(), output="y"):
    lines = ["# inputs"]
    for prefix, kind, names in (("p", "PARAMETER", parameters), ("b", "BUFFER", buffers)):
        for name in names:
            value = f"{prefix}_{name.replace('.', '_')}"
            lines.append(f"{value}: {kind} target='{name}'")
    return "\n".join([*lines, "x: USER_INPUT", "", "# outputs", f"{output}: USER_OUTPUT"])


def write(path, nodes, tensors, x, y, text="", folded=None, parameters=()):
    """A model; `folded` are the lists of what went into a tensor."""
    value = lambda name, shape: helper.make_tensor_value_info(
        name, TensorProto.FLOAT if name != "ids" else TensorProto.INT64, shape
    )
    graph = helper.make_graph(
        nodes,
        "g",
        [value(*x)],
        [value(*y)],
        [numpy_helper.from_array(np.asarray(v), n) for n, v in tensors.items()],
    )
    for name, array in tensors.items():
        info = helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(np.asarray(array).dtype), array.shape
        )
        if name in (folded or {}):
            add_metadata(info, folded=str(folded[name]))
        elif name in parameters:
            add_metadata(info, kind="PARAMETER")
        graph.value_info.append(info)
    if text:
        entry = graph.metadata_props.add()
        entry.key, entry.value = SIGNATURE, text
    model = helper.make_model(
        graph,
        ir_version=10,
        producer_name="pytorch",
        opset_imports=[helper.make_opsetid("", 20)],
    )
    onnx.save(model, path + ".onnx")


def write_all(folder):
    path = lambda name: os.path.join(folder, name)
    ones, zeros = np.ones(4, np.float32), np.zeros(4, np.float32)

    # Two norms that were equal share their tensors, and one reads its weight
    # for both of its own.
    names = ["a.weight", "a.bias", "b.weight", "b.bias"]
    norm = lambda k, i: call(
        f"layer_norm{k}", "layer_norm", i, "[4]", *(f"%p_{'ab'[bool(k)]}_{n}" for n in ("weight", "bias"))
    )
    write(
        path("merged"),
        [
            node("LayerNormalization", ["x", "a.weight", "a.bias"], "h", dict(call=norm("", "%x"))),
            node("Tanh", ["h"], "tanh", dict(call=call("tanh", "tanh", "%layer_norm"))),
            node("LayerNormalization", ["tanh", "a.weight", "a.bias"], "y", dict(call=norm("_1", "%tanh"))),
        ],
        {"a.weight": ones, "a.bias": zeros},
        ("x", ["N", 4]),
        ("y", ["N", 4]),
        signature(names),
        parameters=names,
    )

    # A buffer and a parameter of one value.
    mul = lambda k, i, v: dict(call=call(f"mul{k}", "mul", i, v))
    write(
        path("buffer"),
        [
            node("Mul", ["x", "w"], "mul", mul("", "%x", "%p_w")),
            node("Mul", ["mul", "w"], "y", mul("_1", "%mul", "%b_mask")),
        ],
        {"w": ones},
        ("x", ["N", 4]),
        ("y", ["N", 4]),
        signature(["w"], ["mask"]),
        parameters=["w"],
    )

    # A bias of zeros went; the weight is stored as it was.
    linear = dict(call=call("linear", "linear", "%x", "%p_l_weight", "%p_l_bias"))
    write(
        path("zero_bias"),
        [node("Gemm", ["x", "l.weight"], "y", linear, transB=1)],
        {"l.weight": normal(3, 4)},
        ("x", ["N", 4]),
        ("y", ["N", 3]),
        signature(["l.weight", "l.bias"]),
        parameters=["l.weight"],
    )

    # The weight is transposed, and stands in the file a second time.
    w = normal(5, 4)
    query = dict(call=call("linear", "linear", "%x", "%p_q_weight"))
    write(
        path("transposed"),
        [node("MatMul", ["x", "val_1"], "y", query)],
        {"val_1": w.T.copy()},
        ("x", ["N", 2, 4]),
        ("y", ["N", 2, 5]),
        signature(["q.weight"]),
        {"val_1": ["q.weight"]},
    )
    write(
        path("tied"),
        [
            node("MatMul", ["x", "val_1"], "h", query),
            node("MatMul", ["h", "q.weight"], "y", dict(call=call("matmul", "matmul", "%linear", "%p_q_weight"))),
        ],
        {"val_1": w.T.copy(), "q.weight": w},
        ("x", ["N", 2, 4]),
        ("y", ["N", 2, 4]),
        signature(["q.weight"]),
        {"val_1": ["q.weight"]},
        ["q.weight"],
    )

    # Entries of a table that repeat are one; overlapping parts have some in
    # common.
    table = normal(3)
    write(
        path("repeated"),
        [node("Mul", ["x", "index"], "y", mul("", "%x", "%index"))],
        {"index": table[[0, 1, 2, 1]]},
        ("x", ["N", 4]),
        ("y", ["N", 4]),
        signature(["table"]),
        {"index": ["table", "val_0"]},
    )
    write(
        path("repeated_zero"),
        [node("Mul", ["x", "index"], "y", mul("", "%x", "%index"))],
        {"index": zeros},
        ("x", ["N", 4]),
        ("y", ["N", 4]),
        signature(["table"]),
        {"index": ["table", "val_0"]},
    )

    # A weight that was computed.
    write(
        path("computed"),
        [node("Mul", ["x", "exp"], "y", mul("", "%x", "%exp"))],
        {"exp": normal(4)},
        ("x", ["N", 4]),
        ("y", ["N", 4]),
        signature(["w"]),
        {"exp": ["amax", "w"]},
    )
    write(
        path("inverse"),
        [node("Mul", ["x", "exp"], "y", mul("", "%x", "%exp"))],
        {"exp": np.exp(normal(4))},
        ("x", ["N", 4]),
        ("y", ["N", 4]),
        signature(["w"]),
        {"exp": ["w"]},
    )

    # A batch norm in the weight of a convolution.
    arguments = ["%conv2d", "%p_n_weight", "%p_n_bias", "%b_n_mean", "%b_n_var", "0.1", "1e-05"]
    fused = call("norm", "_native_batch_norm_legit_no_training", *arguments)
    write(
        path("norm"),
        [node("Conv", ["x", "c.weight", "c.weight_bias"], "h", dict(call=fused, rule="FuseBatchNormIntoConv")),
         node("Mul", ["h", "scale"], "y", mul("", "%norm", "%p_scale"))],
        {"c.weight": normal(3, 2, 1, 1), "c.weight_bias": normal(3), "scale": normal(3, 1, 1)},
        ("x", ["N", 2, 2, 2]),
        ("y", ["N", 3, 2, 2]),
        signature(["c.weight", "n.weight", "n.bias", "scale"], ["n.mean", "n.var"]),
        parameters=["scale"],
    )
    state = {"c.weight": normal(3, 2, 1, 1), "scale": normal(3, 1, 1)}
    state |= {f"n.{name}": normal(3) for name in ("weight", "bias", "mean")}
    np.savez(path("state.npz"), **state, **{"n.var": np.abs(normal(3))})

    # Of two heads that were equal, one is left.
    write(
        path("missing"),
        [node("Gemm", ["x", "a.weight"], "linear", dict(call=call("linear", "linear", "%x", "%p_a_weight")), transB=1),
         node("Add", ["linear", "linear"], "y", dict(call=call("add", "add", "%linear", "%linear_1")))],
        {"a.weight": normal(3, 4)},
        ("x", ["N", 4]),
        ("y", ["N", 3]),
        signature(["a.weight", "b.weight", "unused.weight"], output="add"),
        parameters=["a.weight"],
    )

    # Gates of a GRU in ONNX's order, the biases of both layers one tensor.
    weights = [f"r.{n}_l{i}" for i in (0, 1) for n in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    listed = ", ".join("%p_" + n.replace(".", "_") for n in weights)
    gru = dict(call=call("gru", "gru", "%x", "%zeros", f"[{listed}]", "True", "2", "0.0", "False", "False", "False"))
    gates = lambda i: [weights[4 * i], *"rzn"]
    write(
        path("recurrent"),
        [node("GRU", ["x", "val_1", "val_2", "val_3"], "h", gru, hidden_size=2, linear_before_reset=1),
         node("Squeeze", ["h", "one"], "s", gru),
         node("GRU", ["s", "val_4", "val_5", "val_3"], "t", gru, hidden_size=2, linear_before_reset=1),
         node("Squeeze", ["t", "one"], "y", gru)],
        {"val_1": normal(1, 6, 3), "val_2": normal(1, 6, 2), "val_3": np.zeros((1, 12), np.float32),
         "val_4": normal(1, 6, 2), "val_5": normal(1, 6, 2), "one": np.array([1])},
        ("x", [2, "N", 3]),
        ("y", [2, "N", 2]),
        signature(weights, output="gru"),
        {"val_1": [weights[0], "val_7"], "val_2": [weights[1], "val_7"], "val_3": weights[2:4],
         "val_4": [weights[4], "val_7"], "val_5": [weights[5], "val_7"]},
    )

    # The older exporter's names.
    write(
        path("names"),
        [node("MatMul", ["x", "onnx::MatMul_7"], "h", name="/blocks/blocks.0/query/MatMul"),
         node("Identity", ["onnx::MatMul_7"], "onnx::MatMul_9"),
         node("MatMul", ["h", "onnx::MatMul_9"], "y", name="/blocks/blocks.1/query/MatMul")],
        {"onnx::MatMul_7": normal(4, 4)},
        ("x", ["N", 2, 4]),
        ("y", ["N", 2, 4]),
    )
    write(
        path("names_norm"),
        [node("Conv", ["x", "onnx::Conv_5", "onnx::Conv_6"], "y", name="/stem/Conv")],
        {"onnx::Conv_5": 2 * state["c.weight"] / np.sqrt(np.float32(1 + 1e-3)), "onnx::Conv_6": ones[:3]},
        ("x", ["N", 2, 2, 2]),
        ("y", ["N", 3, 2, 2]),
    )
    write(
        path("names_scale"),
        [node("BatchNormalization", ["x", "onnx::BatchNormalization_5", "b", "m", "v"], "y", name="/stem/conv/BatchNormalization")],
        {"onnx::BatchNormalization_5": normal(4), "b": zeros, "m": zeros, "v": ones},
        ("x", ["N", 4]),
        ("y", ["N", 4]),
    )
    weights = np.exp(normal(4, 1))
    for name, factors in (("softmax", weights / weights.sum()), ("weights", weights)):
        write(
            path("names_" + name),
            [node("Mul", ["x", "onnx::Mul_5"], "y", name="/mix/Mul")],
            {"onnx::Mul_5": factors},
            ("x", ["N", 4, 2]),
            ("y", ["N", 4, 2]),
        )
    np.savez(
        path("names_state.npz"),
        **{"stem.weight": state["c.weight"], "bn.weight": 2 * ones[:3], "bn.bias": ones[:3],
           "bn.running_mean": zeros[:3], "bn.running_var": ones[:3]},
    )


if __name__ == "__main__":
    os.makedirs(sys.argv[1], exist_ok=True)
    write_all(sys.argv[1])
