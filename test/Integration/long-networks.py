# Long and wide networks: kernels against closed forms, and the time to compile,
# which has to grow with the size of the network and not faster. Limits are shown
# on both sides.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %S/Inputs

import sys
import time

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

folder, inputs = sys.argv[1:]
sys.path.insert(0, inputs)
from run import ntk_run

rng = np.random.default_rng(0)


def build(nodes, weights, outputs, inputs=4):
    value = lambda name, size: helper.make_tensor_value_info(name, TensorProto.DOUBLE, ["N", size])
    tensors = [numpy_helper.from_array(np.asarray(array), name) for name, array in weights.items()]
    graph = helper.make_graph(nodes, "long", [value("x", inputs)], [value("y", outputs)], tensors)
    save(helper.make_model(graph, ir_version=9, opset_imports=[helper.make_opsetid("", 20)]), f"{folder}/long.onnx")


def kernel(x, *options):
    np.save(f"{folder}/x.npy", x)
    start = time.perf_counter()
    status, _, errors = ntk_run(f"{folder}/long.onnx", "--x1", f"{folder}/x.npy", "--dtype", "f64",
                                "-o", f"{folder}/theta.npy", *options)
    seconds = time.perf_counter() - start
    assert status == 0, errors
    return np.load(f"{folder}/theta.npy"), seconds


def close(found, expected, what):
    assert np.allclose(found, expected, rtol=1e-9, atol=1e-9 * abs(expected).max()), what


x = rng.standard_normal((3, 4))
w = rng.standard_normal((4, 4)) / 2
node = helper.make_node


def gram(slope, features=x):
    """Of y = f(x W) with f elementwise: <x_n, x_m> f'(h_na) f'(h_ma) on the diagonal."""
    return np.einsum("na,ma,nm,ab->nmab", slope, slope, features @ features.T, np.eye(slope.shape[1]))


def residual_chain(n):
    """h + sin(h), n times."""
    nodes, h, slope = [node("MatMul", ["x", "w"], ["h0"])], x @ w, np.ones((3, 4))
    for i in range(n):
        nodes += [node("Sin", [f"h{i}"], [f"s{i}"]),
                  node("Add", [f"h{i}", f"s{i}"], ["y" if i + 1 == n else f"h{i + 1}"])]
        slope, h = slope * (1 + np.cos(h)), h + np.sin(h)
    build(nodes, {"w": w}, 4)
    return gram(slope)


def wide_sum(n):
    """The sum of n functions of one value."""
    functions = [("Sin", np.cos), ("Tanh", lambda h: 1 - np.tanh(h) ** 2), ("Exp", np.exp)]
    nodes, slope = [node("MatMul", ["x", "w"], ["h"])], 0
    for i in range(n):
        name, derivative = functions[i % 3]
        nodes.append(node(name, ["h"], [f"f{i}"]))
        slope = slope + derivative(x @ w)
    build(nodes + [node("Sum", [f"f{i}" for i in range(n)], ["y"])], {"w": w}, 4)
    return gram(slope)


def parts(n):
    """x U cut into n parts, which are joined in the other order and multiplied by V."""
    u, v = rng.standard_normal((4, n)), rng.standard_normal((n, 2)) / np.sqrt(n)
    build([node("MatMul", ["x", "u"], ["h"]),
           node("Split", ["h"], [f"p{i}" for i in range(n)], axis=1, num_outputs=n),
           node("Concat", [f"p{n - 1 - i}" for i in range(n)], ["c"], axis=1),
           node("MatMul", ["c", "v"], ["y"])], {"u": u, "v": v}, 2)
    h = (x @ u)[:, ::-1]
    return np.einsum("nm,ab->nmab", h @ h.T, np.eye(2)) + np.einsum("nm,ka,kb->nmab", x @ x.T, v, v)


def shared_weight(n):
    """x W^n, with W orthogonal."""
    q, _ = np.linalg.qr(rng.standard_normal((4, 4)))
    build([node("MatMul", ["x" if i == 0 else f"h{i}", "w"], ["y" if i + 1 == n else f"h{i + 1}"]) for i in range(n)],
          {"w": q}, 4)
    powers = [np.linalg.matrix_power(q, i) for i in range(n)]
    jacobian = sum(np.einsum("nk,ca->nakc", x @ powers[i], powers[n - 1 - i]) for i in range(n))
    return np.einsum("nakc,mbkc->nmab", jacobian, jacobian)


def scaled_sum(n):
    """The sum of tanh(a_i h), no two numbers a_i the same."""
    factors = 0.5 + np.arange(n) / n
    nodes = [node("MatMul", ["x", "w"], ["h"])]
    for i in range(n):
        nodes += [node("Mul", ["h", f"a{i}"], [f"g{i}"]), node("Tanh", [f"g{i}"], [f"f{i}"])]
    build(nodes + [node("Sum", [f"f{i}" for i in range(n)], ["y"])], {"w": w} | {f"a{i}": a for i, a in enumerate(factors)}, 4)
    return gram(sum(a * (1 - np.tanh(a * (x @ w)) ** 2) for a in factors))


for make in (residual_chain, wide_sum, parts, shared_weight, scaled_sum):
    # Past the widths from which operations are built in another way: 8 parts, 32 readers, 64 steps.
    for n in (3, 9, 40, 150):
        expected = make(n)
        close(kernel(x)[0], expected, (make.__name__, n))
    seconds = []
    for n in (200, 800):
        make(n)
        seconds.append(min(kernel(x)[1] for _ in range(2)))
    # Four times the size: in proportion at most 4, its square 16.
    assert seconds[1] < 8 * seconds[0], (make.__name__, seconds)

# An einsum over a chain of 20 factors, and one over 30 that all share an index.
factors = {f"w{i}": rng.standard_normal((4, 4)) / 2 for i in range(20)}
letters = "bcdefghijklmnopqrstuv"
build([node("Einsum", ["x", *factors], ["y"],
            equation="ab," + ",".join(a + b for a, b in zip(letters, letters[1:])) + "->av")], factors, 4)
expected = 0
matrices = list(factors.values())
for i in range(20):
    before = x if i == 0 else x @ np.linalg.multi_dot([np.eye(4), *matrices[:i]])
    after = np.eye(4) if i == 19 else np.linalg.multi_dot([np.eye(4), *matrices[i + 1:]])
    expected = expected + np.einsum("nm,ca,cb->nmab", before @ before.T, after, after)
close(kernel(x)[0], expected, "einsum of 21 operands")
vectors = {f"v{i}": rng.uniform(0.5, 1.5, 4) for i in range(30)}
build([node("Einsum", ["x", *vectors], ["y"], equation="ab" + ",b" * 30 + "->ab")], vectors, 4)
product = np.prod(list(vectors.values()), axis=0)
expected = sum(np.einsum("na,ma,ab->nmab", x * product / v, x * product / v, np.eye(4)) for v in vectors.values())
close(kernel(x)[0], expected, "einsum of 31 operands")

# 26 indices, 24 of them of size one; 21 larger ones are too many.
build([node("MatMul", ["x", "w"], ["h"]), node("Reshape", ["h", "shape"], ["r"]),
       node("Einsum", ["r"], ["y"], equation="abcdefghijklmnopqrstuvwxyz->az")],
      {"w": w, "shape": np.array([-1] + [1] * 24 + [4])}, 4)
close(kernel(x)[0], gram(np.ones((3, 4))), "einsum of 26 indices")
wide = "bcdefghijklmnopqrstuv"
build([node("MatMul", ["x", "u"], ["g"]), node("Reshape", ["g", "a"], ["r"]),
       node("MatMul", ["x", "v"], ["h"]), node("Reshape", ["h", "b"], ["s"]),
       node("Einsum", ["r", "s"], ["z"], equation=f"a{wide[:11]},a{wide[11:]}->a{wide[0]}{wide[-1]}"),
       node("Reshape", ["z", "c"], ["y"])],
      {"u": rng.standard_normal((4, 2048)), "v": rng.standard_normal((4, 1024)), "a": np.array([-1] + [2] * 11),
       "b": np.array([-1] + [2] * 10), "c": np.array([-1, 4])}, 4)
status, _, errors = ntk_run(f"{folder}/long.onnx", "--x1", f"{folder}/x.npy", "-o", f"{folder}/no.npy")
assert status == 1 and "at most 20 indices, but got 21" in errors, errors

# The most operations, and one more. What is planned for the most takes too long here.
build([node("MatMul", ["x", "w"], ["h0"])]
      + [node("Tanh", [f"h{i}"], ["y" if i == 19999 else f"h{i + 1}"]) for i in range(20000)], {"w": w}, 4)
start = time.perf_counter()
status, _, errors = ntk_run(f"{folder}/long.onnx", "--x1", f"{folder}/x.npy", "-o", f"{folder}/no.npy")
assert status == 1 and "at most 20000 operations, but got 20001" in errors, errors
