# Tensors without elements, wherever operators make or take them: the kernel is
# that of the rest, by derivatives back and forward and by the reference, and what
# has no value is refused by name. Expected are kernels from central differences.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %S/Inputs

import os
import sys

import numpy as np
import onnx
from onnx import helper, numpy_helper, parser

folder, inputs = sys.argv[1:]
sys.path.insert(0, inputs)
from run import assert_close, finite_difference_jacobian, gram, kernel, ntk_run, save

random = np.random.default_rng(0)
X1, X2 = random.standard_normal((3, 4)), random.standard_normal((2, 4))
WEIGHTS = {"W": [4, 3], "E": [4, 0], "F": [0, 3], "B": [0], "K": [3, 0, 1, 1], "H": [0, 1, 1, 1]}
INTEGERS = {
    "i0": [0], "i1": [1], "i2": [2], "i3": [3], "none": [], "pads": [0, 1, 0, 2],
    "parts": [0, 3], "image": [-1, 1, 2, 2], "tokens": [0, 2, 2], "space": [2, 3],
    "flat": [0, 0],
}


def write(name, text, outputs="float[N,M] y"):
    """A model of `text` behind y0 = x W, with the tensors that it names."""
    graph = parser.parse_graph(
        f"g (float[N,4] x) => ({outputs}) {{\ny0 = MatMul(x, W)\n{text}\n}}"
    )
    for tensor, value in {**WEIGHTS, **INTEGERS}.items():
        if not any(tensor in node.input for node in graph.node):
            continue
        if tensor in WEIGHTS:
            array = random.standard_normal(value).astype(np.float32)
        else:
            array = np.array(value, np.int64)
        graph.initializer.append(numpy_helper.from_array(array, tensor))
    opset = [helper.make_opsetid("", 20)]
    path = os.path.join(folder, f"{name}.onnx")
    onnx.save(helper.make_model(graph, ir_version=8, opset_imports=opset), path)
    return path


NONE = "z = MatMul(x, E)\n"  # [N, 0]
IMAGE = "r = Reshape(x, image)\nc = Slice(r, i1, i1, i1)\n"  # [N, 0, 2, 2]
TOKENS = "r = Reshape(x, tokens)\nt = Slice(r, i1, i1, i1)\n"  # [N, 0, 2]
JOIN = "y = Concat<axis = 1>(y0, e)"
ADD = "y = Add(y0, b)"
RIGHT = {
    "concat": NONE + "y = Concat<axis = 1>(y0, z)",
    "concat_all": NONE + "y = Concat<axis = 1>(z, y0, z, y0)",
    "slice": "e = Slice(y0, i2, i2, i1)\n" + JOIN,
    "split": "e, r = Split<axis = 1>(y0, parts)\n" + JOIN,
    "inner": NONE + "b = MatMul(z, F)\n" + ADD,
    "gemm": NONE + "y = Gemm(z, F, y0)",
    "einsum": NONE + 'b = Einsum<equation = "nk,kj->nj">(z, F)\n' + ADD,
    "bias": NONE + "e = Add(z, B)\n" + JOIN,
    "sum": NONE + "b = ReduceSum(z, i1)\n" + ADD,
    "sum_of_squares": NONE + "b = ReduceSumSquare(z, i1)\n" + ADD,
    "length": NONE + "b = ReduceL1(z, i1)\n" + ADD,
    "tokens": TOKENS + "e = Reshape(t, flat)\n" + JOIN,
    "sum_of_tokens": TOKENS + "a = ReduceSum<keepdims = 0>(t, i2)\nb = ReduceSum(a, i1)\n" + ADD,
    "gather": "e = Gather<axis = 1>(y0, none)\n" + JOIN,
    "pad": NONE + "b = Pad(z, pads)\n" + ADD,
    "elementwise": NONE + "a = Exp(z)\nb = Tanh(a)\nc = Mul(a, b)\nd = Relu(c)\ne = Div(d, a)\n" + JOIN,
    "softmax": NONE + "e = Softmax<axis = 1>(z)\n" + JOIN,
    "layer_norm": NONE + "e = LayerNormalization(z, B, B)\n" + JOIN,
    "cumsum": NONE + "a = Squeeze(i1)\ne = CumSum(z, a)\n" + JOIN,
    "transpose": TOKENS + "a = Transpose<perm = [0, 2, 1]>(t)\ne = ReduceSum<keepdims = 0>(a, i1)\n" + JOIN,
    "gram": TOKENS + "a = Transpose<perm = [0, 2, 1]>(t)\nc = MatMul(a, t)\n"
    + "d = ReduceSum<keepdims = 0>(c, i1)\nb = ReduceSum(d, i1)\n" + ADD,
    "where": NONE + "c = Greater(z, z)\ne = Where(c, z, z)\n" + JOIN,
    "cast": NONE + "a = Cast<to = 11>(z)\ne = Cast<to = 1>(a)\n" + JOIN,
    "topk": "e, i = TopK<axis = 1>(y0, i0)\n" + JOIN,
    "conv": IMAGE + "v = Conv(c, K)\na = ReduceSum<keepdims = 0>(v, space)\n"
    + "b = Mul(a, y0)\n" + ADD,
    "conv_to_none": "r = Reshape(x, image)\nv = Conv(r, H)\ne = ReduceMean<keepdims = 0>(v, space)\n" + JOIN,
    "pool": IMAGE + "v = MaxPool<kernel_shape = [2, 2]>(c)\nw = AveragePool<kernel_shape = [1, 1]>(v)\n"
    + "e = Flatten(w)\n" + JOIN,
    "batch_norm": IMAGE + "v = BatchNormalization(c, B, B, B, B)\ne = Flatten(v)\n" + JOIN,
    "instance_norm": IMAGE + "v = InstanceNormalization(c, B, B)\ne = Flatten(v)\n" + JOIN,
}
# Sums over nothing are zero; a largest element is not defined, nor is a kernel
# of no outputs.
REFUSED = {
    "max": (NONE + "b = ReduceMax(z, i1)\n" + ADD, "(ReduceMax)"),
    "argmax": (NONE + "a = ArgMax<axis = 1>(z)\nb = Cast<to = 1>(a)\n" + ADD, "(ArgMax)"),
    "no_outputs": ("y = MatMul(x, E)", "outputs"),
}


def expected(model, x1, x2):
    wrt = [t.name for t in onnx.load(model).graph.initializer if t.name in WEIGHTS]
    sides = [finite_difference_jacobian(model, {"x": x}, wrt) for x in (x1, x2)]
    return gram(*sides)


WAYS = [["--dtype=f64"], ["--dtype=f64", "--method=ntk-vector-products"], ["--reference"]]
for name, text in RIGHT.items():
    model = write(name, text)
    theta = expected(model, X1, X2)
    for options in WAYS:
        assert_close(kernel(folder, model, X1, X2, *options), theta, 1e-7)

# Beside another output, and by every kind of kernel.
model = write("beside", NONE + "y = Identity(y0)", "float[N,M] y, float[N,K] z")
theta = expected(model, X1, X2)
assert_close(kernel(folder, model, X1, X2, "--dtype=f64"), theta, 1e-7)
trace = kernel(folder, model, X1, X2, "--dtype=f64", "--kernel=trace")
assert_close(trace, np.einsum("nmoo->nm", theta) / 3, 1e-7)

for name, (text, word) in REFUSED.items():
    model = write(name, text)
    output = os.path.join(folder, "no.npy")
    status, _, errors = ntk_run(model, "--x1", save(os.path.join(folder, "x"), X1), "-o", output)
    lines = [line for line in errors.splitlines() if line.startswith("error: ")]
    assert status == 1 and len(lines) == 1 and word in lines[0], (name, status, errors)
    assert not os.path.exists(output)
