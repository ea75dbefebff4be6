# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From a module and an example to the text of its network and its parameters."""

from __future__ import annotations

import dataclasses
import fnmatch
import time

import torch

from . import (  # noqa: F401  (the rules in them register themselves)
    arithmetic, attention, convolution, creation, elementwise, indexing, linear, losses, movement,
    norms, pooling, recurrent, reductions, resampling,
)
from .errors import Error, Refusal, Unsupported
from .export import Example, export, output_names, read_example, refuse_module
from .interpreter import Frame, Interpreter
from .symbols import result_of
from .text import Writer
from .values import Constant, Value


@dataclasses.dataclass
class Lowered:
    """A network of one example.

    text: the `ntk.network`.
    parameters: arrays (tensors that share the module's memory, if they have its
      type) by the names of its `state_dict`, parameters and floating-point buffers;
      of tied names one.
    trainable: the names among them that are differentiated by.
    inputs: the names of the network's inputs, in order.
    outputs: the names of its outputs, in order; `axes`: where the module has the
      examples in each; `sizes`: the other axes of each.
    module, example: what was lowered; `chosen` are the numbers of `outputs` among
      all leaves of the module's result.
    seconds: by phase: `export`, `lower`.
    """

    text: str
    parameters: dict[str, torch.Tensor]
    trainable: list[str]
    inputs: list[str]
    outputs: list[str]
    axes: list[int]
    sizes: list[tuple[int, ...]]
    module: torch.nn.Module
    example: Example
    chosen: list[int]
    seconds: dict[str, float]


def lower(module, args, kwargs=None, *, outputs=None, every=False, dtype=None) -> Lowered:
    """Lowers a module at an example; see `from_torch`.

    every: parameters that do not require gradients are trainable, too.
    dtype: torch.float32 or torch.float64, what is computed in; None: as the module.
    """
    module = getattr(module, "_orig_mod", module)
    refuse_module(module)
    example = read_example(args, kwargs)
    start = time.perf_counter()
    program = export(module, example)
    exported = time.perf_counter()
    lowering = _Lowering(program, every, dtype)
    chosen = choose_outputs(program, outputs)
    results = lowering.run(chosen)
    text, present = lowering.writer.network("net", results)
    held = {n: t for name, (n, t) in lowering.held.items() if name in present}
    names = output_names(program)
    return Lowered(
        text=text, parameters=held,
        trainable=[n for n in held if n in lowering.trainable],
        inputs=lowering.inputs, outputs=[names[i] for i in chosen], axes=lowering.axes,
        sizes=[term.dims for term in results],
        module=module, example=example, chosen=chosen,
        seconds={"export": exported - start, "lower": time.perf_counter() - exported},
    )


def choose_outputs(program, globs) -> list[int]:
    """The numbers of the outputs that these globs name; of all without globs."""
    names = output_names(program)
    (node,) = (n for n in program.graph.nodes if n.op == "output")
    metas = [n.meta.get("val") if isinstance(n, torch.fx.Node) else None for n in node.args[0]]
    metas = metas[len(metas) - len(names):]
    globs = [globs] if isinstance(globs, str) else globs
    chosen = []
    for i, (name, meta) in enumerate(zip(names, metas)):
        if globs is not None and not any(fnmatch.fnmatchcase(name, g) for g in globs):
            continue
        if not isinstance(meta, torch.Tensor) or not meta.dtype.is_floating_point:
            if globs is None and not isinstance(meta, torch.Tensor):
                continue
            kind = meta.dtype if isinstance(meta, torch.Tensor) else type(meta).__name__
            raise Error(
                f"from_torch: expected outputs of floating point, but '{name}' is {kind}; "
                f"choose with outputs=, of {', '.join(names)}", argument="outputs",
            )
        chosen.append(i)
    if not chosen:
        raise Error(
            f"from_torch: expected an output of floating point named "
            f"{', '.join(globs or ['*'])}, but the module has {', '.join(names) or 'none'}",
            argument="outputs",
        )
    return chosen


def is_fresh(node) -> bool:
    """Is a tensor of the program made anew in each call, from a list of numbers?"""
    copy = torch.ops.aten.lift_fresh_copy.default
    return bool(node.users) and all(user.target is copy for user in node.users)


class _Lowering:
    """One program on its way to text: arguments, body, results."""

    def __init__(self, program: torch.export.ExportedProgram, every: bool, dtype):
        self.program = program
        self.every = every
        self.writer = Writer(dtype)
        self.inputs: list[str] = []
        self.axes: list[int] = []
        self.trainable: set[str] = set()
        self.held: dict[str, tuple[str, torch.Tensor]] = {}
        self._tied: dict[int, Value] = {}

    def run(self, chosen: list[int]):
        """The terms of the chosen outputs."""
        graph = self.program.graph_module
        nodes = [n for n in graph.graph.nodes if n.op == "placeholder"]
        frame = Frame(graph, [self.argument(n) for n in nodes], True, chosen)
        self.guard(frame, nodes)
        interpreter = Interpreter(self.writer)
        results = interpreter.run(frame)
        interpreter.raise_refusals()
        names = output_names(self.program)
        self.writer.location = ""
        return [self.output(interpreter.build, results[i], names[i]) for i in chosen]

    def argument(self, node):
        """What a placeholder stands for."""
        signature = self.program.graph_signature
        if node.name in signature.inputs_to_parameters:
            return self.parameter(signature.inputs_to_parameters[node.name])
        for table in (signature.inputs_to_buffers, signature.inputs_to_lifted_tensor_constants):
            if node.name in table:
                return self.buffer(table[node.name])
        meta = node.meta.get("val")
        if not isinstance(meta, torch.Tensor):
            return meta
        result = result_of(meta)
        shape = result.shape[1:]
        try:
            term = self.writer.argument("input", node.name, shape, result.dtype)
        except Refusal as refusal:
            text = f"from_torch: input '{node.name}': {refusal}"
            raise Unsupported(text, names=[node.name]) from None
        self.inputs.append(node.name)
        return self.whole(term, result.shape, True)

    def whole(self, term, shape, batch=False) -> Value:
        """A value of an argument, whose term has its units."""
        from .builder import Builder
        from .values import Batch

        place = Batch(0, frozenset([1])) if batch else None
        return Builder(self.writer).wrap(term, shape, place)

    def parameter(self, name: str) -> Value:
        tensor = self.program.state_dict[name]
        if id(tensor) not in self._tied:
            trainable = tensor.is_floating_point() and (tensor.requires_grad or self.every)
            if trainable:
                self.trainable.add(name)
            self._tied[id(tensor)] = self.declare("param" if trainable else "buffer", name, tensor)
        return self._tied[id(tensor)]

    def buffer(self, name: str):
        """Buffers that a state_dict has are arguments if they are of floating point;
        all other tensors of a module are part of the network."""
        if name in self.program.state_dict:
            tensor = self.program.state_dict[name]
            if tensor.is_floating_point():
                return self.declare("buffer", name, tensor)
        else:
            tensor = self.program.constants[name]
        return Constant(tensor.detach().clone())

    def declare(self, kind: str, name: str, tensor) -> Value:
        try:
            term = self.writer.argument(kind, name, tensor.shape, tensor.dtype)
        except Refusal as refusal:
            raise Unsupported(f"from_torch: '{name}': {refusal}", names=[name]) from None
        self.held[term.name] = (name, tensor.detach().to(self.writer.element(tensor.dtype)))
        return self.whole(term, tensor.shape)

    def guard(self, frame: Frame, nodes):
        """Refuses writes into what the module keeps."""
        signature = self.program.graph_signature
        for node in nodes:
            if node.name in signature.inputs_to_parameters:
                name = signature.inputs_to_parameters[node.name]
                frame.storages.guard(node, f"the parameter '{name}'")
            elif node.name in signature.inputs_to_buffers:
                name = signature.inputs_to_buffers[node.name]
                frame.storages.guard(node, f"the buffer '{name}'")
            elif node.name in signature.inputs_to_lifted_tensor_constants and not is_fresh(node):
                frame.storages.guard(node, "a tensor that the module keeps")

    def output(self, build, v, name: str):
        """The term of an output, without the batch axis."""
        if v is None:
            raise Error(f"from_torch: output '{name}' was not lowered")
        v = build.lift(v)
        if v.batch is None:
            raise Error(
                f"from_torch: output '{name}' has no batch axis: examples of the batch mix "
                "(a loss per example has reduction='none')", argument="module",
            )
        axis = v.batch.axis
        if v.shape[axis] != 1:
            raise Error(
                f"from_torch: expected output '{name}' to have the examples in an axis of "
                f"their own, but axis {axis} has {v.shape[axis]} entries for each",
                argument="module",
            )
        self.axes.append(axis)
        shape = v.shape[:axis] + v.shape[axis + 1 :]
        return build.shaped(v.term, shape)
