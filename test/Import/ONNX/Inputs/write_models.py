# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the models whose text stands in a test: write_models.py TEST FOLDER.

A line `--- NAME [opset=N] [producer=P]` starts a model in ONNX's text syntax, a
line `}` ends it. Tensors that are declared in <…> without values and that no
node makes are initializers with random values. Local functions, of domain `local`,
follow the model, each behind a line `+++`.
"""

import os
import re
import sys

import numpy as np
import onnx
from onnx import helper, numpy_helper, parser


def add_initializers(graph, random):
    made = {name for node in graph.node for name in node.output}
    left = []
    for value in graph.value_info:
        if value.name in made:
            left.append(value)
            continue
        tensor = value.type.tensor_type
        shape = [d.dim_value for d in tensor.shape.dim]
        dtype = helper.tensor_dtype_to_np_dtype(tensor.elem_type)
        values = 0.5 + 0.3 * random.standard_normal(shape)
        graph.initializer.append(
            numpy_helper.from_array(np.asarray(values, dtype), value.name)
        )
    del graph.value_info[:]
    graph.value_info.extend(left)


def write(test, folder):
    block = r"(?:.*\n)*?\}\n"
    pattern = rf"^--- (\S+)(.*)\n({block})((?:\+\+\+\n{block})*)"
    blocks = re.findall(pattern, open(test).read(), re.M)
    random = np.random.default_rng(1)
    for name, options, text, functions in blocks:
        options = dict(o.split("=") for o in options.split())
        graph = parser.parse_graph(text)
        add_initializers(graph, random)
        model = helper.make_model(
            graph,
            ir_version=8,
            producer_name=options.get("producer", ""),
            opset_imports=[
                helper.make_opsetid("", int(options.get("opset", 20))),
                helper.make_opsetid("com.microsoft", 1),
                helper.make_opsetid("local", 1),
                helper.make_opsetid("ai.onnx.ml", 3),
            ],
            functions=[
                parser.parse_function(function)
                for function in functions.split("+++\n")[1:]
            ],
        )
        path = os.path.join(folder, f"{name}.onnx")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        onnx.save(model, path)


if __name__ == "__main__":
    write(*sys.argv[1:])
