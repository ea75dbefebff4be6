# A schedule that stands in a file is obeyed, by ntk-run and in emitted code, or
# is an error where it stands. It never changes the kernel.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %inputs

import json
import os
import re
import subprocess
import sys

import numpy as np

folder, inputs = sys.argv[1:]
sys.path.insert(0, inputs)
from run import assert_close, ntk_run

NETWORK = """
ntk.network @mlp(%x: tensor<5xf64> {ntk.input = "x"}, %w1: tensor<7x5xf64> {ntk.param = "w1"},
                 %b1: tensor<7xf64> {ntk.param = "b1"},
                 %w2: tensor<6x7xf64> {ntk.param = "w2"}) -> tensor<6xf64> {
  %a = contract "k, ck -> c" (%x, %w1) : (tensor<5xf64>, tensor<7x5xf64>) -> tensor<7xf64>
  %b = add %a, %b1 : tensor<7xf64>
  %h = tanh %b : tensor<7xf64>
  %y = contract "k, ck -> c" (%h, %w2) : (tensor<7xf64>, tensor<6x7xf64>) -> tensor<6xf64>
  return %y : tensor<6xf64>
}
"""
random = np.random.default_rng(0)
N1, N2, O = 8, 5, 6
x1, x2, weights = (os.path.join(folder, name) for name in ("x1.npy", "x2.npy", "w.npz"))
np.save(x1, random.standard_normal((N1, 5)))
np.save(x2, random.standard_normal((N2, 5)))
np.savez(weights, w1=random.standard_normal((7, 5)), b1=random.standard_normal(7),
         w2=random.standard_normal((6, 7)))
model = os.path.join(folder, "net.mlir")
theta = os.path.join(folder, "theta.npy")


def run(request, *options, both=True):
    with open(model, "w") as file:
        file.write(NETWORK + request + "\n")
    sides = ["--x2", x2] if both else []
    return ntk_run(model, "--x1", x1, *sides, "--params", weights, *options)


def compute(request, *options, both=True):
    status, text, errors = run(request, "-o", theta, "--profile=json", *options, both=both)
    assert status == 0, errors
    return np.load(theta), json.loads(text)


SPECS = {"full": "now, mpw -> nmop", "trace": "now, mow -> nm", "diagonal": "now, mow -> nmo",
         "sum": "now, mpw -> nm"}


def schedule(text, outputs="full"):
    return f'ntk.kernel @theta of @mlp "{SPECS[outputs]}" (J1, J2) schedule <{text}>'


# Every decision is obeyed, and the kernel is that of the reference interpreter.
expected = {}
for both in (True, False):
    for kernel in ("full", "trace", "diagonal", "sum"):
        expected[both, kernel] = compute("", f"--kernel={kernel}", both=both)[0]
        status, _, errors = run("", f"--kernel={kernel}", "--reference", "-o", theta, both=both)
        assert status == 0, errors
        assert_close(expected[both, kernel], np.load(theta), 1e-12)

for both in (True, False):
    for method, *kepts in (
        ("structured", "", "1", "2", "1, 2"), ("jacobian_contraction", "1"), ("ntk_vector_products", "2")
    ):
        for kept in kepts:
            m = 2 if both else 3
            text = (f"n1 = 100, n2 = 100, method = {method}, "
                    f"blocks = {{n = 3, m = {m}, o = 2}}, kept = [{kept}]")
            found, report = compute(schedule(text), both=both)
            assert_close(found, expected[both, "full"], 1e-12)
            assert report["schedule"] == f"#ntk.schedule<{text}>", report["schedule"]
            assert report["method"] == method.replace("_", "-")
            assert report["blocks"] == {
                "examples1": 3, "examples2": m, "outputs": 2,
                "keeps_factors1": "1" in kept, "keeps_factors2": "2" in kept}
            # What is called, by the loops of Tiles.h.
            calls = {each["name"]: each["calls"] for each in report["functions"]}
            pairs = (O // 2) ** 2
            assert calls["tiles"] == pairs * (3 * 3 if both else 3 * (3 + 1) // 2), calls
            if both:
                blocks = {"1": 3, "2": 3 if "2" in kept else 9}
                assert calls["factors of x1"] == 3 * (O // 2 if "1" in kept else pairs), calls
                assert calls["factors of x2"] == blocks["2"] * pairs, calls
            counted = sum(each["flops"] for each in report["functions"])
            assert abs(counted / report["flops_executed"] - 1) < 1e-12

# For other forms of the output; blocks larger than all there is are all.
for kernel, text in (
    ("trace", "blocks = {o = 3, n = 2}, kept = []"), ("trace", "blocks = {o = 1}"),
    ("diagonal", "blocks = {o = 4, m = 1000000000000}"),
    ("sum", "method = ntk_vector_products, blocks = {n = 1, m = 1}"),
):
    for both in (True, False):
        if not both and "m =" in text and "n =" not in text:
            text = text.replace("m = ", "n = ")
        found, report = compute(schedule(text), f"--kernel={kernel}", both=both)
        assert_close(found, expected[both, kernel], 1e-12)

# What the planner decided is a schedule that may be written into the file, and
# then decides the same.
report = compute("")[1]
again = compute('ntk.kernel @theta of @mlp "now, mpw -> nmop" (J1, J2) {schedule = %s}' % report["schedule"])[1]
for key in ("schedule", "method", "blocks", "flops", "flops_executed", "memory", "sites"):
    assert again[key] == report[key], key
status, table, _ = run("", "--plan")
assert report["schedule"] in table, table

# A part that is decided stays; the rest is decided as ever.
report = compute(schedule("blocks = {m = 2}"))[1]
assert report["blocks"] == {"examples1": N1, "examples2": 2, "outputs": O,
                            "keeps_factors1": True, "keeps_factors2": True}, report["blocks"]
whole = compute("")[1]["peak_bytes"]
for decided in ("blocks = {m = 2}", "kept = [1]", "blocks = {n = 3, o = 3}"):
    free = compute(schedule(decided))[1]["peak_bytes"]
    found, report = compute(schedule(decided), f"--memory-limit={free - 1}")
    assert_close(found, expected[True, "full"], 1e-12)
    assert report["peak_bytes"] < free
    for word in decided.replace("{", ",").replace("}", ",").split(","):
        if re.fullmatch(r" ?\w = \d", word):
            assert word.strip() in report["schedule"], (word, report["schedule"])


# Nonsense, and what does not fit, is an error at its place, and nothing is written.
def refuse(request, message, *options, line=11, column=None, both=True):
    if os.path.exists(theta):
        os.remove(theta)
    status, text, errors = run(request, "-o", theta, *options, both=both)
    assert status == 1 and not os.path.exists(theta), (request, errors)
    place = re.search(r"net\.mlir:(\d+):(\d+): (.*)", errors)
    assert place and int(place[1]) == line, errors
    assert column is None or int(place[2]) == column, errors
    assert message in place[3], errors
    return place[3]


refuse(schedule("blocks = {n = 0}"), "expected a block of at least one 'n', but got 0", column=79)
refuse("\n" + schedule("blocks = {n = 4,\n  m = -1}"), "at least one 'm', but got -1", line=13, column=7)
refuse(schedule("method = fast"), "expected jacobian_contraction, ntk_vector_products or structured")
refuse(schedule("block = 3"), "expected 'n1', 'n2', 'method', 'cuts', 'blocks', 'kept' in a schedule")
refuse(schedule("blocks = {o = 4}", "trace"),
       "expected a block of outputs that divides the 6 of a trace, but got 4", "--kernel=trace")
refuse(schedule("blocks = {o = 7}"), "expected a block of 1 to 6 outputs, but got 7")
refuse(schedule("blocks = {o = 2}"), "expected no block of outputs for a kernel of their sum, but got 2",
       "--kernel=sum")
refuse(schedule("blocks = {n = 2, m = 3}"), "the blocks of both sides to be the same", both=False)
refuse(schedule("n1 = 2, n2 = 3"), "the examples of both sides to be the same", both=False)
refuse(schedule("method = structured"), "expected the method of the schedule, structured, as --method, or "
       "none, but got jacobian-contraction", "--method=jacobian-contraction")
refuse(schedule("kept = [1]") + "\n" + schedule("kept = [2]").replace("theta", "other"),
       "expected one request with a schedule", line=12)
refuse(schedule("kept = [1]").replace("mlp", "cnn"), "expected a network, but found no @cnn")

# Larger than memory: what it needs, and the least that would do.
limit = whole // 2
text = refuse(schedule("blocks = {n = 8, m = 5, o = 6}"), "the schedule needs at least", f"--memory-limit={limit}")
needed, allowed, least = map(int, re.findall(r"\((\d+) bytes\)", text))
assert needed == whole and allowed == limit and least < needed, text
compute(schedule("blocks = {o = 6}"), f"--memory-limit={least}")
status, _, errors = run(schedule("blocks = {o = 6}"), "--plan", f"--memory-limit={least - 1}")
assert status == 1 and "the kernel needs at least" in errors and f"({least} bytes)" in errors, errors


# Emitted code has the blocks as constants, from a network and from functions.
def emit(source, *options):
    code = os.path.join(folder, "net.cpp")
    done = subprocess.run(["ntk-translate", "--ntk-to-cpp", source, "-o", code, *options],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return open(code).read()


for both, constants in ((False, "{3, 3, 2, true, false}"), (True, "{3, 4, 2, true, false}")):
    m = constants[4]
    run(schedule(f"method = jacobian_contraction, blocks = {{n = 3, m = {m}, o = 2}}, kept = [1]"))
    code = emit(model)
    assert constants in code and "by method jacobian-contraction" in code, code
assert "planned for 40 examples x1 and 9 examples x2" in emit(
    (run(schedule("n1 = 40, n2 = 9")), model)[1]).replace("\n//", "")

run(schedule("blocks = {n = 3, m = 4}, kept = [2]"))
lowered = os.path.join(folder, "lowered.mlir")
with open(lowered, "w") as file:
    planned = subprocess.run(["ntk-opt", model, "--ntk-pipeline"], capture_output=True, check=True)
    subprocess.run(["ntk-opt", "--ntk-lower-pipeline"], input=planned.stdout, stdout=file, check=True)
assert "{3, 4, 6, false, true}" in emit(lowered)
