# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Walks an exported program and writes the network of one example.

Each node is computed by PyTorch if all that it reads is known, and otherwise
lowered by its rule. What comes out is checked against the symbolic shapes of
the program: the batch has to be where the rule says, whole, in one axis. All
refusals of a program are collected before one error names them.
"""

from __future__ import annotations

import operator

import torch
from torch.utils import _pytree as pytree

from .builder import Builder
from .errors import Error, Lost, Refusal, Unsupported, mixes
from .folding import counts_examples, fold, is_random, is_tensor
from .mutation import Storages
from .rules import RULES, Call, Result
from .symbols import evaluate_symbol, result_of
from .text import Writer
from .values import Constant, Value

# Say something about tensors, and compute nothing.
CHECKS = {
    "_assert_tensor_metadata", "_assert_scalar", "_assert_async", "_functional_assert_async",
    "sym_constrain_range", "sym_constrain_range_for_size", "_functional_assert_scalar",
}
# Take a shape and type from their operand, and no number.
MAKE_LIKE = {
    "zeros_like", "ones_like", "full_like", "empty_like", "new_zeros", "new_ones", "new_full",
    "new_empty",
}


class Frame:
    """A graph with what its nodes are, and whether derivatives are recorded.

    `wanted` are the numbers of the results that are needed; None: all.
    """

    def __init__(self, module: torch.fx.GraphModule, arguments, gradients: bool, wanted=None):
        self.module = module
        self.gradients = gradients
        self.known: dict[torch.fx.Node, object] = {}
        self.storages = Storages(module.graph)
        inputs = (n for n in module.graph.nodes if n.op == "placeholder")
        self.known.update(zip(inputs, arguments))
        self.needed = needed(module.graph, wanted)


class Interpreter:
    """Lowers the graphs of one exported program into `writer`."""

    def __init__(self, writer: Writer):
        self.writer = writer
        self.build = Builder(writer)
        self.refusals: list[tuple[str, str, Refusal]] = []

    def run(self, frame: Frame):
        """The results of a graph, as its output node lists them."""
        for node in frame.module.graph.nodes:
            if node.op == "output":
                return pytree.tree_map(
                    lambda a: frame.known.get(a) if isinstance(a, torch.fx.Node) else a,
                    node.args[0],
                )
            if node not in frame.needed:
                continue
            if node.op == "get_attr":
                frame.known[node] = self.attribute(frame, node)
            elif node.op != "placeholder":
                self.visit(frame, node)
        raise Error("from_torch: expected a graph with an output")

    def attribute(self, frame: Frame, node):
        found = operator.attrgetter(node.target)(frame.module)
        return Constant(found.detach().clone()) if isinstance(found, torch.Tensor) else found

    def visit(self, frame: Frame, node):
        self.writer.location = module_path(node)
        try:
            frame.known[node] = self.evaluate(frame, node)
        except Lost:
            frame.known[node] = None
        except Refusal as refusal:
            self.refusals.append((describe(node), operator_name(node), refusal))
            frame.known[node] = None
        except (Error, KeyboardInterrupt):
            raise
        except Exception as fault:
            raise Error(
                f"from_torch: {describe(node)}: cannot be lowered "
                f"({type(fault).__name__}: {fault})"
            ) from fault

    def evaluate(self, frame: Frame, node):
        meta = node.meta.get("val")
        if node.target is operator.getitem:
            found = self.resolve(frame, node.args[0])[node.args[1]]
            if found is None and not isinstance(node.args[0].target, torch._ops.OpOverload):
                raise Lost
            if found is None:
                raise Refusal(f"result {node.args[1]} is not supported", unsupported=True)
            return found
        if isinstance(meta, (torch.SymInt, torch.SymFloat, torch.SymBool)):
            return evaluate_symbol(meta)
        if not isinstance(node.target, torch._ops.OpOverload):
            return self.region(frame, node)
        name = operator_name(node)
        if name in CHECKS:
            return None
        args, kwargs = self.resolve(frame, (node.args, node.kwargs))
        leaves = pytree.tree_leaves((args, kwargs), is_leaf=is_tensor)
        if node.target._schema.is_mutable:
            return self.mutate(frame, node, name, args, kwargs, leaves)
        return self.compute(frame, node, name, args, kwargs, leaves)

    def resolve(self, frame: Frame, structure):
        """The values of the nodes in a structure of arguments."""

        def look_up(node):
            found = frame.known[node]
            if found is None and node.op != "placeholder":
                raise Lost
            return found

        return torch.fx.node.map_arg(structure, look_up)

    # What a node computes.

    def compute(self, frame, node, name, args, kwargs, leaves):
        """The results of an operator that changes none of its arguments."""
        arguments = bind(node.target, args, kwargs)
        if not any(isinstance(leaf, Value) for leaf in leaves):
            if name not in RULES or not is_random(node.target):
                return fold(node.target, name, arguments, args, kwargs, leaves)
        if name not in RULES:
            raise Refusal("is not supported", unsupported=True)
        if counts_examples(name, arguments, leaves):
            raise mixes("computes with the batch size")
        call = Call(name, arguments, results_of(node))
        found = RULES[name](self.build, call)
        several = isinstance(found, (tuple, list))
        checked = [
            self.check(name, v, expected, leaves, frame.gradients)
            for v, expected in zip(found if several else [found], call.results)
        ]
        return tuple(checked) if several else checked[0]

    def check(self, name, v, expected: Result | None, leaves, gradients: bool):
        """The result of a rule, if it is what PyTorch's own shapes say."""
        if expected is None or v is None or isinstance(v, Constant):
            return v
        if v.shape != expected.shape or v.dtype != expected.dtype:
            raise Refusal(
                f"should be {expected.shape} of {expected.dtype}, but its rule gives {v.shape} "
                f"of {v.dtype}", unsupported=True,
            )
        axis = v.batch.axis if v.batch else None
        if axis != expected.batch_axis:
            if expected.batch_axis is None:
                raise mixes("the batch axis vanishes")
            raise mixes("the batch is in another axis than its entries")
        reads_batch = any(isinstance(x, Value) and x.batch for x in leaves)
        if axis is None and reads_batch and name not in MAKE_LIKE:
            raise mixes("the batch axis vanishes")
        return v if gradients else self.build.stop(v)

    def mutate(self, frame, node, name, args, kwargs, leaves):
        """An operator that writes into its first argument."""
        target = node.args[0]
        if not isinstance(target, torch.fx.Node):
            raise Refusal("writes into what is no tensor", unsupported=True)
        written = args[0]
        if name == "detach":
            frame.known[target] = self.build.stop(written)
            return frame.known[target]
        frame.storages.refuse_guarded(target)
        if not any(isinstance(leaf, Value) for leaf in leaves):
            if not frame.storages.holds_values(frame.known, target):
                arguments = bind(node.target, args, kwargs)
                return fold(node.target, name, arguments, args, kwargs, leaves)
            args = (self.build.lift(written), *args[1:])
            leaves = [args[0], *leaves]
        if not frame.gradients and written.trainable:
            raise Refusal("changes a value under torch.no_grad that derivatives go through")
        result = self.build.lift(self.compute(frame, node, name, args, kwargs, leaves))
        frame.storages.write(self.build, frame.known, node, target, result)
        return result

    # Regions of the program.

    def region(self, frame: Frame, node):
        """A graph inside of the graph: torch.no_grad, autocast, checkpoint."""
        kind = str(getattr(node.target, "__name__", node.target))
        if kind == "wrap_with_set_grad_enabled":
            gradients, module, *arguments = self.resolve(frame, node.args)
        elif kind == "wrap_with_autocast":
            _, dtype, enabled, _, module, *arguments = self.resolve(frame, node.args)
            if enabled:
                raise Refusal(f"torch.autocast to {dtype} is not supported", unsupported=True)
            gradients = frame.gradients
        elif kind == "tag_activation_checkpoint":
            module, *arguments = self.resolve(frame, node.args)
            gradients = frame.gradients
        else:
            raise Refusal("is not supported", unsupported=True)
        inner = Frame(module, arguments, gradients)
        outer = [a for a in node.args if isinstance(a, torch.fx.Node) and a.op != "get_attr"]
        inner.storages.guard_inputs([frame.storages.guarded(a) for a in outer])
        return self.run(inner)

    def raise_refusals(self):
        """One error that names all that was refused."""
        if not self.refusals:
            return
        lines = list(dict.fromkeys(f"{where}: {r}" for where, _, r in self.refusals))
        names = list(dict.fromkeys(name for _, name, _ in self.refusals))
        text = "from_torch: " + "; ".join(lines[:8])
        if len(lines) > 8:
            text += f"; and {len(lines) - 8} more ({', '.join(names)})"
        if any(refusal.unsupported for _, _, refusal in self.refusals):
            raise Unsupported(text, names=names)
        raise Error(text)


# What is known of nodes.


def needed(graph: torch.fx.Graph, wanted) -> set:
    """The nodes that the wanted results read, and those that write."""
    (output,) = (node for node in graph.nodes if node.op == "output")
    results = output.all_input_nodes
    if wanted is not None:
        results = [output.args[0][i] for i in wanted]
    stack = [node for node in graph.nodes if writes(node)] + list(results)
    found = set()
    while stack:
        node = stack.pop()
        if isinstance(node, torch.fx.Node) and node not in found:
            found.add(node)
            stack.extend(node.all_input_nodes)
    return found


def writes(node) -> bool:
    """Does a node, or a region that it runs, write into a tensor?"""
    if isinstance(node.target, torch._ops.OpOverload):
        return node.target._schema.is_mutable
    graphs = (getattr(a, "graph", None) for a in submodules(node))
    return any(writes(inner) for graph in graphs if graph for inner in graph.nodes)


def submodules(node) -> list:
    """The modules that a node of the kind of wrap_with_set_grad_enabled runs."""
    if node.op != "call_function":
        return []
    read = [a for a in node.all_input_nodes if a.op == "get_attr"]
    return [operator.attrgetter(a.target)(node.graph.owning_module) for a in read]


def module_path(node) -> str:
    """The path of the module that a node stands in, as in state_dict names."""
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    return stack[-1][0].replace("L['self'].", "").replace("L['self']", "") if stack else ""


def operator_name(node) -> str:
    """The ATen name without overload and without the underscore of in-place forms."""
    if not isinstance(node.target, torch._ops.OpOverload):
        return str(getattr(node.target, "__name__", node.target))
    space, name = node.target._schema.name.split("::")
    if space != "aten":
        return f"{space}.{name}"
    if node.target._schema.is_mutable and name.endswith("_") and not name.endswith("__"):
        return name[:-1]
    return name


def describe(node) -> str:
    path = module_path(node)
    inside = f" in module '{path}'" if path else ""
    overload = isinstance(node.target, torch._ops.OpOverload)
    return f"{node.target if overload else operator_name(node)} ('{node.name}'{inside})"


def results_of(node) -> list[Result | None]:
    meta = node.meta.get("val")
    several = isinstance(meta, (tuple, list))
    return [result_of(m) for m in (meta if several else [meta])]


def bind(target, args, kwargs) -> dict:
    """Arguments by the names of the schema, defaults included."""
    bound = {}
    for i, parameter in enumerate(target._schema.arguments):
        if i < len(args):
            bound[parameter.name] = args[i]
        else:
            bound[parameter.name] = kwargs.get(parameter.name, parameter.default_value)
    return bound
