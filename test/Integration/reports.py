# --plan and --profile: the table and the JSON, whose keys scripts rely on.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %S/Inputs

import json
import os
import sys

import numpy as np

folder, inputs = sys.argv[1:]
sys.path.insert(0, inputs)
from run import model_path, ntk_run, plan

model = model_path("mlp")
x = np.random.default_rng(0).standard_normal((9, 6))
METHODS = {"structured", "jacobian-contraction", "ntk-vector-products"}

report = plan(folder, model, x)
assert report["n1"] == report["n2"] == 9 and report["symmetric"] is True
assert report["outputs"] == 3 and report["dtype"] == "f32"
assert report["method"] in METHODS and set(report["flops_by_method"]) == METHODS
assert report["flops"] == report["flops_by_method"][report["method"]]
assert report["flops"] == report["flops_factors"] + report["flops_tiles"] > 0
assert report["peak_bytes"] == sum(report["memory"].values())
assert report["memory"]["kernel"] == 9 * 9 * 3 * 3 * 4
assert report["memory"]["inputs"] == 9 * 6 * 4
assert report["predicted_seconds"] > 0
assert {p["name"]: p["shape"] for p in report["parameters"]} == {
    "fc1.weight": [8, 6],
    "fc1.bias": [8],
    "fc2.weight": [3, 8],
    "fc2.bias": [3],
}
assert sum(p["numbers"] for p in report["parameters"]) == 48 + 8 + 24 + 3
assert report["sites"]
for site in report["sites"]:
    assert {"name", "contraction", "order", "flops", "bytes", "alternatives"} <= set(site)

# Sites and network add up to the kernel, in blocks of outputs and both ways.
def check_sites(report):
    sites = sum(site["flops"] for site in report["sites"])
    assert abs((sites + report["flops_network"]) / report["flops"] - 1) < 1e-12, report
    assert report["flops_network"] > 0, report
    assert all(site["flops"] == site["pair_flops"] + site["side_flops"] for site in report["sites"])


check_sites(report)
named = {name for site in report["sites"] for name in site["parameters"]}
assert named == {p["name"] for p in report["parameters"]}, named
assert "run_seconds" not in report and not os.path.exists(f"{folder}/theta.npy")

for method in METHODS:
    one = plan(folder, model, x, "--method", method)
    assert one["method"] == method
    assert one["flops"] == report["flops_by_method"][method]
    check_sites(one)

# Half the pairs of x1 = x2 are computed, and no fewer.
status, text, _ = ntk_run(
    model, "--x1", f"{folder}/x1.npy", "--plan=json", "--method=structured", "--x2",
    f"{folder}/x1.npy",
)
assert status == 0 and json.loads(text)["symmetric"] is True

status, text, errors = ntk_run(model, "--x1", f"{folder}/x1.npy", "--plan")
assert status == 0
for word in ("FLOPs", "by method", "peak", "predicted", "-> nomp", "9 x 9"):
    assert word in text, (word, text)

arguments = [model, "--x1", f"{folder}/x1.npy", "--repeat=3"]
status, text, errors = ntk_run(*arguments, "--profile=json")
assert status == 0, errors
profile = json.loads(text)
for key in ("startup_seconds", "compile_seconds", "run_seconds", "peak_resident_bytes"):
    assert profile[key] > 0, key
assert profile["repeats"] == 3
assert [library["name"] for library in profile["libraries"]] == ["oneDNN", "BLIS"]
assert all(library["version"] and library["kernels"] for library in profile["libraries"])
assert {function["name"] for function in profile["functions"]} == {"factors of x1", "tiles"}
assert sum(each["seconds"] for each in profile["functions"]) <= profile["run_seconds"]

# Every step has a clock and a price. They add up: the steps' times to those of
# their functions, the prices to what is predicted.
def add_up(profile):
    for name in ("factors of x1", "factors of x2", "tiles"):
        # One function may serve both sides.
        shared = not any(s["function"] == "factors of x2" for s in profile["steps"])
        names = ["factors of x1", "factors of x2"] if shared and "x1" in name else [name]
        functions = [f for f in profile["functions"] if f["name"] in names]
        steps = [s for s in profile["steps"] if s["function"] == name]
        calls = sum(f["calls"] for f in functions)
        assert all(s["calls"] == calls for s in steps), (functions, steps)
        seconds = sum(s["seconds"] for s in steps)
        assert seconds <= sum(f["seconds"] for f in functions), (seconds, functions)
    priced = sum(s["predicted_seconds"] for s in profile["steps"])
    priced += profile["predicted_seconds_of_writing"]
    assert abs(priced / profile["predicted_seconds"] - 1) < 1e-12, priced


add_up(profile)
assert sorted(s["step"] for s in profile["steps"]) == list(range(len(profile["steps"])))
assert all(s["predicted_seconds"] > 0 and s["seconds"] > 0 for s in profile["steps"])
assert any(s["name"] == "fc1.weight" or "fc1" in s["name"] for s in profile["steps"])
assert any(s["what"].startswith("contract") for s in profile["steps"])
assert "seconds" not in report["steps"][0] and report["steps"][0]["predicted_seconds"] > 0
assert profile["flops_executed"] >= profile["flops"]

# What the plan says of blocks is what the calls add up to.
np.save(f"{folder}/x2.npy", np.load(f"{folder}/x1.npy")[:7] + 1)
needed = profile["peak_bytes"]
blocked = 0
for kernel in ("full", "trace", "diagonal", "sum"):
    for examples in ([], ["--x2", f"{folder}/x2.npy"]):
        for share in (1, 0.8, 0.6, 0.5):
            status, text, errors = ntk_run(
                model, "--x1", f"{folder}/x1.npy", *examples, "--kernel", kernel,
                "--memory-limit", str(int(needed * share)), "--profile=json")
            if status != 0:
                assert "needs at least" in errors, errors
                continue
            report = json.loads(text)
            add_up(report)
            check_sites(report)
            counted = sum(each["flops"] for each in report["functions"])
            assert abs(counted / report["flops_executed"] - 1) < 1e-12, (counted, report)
            blocked += report["flops_executed"] > 1.5 * report["flops"]
assert blocked > 0

status, text, errors = ntk_run(*arguments, "--profile", "-o", f"{folder}/theta.npy")
assert status == 0 and "compile" in text and "GFLOP/s" in text, text
assert "predicted" in text.splitlines()[-len(profile["steps"]) - 1], text
assert "libraries   oneDNN" in text, text
assert "note: wrote" in errors
assert np.load(f"{folder}/theta.npy").shape == (9, 9, 3, 3)

# What takes long is said before it starts: compiling a deep network, computing
# a large kernel.
from onnx import helper, numpy_helper, save as save_model

depth, width = 800, 4
nodes, weights = [], []
for layer in range(depth):
    weights.append(numpy_helper.from_array(np.eye(width, dtype=np.float32) / (1 + layer), f"w{layer}"))
    nodes.append(helper.make_node("MatMul", [f"h{layer}", f"w{layer}"], [f"a{layer}"]))
    nodes.append(helper.make_node("Tanh", [f"a{layer}"], [f"h{layer + 1}"]))
value = lambda name: helper.make_tensor_value_info(name, 1, ["N", width])
graph = helper.make_graph(nodes, "deep", [value("h0")], [value(f"h{depth}")], weights)
save_model(helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 20)]),
           f"{folder}/deep.onnx")
np.save(f"{folder}/deep.npy", np.ones((2, width)))
status, _, errors = ntk_run(f"{folder}/deep.onnx", "--x1", f"{folder}/deep.npy", "--profile=json")
assert status == 0 and "note: planning and compiling take about" in errors, errors
status, _, errors = ntk_run(*arguments, "--profile=json")
assert status == 0 and "take about" not in errors, errors

# Portable kernels, here by the user's choice, are slow: a warning says so.
os.environ["BLIS_ARCH_TYPE"] = "25"
status, text, errors = ntk_run(*arguments, "--dtype=f64", "--profile=json")
assert status == 0 and "warning: BLIS" in errors and "portable" in errors, errors
assert json.loads(text)["libraries"][1]["kernels"] == "generic"
assert json.loads(text)["libraries"][1]["is_reference"] is True
del os.environ["BLIS_ARCH_TYPE"]

status, text, _ = ntk_run("--help")
assert status == 0 and "--memory-limit" in text and "optimize=False" in text
