# The memory limit holds, and the kernel stays the same: in blocks of examples
# and of outputs, with factors kept and computed again.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %S/Inputs

import json
import os
import re
import sys

import numpy as np

folder, inputs = sys.argv[1:]
sys.path.insert(0, inputs)
from run import assert_close, kernel, model_path, ntk_run, plan, save

model = model_path("cnn")
random = np.random.default_rng(3)
x1 = random.standard_normal((17, 2, 8, 8)).astype(np.float32)
x2 = random.standard_normal((7, 2, 8, 8)).astype(np.float32)


def smallest(path):
    """What the smallest run needs, as the refusal says."""
    _, _, errors = ntk_run(model, "--x1", path, "--plan", "--memory-limit=1")
    number, unit = re.search(r"needs at least ([\d.]+) (\w+)", errors).groups()
    return float(number) * {"B": 1, "KiB": 1024, "MiB": 1 << 20}[unit]


least = smallest(save(os.path.join(folder, "a"), x1))
blocks = set()
for method in ("structured", "jacobian-contraction", "ntk-vector-products"):
    for kind in ("full", "trace", "diagonal", "sum"):
        options = ["--method", method, "--kernel", kind, "--dtype=f64"]
        free = plan(folder, model, x1, *options)
        whole = kernel(folder, model, x1, x2, *options)
        symmetric = kernel(folder, model, x1, None, *options)
        for share in (0.7, 0.4, 0.2, 0.1):
            limit = int(max(free["peak_bytes"] * share, 1.1 * least))
            limited = [*options, f"--memory-limit={limit}"]
            path = save(os.path.join(folder, "x1"), x1)
            status, _, errors = ntk_run(model, "--x1", path, "--plan", *limited)
            if status:
                assert "needs at least" in errors, errors
                continue
            described = plan(folder, model, x1, *limited)
            assert described["peak_bytes"] <= limit
            blocks.add(str(described["blocks"]))
            found = kernel(folder, model, x1, None, *limited)
            assert_close(found, symmetric, 1e-12)
            axes = (1, 0, 3, 2)[: found.ndim] if found.ndim != 3 else (1, 0, 2)
            assert np.array_equal(found, found.transpose(axes))
            try:
                assert_close(kernel(folder, model, x1, x2, *limited), whole, 1e-12)
            except AssertionError as error:
                assert "needs at least" in str(error), error
assert len(blocks) > 4, blocks

# In fact, too: what is resident beyond a small run stays under the limit. Not
# counted in it are the program and its libraries, the compiler's own memory
# and the parameters' file.
WIDTH, EXAMPLES, OUTPUTS = 500, 24, 10
wide = os.path.join(folder, "wide.mlir")
with open(wide, "w") as file:
    file.write(
        """
ntk.network @wide(%x: tensor<WxT>, %w1: tensor<WxWxT> {ntk.param = "w1"},
                  %w2: tensor<WxWxT> {ntk.param = "w2"},
                  %w3: tensor<OxWxT> {ntk.param = "w3"}) -> tensor<OxT> {
  %a = ntk.contract "k, ck -> c" (%x, %w1) : (tensor<WxT>, tensor<WxWxT>) -> tensor<WxT>
  %b = ntk.tanh %a : (tensor<WxT>) -> tensor<WxT>
  %c = ntk.contract "k, ck -> c" (%b, %w2) : (tensor<WxT>, tensor<WxWxT>) -> tensor<WxT>
  %d = ntk.tanh %c : (tensor<WxT>) -> tensor<WxT>
  %y = ntk.contract "k, ck -> c" (%d, %w3) : (tensor<WxT>, tensor<OxWxT>) -> tensor<OxT>
  ntk.return %y : tensor<OxT>
}
""".replace("W", str(WIDTH)).replace("O", str(OUTPUTS)).replace("T", "f32")
    )
draw = lambda *shape: (random.standard_normal(shape) / WIDTH**0.5).astype(np.float32)
weights = os.path.join(folder, "wide.npz")
np.savez(weights, w1=draw(WIDTH, WIDTH), w2=draw(WIDTH, WIDTH), w3=draw(OUTPUTS, WIDTH))


def profile(examples, *options):
    path = save(os.path.join(folder, "wide"), draw(examples, WIDTH))
    command = [wide, "--x1", path, "--params", weights, "--profile=json"]
    status, text, errors = ntk_run(*command, "--method=jacobian-contraction", *options)
    assert status == 0, errors
    return json.loads(text)


free = profile(EXAMPLES)
least = profile(1)["peak_resident_bytes"]
assert free["peak_resident_bytes"] - least > free["peak_bytes"] / 2
for limit in (free["peak_bytes"] // 2, free["peak_bytes"] // 5):
    limited = profile(EXAMPLES, f"--memory-limit={limit}")
    assert limited["peak_bytes"] <= limit
    resident = limited["peak_resident_bytes"] - least
    assert resident <= limit, (resident, limit, limited["memory"])
