# libntk.so exports the functions of its header, and nothing else; its name is
# versioned. What it hides from MLIR's library are types that it names as MLIR
# does (lib/CApi/TypeNames.cpp).
#
# RUN: %ntk-python %s %ntk-source %ntk-build

import re
import subprocess
import sys

source, build = sys.argv[1:]
library = f"{build}/lib/libntk.so"

with open(f"{source}/include/ntk-c/ntk.h", encoding="utf-8") as file:
    declared = set(re.findall(r"^NTK_API [^(]*?\b(ntk_\w+)\(", file.read(), re.MULTILINE))
assert len(declared) > 20, declared

symbols = subprocess.run(
    ["nm", "-D", "--defined-only", library], check=True, capture_output=True, text=True
).stdout
exported = {line.split()[2] for line in symbols.splitlines() if line.split()[1] != "A"}
assert exported == {f"{name}@@NTK_0" for name in declared}, exported ^ declared

dynamic = subprocess.run(
    ["readelf", "-d", library], check=True, capture_output=True, text=True
).stdout
assert "SONAME" in dynamic and "[libntk.so.0]" in dynamic, dynamic


def type_names(path):
    """The types that a library may name, as its compiler spells them."""
    text = subprocess.run(["strings", path], check=True, capture_output=True, text=True).stdout
    return set(re.findall(r"DesiredTypeName = (.*)\]$", text, re.MULTILINE))


needed = subprocess.run(["ldd", library], check=True, capture_output=True, text=True).stdout
mlir = type_names(re.search(r"libMLIR\S* => (\S+)", needed).group(1))
known = {"APInt", "APFloat", *(f"mlir::detail::DenseArrayAttrImpl<{t}>" for t in ("int", "long int"))}
for name in type_names(library):
    spelled = re.sub(r"mlir::TypeID::get<.*>\(\)::Empty", "Empty", name)
    own = "mlir::ntk::" in spelled or "{anonymous}" in spelled
    assert own or spelled in mlir or name in known, name
