# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What goes wrong, as exceptions."""

from collections.abc import Iterable


class Error(ValueError):
    """A model, an option or an array that is not as expected: one line that says
    what was found and what was expected.

    Attributes:
        file: the model's file, or the name of a model from memory; None where
            the error is about none.
        node: the node of the model, or None.
        argument: the option or argument, as ``"x1"`` or ``"axes"``, or None.
    """

    file: str | None
    node: str | None
    argument: str | None
    names: tuple[str, ...]

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        node: str | None = None,
        argument: str | None = None,
        names: Iterable[str] = (),
    ) -> None:
        super().__init__(message)
        self.file = file or None
        self.node = node or None
        self.argument = argument or None
        self.names = tuple(names)

    def __reduce__(self):
        return _restore, (type(self), str(self), self.__dict__)


class Unsupported(Error, NotImplementedError):
    """Something right that the compiler does not do.

    Attributes:
        names: what it is, as the types of operators of a model.
    """


def _restore(kind, message, state):
    error = kind(message)
    error.__dict__.update(state)
    return error
