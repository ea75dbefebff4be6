# How lit finds and runs the tests of this project. Tests write %ntk-python for
# a Python that has NumPy, %models for the folder of reference models, and name
# what they need with REQUIRES: nvcc, cudnn, gpu, mpmath, nanobind, numpy, onnx,
# onnxruntime, pytest, shared-models. With --param gpu=required the first three are taken to be
# there: tests fail without them. What happens by chance is tried %rounds times,
# which --param rounds=N sets.

import os
import shutil
import subprocess

import lit.formats
import lit.util

config.name = "ntk"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test", ".py"]
config.excludes = ["Inputs", "lit.cfg.py", "lit.site.cfg.py"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.ntk_build_root, "test")

# No test depends on what the user has measured.
config.environment["NTK_MACHINE"] = os.path.join(config.test_exec_root, "no-machine.json")
config.environment["PATH"] = os.pathsep.join(
    [
        os.path.join(config.ntk_build_root, "bin"),
        config.llvm_tools_dir,
        "/usr/local/cuda/bin",
        os.environ["PATH"],
    ]
)
for variable in ("HOME", "OMP_NUM_THREADS", "XDG_CACHE_HOME"):
    if variable in os.environ:
        config.environment[variable] = os.environ[variable]

models = os.environ.get(
    "NTK_SHARED_MODELS",
    os.path.join(os.path.dirname(config.ntk_source_root), "shared", "models"),
)
config.substitutions += [
    ("%ntk-python", config.python),
    ("%models", models),
    ("%inputs", os.path.join(config.test_source_root, "Integration", "Inputs")),
    ("%ntk-source", config.ntk_source_root),
    ("%ntk-build", config.ntk_build_root),
    ("%torch-python", os.environ.get("NTK_TORCH_PYTHON", config.python)),
    ("%rounds", lit_config.params.get("rounds", "6")),
]


def succeeds(*command):
    """Whether the command exists and exits with status 0."""
    try:
        return subprocess.run(command, capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


nvcc = shutil.which("nvcc", path=config.environment["PATH"])
if nvcc:
    config.available_features.add("nvcc")
    if succeeds(nvcc, "-E", "-include", "cudnn.h", "-x", "cu", "/dev/null"):
        config.available_features.add("cudnn")
if succeeds("nvidia-smi", "-L"):
    config.available_features.add("gpu")
if lit_config.params.get("gpu") == "required":
    config.available_features.update(("nvcc", "cudnn", "gpu"))
if os.path.isdir(models):
    config.available_features.add("shared-models")
# PyTorch is large: a second tier, in a Python of its own that a variable names.
if "NTK_TORCH_PYTHON" in os.environ and succeeds(
    os.environ["NTK_TORCH_PYTHON"], "-c", "import torch, pytest"
):
    config.available_features.add("torch")
for module in ("mpmath", "nanobind", "numpy", "onnx", "onnxruntime", "pytest"):
    if succeeds(config.python, "-c", f"import {module}"):
        config.available_features.add(module)
