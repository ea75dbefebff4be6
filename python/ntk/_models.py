# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models and options, from what people have to what the library takes."""

import os

import numpy as np

from . import _arrays
from ._errors import Error, Unsupported

# Objects that the compiler does not have yet, by the option that asks for them.
_UNSUPPORTED = {
    "loss": "kernels of losses",
    "per": "kernels of groups of parameters",
    "project": "random projections of gradients",
    "derivatives": "derivatives by inputs",
}

_DTYPES = {"f32": "f32", "float32": "f32", "f64": "f64", "float64": "f64"}


class Source:
    """A model: a file, or bytes that were one.

    Attributes:
        name: the path, or the name for messages.
        content: the bytes, or None for a file.
    """

    def __init__(self, name, content=None):
        self.name = name
        self.content = content
        self._stamp = None if content is not None else _stamp_of(name)

    def __getstate__(self):
        """A file goes along as its path: it has to be the same file there."""
        if self.content is None and _stamp_of(self.name) != self._stamp:
            raise Error(
                f"{self.name}: expected the file as it was when the kernel was made, but it has "
                "changed",
                file=self.name,
            )
        return dict(
            name=os.path.abspath(self.name) if self.content is None else self.name,
            content=self.content,
            _stamp=self._stamp,
        )

    def __setstate__(self, state):
        self.__dict__.update(state)
        if self.content is None and _stamp_of(self.name) != self._stamp:
            raise Error(
                f"{self.name}: expected the file of the kernel that was pickled, but it is another",
                file=self.name,
            )


def _stamp_of(path):
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def read_model(model):
    """The source of a path, of bytes or of an ``onnx.ModelProto``."""
    if isinstance(model, (str, os.PathLike)):
        return Source(os.fspath(model))
    if isinstance(model, (bytes, bytearray, memoryview)):
        return Source("model", bytes(model))
    if hasattr(model, "SerializeToString") and hasattr(model, "graph"):
        try:
            return Source("model", model.SerializeToString())
        except Exception as error:  # of protobuf, above 2 GiB
            raise Error(
                f"model: expected a model that can be serialised, but got: {error}; save it and give "
                "the path",
                argument="model",
            ) from error
    hint = ""
    if hasattr(model, "state_dict") and callable(model):
        hint = "; ntk.from_torch takes modules"
    raise Error(
        "model: expected the path or the bytes of an ONNX model, or an onnx.ModelProto, but got "
        f"{type(model).__name__}{hint}",
        argument="model",
    )


def read_text(text):
    """The source of MLIR text, or of the path of a file of it."""
    if isinstance(text, os.PathLike):
        return Source(os.fspath(text))
    if not isinstance(text, str):
        raise Error(
            f"text: expected MLIR text or a path, but got {type(text).__name__}", argument="text"
        )
    if text.rstrip().endswith(".mlir") and "\n" not in text.strip():
        return Source(text)
    try:
        return Source("network", text.encode())
    except UnicodeEncodeError as error:
        raise Error(f"text: expected text in Unicode: {error}", argument="text") from error


def read_options(options):
    """Options as pairs of texts, and the arrays of ``inputs``."""
    known = {
        "kernel": _text,
        "axes": _axes,
        "outputs": _globs,
        "wrt": _globs,
        "frozen": _globs,
        "method": _text,
        "dtype": _dtype,
        "memory_limit": _number_or_text,
        "threads": _number_or_text,
        "sizes": _sizes,
        "whole_batch": _number_or_text,
        "accept_export": _flag,
        "allow_nonfinite": _flag,
    }
    settings, inputs = [], []
    for name, value in options.items():
        if name in _UNSUPPORTED and value is not None:
            raise Unsupported(
                f"{name}: {_UNSUPPORTED[name]} are not there yet", argument=name, names=(name,)
            )
        if name == "cache" and not isinstance(value, (bool, type(None))):
            raise Error(f"cache: expected True or False, but got {value!r}", argument="cache")
        if value is None or name in _UNSUPPORTED or name == "cache":
            continue
        if name == "inputs":
            inputs = named_values(value, "inputs")
        elif name in known:
            settings += [(name, text) for text in known[name](name, value)]
        else:
            raise TypeError(f"unexpected option {name!r}")
    return settings, inputs


# What the compiler counts with; how many fit is the memory's to say.
_MOST_EXAMPLES = 2**62


def read_sizes(n1, n2):
    """Numbers of examples, 0 for a second side that is the first."""
    for name, n in (("n1", n1), ("n2", n2)):
        if name == "n2" and n is None:
            continue
        if not isinstance(n, (int, np.integer)) or isinstance(n, bool):
            raise _wrong(name, "a number of examples", n)
        if n > _MOST_EXAMPLES:
            raise _wrong(name, f"at most {_MOST_EXAMPLES} examples", n)
    if n2 is not None and n2 < 1:
        raise _wrong("n2", "a number of examples from 1 on", n2)
    return int(n1), int(n2 or 0)


def named_values(values, argument):
    """Pairs of a name and an array, of a mapping; scalars are arrays here."""
    if not hasattr(values, "items"):
        raise Error(
            f"{argument}: expected a dictionary of arrays by name, but got {type(values).__name__}",
            argument=argument,
        )
    pairs = []
    for name, value in values.items():
        if isinstance(value, (bool, int, float, list, tuple)):
            value = np.asarray(value)
        pairs.append((str(name), _arrays.to_numpy(value, f"{argument}: {str(name)!r}")))
    return pairs


def copy_values(pairs):
    """The same pairs of names and arrays, with memory of their own."""
    return None if pairs is None else [(name, array.copy()) for name, array in pairs]


def named_parameters(params):
    """Pairs of a name and an array, of a module, a state_dict or a pytree of
    dictionaries and lists, whose names are joined by dots."""
    if hasattr(params, "state_dict") and callable(params.state_dict):
        params = params.state_dict()
    if not hasattr(params, "items"):
        raise Error(
            "params: expected a state_dict, a module or a dictionary of arrays by name, but got "
            f"{type(params).__name__}",
            argument="params",
        )
    pairs = []

    def visit(name, value):
        if hasattr(value, "items"):
            entries = value.items()
        elif isinstance(value, (list, tuple)) and any(
            _arrays.is_array(v) or hasattr(v, "items") for v in value
        ):
            entries = enumerate(value)
        else:
            pairs.append((name, _arrays.to_numpy(value, f"params: {name!r}")))
            return
        for key, entry in entries:
            visit(f"{name}.{key}" if name else str(key), entry)

    visit("", params)
    return pairs


def _wrong(name, expected, value):
    return Error(f"{name}: expected {expected}, but got {value!r}", argument=name)


def _text(name, value):
    if not isinstance(value, str):
        raise _wrong(name, "a string", value)
    return [value]


def _flag(name, value):
    if not isinstance(value, (bool, np.bool_)):
        raise _wrong(name, "True or False", value)
    return ["true" if value else "false"]


def _globs(name, value):
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, (list, tuple, set, frozenset)) or not all(
        isinstance(v, str) for v in values
    ):
        raise _wrong(name, "a name or a list of names, which may be globs", value)
    # To freeze nothing is a wish, to have nothing else is a mistake.
    if not values and name != "frozen":
        raise _wrong(name, "at least one name", value)
    return list(values)


def _axes(name, value):
    if isinstance(value, (str, int, np.integer)):
        return [str(value)]
    if hasattr(value, "items"):
        return [f"{kind}:{axis}" for axis, kind in value.items()]
    if isinstance(value, (list, tuple)):
        return [str(axis) for axis in value]
    raise _wrong(name, "axes as -1, (0, 1) or {-1: 'trace'}", value)


def _dtype(name, value):
    text = value if isinstance(value, str) else str(getattr(value, "__name__", value))
    short = _DTYPES.get(text.removeprefix("torch."))
    if short is None:
        raise _wrong(name, "'f32' or 'f64', or such a type of NumPy or torch", value)
    return [short]


def _number_or_text(name, value):
    if isinstance(value, (bool, np.bool_)):
        return ["true" if value else "false"]
    if not isinstance(value, (int, np.integer, str)):
        raise _wrong(name, "a number", value)
    return [str(value)]


def _sizes(name, value):
    if isinstance(value, str):
        return [value]
    if not hasattr(value, "items"):
        raise _wrong(name, "a dictionary of numbers by the name of the axis", value)
    return [f"{axis}={size}" for axis, size in value.items()]
