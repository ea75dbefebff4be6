# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Plans: what a kernel costs, and how it is computed."""

import html
import json
from collections.abc import KeysView
from typing import Any


class Plan:
    """The plan of a kernel for some numbers of examples.

    Printed, it is the table of ``ntk-run --plan``. What that prints as JSON is
    there by key, ``plan["peak_bytes"]``, and the most used as attributes.

    Attributes:
        flops: of the kernel; a multiply-add is two.
        flops_by_method: the same by each method of the paper.
        peak_bytes: memory of a run, at most.
        predicted_seconds: of a run, on this machine.
        method: the method that is taken.
        sites: contributions to the kernel, one a dictionary.
        parameters: what is differentiated by.
    """

    def __init__(self, table: str, text: str) -> None:
        self._table = table
        self._values = json.loads(text)

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def keys(self) -> KeysView[str]:
        return self._values.keys()

    def __getattr__(self, name: str) -> Any:
        values = self.__dict__.get("_values", {})
        if name in values:
            return values[name]
        raise AttributeError(f"a plan has no {name!r}; it has {', '.join(values)}")

    def __str__(self) -> str:
        return self._table

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self._table)}</pre>"
