# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes small networks as ONNX files, named as PyTorch names them.

A Graph takes one layer at a time; each method adds a node, draws the layer's
parameters from the graph's random numbers and returns the name of its output.
The first axis of every input and output is the batch, of any size N.
"""

import numpy as np
from onnx import checker, helper, numpy_helper


class Graph:
    def __init__(self, name, seed, opset=20, dtype=np.float32):
        self.name, self.opset, self.dtype = name, opset, dtype
        self.random = np.random.default_rng(seed)
        self.nodes, self.initializers, self.inputs = [], [], []

    def input(self, name, *shape):
        """An input whose examples have this shape."""
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(self.dtype))
        self.inputs.append(helper.make_tensor_value_info(name, kind, ["N", *shape]))
        return name

    def parameter(self, name, values):
        self.initializers.append(
            numpy_helper.from_array(np.asarray(values, self.dtype), name)
        )
        return name

    def node(self, operator, inputs, name=None, **attributes):
        """Any operator with one output, which is called as the node."""
        name = name or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(
            helper.make_node(operator, inputs, [name], name=name, **attributes)
        )
        return name

    def normal(self, *shape, scale=1.0):
        return scale * self.random.standard_normal(shape)

    def linear(self, x, name, inputs, outputs):
        weight = self.normal(outputs, inputs, scale=inputs**-0.5)
        operands = [
            x,
            self.parameter(f"{name}.weight", weight),
            self.parameter(f"{name}.bias", self.normal(outputs, scale=0.1)),
        ]
        return self.node("Gemm", operands, name, transB=1)

    def conv(self, x, name, inputs, outputs, kernel, stride=1, bias=False, group=1):
        """A square two-dimensional convolution, padded by half its kernel."""
        fan_in = inputs // group * kernel**2
        shape = (outputs, inputs // group, kernel, kernel)
        weight = self.normal(*shape, scale=(2 / fan_in) ** 0.5)
        operands = [x, self.parameter(f"{name}.weight", weight)]
        if bias:
            values = self.normal(outputs, scale=0.1)
            operands.append(self.parameter(f"{name}.bias", values))
        return self.node(
            "Conv",
            operands,
            name,
            kernel_shape=[kernel] * 2,
            strides=[stride] * 2,
            pads=[kernel // 2] * 4,
            dilations=[1, 1],
            group=group,
        )

    def batch_norm(self, x, name, channels):
        """In inference mode, as if after some training."""
        operands = [
            x,
            self.parameter(f"{name}.weight", 1 + self.normal(channels, scale=0.1)),
            self.parameter(f"{name}.bias", self.normal(channels, scale=0.1)),
            self.parameter(f"{name}.running_mean", self.normal(channels, scale=0.1)),
            self.parameter(
                f"{name}.running_var", self.random.uniform(0.5, 1.5, channels)
            ),
        ]
        return self.node("BatchNormalization", operands, name, epsilon=1e-5)

    def relu(self, x):
        return self.node("Relu", [x])

    def model(self, output, *shape):
        """The network up to `output`, whose examples have this shape."""
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(self.dtype))
        outputs = [helper.make_tensor_value_info(output, kind, ["N", *shape])]
        graph = helper.make_graph(
            self.nodes, self.name, self.inputs, outputs, self.initializers
        )
        model = helper.make_model(
            graph,
            producer_name="ntk",
            ir_version=8 if self.opset < 20 else 10,
            opset_imports=[helper.make_opsetid("", self.opset)],
        )
        checker.check_model(model, full_check=True)
        return model


