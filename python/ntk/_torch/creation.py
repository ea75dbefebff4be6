# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tensors that are filled, whatever was in them: with a number they are known."""

from __future__ import annotations

import torch

from .builder import Builder
from .rules import RULES, Call, rule
from .values import Constant, as_number


def filled(call: Call, number) -> Constant:
    """A known tensor of one number, at s = 1 and s = 2."""
    one = torch.full(call.shape, number, dtype=call.dtype)
    if call.batch_axis is None:
        return Constant(one)
    shape = list(call.shape)
    shape[call.batch_axis] *= 2
    return Constant(one, torch.full(shape, number, dtype=call.dtype))


def _filler(number):
    return lambda build, call: filled(call, number)


# What an empty tensor holds is written before it is read.
for _name, _number in {"zeros": 0, "ones": 1, "empty": 0}.items():
    RULES[f"{_name}_like"] = _filler(_number)
    RULES[f"new_{_name}"] = _filler(_number)


@rule("full_like", "new_full", "fill")
def full(build: Builder, call: Call):
    value = call.first("value", "fill_value")
    number = as_number(value)
    if number is not None:
        return filled(call, number)
    return build.repeat(build.lift(value, call.dtype), call.shape, call.batch_axis)


@rule("zero")
def zero(build: Builder, call: Call):
    return filled(call, 0)


@rule("copy")
def copy(build: Builder, call: Call):
    source = build.lift(call["src"], call.dtype)
    return build.repeat(source, call.shape, call.batch_axis)
