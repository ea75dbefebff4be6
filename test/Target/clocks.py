# Emitted code with clocks: the steps have the numbers they have at once, and
# their times add up to no more than the run.
#
# REQUIRES: onnx
# RUN: rm -rf %t && mkdir -p %t
# RUN: %ntk-python %s %t %ntk-source %inputs/mlp.onnx %inputs/mlp.npy

import json
import re
import subprocess
import sys

import numpy as np

folder, source, model, x = sys.argv[1:]


def run(*command):
    return subprocess.run(command, capture_output=True, text=True)


emitted = run("ntk-translate", "--ntk-to-cpp", model, "-o", f"{folder}/net.cpp", "--clocks",
              "--main", "--kernels=none", f"--n1={len(np.load(x))}", "--save-params", f"{folder}/w.npz")
assert emitted.returncode == 0, emitted.stderr
compiled = run("g++", "-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-I", f"{source}/include",
               f"{folder}/net.cpp", "-o", f"{folder}/net")
assert compiled.returncode == 0, compiled.stderr
timed = run(f"{folder}/net", "--x1", x, "--params", f"{folder}/w.npz", "--repeat=3")
assert timed.returncode == 0, timed.stderr
seconds = float(re.search(r"run_seconds: (\S+)", timed.stderr).group(1))
steps = re.findall(r"step_seconds: (\d+) (\S+) in (\d+) calls", timed.stderr)
assert 0 < sum(float(step[1]) for step in steps) <= seconds, timed.stderr

profile = run("ntk-run", model, "--x1", x, "--profile=json", "--quiet")
assert profile.returncode == 0, profile.stderr
at_once = json.loads(profile.stdout)["steps"]
assert sorted(int(step[0]) for step in steps) == sorted(step["step"] for step in at_once)

# The comment of a step has its number, its layer comes behind.
code = open(f"{folder}/net.cpp").read()
for step in at_once:
    comment = re.search(rf"// Step {step['step']}\. (.*)", code)
    assert comment and f"rt::clock({step['step']});" in code, step
assert "rt::clock();" in code

# Without the option there is nothing of it, and a GPU has no such clock.
plain = run("ntk-translate", "--ntk-to-cpp", model, "-o", f"{folder}/plain.cpp", "--n1=4")
assert plain.returncode == 0 and "clock" not in open(f"{folder}/plain.cpp").read().split("#include")[-1]
cuda = run("ntk-translate", "--ntk-to-cuda", model, "-o", f"{folder}/net.cu", "--clocks")
assert cuda.returncode == 1 and "error: --clocks: expected --ntk-to-cpp" in cuda.stderr, cuda.stderr
