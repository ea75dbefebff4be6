# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the model tests of the onnx package through the importer.

    conformance.py [--suite node|pytorch-converted|pytorch-operator]
                   [--only OPERATOR,...] [--verbose] [--json FILE]

A case of the suite `node` is a model of one operator with inputs and the
outputs that ONNX's own reference gives; the other suites are models of a few
nodes that PyTorch exported, with its outputs. They are of operator set 6 mostly
and are converted with onnx's version converter first. The model is imported by `ntk-translate --onnx-to-ntk` in up to
four ways: with all inputs as inputs of the network, with only those of floats,
with only the first, with none; the others are initializers, or constants of the
graph where there is no input. Each network is
evaluated with NumPy and compared. Where the importer accepts the leading axis
as the batch, the network of one example is compared too, example by example.
Outputs of integers and booleans are cast to floats. Cases of a newer operator
set are taken for the newest one that is supported, if that has the operator.

A case passes if it was imported in one of the ways and no result differs.
Prints passed of applicable for each operator (a case counts for each of its
operators), in how many cases the batch was
accepted, and the reasons of what was left out: refused by the importer, or not
applicable (no tensors of numbers, operators that are not imported at all); with
--json, to a file too. The exit status is 1 if a result differs or the importer crashes.
"""

import argparse
import collections
import dataclasses
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, version_converter
from onnx.backend.test.case.node import collect_testcases
from onnx.backend.test.loader import load_model_tests

from network import Network

REAL = {TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16}
NUMBERS = REAL | {
    TensorProto.BOOL,
    TensorProto.INT32,
    TensorProto.INT64,
    TensorProto.INT8,
    TensorProto.INT16,
    TensorProto.UINT8,
    TensorProto.UINT16,
}


OLDEST, NEWEST = 7, 25
# Larger constants become buffers, whose values the text does not hold.
MOST_CONSTANTS = 1024
# Their results take the size of the output as scale · size, which is not an
# integer; onnxruntime and PyTorch round it first, and so does the specification.
CONTRADICTED = {
    "test_resize_downsample_scales_linear_align_corners",
    "test_resize_downsample_scales_cubic_align_corners",
}


class NotApplicable(Exception):
    pass


class Wrong(Exception):
    pass


def element(value):
    if not value.type.HasField("tensor_type"):
        raise NotApplicable("sequences and optional values")
    return value.type.tensor_type.elem_type


def check(case):
    if case.name in CONTRADICTED:
        raise NotApplicable("results that the specification contradicts")
    graph = case.model.graph
    try:
        onnx.defs.get_schema(graph.node[0].op_type, NEWEST)
    except onnx.defs.SchemaError:
        raise NotApplicable(f"operator sets above {NEWEST}")
    for value in [*graph.input, *graph.output]:
        if element(value) not in NUMBERS:
            raise NotApplicable(
                f"element type {TensorProto.DataType.Name(element(value))}"
            )


def without_initialized(graph):
    """Old files list initializers among the inputs."""
    initialized = {tensor.name for tensor in graph.initializer}
    inputs = [v for v in graph.input if v.name not in initialized]
    del graph.input[:]
    graph.input.extend(inputs)


def stored_case(test):
    """A test whose model and tensors are files."""
    model = onnx.load(os.path.join(test.model_dir, "model.onnx"))
    if model.opset_import[0].version < OLDEST:
        model = version_converter.convert_version(model, OLDEST)
    without_initialized(model.graph)

    def tensors(kind):
        for i in range(len(getattr(model.graph, kind))):
            path = os.path.join(test.model_dir, "test_data_set_0", f"{kind}_{i}.pb")
            with open(path, "rb") as file:
                yield TensorProto.FromString(file.read())

    data = [list(tensors("input")), list(tensors("output"))]
    return dataclasses.replace(test, model=model, data_sets=[data])


def cases(suite):
    if suite != "node":
        yield from map(stored_case, load_model_tests(kind=suite))
        return
    for case in collect_testcases(None):
        node = case.model.graph.node
        if len(node) == 1 and not node[0].domain and "_expanded" not in case.name:
            yield case


def variant(case, inputs, kept):
    """The model with the inputs in `kept` as inputs, the others initializers."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    for opset in model.opset_import:
        opset.version = min(max(opset.version, OLDEST), NEWEST)
    graph = model.graph
    values = {v.name: x for v, x in zip(graph.input, inputs)}
    stored = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
    network = [v for v in graph.input if v.name in kept]
    del graph.input[:]
    graph.input.extend(network)
    for name, x in values.items():
        tensor = numpy_helper.from_array(np.asarray(x), name)
        if name not in kept and (kept or np.size(x) > MOST_CONSTANTS):
            graph.initializer.append(tensor)
        elif name not in kept:
            graph.node.insert(0, helper.make_node("Constant", [], [name], value=tensor))
    for i, output in enumerate(graph.output):
        if element(output) in REAL:
            continue
        name = f"{output.name}.float"
        graph.node.append(
            helper.make_node("Cast", [output.name], [name], to=TensorProto.FLOAT)
        )
        output.CopyFrom(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    return model, {**values, **stored}


def to_arrays(values):
    return [
        numpy_helper.to_array(v) if isinstance(v, onnx.TensorProto) else v
        for v in values
    ]


def run_importer(path, options):
    command = ["ntk-translate", "--onnx-to-ntk", "--dtype=f64", *options, path]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if run.returncode == 0:
        return Network(run.stdout), ""
    lines = [line for line in run.stderr.splitlines() if "error: " in line]
    if run.returncode != 1 or not lines:
        raise Wrong(f"importer ends with status {run.returncode}: {run.stderr[-200:]}")
    return None, lines[-1].split(".onnx: ", 1)[-1]


def differs(case, y, expected):
    expected = np.asarray(expected)
    rough = expected.dtype.itemsize == 2  # rounded to half precision
    expected = expected.astype(float)
    if y.shape != expected.shape:
        return True
    rtol, atol = (2e-2, 1e-2) if rough else (max(case.rtol, 1e-5), max(case.atol, 1e-5))
    return not np.allclose(y, expected, rtol=rtol, atol=atol, equal_nan=True)


def compare_whole(case, network, inputs, values, expected):
    for i, (y, reference) in enumerate(zip(network(inputs, values), expected)):
        if differs(case, y, reference):
            raise Wrong(f"output {i} differs")


def merged(reference, shape, batch, n):
    """Example n of values that have the batch merged with other axes."""
    if reference.ndim != len(shape):
        return
    for axis, size in enumerate(shape):
        rest = reference.shape[:axis] + reference.shape[axis + 1 :]
        if reference.shape[axis] != batch * size or rest != shape[:axis] + shape[axis + 1 :]:
            continue
        for outer in range(1, size + 1):
            if size % outer == 0:
                split = (*shape[:axis], outer, batch, size // outer, *shape[axis + 1 :])
                yield np.take(reference.reshape(split), n, axis + 1).reshape(shape)


def compare_batch(case, network, inputs, values, expected):
    batch = len(inputs[0])
    for n in range(batch):
        results = network([x[n] for x in inputs], values)
        for i, (y, reference) in enumerate(zip(results, expected)):
            reference = np.asarray(reference)
            shape = reference.shape
            candidates = [
                np.take(reference, n, axis)
                for axis in range(reference.ndim)
                if shape[axis] == batch and shape[:axis] + shape[axis + 1 :] == y.shape
            ]
            if shape == y.shape:
                candidates.append(reference)
            candidates += merged(reference, y.shape, batch, n)
            if all(differs(case, y, c) for c in candidates):
                raise Wrong(f"output {i} of example {n} differs")


def run(case, folder):
    """(ops of the networks or none, batch accepted, reason of the last refusal)."""
    check(case)
    inputs, expected = map(to_arrays, case.data_sets[0])
    names = [v.name for v in case.model.graph.input]
    reals = [v.name for v in case.model.graph.input if element(v) in REAL]
    # Dimensions of size zero have no example.
    full = {v for v, x in zip(names, inputs) if np.asarray(x).size}
    ways = []
    for way in (names, reals, names[:1], []):
        way = [v for v in way if v in full]
        if way not in ways:
            ways.append(way)
    path = os.path.join(folder, "case.onnx")
    imported, batched, reason, ops = False, False, "", set()
    for kept in ways:
        model, values = variant(case, inputs, kept)
        onnx.save(model, path)
        given = [np.asarray(values[name]) for name in kept]
        given = [x.astype(float) if x.dtype.itemsize == 2 and x.dtype.kind not in "iu" else x for x in given]
        network, refusal = run_importer(path, ["--whole-batch"])
        if network is None:
            reason = refusal
            continue
        if not set(network.parameters.values()) <= set(values):
            continue  # large constants computed by the importer
        imported = True
        ops |= network.ops
        compare_whole(case, network, given, values, expected)
        if not given or any(x.ndim == 0 or len(x) < 2 for x in given):
            continue
        network, refusal = run_importer(path, [])
        if network is not None:
            batched = True
            compare_batch(case, network, given, values, expected)
    return ops if imported else None, batched, reason


def count(case, folder, table, reasons, verbose):
    """Enters a case in the rows of its operators; is it right?"""
    operators = sorted({node.op_type for node in case.model.graph.node})

    def enter(column, amount=1):
        for operator in [*operators, ""]:  # "" is the row of all
            table[operator][column] += amount

    def explain(reason):
        for operator in operators:
            reasons[operator][reason] += 1

    try:
        ops, batched, reason = run(case, folder)
    except NotApplicable as exception:
        enter("not applicable")
        explain(str(exception))
        return True
    except Exception as exception:
        enter("applicable")
        print(f"{case.name}: {type(exception).__name__}: {exception}")
        return False
    if ops is None and "unsupported operator:" in reason:
        enter("not imported")
        return True
    enter("applicable")
    enter("passed", ops is not None)
    enter("batch", batched)
    for op in ops or ():
        enter(f"op {op}")
    if ops is None:
        reason = reason.split("): ", 1)[-1]
        explain(reason)
        if verbose:
            print(f"{case.name}: {reason}")
    return True


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--suite", default="node")
    parser.add_argument("--only", default="")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--json")
    arguments = parser.parse_args()
    only = set(filter(None, arguments.only.split(",")))
    table = collections.defaultdict(collections.Counter)
    reasons = collections.defaultdict(collections.Counter)
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(arguments.suite):
            if not only or only & {node.op_type for node in case.model.graph.node}:
                wrong += not count(case, folder, table, reasons, arguments.verbose)
    total = table.pop("", collections.Counter())
    absent = [operator for operator in sorted(table) if table[operator]["not imported"]]
    for operator in sorted(set(table) - set(absent)):
        row = table[operator]
        print(
            f"{operator}: {row['passed']} of {row['applicable']} passed, "
            f"{row['batch']} with a batch"
        )
        for reason, number in reasons[operator].most_common():
            print(f"    left out {number}: {reason}")
    print(
        f"all: {total['passed']} of {total['applicable']} passed, "
        f"{total['batch']} with a batch, {wrong} wrong, "
        f"{total['not applicable']} not applicable"
    )
    print(f"operators not imported: {', '.join(absent)}")
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({"table": table, "reasons": reasons}, file, indent=1)
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
