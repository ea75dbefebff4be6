# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Text of the ntk dialect.

`Writer` collects the lines of an `ntk.network` of one example. It knows how
operations, types, numbers and constants are spelt, and nothing of PyTorch's
operators. Equal operations are written once, and only what the results need is
part of the text.
"""

from __future__ import annotations

import dataclasses
import json
import math
import struct

import torch

from .errors import Refusal

ELEMENTS = {
    torch.float32: "f32",
    torch.float64: "f64",
    torch.bool: "i1",
    torch.int32: "i32",
    torch.int64: "i64",
}


@dataclasses.dataclass(frozen=True)
class Term:
    """A value of the text: its name, sizes, type in PyTorch and in the text.

    `trainable` says that a parameter has a path of derivatives to it.
    """

    name: str
    dims: tuple[int, ...]
    dtype: torch.dtype
    type: str
    trainable: bool = False


@dataclasses.dataclass(frozen=True)
class Line:
    result: str
    operands: tuple[str, ...]
    text: str


def spell_float(number: float, bits: int = 64) -> str:
    """Digits that read back as this number, or its bits where there are none."""
    if math.isfinite(number):
        digits = repr(float(number))
        if "e" in digits and "." not in digits:
            digits = digits.replace("e", ".0e")
        return digits
    return "0x" + struct.pack(">d" if bits == 64 else ">f", number).hex().upper()


def spell_number(number, dtype: torch.dtype) -> str:
    if dtype == torch.bool:
        return "true" if number else "false"
    if dtype.is_floating_point:
        return spell_float(number, 64 if dtype == torch.float64 else 32)
    return str(int(number))


def spell_attribute(value) -> str:
    """Integers are i64, floats f64, sequences arrays of i64, texts as they are."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{spell_float(value)} : f64"
    if isinstance(value, int):
        return f"{int(value)} : i64"
    if isinstance(value, (tuple, list)):
        return "array<i64" + (
            ": " + ", ".join(str(int(v)) for v in value) + ">" if value else ">"
        )
    raise TypeError(f"no attribute for {value!r}")


def spell_elements(tensor: torch.Tensor) -> str:
    """What stands between `dense<` and `>`."""
    flat = tensor.reshape(-1)
    if flat.numel() and bool(((flat == flat[0]) | ((flat != flat) & (flat[0] != flat[0]))).all()):
        return spell_number(flat[0].item(), tensor.dtype)
    if tensor.dtype == torch.bool:
        return str(tensor.tolist()).lower()
    return f'"0x{tensor.contiguous().numpy().tobytes().hex().upper()}"'


def spell_string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


class Writer:
    """Lines of one network, in the order in which they are made.

    `location` is the path of the module that lines belong to. `floats` is the
    type that all floating point is written in; None: as PyTorch has it.
    """

    def __init__(self, floats: torch.dtype | None = None):
        self.floats = floats
        self.lines: list[Line] = []
        self.location = ""
        self._arguments: list[tuple[str, str, bool]] = []
        self._written: dict[tuple, Term] = {}

    def element(self, dtype: torch.dtype) -> torch.dtype:
        """The type that values of `dtype` have in the text."""
        if dtype not in ELEMENTS:
            name = str(dtype).removeprefix("torch.")
            advice = "; call module.float() or .double()" if dtype.is_floating_point else ""
            raise Refusal(
                f"expected f32, f64, int32, int64 or bool, but got {name}{advice}"
            )
        return self.floats or dtype if dtype.is_floating_point else dtype

    def spell_type(self, dims, dtype: torch.dtype) -> str:
        sizes = "".join(f"{size}x" for size in dims)
        return f"tensor<{sizes}{ELEMENTS[self.element(dtype)]}>"

    def term(self, name: str, dims, dtype: torch.dtype, trainable=False) -> Term:
        return Term(name, tuple(dims), dtype, self.spell_type(dims, dtype), trainable)

    def argument(self, kind: str, name: str, dims, dtype: torch.dtype) -> Term:
        """An argument of the network. `kind`: input, param or buffer."""
        term = self.term(f"%{kind}{len(self._arguments)}", dims, dtype, kind == "param")
        text = f"{term.name}: {term.type} {{ntk.{kind} = {spell_string(name)}}}"
        self._arguments.append((term.name, text, kind == "buffer"))
        return term

    def op(self, name, operands, dims, dtype=None, *, words=None, **attributes) -> Term:
        """Writes `ntk.name`; `words` stand in front of the operands.

        The element type is the first operand's if none is given.
        """
        dtype = dtype or operands[0].dtype
        names = tuple(operand.name for operand in operands)
        key = (name, names, words, tuple(dims), dtype, repr(attributes))
        if key in self._written:
            return self._written[key]
        trainable = (
            name not in ("stop_gradient", "compare")
            and dtype.is_floating_point
            and any(operand.trainable for operand in operands)
        )
        result = self.term(f"%{len(self.lines)}", dims, dtype, trainable)
        listed = ", ".join(f"{k} = {spell_attribute(v)}" for k, v in attributes.items())
        read = f"({', '.join(names)})" if words and words[0] == '"' else ", ".join(names)
        types = ", ".join(operand.type for operand in operands)
        parts = [f"{result.name} = ntk.{name}", words, read]
        parts += [f"{{{listed}}}" if listed else "", f": ({types}) -> {result.type}"]
        self._add(result, names, " ".join(part for part in parts if part))
        self._written[key] = result
        return result

    def constant(self, tensor: torch.Tensor) -> Term:
        """A constant with the sizes of `tensor`."""
        kind = self.spell_type(tensor.shape, tensor.dtype)
        elements = spell_elements(tensor.detach().to(self.element(tensor.dtype)))
        key = ("constant", kind, elements, tensor.dtype)
        if key not in self._written:
            result = self.term(f"%{len(self.lines)}", tensor.shape, tensor.dtype)
            self._add(result, (), f"{result.name} = ntk.constant dense<{elements}> : {kind}")
            self._written[key] = result
        return self._written[key]

    def _add(self, result: Term, operands, text: str):
        if self.location:
            text += f" loc({spell_string(self.location)})"
        self.lines.append(Line(result.name, operands, text))

    def network(self, name: str, results: list[Term]) -> tuple[str, set[str]]:
        """The text, and the names of the arguments that it has.

        Inputs and parameters are all there; buffers where a result needs them.
        """
        live = {result.name for result in results}
        kept = []
        for line in reversed(self.lines):
            if line.result in live:
                kept.append(f"  {line.text}")
                live.update(line.operands)
        arguments = [a for a in self._arguments if a[0] in live or not a[2]]
        types = ", ".join(result.type for result in results)
        head = f"ntk.network @{name}({', '.join(text for _, text, _ in arguments)})"
        names = ", ".join(result.name for result in results)
        body = "\n".join(reversed(kept))
        text = f"{head} -> ({types}) {{\n{body}\n  ntk.return {names} : {types}\n}}\n"
        return text, {argument for argument, _, _ in arguments}
