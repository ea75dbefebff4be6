# The networks and arrays in the repository are what their scripts write, and
# onnxruntime runs them; the small ones compute what NumPy computes.
#
# REQUIRES: onnxruntime
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %ntk-source/examples/demo/make_demo.py %t
# RUN: %ntk-python %S/Inputs/make_models.py %t
# RUN: %ntk-python %s %t %S/Inputs %ntk-source/examples/demo

import glob
import os
import sys

import numpy as np
import onnx
import onnxruntime

written, *folders = sys.argv[1:]


def assert_same_model(path, shipped_path):
    """Equal graphs; parameters up to the last bits of the machine's functions."""
    model, shipped = onnx.load(path), onnx.load(shipped_path)
    for a, b in zip(model.graph.initializer, shipped.graph.initializer):
        a, b = onnx.numpy_helper.to_array(a), onnx.numpy_helper.to_array(b)
        np.testing.assert_allclose(a, b, rtol=1e-6)
    for graph in (model.graph, shipped.graph):
        for tensor in graph.initializer:
            tensor.ClearField("raw_data")
    assert model == shipped, shipped_path


def assert_same_arrays(path, shipped_path):
    a, b = np.load(path), np.load(shipped_path)
    if isinstance(a, np.ndarray):
        a, b = {"": a}, {"": b}
    assert list(a) == list(b)
    for name in a:
        np.testing.assert_allclose(a[name], b[name], rtol=1e-6, atol=1e-6)


shipped = {os.path.basename(p): p for f in folders for p in glob.glob(f"{f}/*.[no]*")}
assert sorted(os.listdir(written)) == sorted(shipped), shipped
for name, path in shipped.items():
    compare = assert_same_model if name.endswith(".onnx") else assert_same_arrays
    compare(os.path.join(written, name), path)


def run(model, **inputs):
    return onnxruntime.InferenceSession(shipped[model]).run(None, inputs)[0]


def parameters(model):
    tensors = onnx.load(shipped[model]).graph.initializer
    return {t.name: onnx.numpy_helper.to_array(t) for t in tensors}


x = np.load(shipped["mlp.npy"])
for name in ("mlp", "mlp_f64", "mlp_opset9"):
    p = parameters(f"{name}.onnx")
    hidden = np.tanh(x @ p["fc1.weight"].T + p["fc1.bias"])
    expected = hidden @ p["fc2.weight"].T + p["fc2.bias"]
    found = run(f"{name}.onnx", x=x.astype(p["fc1.weight"].dtype))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
assert run("fixed_batch.onnx", x=x[:2]).shape == (2, 3)
assert run("cnn.onnx", x=np.load(shipped["cnn.npy"])).shape == (3, 3)
assert run("two_inputs.onnx", **np.load(shipped["two_inputs.npz"])).shape == (3, 2)
mixed = run("mixes_examples.onnx", x=x[:, :4])
np.testing.assert_allclose(mixed.mean(axis=0), 0, atol=1e-6)

images = np.load(shipped["images.npy"])
logits = run("resnet.onnx", images=images)
assert logits.shape == (8, 10) and np.isfinite(logits).all()
# Per example: an image alone gives what it gives among others.
np.testing.assert_allclose(run("resnet.onnx", images=images[3:4])[0], logits[3], rtol=1e-4, atol=1e-5)
