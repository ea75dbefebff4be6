# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Types of what is given and of what comes back."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

Array = Any
"""An array of NumPy, torch or JAX, or what has DLPack's or NumPy's protocol."""

Examples = Array | Mapping[str, Array] | Sequence[Array]
"""Examples along the first axis; of several inputs by name, or in their order."""

Parameters = Any
"""Arrays by name: a mapping, mappings in each other, or what has a state_dict."""

Globs = str | Sequence[str]


class Options(TypedDict, total=False):
    """Options of a kernel; see :func:`ntk.compile`. None is as if not given."""

    kernel: Literal["full", "trace", "diagonal", "sum"] | str | None
    axes: str | int | Sequence[int] | Mapping[int, str] | None
    outputs: Globs | None
    inputs: Mapping[str, Any] | None
    sizes: str | Mapping[str, int] | None
    wrt: Globs | None
    frozen: Globs | None
    method: Literal["auto", "jacobian-contraction", "ntk-vector-products", "structured"] | None
    dtype: Any
    memory_limit: int | str | None
    threads: int | None
    whole_batch: bool | int | None
    accept_export: bool
    allow_nonfinite: bool
    cache: bool
    loss: None
    per: None
    project: None
    derivatives: None
