# The kernel of a two-layer network against its formula in NumPy: all kinds of
# kernels, methods and element types; one example, prime numbers of them, more
# on one side than on the other; chosen parameters; x1 = x2 symmetric to the bit.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %S/Inputs

import sys

import numpy as np

folder, inputs = sys.argv[1:]
sys.path.insert(0, inputs)
from run import assert_close, gram, kernel, model_path, parameters

METHODS = ["auto", "structured", "jacobian-contraction", "ntk-vector-products"]


def jacobian(p, x, wrt=None):
    """f = W2 tanh(W1 x + b1) + b2: gradients by hand, [n, o, all parameters]."""
    h = np.tanh(x @ p["fc1.weight"].T + p["fc1.bias"])
    c = np.einsum("oc,nc->noc", p["fc2.weight"], 1 - h**2)
    outputs = len(p["fc2.bias"])
    eye = np.broadcast_to(np.eye(outputs), (len(x), outputs, outputs))
    parts = {
        "fc1.weight": np.einsum("noc,nk->nock", c, x),
        "fc1.bias": c,
        "fc2.weight": np.einsum("noq,nc->noqc", eye, h),
        "fc2.bias": eye,
    }
    return np.concatenate(
        [parts[k].reshape(len(x), outputs, -1) for k in wrt or parts], axis=2
    )


model = model_path("mlp")
p = parameters(model)
random = np.random.default_rng(0)
draw = lambda n: random.standard_normal((n, 6))
theta = lambda x1, x2, wrt=None: gram(jacobian(p, x1, wrt), jacobian(p, x2, wrt))

x1, x2 = draw(7), draw(5)
expected = theta(x1, x2)
kinds = {
    "full": expected,
    "trace": np.trace(expected, axis1=2, axis2=3) / 3,
    "diagonal": np.einsum("nmoo->nmo", expected),
    "sum": expected.sum(axis=(2, 3)),
}
for method in METHODS:
    for kind, wanted in kinds.items():
        for dtype, tolerance in (("f64", 1e-12), ("f32", 2e-6)):
            options = ["--kernel", kind, "--method", method, "--dtype", dtype]
            found = kernel(folder, model, x1, x2, *options)
            assert found.dtype == (np.float64 if dtype == "f64" else np.float32)
            assert_close(found, wanted, tolerance)

# Numbers of examples: one, primes, above any block.
for n1, n2 in [(1, 1), (1, 13), (13, 1), (2, 3), (131, 17)]:
    x1, x2 = draw(n1), draw(n2)
    assert_close(kernel(folder, model, x1, x2, "--dtype=f64"), theta(x1, x2), 1e-12)

# x1 = x2: right, and Θ[n,m,o,p] and Θ[m,n,p,o] are the same bits.
for n in (1, 2, 31, 257):
    x = draw(n)
    for method in METHODS:
        for dtype, tolerance in (("f64", 1e-12), ("f32", 2e-6)):
            options = ["--method", method, "--dtype", dtype]
            found = kernel(folder, model, x, None, *options)
            assert_close(found, theta(x, x), tolerance)
            assert np.array_equal(found, found.transpose(1, 0, 3, 2))
            if n == 31:
                assert np.array_equal(found, kernel(folder, model, x, x, *options))

# Chosen parameters.
x1, x2 = draw(4), draw(3)
for options, wrt in [
    (["--wrt", "fc1.*"], ["fc1.weight", "fc1.bias"]),
    (["--wrt", "fc2.bias"], ["fc2.bias"]),
    (["--frozen", "*.weight"], ["fc1.bias", "fc2.bias"]),
    (["--wrt", "fc1.*,fc2.weight", "--frozen", "fc1.bias"], ["fc1.weight", "fc2.weight"]),
]:
    found = kernel(folder, model, x1, x2, "--dtype=f64", *options)
    assert_close(found, theta(x1, x2, wrt), 1e-12)

# Other parameters than the file's; integers beside them, as a state_dict has,
# are none.
p = {k: random.standard_normal(v.shape) for k, v in p.items()}
np.savez(f"{folder}/w.npz", **p, **{"bn.num_batches_tracked": np.int64(3)})
found = kernel(folder, model, x1, x2, "--dtype=f64", "--params", f"{folder}/w.npz")
assert_close(found, theta(x1, x2), 1e-12)

# The same network in other files.
for name in ("mlp_opset9", "fixed_batch", "mlp_f64"):
    p = parameters(model_path(name))
    found = kernel(folder, model_path(name), x1, x2)
    assert found.dtype == (np.float64 if name == "mlp_f64" else np.float32)
    assert_close(found, theta(x1, x2), 2e-6)
