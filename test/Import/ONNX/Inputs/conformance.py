# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the node tests of the onnx package through the importer.

    conformance.py [--only OPERATOR,...] [--verbose]

A case is a model of one operator with inputs and the outputs that ONNX's own
reference gives. The model is imported by `ntk-translate --onnx-to-ntk` in up to
four ways: with all inputs as inputs of the network, with only those of floats,
with only the first, with none; the others are initializers, or constants of the
graph where there is no input. Each network is
evaluated with NumPy and compared. Where the importer accepts the leading axis
as the batch, the network of one example is compared too, example by example.
Outputs of integers and booleans are cast to floats. Cases of a newer operator
set are taken for the newest one that is supported, if that has the operator.

A case passes if it was imported in one of the ways and no result differs.
Prints passed of applicable for each operator, in how many cases the batch was
accepted, and the reasons of what was left out: refused by the importer, or not
applicable (no tensors of numbers, operators that are not imported at all). The
exit status is 1 if a result differs or the importer crashes.
"""

import argparse
import collections
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.backend.test.case.node import collect_testcases

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


def variant(case, inputs, kept):
    """The model with the inputs in `kept` as inputs, the others initializers."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    for opset in model.opset_import:
        opset.version = min(max(opset.version, OLDEST), NEWEST)
    graph = model.graph
    values = {v.name: x for v, x in zip(graph.input, inputs)}
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
    return model, values


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
    """(imported, batch accepted, reason of the last refusal) of one case."""
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
    imported, batched, reason = False, False, ""
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
        compare_whole(case, network, given, values, expected)
        if not given or any(x.ndim == 0 or len(x) < 2 for x in given):
            continue
        network, refusal = run_importer(path, [])
        if network is not None:
            batched = True
            compare_batch(case, network, given, values, expected)
    return imported, batched, reason


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    only = set(filter(None, arguments.only.split(",")))
    table = collections.defaultdict(collections.Counter)
    reasons = collections.defaultdict(collections.Counter)
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for case in collect_testcases(None):
            node = case.model.graph.node
            if len(node) != 1 or node[0].domain or case.name.endswith("_expanded"):
                continue
            if "_expanded" in case.name:
                continue
            operator = node[0].op_type
            if only and operator not in only:
                continue
            row = table[operator]
            try:
                imported, batched, reason = run(case, folder)
            except NotApplicable as exception:
                row["not applicable"] += 1
                reasons[operator][str(exception)] += 1
                continue
            except Exception as exception:
                wrong += 1
                row["applicable"] += 1
                print(f"{case.name}: {type(exception).__name__}: {exception}")
                continue
            if not imported and "unsupported operator:" in reason:
                row["not imported"] += 1
                continue
            row["applicable"] += 1
            row["passed"] += imported
            row["batch"] += batched
            if not imported:
                reason = reason.split("): ", 1)[-1]
                reasons[operator][reason] += 1
                if arguments.verbose:
                    print(f"{case.name}: {reason}")
    absent = []
    total = collections.Counter()
    for operator in sorted(table):
        row = table[operator]
        total.update(row)
        if row["not imported"]:
            absent.append(operator)
            continue
        print(
            f"{operator}: {row['passed']} of {row['applicable']} passed, "
            f"{row['batch']} with a batch"
        )
        for reason, count in reasons[operator].most_common():
            print(f"    left out {count}: {reason}")
    print(
        f"all: {total['passed']} of {total['applicable']} passed, "
        f"{total['batch']} with a batch, {wrong} wrong, "
        f"{total['not applicable']} not applicable"
    )
    print(f"operators not imported: {', '.join(absent)}")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
