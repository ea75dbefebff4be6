# The folders of the project depend on each other one way: each includes from
# itself and from those above it in this list, and nothing from those below.
#
# RUN: %ntk-python %s

import os
import re

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")

# The headers of a folder of lib are in the one of the same name in include/ntk.
FOLDERS = """
    include/ntk-rt
    dialects/Support dialects/RT dialects/NTK/Interfaces dialects/NTK/IR
    lib/Support lib/Machine lib/Analysis lib/Derive lib/Kernel lib/Plan lib/Lower lib/Target
    lib/Reference lib/Runtime lib/Register
    lib/Data lib/Import lib/Compile lib/Run lib/Cli
    include/ntk-c lib/CApi
    tools bench
""".split()

# A folder inside of one of these is a part of it.
WHOLE = ["include/ntk-rt", "lib/Import", "lib/Target", "tools"]


def folder_of(path):
    """The folder of the list that a file belongs to."""
    folder = os.path.dirname(path)
    if folder.startswith("include/ntk/"):
        folder = "lib/" + folder.removeprefix("include/ntk/")
    for whole in WHOLE:
        if folder == whole or folder.startswith(whole + "/"):
            return whole
    return folder


def find_include(name, path):
    """The file of the project that `#include "name"` in `path` is, if it is one."""
    for base in (os.path.dirname(path), "", "include", "lib/Import/ONNX"):
        found = os.path.normpath(os.path.join(base, name))
        if os.path.exists(os.path.join(ROOT, found)):
            return found
    return None


def check(files):
    """The includes that go the wrong way, and the folders that are not listed."""
    faults = []
    for path, text in files:
        if folder_of(path) not in FOLDERS:
            faults.append(f"{path}: expected a folder of the list in {os.path.basename(__file__)}")
            continue
        for name in re.findall(r'^#include "([^"]+)"', text, re.MULTILINE):
            found = find_include(name, path)
            if found and FOLDERS.index(folder_of(found)) > FOLDERS.index(folder_of(path)):
                faults.append(f"{path}: expected no header of {folder_of(found)}, but got {name}")
    return faults


def read_all():
    for top in ("dialects", "include", "lib", "tools", "bench"):
        for folder, _, names in os.walk(os.path.join(ROOT, top)):
            for name in names:
                if name.endswith((".h", ".cpp", ".td", ".cu")):
                    path = os.path.join(folder, name)
                    with open(path, encoding="utf-8") as file:
                        yield os.path.relpath(path, ROOT), file.read()


files = list(read_all())
assert len(files) > 300, len(files)
faults = check(files)
assert not faults, "\n".join(faults)

# It does see what goes the wrong way: up, from one dialect to the other, and
# into a folder that nobody has listed.
assert check([("lib/Data/Arrays.cpp", '#include "ntk/Cli/Options.h"\n')])
assert check([("dialects/RT/Contract.cpp", '#include "dialects/NTK/IR/NTKOps.h"\n')])
assert check([("lib/Driver/Jit.cpp", "")])
assert not check([("lib/Cli/Session.cpp", '#include "ntk/Run/RunKernel.h"\n')])
