# Emits a model as C++ or CUDA with a command line, compiles it without warnings
# and compares what it computes with ntk-run:
#
#   emit.py FOLDER NTK_SOURCE MODEL X1 X2
#           [--kernels=none,cblas,onednn|cudnn,cublas] [--cuda=cpu,sm_90,gpu]
#           [--compilers=g++,clang++-19] [--dtype=f64] [--sanitize]
#           [-- option of both tools...]
#
# X2 may be "-": the kernel of X1 with itself. --cuda: emit CUDA, compile it by
# g++ with the headers in cuda_on_cpu and run it, compile it by nvcc for an
# architecture, or do so for this machine's GPU and run it there.

import argparse
import os
import subprocess
import sys

import numpy as np

LIBRARIES = {
    "none": [],
    "cblas": ["-isystem", "/usr/include/x86_64-linux-gnu/blis-openmp", "-lblis"],
    "onednn": ["-isystem", "/usr/include/x86_64-linux-gnu/blis-openmp", "-ldnnl", "-lblis"],
}
WARNINGS = ["-Wall", "-Wextra", "-Werror"]


def run(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(command)}\n{result.stdout}{result.stderr}")
    return result


def thread_flags(compiler, kernels):
    """One thread pool, that of the libraries: GCC's."""
    if kernels != "onednn":
        return []
    if compiler == "g++":
        return ["-fopenmp"]
    header = os.path.join(os.path.dirname(os.path.abspath(__file__)), "without_openmp")
    return ["-DNTK_RT_GOMP", "-l:libgomp.so.1", "-idirafter", header]


def compile_source(compiler, source, program, kernels, include, sanitize):
    flags = ["-std=c++17", "-O2", *WARNINGS, "-I", include, *thread_flags(compiler, kernels)]
    if sanitize:
        flags += ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    run(compiler, source, "-o", program, *flags, *LIBRARIES[kernels])


def compile_cuda(source, program, target, include, sanitize):
    """Compiles for a target of --cuda; returns whether the program runs here."""
    with open(source) as file:
        dnn = "cuda/Cudnn.h" in file.read()
    if target == "cpu":
        here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cuda_on_cpu")
        flags = ["-x", "c++", "-std=c++17", "-O1", *WARNINGS, "-I", here, "-I", include]
        if sanitize:
            flags += ["-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
        run("g++", *flags, source, "-o", program)
        return True
    arch = "native" if target == "gpu" else target
    host = ",".join([*WARNINGS, "-Wno-parentheses"])  # nvcc writes some of its own
    flags = ["-std=c++17", f"-arch={arch}", "-Werror", "all-warnings", "-Xcompiler", host]
    flags += ["-I", include]
    run("nvcc", *flags, source, "-o", program, "-lcublas", *(["-lcudnn"] if dnn else []))
    return target == "gpu"


def compare(name, found, expected, tolerance):
    assert found.shape == expected.shape, (name, found.shape, expected.shape)
    a, b = found.reshape(-1), expected.reshape(-1)
    error = np.abs(a - b).max() / np.abs(b).max()
    assert error <= tolerance, f"{name}: relative error {error:.1e} above {tolerance}"
    return error


def main():
    at = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("source")
    parser.add_argument("model")
    parser.add_argument("x1")
    parser.add_argument("x2")
    parser.add_argument("--kernels")
    parser.add_argument("--compilers", default="g++")
    parser.add_argument("--dtype", default="f64")
    parser.add_argument("--cuda")
    parser.add_argument("--sanitize", action="store_true")
    arguments = parser.parse_args(sys.argv[1:at])
    options = ["--dtype", arguments.dtype, *sys.argv[at + 1 :]]
    folder = arguments.folder
    os.makedirs(folder, exist_ok=True)
    inputs = ["--x1", arguments.x1]
    if arguments.x2 != "-":
        inputs += ["--x2", arguments.x2]
    expected = f"{folder}/expected.npy"
    run("ntk-run", arguments.model, *inputs, "-o", expected, "--quiet", *options)
    tolerance = 1e-12 if arguments.dtype == "f64" else 1e-4
    params, theta = f"{folder}/params.npz", f"{folder}/theta.npy"
    include = f"{arguments.source}/include"

    def emit(flag, source, *more):
        run("ntk-translate", flag, arguments.model, "-o", source, "--main", "--save-params",
            params, "--quiet", *more, *options)

    def check(program, what):
        run(program, *inputs, "--params", params, "-o", theta)
        error = compare(program, np.load(theta), np.load(expected), tolerance)
        print(f"{os.path.basename(arguments.model)} {what}: {error:.1e}")

    if arguments.cuda:
        source = f"{folder}/net.cu"
        for kernels in (arguments.kernels or "cudnn").split(","):
            emit("--ntk-to-cuda", source, f"--kernels={kernels}")
            for target in arguments.cuda.split(","):
                program = f"{folder}/net-{kernels}-{target}"
                if compile_cuda(source, program, target, include, arguments.sanitize):
                    check(program, f"cuda {kernels} {target}")
        return
    for kernels in (arguments.kernels or "none").split(","):
        source = f"{folder}/net.cpp"
        emit("--ntk-to-cpp", source, f"--kernels={kernels}")
        for compiler in arguments.compilers.split(","):
            program = f"{folder}/net-{kernels}-{compiler}"
            compile_source(compiler, source, program, kernels, include, arguments.sanitize)
            check(program, f"{kernels} {compiler}")


if __name__ == "__main__":
    main()
