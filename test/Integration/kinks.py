# Derivatives where functions have none: θ of y = f(x + b) in b, at x on kinks,
# against the Jacobians of PyTorch's autograd (2.15, in double precision), which
# stand below. The nodes are those that its two exporters write for each
# function, with what the newer one says of them in the metadata; where one
# operator of ONNX stands for several of PyTorch, that decides.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %S/Inputs

import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

folder, inputs = sys.argv[1:]
sys.path.insert(0, inputs)
from run import kernel

RUNS = [("structured", "f64", 1e-7), ("ntk-vector-products", "f32", 1e-5)]


def fx(operator, *arguments):
    """What torch's exporter says of a node."""
    return (
        f"%v : [num_users=1] = call_function[target=torch.ops.aten.{operator}]"
        f"(args = ({', '.join(map(str, arguments))},), kwargs = {{}})"
    )


def node(operator, inputs, output="y", said="", **attributes):
    made = helper.make_node(operator, inputs.split(), output.split(), **attributes)
    if said:
        made.metadata_props.add(key="pkg.torch.onnx.fx_node", value=said)
    return made


def number(name, value, dtype=np.float32):
    value = numpy_helper.from_array(np.asarray(value, dtype))
    return helper.make_node("Constant", [], [name], value=value)


def clamp(said):
    """clamp(0, 6) as Max and Min, as it is written without optimisation."""
    bounds = [number("low", 0), number("high", 6)]
    return [*bounds, node("Max", "h low", "m", said), node("Min", "m high", "y", said)]


def clip(low, high, said=""):
    return [number("low", low), number("high", high), node("Clip", "h low high", "y", said)]


def reduction(operator, said="", **attributes):
    axes = number("axes", [1], np.int64)
    return [axes, node(operator, "h axes", "y", said, **attributes)]


def shrink(soft):
    """hardshrink and softshrink as the newer exporter takes them apart."""
    parts = [number("bound", 0.5), number("zero", 0), node("Abs", "h", "a")]
    if not soft:
        parts += [node("LessOrEqual", "a bound", "c"), node("Where", "c zero h")]
        return parts
    parts += [node("Greater", "a bound", "c"), node("Sign", "h", "s")]
    parts += [node("Mul", "s bound", "t"), node("Sub", "h t", "u")]
    return parts + [node("Mul", "h zero", "z"), node("Where", "c u z")]


def norm(order, said):
    """A norm as |h|^p, their sum and its root."""
    parts = [number("p", order), number("q", 1 / order), number("axes", [1], np.int64)]
    parts += [node("Abs", "h", "a", said), node("Pow", "a p", "powers", said)]
    parts += [node("ReduceSum", "powers axes", "sum", said)]
    return parts + [node("Pow", "sum q", "y", said)]


DIAGONAL = np.diag
scalar = "%scalar_tensor_default"
ROW = [1, 2, 2, 0]
FIRST, SHARED = [[0, 1, 0, 0]], [[0, 0.5, 0.5, 0]]

# name, x, ∂y/∂(b, c), nodes from h = x + b to y, values of a parameter c
CASES = [
    ("relu", [0, 1, -1], DIAGONAL([0, 1, 0]), [node("Relu", "h")]),
    ("relu6", [0, 6, 3], DIAGONAL([0, 0, 1]), clip(0, 6)),
    ("hardtanh", [0, 6, 3], DIAGONAL([0, 0, 1]), clip(0, 6, fx("hardtanh.default", "%x", 0.0, 6.0))),
    ("relu_clamp", [0, 6, 3], DIAGONAL([0, 0, 1]), clip(0, 6, fx("clamp.default", "%x", 0.0, 6.0))),
    ("clamp_max_min", [0, 6, 3], DIAGONAL([0, 0, 1]), clamp(fx("clamp.default", "%x", 0, 6))),
    ("clamp_of_scalars", [0, 6, 3], DIAGONAL([0, 0, 1]), clamp(fx("clamp.Tensor", "%x", scalar, scalar + "_1"))),
    ("clamp_of_tensors", [0, 6, 3], DIAGONAL([0.5, 0.5, 1]), clamp(fx("clamp.Tensor", "%x", "%zeros", "%c"))),
    ("clip_of_tensors", [0, 6, 3], DIAGONAL([0.5, 0.5, 1]), clip(0, 6, fx("clamp.Tensor", "%x", "%zeros", "%c"))),
    ("clamp_min", [0, 1, -1], DIAGONAL([0, 1, 0]), [number("low", 0), node("Max", "low h", said=fx("clamp_min.default", "%x", 0))]),
    ("clamp_max", [6, 1, 7], DIAGONAL([0, 1, 0]), [number("high", 6), node("Min", "h high", said=fx("clamp_max.default", "%x", 6))]),
    ("clamp_below", [0, 1, -1], DIAGONAL([0, 1, 0]), [number("low", 0), node("Clip", "h low")]),
    ("clamp_min_parameter", [1, 2, 0], [[0.5, 0, 0, 0.5], [0, 1, 0, 0], [0, 0, 0, 1]], [node("Max", "h c", said=fx("clamp.Tensor", "%x", "%p_c"))], [1]),
    ("maximum_parameter", [1, 2, 0], [[0.5, 0, 0, 0.5], [0, 1, 0, 0], [0, 0, 0, 1]], [node("Max", "h c", said=fx("maximum.default", "%x", "%p_c"))], [1]),
    ("maximum", [1, 2, 0], DIAGONAL([0.5, 1, 0]), [number("one", [1]), node("Max", "h one", said=fx("maximum.default", "%x", "%ones"))]),
    ("minimum", [1, 2, 0], DIAGONAL([0.5, 0, 1]), [number("one", [1]), node("Min", "h one")]),
    ("hardswish", [-3, 3, 1], DIAGONAL([0, 1, 5 / 6]), [node("HardSwish", "h")]),
    ("hardswish_written", [-3, 3, 1], DIAGONAL([0, 1, 5 / 6]), [number("three", 3), number("sixth", 1 / 6), number("low", 0), number("high", 6), node("Add", "h three", "g"), node("Clip", "g low high", "k", fx("relu6.default", "%g")), node("Mul", "h k", "m"), node("Mul", "m sixth")]),
    ("hardsigmoid", [-3, 3, 1], DIAGONAL([0, 0, 1 / 6]), [node("HardSigmoid", "h", alpha=1 / 6, beta=0.5)]),
    ("threshold", [0.5, 1, 0], DIAGONAL([0, 1, 0]), [number("bound", 0.5), number("value", 0.25), node("LessOrEqual", "h bound", "c"), node("Where", "c value h")]),
    ("thresholded_relu", [0.5, 1, 0], DIAGONAL([0, 1, 0]), [node("ThresholdedRelu", "h", alpha=0.5)]),
    ("hardshrink", [-0.5, 0.5, 1], DIAGONAL([0, 0, 1]), [node("Shrink", "h", lambd=0.5)]),
    ("softshrink", [-0.5, 0.5, 1], DIAGONAL([0, 0, 1]), [node("Shrink", "h", lambd=0.5, bias=0.5)]),
    ("hardshrink_apart", [-0.5, 0.5, 1], DIAGONAL([0, 0, 1]), shrink(soft=False)),
    ("softshrink_apart", [-0.5, 0.5, 1], DIAGONAL([0, 0, 1]), shrink(soft=True)),
    ("leaky_relu", [0, 1, -1], DIAGONAL([0.25, 1, 0.25]), [node("LeakyRelu", "h", alpha=0.25)]),
    ("elu", [0, 1, -1], DIAGONAL([1.5, 1, 0.5518191617571635]), [node("Elu", "h", alpha=1.5)]),
    ("celu", [0, 1, -1], DIAGONAL([1, 1, 0.513417119032592]), [node("Celu", "h", alpha=1.5)]),
    ("selu", [0, 1, -1], DIAGONAL([1.7580993408473766, 1.0507009873554805, 0.646768603034814]), [node("Selu", "h")]),
    ("prelu", [0, 1, -1], [[0.25, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0.25, -1]], [node("PRelu", "h c")], [0.25]),
    ("abs", [0, 1, -1], DIAGONAL([0, 1, -1]), [node("Abs", "h")]),
    ("sign", [0, 1, -1], DIAGONAL([1, 1, 1]), [node("Sign", "h", "s"), node("Add", "s h")]),
    ("amax", ROW, SHARED, reduction("ReduceMax")),
    ("amax_said", ROW, SHARED, reduction("ReduceMax", fx("amax.default", "%x", "[1]", True))),
    ("max_dim", ROW, FIRST, reduction("ReduceMax", fx("max.dim", "%x", 1, True))),
    ("max_dim_flat", ROW, FIRST, [*reduction("ReduceMax", fx("max.dim", "%x", 1), keepdims=0)[:1], node("ReduceMax", "h axes", "f", fx("max.dim", "%x", 1), keepdims=0), node("Unsqueeze", "f axes")]),
    ("min_dim", [1, 0, 2, 0], FIRST, reduction("ReduceMin", fx("min.dim", "%x", 1, True))),
    ("amin", [1, 0, 2, 0], [[0, 0.5, 0, 0.5]], reduction("ReduceMin")),
    ("max_pool", ROW, FIRST, [number("at", [1], np.int64), node("Unsqueeze", "h at", "u"), node("MaxPool", "u", "v", kernel_shape=[4]), node("Squeeze", "v at")]),
    ("global_max_pool", ROW, FIRST, [number("at", [1], np.int64), node("Unsqueeze", "h at", "u"), node("GlobalMaxPool", "u", "v"), node("Squeeze", "v at")]),
    ("norm", [0, 0], [[0, 0]], reduction("ReduceL2")),
    ("norm_elsewhere", [3, 4], [[0.6, 0.8]], reduction("ReduceL2")),
    ("norm_1", [0, 1], [[0, 1]], reduction("ReduceL1")),
    ("norm_3", [0, 0], [[0, 0]], norm(3, fx("linalg_vector_norm.default", "%x", 3, "[1]", True))),
    ("norm_half", [0, 0], [[0, 0]], norm(0.5, fx("linalg_vector_norm.default", "%x", 0.5, "[1]", True))),
    ("norm_inf", [-1, 1, 0], [[-0.5, 0.5, 0]], [node("Abs", "h", "a"), number("axes", [1], np.int64), node("ReduceMax", "a axes", said=fx("linalg_vector_norm.default", "%x", "inf", "[1]", True))]),
    ("deviation_written", [1, 1], [[np.nan, np.nan]], [number("axes", [1], np.int64), node("ReduceMean", "h axes", "m", keepdims=1), node("Sub", "h m", "d"), node("Mul", "d d", "q"), node("ReduceMean", "q axes", "r"), node("Sqrt", "r")]),
    ("unit_of_zeros", [0, 0], DIAGONAL([1, 1]), [node("LpNormalization", "h", axis=1)]),
    ("unit_of_zeros_by_sum", [0, 0], DIAGONAL([1, 1]), [node("LpNormalization", "h", axis=1, p=1)]),
    ("root_written", [0, 0], [[np.nan, np.nan]], [number("axes", [1], np.int64), node("Mul", "h h", "q"), node("ReduceSum", "q axes", "r"), node("Sqrt", "r")]),
    ("product", [0, 2, 3], [[6, 0, 0]], reduction("ReduceProd")),
    ("detach", [1, 2], DIAGONAL([1, 2]), [node("Identity", "h", "d", fx("detach.default", "%x")), node("Mul", "h d")]),
    ("identity", [1, 2], DIAGONAL([2, 4]), [node("Identity", "h", "d"), node("Mul", "h d")]),
    ("detached_parameter", [1, 2], [[3, 0, 0, 0], [0, 5, 0, 0]], [node("Identity", "c", "d", fx("detach.default", "%p_c")), node("Mul", "h d")], [3, 5]),
    ("chosen_before_root", [1, 4], DIAGONAL([0, 0.25]), [number("bound", 1.5), number("zero", 0), node("Greater", "h bound", "c"), node("Where", "c h zero", "w"), node("Sqrt", "w")]),
    ("filled_before_root", [0, 4], [[1, 0, 0, 0], [0, 1, 0, 0.25]], [number("bound", 2), node("Greater", "x bound", "m"), node("Where", "m c x", "w"), node("Sqrt", "w", "s"), node("Add", "s h")], [9, 4]),
    ("token_before_root", [0, 4], [[1, 0, 0], [0, 1, 0.25]], [number("bound", 2), node("Greater", "x bound", "m"), node("Not", "m", "n"), node("Where", "n x c", "w"), node("Sqrt", "w", "s"), node("Add", "s h")], [4]),
]


def write(path, x, nodes, c):
    parameters = {"b": np.zeros(len(x))}
    if c is not None:
        parameters["c"] = np.asarray(c)
    info = lambda name, shape: helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "b"], ["h"]), *nodes],
        "kinks",
        [info("x", ["N", len(x)])],
        [info("y", ["N", None])],
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in parameters.items()],
    )
    opsets = [helper.make_opsetid("", 20)]
    onnx.save(helper.make_model(graph, ir_version=10, opset_imports=opsets), path)
    return list(parameters)


failed = []
for name, x, jacobian, nodes, *c in CASES:
    path = os.path.join(folder, f"{name}.onnx")
    wrt = write(path, x, nodes, c[0] if c else None)
    jacobian = np.asarray(jacobian, np.float64)
    expected = (jacobian @ jacobian.T)[None, None]
    for method, dtype, tolerance in RUNS:
        options = ["--method", method, "--dtype", dtype, "--wrt", ",".join(wrt)]
        found = kernel(folder, path, np.asarray([x], np.float32), None, *options)
        bound = tolerance * max(np.nanmax(np.abs(expected), initial=0), 1e-30)
        if found.shape != expected.shape or not np.allclose(
            found, expected, rtol=0, atol=bound, equal_nan=True
        ):
            failed.append((name, method, dtype, found.tolist(), expected.tolist()))
for failure in failed:
    print(*failure)
assert not failed
