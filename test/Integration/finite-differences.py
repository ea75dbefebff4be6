# Kernels of a convolutional network and of one with two inputs, against
# Jacobians by finite differences of the graph that onnx's own evaluator runs,
# and against --reference.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %S/Inputs

import sys

import numpy as np

folder, inputs = sys.argv[1:]
sys.path.insert(0, inputs)
from run import (
    assert_close,
    finite_difference_jacobian,
    gram,
    kernel,
    model_path,
    parameters,
)

METHODS = ["structured", "jacobian-contraction", "ntk-vector-products"]


def check(model, x1, x2, name):
    as_dictionary = lambda x: x if isinstance(x, dict) else {name: x}
    wrt = list(parameters(model))
    j1 = finite_difference_jacobian(model, as_dictionary(x1), wrt)
    j2 = finite_difference_jacobian(model, as_dictionary(x2), wrt)
    found = kernel(folder, model, x1, x2, "--reference")
    assert found.dtype == np.float64
    assert_close(found, gram(j1, j2), 1e-7)
    for kind in ("full", "trace", "diagonal", "sum"):
        options = ["--kernel", kind, "--dtype=f64"]
        reference = kernel(folder, model, x1, x2, *options, "--reference")
        assert_close(kernel(folder, model, x1, x2, *options), reference, 1e-13)
    for method in METHODS:
        for dtype, tolerance in (("f64", 1e-7), ("f32", 1e-5)):
            options = ["--method", method, "--dtype", dtype]
            assert_close(kernel(folder, model, x1, x2, *options), gram(j1, j2), tolerance)
            found = kernel(folder, model, x1, None, *options)
            assert_close(found, gram(j1, j1), tolerance)
            assert np.array_equal(found, found.transpose(1, 0, 3, 2))


random = np.random.default_rng(1)
draw = lambda *shape: random.standard_normal(shape).astype(np.float32)
check(model_path("cnn"), draw(3, 2, 8, 8), draw(2, 2, 8, 8), "x")
check(
    model_path("two_inputs"),
    {"left": draw(5, 4), "right": draw(5, 3)},
    {"left": draw(2, 4), "right": draw(2, 3)},
    None,
)
