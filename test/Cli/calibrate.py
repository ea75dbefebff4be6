# Measuring this machine, and the files that are not taken for it.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %S/../Integration/Inputs

import json
import os
import sys
import time

import numpy as np

folder, inputs = sys.argv[1:]
sys.path.insert(0, inputs)
from run import model_path, ntk_run

model, x = model_path("mlp"), f"{folder}/x1.npy"
np.save(x, np.random.default_rng(0).standard_normal((9, 6)))
path = f"{folder}/new/machine.json"
os.environ["NTK_MACHINE"] = path


def predict():
    status, text, errors = ntk_run(model, "--x1", x, "--plan=json")
    assert status == 0, errors
    return json.loads(text)["predicted_seconds"], errors


shipped, errors = predict()
assert shipped > 0 and "predictions" not in errors, errors

start = time.time()
status, text, errors = ntk_run("--calibrate")
assert status == 0 and f"wrote {path}" in errors, errors
print("calibrated in", round(time.time() - start, 1), "s")
machine = json.load(open(path))
measured, errors = predict()
assert measured > 0 and "predictions" not in errors, errors
# A machine of which every call takes a second.
slow = dict(machine, call=1.0)
json.dump(slow, open(path, "w"))
assert predict()[0] > 5

# Another machine's, one of another format, and no machine at all: a note, and
# what is shipped.
for text in (
    json.dumps(dict(machine, processor="abacus")),
    json.dumps(dict(machine, threads=machine["threads"] + 1)),
    json.dumps(dict(machine, format=0)),
    json.dumps(machine)[:-300],
    "[" * 100000,
    "",
):
    open(path, "w").write(text)
    predicted, errors = predict()
    assert predicted == shipped and "note: '" + path in errors, errors
    assert "--calibrate measures this one" in errors, errors

# Where it cannot be written, nothing is measured.
for arguments, path in ((["--calibrate"], f"{x}/machine.json"), (["--calibrate", model], path)):
    os.environ["NTK_MACHINE"] = path
    start = time.time()
    status, _, errors = ntk_run(*arguments)
    assert status == 1 and errors.startswith("error: --calibrate"), errors
    assert time.time() - start < 2
