"""Writes the tables of docs/Operators.md from what the tools report.

    update_operators.py [--check] [--node-tests] FILE

`ntk-translate --list-onnx-operators` gives the operators of ONNX, importing
each behind a layer with weights says whether it passes derivatives on, and
`ntk-op-check --table` gives the rules of the dialect's ops that the tests of
test/NTK check. The columns about ONNX's node tests are found anew with
--node-tests, in minutes, and kept otherwise. With --check nothing is written,
and the exit status is 1 if a table differs. The tools are those in PATH.
"""

import argparse
import collections
import difflib
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = pathlib.Path(__file__).resolve().parent.parent
INPUTS = ROOT / "test/Import/ONNX/Inputs"


def output(*command):
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"error: {' '.join(map(str, command))}\n{run.stderr}")
    return run.stdout


def node_tests():
    """Operator: (passed, applicable, with a batch, ops)."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        output(sys.executable, INPUTS / "conformance.py", "--json", file.name)
        table = json.load(file)["table"]
    return {
        name: (
            f"{row.get('passed', 0)} of {row['applicable']}",
            str(row.get("batch", 0)),
            ", ".join(sorted(column[3:] for column in row if column.startswith("op "))),
        )
        for name, row in table.items()
        if row.get("applicable")
    }


def kept_node_tests(text):
    """What the page says now."""
    rows = re.findall(r"^\| ([\w.:]+) \| [^|]* \| [^|]* \| [^|]* \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$", text, re.M)
    return {name: (passed, batch, ops) for name, passed, batch, ops in rows if passed != "–"}


def reaches_output(text, constant):
    """Do derivatives of parameters reach the output of the network?"""
    active = set(re.findall(r"(%\w+): tensor<[^>]*> \{ntk.param", text))
    for line in text.splitlines():
        operands = re.findall(r"%\w+", line)
        if line.strip().startswith("return"):
            return bool(active & set(operands))
        # The type of the result is the last one, behind an arrow or that of all.
        made = re.match(r"\s*(%\w+) = (\w+) .*[:>] tensor<(?:\d+x)*(f32|f64|i\d+)>$", line)
        if made and made[2] not in constant and made[3][0] == "f" and active & set(operands[1:]):
            active.add(made[1])
    return False


def derivative(name, version, inputs, constant):
    """What becomes of derivatives of parameters before the operator, see the page."""
    weights = [
        numpy_helper.from_array(np.full((3, 3), 0.1 * (i + 1), np.float32), f"W{i}")
        for i in range(inputs)
    ]
    nodes = [helper.make_node("MatMul", ["x", w.name], [w.name + "x"]) for w in weights]
    attributes = {"to": TensorProto.INT32} if name == "Cast" else {}
    domain, _, kind = name.rpartition("::")
    operands = [w.name + "x" for w in weights]
    nodes.append(helper.make_node(kind, operands, ["r"], domain=domain, **attributes))
    nodes.append(helper.make_node("Cast", ["r"], ["y"], to=TensorProto.FLOAT))
    info = lambda value: helper.make_tensor_value_info(value, TensorProto.FLOAT, ["N", 3])
    graph = helper.make_graph(nodes, "g", [info("x")], [info("y")], weights)
    opset = [helper.make_opsetid(domain, version)]
    if domain:
        opset.append(helper.make_opsetid("", 20))
    with tempfile.NamedTemporaryFile(suffix=".onnx") as file:
        onnx.save(helper.make_model(graph, ir_version=8, opset_imports=opset), file.name)
        command = ["ntk-translate", "--onnx-to-ntk", file.name]
        run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        return "–"
    if "only through step functions" in run.stderr:
        return "zero"
    return "yes" if reaches_output(run.stdout, constant) else "constant"


def onnx_table(tests, constant):
    rows = collections.defaultdict(list)
    for line in output("ntk-translate", "--list-onnx-operators").splitlines():
        name, *numbers = line.split()
        rows[name].append(numbers)
    yield "| operator | operator sets | inputs | derivative | node tests passed | with a batch | ops |"
    yield "|---|---|---|---|---|---|---|"
    for name, versions in rows.items():
        sets = ", ".join(f"{since}–{until}" for since, until, *_ in versions)
        _, until, least, most = versions[-1]
        inputs = least if least == most else f"{least} or more" if most == "-" else f"{least}–{most}"
        passes = derivative(name, int(until), max(int(least), 1), constant)
        test = " | ".join(tests.get(name, ("–", "–", "–")))
        yield f"| {name} | {sets} | {inputs} | {passes} | {test} |"


def dialect_rules():
    """Of each op the number of checks, and what they say of it."""
    checks = collections.Counter()
    rules = collections.defaultdict(lambda: collections.defaultdict(set))
    for file in sorted(ROOT.glob("test/NTK/*-math.mlir")):
        for line in output("ntk-op-check", "--table", file).splitlines():
            name = re.search(r"ntk\.(\w+)", line).group(1)
            checks[name] += line.startswith("ok ")
            for key, values in re.findall(r"(\w+)=(\S*)", line):
                rules[name][key].update(values.split(",") if values else [])
    return checks, rules


def dialect_table(checks, rules):
    words = lambda values: ", ".join(sorted(values)) or "–"
    yield "| op | linear in its operands | derivative in | structure in | checked points |"
    yield "|---|---|---|---|---|"
    linear = {"none": "no", "joint": "together", "multi": "each", "constant": "constant"}
    for name in sorted(checks):
        row = rules[name]
        linearity = words({linear[value] for value in row["linearity"]})
        derivatives, structures = words(row["derivative"]), words(row["structure"])
        yield f"| {name} | {linearity} | {derivatives} | {structures} | {checks[name]} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--node-tests", action="store_true")
    parser.add_argument("file", type=pathlib.Path)
    arguments = parser.parse_args()
    old = arguments.file.read_text()
    tests = node_tests() if arguments.node_tests else kept_node_tests(old)
    checks, rules = dialect_rules()
    constant = {name for name in rules if rules[name]["linearity"] == {"constant"}}
    tables = {"onnx": onnx_table(tests, constant), "dialect": dialect_table(checks, rules)}

    def replace(match):
        lines = "\n".join(tables[match[1]])
        return f"<!-- table: {match[1]} -->\n\n{lines}\n\n<!-- end -->"

    new = re.sub(r"<!-- table: (\w+) -->\n.*?<!-- end -->", replace, old, flags=re.S)
    if not arguments.check:
        arguments.file.write_text(new)
    elif new != old:
        lines = difflib.unified_diff(old.splitlines(True), new.splitlines(True), "as it stands", "as reported")
        sys.stdout.writelines(lines)
        sys.exit(1)


if __name__ == "__main__":
    main()
