# Names become comments, strings, identifiers and file names of emitted source:
# whatever they hold, the source compiles without warnings, runs, and finds its
# parameters again in their file.
#
#   emit_names.py FOLDER NTK_SOURCE bytes|words|files [--each] [--compilers=g++,clang++-19]
#
# bytes: a parameter for each of the 256 bytes; words: names that mean something
# to a compiler, all in one model or, with --each, in one model each; files: the
# same as names of the model and of the source.

import os
import subprocess
import sys

import numpy as np

sys.path.insert(0, os.path.join(sys.argv[2], "test/Integration/Inputs"))
from raw_model import write_model  # noqa: E402

WARNINGS = ["-Wall", "-Wextra", "-Werror"]
WORDS = [
    # ends of comments, strings and lines
    "a*/ int x; /*", "/*", "*/", "//", "/*/", "**//", 'quote"d', '"; int x; "', "'", "back\\slash", "end\\", "\\", "\\n", "\\\n",
    "trigraph??/", "??/\nint x;", "??)??(", "new\nline", "\n#error new line\n", "carriage\r#error\r", "tab\ttab", "\v\f", " ", "  two  ",
    "#error", "#include <x>", "$network", "${theta}", "`tick`", "%s%n", "%d", "{0}", "@", "R\"(", ")\"", "u8\"", "\x07bell", "\x1b[2J",
    "\x7f", "\0", "nul\0nul", "0\0001", "0digit", "9", "3.weight", "_", "__", "__x", "_X", "a__b",
    # no ASCII
    "é", "ñame", "重み", "🙂", "\u202ereversed", "\u2066isolate", "\u200bzero", "\ufeffmark", "\u2028line", "\u0085next", "\u00a0", "ªº", "ⅷ",
    # words and macros
    "int", "class", "float", "double", "bool", "char16_t", "and", "xor_eq", "co_await", "thread_local", "static_assert", "restrict", "typeof",
    "int64_t", "size_t", "NULL", "EOF", "INT_MAX", "M_PI", "NAN", "I", "errno", "stdin", "assert", "linux", "unix", "main", "std", "rt", "ntk",
    # words of the source itself
    "params", "scratch", "theta", "x", "x1", "x2", "n", "m", "n1", "out", "first", "side", "embedded", "Calls", "Factors", "computeTile",
    "factors1At", "scratchAt", "end", "unused", "i", "j", "sum", "part", "value", "device", "run", "inputs", "parameterEntries", "exp", "max",
    "Tensor", "dyn", "layer9", "a_2", "a", "a.", "x" * 3000, "very long " * 300, "é" * 500,
]  # fmt: skip


def fail(message):
    sys.exit(f"error: {message}")


def run(*command, **more):
    result = subprocess.run(command, capture_output=True, **more)
    if result.returncode:
        fail(f"{command}: {(result.stdout + result.stderr).decode('utf-8', 'replace')[-1500:]}")
    return result


def compile_source(compilers, include, source, program=None, cuda=False):
    """Compiles each time all, and with the first compiler a program."""
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cuda_on_cpu")
    folder, file = os.path.split(source)
    for compiler in compilers:
        flags = ["-std=c++17", *WARNINGS, "-I", include, *(["-I", here] if cuda else []), "-x", "c++"]
        last = ["-o", program] if program and compiler == compilers[0] else ["-fsyntax-only"]
        run(compiler, *flags, f"./{file}", *last, cwd=folder)
    for header in os.listdir(folder):
        if header.endswith(".h") and not cuda:
            run("gcc", "-std=c99", *WARNINGS, "-fsyntax-only", "-x", "c", f"./{header}", cwd=folder)


def emit(model, folder, source, *options, flag="--ntk-to-cpp"):
    run("ntk-translate", flag, f"./{model}", "-o", source, "--dtype=f64", "--quiet", *options, cwd=folder)


def check_model(folder, names, compilers, include, runs, model="model.onnx", source="net.cpp"):
    """Emits, compiles and runs; theta of n + n examples is the number of
    parameters on the diagonal."""
    os.makedirs(folder, exist_ok=True)
    width = write_model(os.path.join(folder, model), names)
    emit(model, folder, source, "--kernels=none", "--main", "--save-params", "params.npz")
    compile_source(compilers, include, os.path.join(folder, source), "./program" if runs else None)
    if runs:
        np.save(f"{folder}/x.npy", np.ones((3, width)))
        run("./program", "--x1", "x.npy", "--params", "params.npz", "-o", "theta.npy", cwd=folder)
        found = np.load(f"{folder}/theta.npy")
        expected = np.broadcast_to(len(names) * np.eye(width), (3, 3, width, width))
        if not np.array_equal(found, expected):
            fail(f"{folder}: expected {len(names)} on the diagonal, but got {found[0, 0]}")


def main():
    folder, ntk_source, what = sys.argv[1:4]
    compilers = ["g++", "clang++-19"]
    for argument in sys.argv[4:]:
        if argument.startswith("--compilers="):
            compilers = argument.split("=")[1].split(",")
    include = os.path.join(ntk_source, "include")
    os.makedirs(folder, exist_ok=True)
    words = [word.encode() for word in WORDS]
    if what == "bytes":
        names = [b"p" + bytes([i]) + b"q" for i in range(256)]
        check_model(folder, names, compilers, include, runs=True)
    elif "--each" in sys.argv:
        for i, word in enumerate(words):
            if what == "words":
                check_model(f"{folder}/{i}", [word, word + b".b", b"a" + word], compilers, include, runs=True)
            elif len(word) < 200 and not {b"/", b"\0"} & {bytes([c]) for c in word} and word.strip(b"."):
                name = word.decode()
                check_model(f"{folder}/{i}", [b"a", b"b"], compilers, include, False, f"{name}.onnx", f"{name}.cpp")
            print(f"{word[:30]!r}: compiles", flush=True)
    elif what == "words":
        check_model(folder, words, compilers, include, runs=True)
        emit("model.onnx", folder, "net.cu", "--main", flag="--ntk-to-cuda")
        compile_source(["g++"], include, f"{folder}/net.cu", cuda=True)
    else:
        for i, name in enumerate(["9", "a b", "é", "int", "-x", "", 'q"??=\\\n', "ntk_rt_math"]):
            check_model(f"{folder}/{i}", [b"a", b"b"], compilers[i % len(compilers) :][:1], include, False, f"{name}.onnx", f"{name}.cpp")
    print(f"{what}: all compile")


main()
