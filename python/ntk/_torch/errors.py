# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What goes wrong, and how it is said.

A rule raises `Refusal` with what is not possible; the interpreter adds the
operator and the module that it stands in, goes on to find what else is
refused, and raises one error that names all.
"""

from __future__ import annotations

try:
    from ntk import Error, Unsupported
except ImportError:  # the lowering alone, without the compiled package

    class Error(ValueError):
        """What a user can put right: `argument` names what was wrong."""

        def __init__(self, message: str, *, argument: str | None = None, **_):
            super().__init__(message)
            self.argument = argument

    class Unsupported(Error, NotImplementedError):
        """What has no counterpart here; `names` are the operators or modules."""

        def __init__(self, message: str, names=(), **rest):
            super().__init__(message, **rest)
            self.names = list(names)


class Refusal(Exception):
    """Raised inside of rules: why a node cannot be lowered.

    `unsupported` tells what this front end lacks from what no kernel of single
    examples can have (examples that mix, changed buffers, dropout).
    """

    def __init__(self, reason: str, unsupported: bool = False):
        super().__init__(reason)
        self.unsupported = unsupported


class Lost(Exception):
    """A node cannot be lowered because one that it reads could not be."""


def mixes(reason: str) -> Refusal:
    """Refuses what makes an example's output depend on other examples."""
    return Refusal(f"{reason}: examples of the batch mix")


def lacks(what: str) -> Refusal:
    """Refuses what has no rule here."""
    return Refusal(f"{what} is not supported", unsupported=True)
