# Cuts change what a kernel costs, never the kernel: parameters that several
# segments share, ways past a cut, cuts beside one another, blocks of outputs.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %inputs

import json
import os
import sys

import numpy as np

folder, inputs = sys.argv[1:]
sys.path.insert(0, inputs)
from run import assert_close, ntk_run

random = np.random.default_rng(3)


class Text:
    """A network of dense layers, as text; parameters are drawn."""

    def __init__(self, inputs):
        self.lines, self.sizes, self.parameters = [], {"x": inputs}, {}

    def dense(self, x, outputs, weight=None):
        weight = weight or f"w{len(self.parameters)}"
        shape = (outputs, self.sizes[x])
        if weight not in self.parameters:
            self.parameters[weight] = random.standard_normal(shape) / np.sqrt(shape[1])
        linear = self.add(f'contract "k, ck -> c" (%{x}, %{weight}) : (tensor<{shape[1]}xf64>, '
                          f"tensor<{outputs}x{shape[1]}xf64>) -> tensor<{outputs}xf64>", outputs)
        return linear

    def tanh(self, x):
        return self.add(f"tanh %{x} : tensor<{self.sizes[x]}xf64>", self.sizes[x])

    def multiply(self, x, y):
        return self.add(f"mul %{x}, %{y} : tensor<{self.sizes[x]}xf64>", self.sizes[x])

    def concat(self, x, y):
        a, b = self.sizes[x], self.sizes[y]
        return self.add(f"concat %{x}, %{y} {{axis = 0}} : (tensor<{a}xf64>, tensor<{b}xf64>) -> "
                        f"tensor<{a + b}xf64>", a + b)

    def add(self, text, outputs):
        name = f"v{len(self.lines)}"
        self.lines.append(f'  %{name} = {text} loc("{name}")')
        self.sizes[name] = outputs
        return name

    def finish(self, result):
        arguments = [f'%x: tensor<{self.sizes["x"]}xf64> {{ntk.input = "x"}}']
        for name, value in self.parameters.items():
            shape = "x".join(map(str, value.shape))
            arguments.append(f'%{name}: tensor<{shape}xf64> {{ntk.param = "{name}"}}')
        type = f"tensor<{self.sizes[result]}xf64>"
        return "\n".join([f"ntk.network @net({', '.join(arguments)}) -> {type} {{", *self.lines,
                          f"  return %{result} : {type}", "}"])


def shared():
    """One weight before, between and behind two cuts, another in two parts."""
    net = Text(4)
    a = net.tanh(net.dense("x", 6))
    b = net.tanh(net.dense(a, 3))
    c = net.tanh(net.dense(net.dense(b, 3, "s"), 3, "s"))
    d = net.tanh(net.dense(c, 5))
    e = net.tanh(net.dense(net.dense(d, 3), 3, "t"))
    return net, net.dense(net.dense(e, 3, "t"), 12), ["v3", "v6", "v11"]


def unet():
    """The narrow middle is one of three ways to the outputs."""
    net = Text(5)
    a = net.tanh(net.dense("x", 8))
    b = net.tanh(net.dense(a, 6))
    middle = net.tanh(net.dense(net.tanh(net.dense(b, 2)), 3))
    up = net.tanh(net.dense(net.concat(net.dense(middle, 6), b), 8))
    return net, net.dense(net.concat(up, a), 12), ["v5", "v7", "v10"]


def towers():
    """Two narrow values beside one another, and a weight that both have."""
    net = Text(5)
    first = net.tanh(net.dense(net.tanh(net.dense("x", 7)), 2))
    second = net.tanh(net.dense(net.tanh(net.dense("x", 6, "u")), 3))
    left, right = net.dense(first, 14, "v"), net.dense(net.dense(second, 2), 14, "v")
    return net, net.multiply(left, right), [first, second]


x1, x2, weights, model, theta = (
    os.path.join(folder, name) for name in ("x1.npy", "x2.npy", "w.npz", "net.mlir", "theta.npy"))


def compute(*options):
    status, text, errors = ntk_run(model, "--params", weights, "-o", theta, *options)
    assert status == 0, errors
    return np.load(theta), text


for build in (shared, unet, towers):
    net, result, cuts = build()
    network = net.finish(result)
    np.savez(weights, **net.parameters)
    np.save(x1, random.standard_normal((5, net.sizes["x"])))
    np.save(x2, random.standard_normal((3, net.sizes["x"])))
    for sides in (("--x1", x1), ("--x1", x1, "--x2", x2)):
        for kernel in ("full", "trace", "diagonal"):
            with open(model, "w") as file:
                file.write(network)
            expected, _ = compute(*sides, f"--kernel={kernel}", "--reference")
            options = (*sides, f"--kernel={kernel}", "--profile=json")
            subsets = [[cut for i, cut in enumerate(cuts) if bits >> i & 1]
                       for bits in range(2 ** len(cuts))] if kernel == "full" else [cuts]
            for subset in subsets:
                names = ", ".join(f'"{cut}"' for cut in subset)
                decisions = ["", ", method = jacobian_contraction", ", blocks = {n = 2, m = 2, o = 2}"]
                for more in decisions if subset == cuts else decisions[:1]:
                    with open(model, "w") as file:
                        file.write(f'{network}\nntk.kernel @theta of @net "now, mpw -> nmop" (J1, J2) '
                                   f"schedule <cuts = [{names}]{more}>\n")
                    found, text = compute(*options)
                    assert_close(found, expected, 1e-13)
                    report = json.loads(text)
                    assert [cut["value"] for cut in report["cuts"]] == subset, report["cuts"]
                    assert all(cut["elements"] == net.sizes[cut["value"]] for cut in report["cuts"])

# The whole of many outputs goes through few numbers: fewer FLOPs by the cut.
net = Text(16)
code = net.tanh(net.dense(net.tanh(net.dense("x", 32)), 4))
network = net.finish(net.dense(code, 100))
np.savez(weights, **net.parameters)
np.save(x1, random.standard_normal((5, 16)))
flops = []
for text in ("", 'ntk.kernel @theta of @net "now, mpw -> nmop" (J1, J2) schedule <cuts = []>'):
    with open(model, "w") as file:
        file.write(f"{network}\n{text}\n")
    found, report = compute("--x1", x1, "--profile=json")
    expected, _ = compute("--x1", x1, "--reference")
    assert_close(found, expected, 1e-13)
    flops.append(json.loads(report)["flops"])
    assert [cut["value"] for cut in json.loads(report)["cuts"]] == ([] if text else [code])
assert flops[0] < flops[1] / 2, flops

# A method that cuts do not belong to.
with open(model, "w") as file:
    file.write(f'{network}\nntk.kernel @theta of @net "now, mpw -> nmop" (J1, J2) schedule <cuts = ["{code}"]>\n')
status, _, errors = ntk_run(model, "--params", weights, "--x1", x1, "--method=ntk-vector-products", "--plan")
assert status == 1 and "expected a method that cuts belong to" in errors, errors
