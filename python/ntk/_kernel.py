# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The kernel of a network as an object that is called."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Unpack

import numpy as np

from . import _arrays, _core, _forks, _models
from ._errors import Error, Unsupported
from ._plan import Plan
from ._progress import Progress
from ._types import Array, Examples, Options, Parameters

if TYPE_CHECKING:
    from ._operators import KernelOperator


class Parameter(NamedTuple):
    """A parameter or buffer of a network."""

    shape: tuple[int, ...]
    dtype: str
    trainable: bool
    """Is the kernel by it? Buffers and frozen parameters are not."""
    needed: bool
    """Does the model bring no value for it? Then ``params`` has to."""


class Tensor(NamedTuple):
    """An input or output of a network, of one example."""

    shape: tuple[int, ...]
    dtype: str


class Kernel:
    """The neural tangent kernel of a network, compiled when it is first called.

    A kernel never changes: ``bind`` and ``variant`` make others. It can be called
    from any thread, one call at a time; it pickles and copies as its model and
    options, without code. Made by :func:`ntk.compile`, :func:`ntk.from_mlir` and
    :func:`ntk.from_torch`.
    """

    def __init__(self, source, options, params=None, partial=False):
        settings, inputs = _models.read_options(options)
        # Copies: what is made of a kernel later has its values, whatever has
        # become of the caller's arrays.
        inputs, params = _models.copy_values(inputs), _models.copy_values(params)
        self._source = source
        self._options = {**options, "inputs": dict(inputs)} if inputs else options
        self._params = params
        self._partial = partial
        self._core = _core.Kernel(source.name, source.content, settings, inputs, params, partial)
        self._finish()
        for line in self._core.messages(True):
            warnings.warn(line, stacklevel=3)

    def _finish(self):
        self._bound: _core.Parameters | None = None
        self._bound_values: list | None = None
        self._bound_partial = False
        self._dtype = np.dtype(self._core.dtype)
        self._names = [name for name, *_ in self._core.inputs]

    # Calls

    def __call__(
        self,
        x1: Examples,
        x2: Examples | None = None,
        *,
        params: Parameters | None = None,
        partial: bool = False,
        out: Array | None = None,
        targets1: None = None,
        targets2: None = None,
        weights1: None = None,
        weights2: None = None,
    ) -> Any:
        """The kernel of the examples ``x1`` with ``x2``, or with themselves.

        Args:
            x1: examples along the first axis, as an array of NumPy, torch or JAX; of
                a network with several inputs a dictionary by name, or a list in the
                order of ``inputs``. An array without the first axis is shared by all
                examples. Floats of any width are converted.
            x2: the examples of the other side, or None.
            params: values for parameters and buffers by name, a state_dict or a
                module; those of the model without it.
            partial: may ``params`` leave some out? They are as without ``params`` then.
            out: an array that the kernel is written to, which is returned.
            targets1, targets2, weights1, weights2: not there yet.

        Returns:
            ``[N1, N2, O, O]`` for a full kernel, ``[N1, N2]`` for a trace or a sum,
            ``[N1, N2, O]`` for a diagonal, in the library of ``x1``.

        Raises:
            Error: for arrays that do not fit.
            KeyboardInterrupt: on Ctrl-C, between two tiles.
        """
        for name, value in zip(
            ("targets1", "targets2", "weights1", "weights2"),
            (targets1, targets2, weights1, weights2),
        ):
            if value is not None:
                raise _missing(name, "kernels of losses or with weights")
        first, library = self._examples(x1, "x1")
        second = None if x2 is None else self._examples(x2, "x2")[0]
        parameters = self._bound
        read = {"x1": first, "x2": second or []}
        if params is not None:
            read["params"] = _models.named_parameters(params)
            values = self._complete(read["params"], partial)
            parameters = self._core.set_parameters(*values, True)
        elif partial:
            raise Error("partial: expected params", argument="partial")
        n1 = self._count(first)
        shape = self._core.shape(n1, n1 if second is None else self._count(second))
        if out is None:
            _arrays.check_result(library, self._dtype)
            theta = np.empty(shape, self._dtype)
        else:
            theta = _arrays.check_output(out, shape, self._dtype)
            _arrays.check_apart(theta, read)
        if _core.is_forked():
            _forks.warn()
            self._core.call(first, second, parameters, theta, None)
        else:
            progress = Progress()
            try:
                self._core.call(first, second, parameters, theta, progress)
            finally:
                progress.close()
        return _arrays.from_numpy(theta, library) if out is None else out

    def diag(self, x: Examples, *, params: Parameters | None = None, partial: bool = False) -> Any:
        """The kernel of each example with itself: ``[N, O, O]`` for a full kernel,
        ``[N]`` for a trace. Costs what N kernels of one example do.
        """
        if self._options.get("whole_batch"):
            raise Unsupported("diag: kernels of whole batches have no single examples")
        examples, library = self._examples(x, "x")
        kernel = self if params is None else self.bind(params, partial=partial)
        count = self._count(examples)
        if count == 0:
            return kernel(x)  # says what is wrong
        theta = np.empty((count, *self._core.shape(1, 1)[2:]), self._dtype)
        by_name = dict(zip(self._names, (entry[1] for entry in examples)))
        shapes = {name: shape for name, shape, *_ in self._core.inputs}
        for i in range(count):
            one = {
                name: a if len(self._names) > 1 and a.shape == shapes[name] else a[i : i + 1]
                for name, a in by_name.items()
            }
            theta[i] = kernel(one if len(one) > 1 else next(iter(one.values())))[0, 0]
        return _arrays.from_numpy(theta, library)

    def linear_operator(
        self,
        x1: Examples,
        x2: Examples | None = None,
        *,
        params: Parameters | None = None,
        partial: bool = False,
    ) -> KernelOperator:
        """The kernel as a ``scipy.sparse.linalg.LinearOperator``, whose rows are
        (example, output), the outputs of an example behind each other; of a trace
        or a sum (example). Computed when it is first applied, and kept.
        """
        from ._operators import KernelOperator

        return KernelOperator(self, x1, x2, params, partial)

    # Other kernels

    def bind(self, params: Parameters, *, partial: bool = False) -> Kernel:
        """This kernel with other parameters, which are copied: the same code."""
        values = _models.copy_values(_models.named_parameters(params))
        return self._with(*self._complete(values, partial))

    def _complete(self, values, partial):
        """Values and whether some may be missing: those that are not given are the
        ones that are bound, if any are."""
        if self._bound_values is None or not partial:
            return values, partial
        return list({**dict(self._bound_values), **dict(values)}.items()), self._bound_partial

    def _with(self, values, partial):
        other = self.__copy__()
        other._bound = self._core.set_parameters(values, partial, False)
        other._bound_values = values
        other._bound_partial = partial
        return other

    def variant(self, **opts: Unpack[Options]) -> Kernel:
        """The kernel of the same network, and with the same parameters, with other
        options than these.
        """
        other = Kernel(self._source, {**self._options, **opts}, self._params, self._partial)
        return (
            other
            if self._bound_values is None
            else other._with(self._bound_values, self._bound_partial)
        )

    def __copy__(self) -> Kernel:
        other = object.__new__(Kernel)
        other.__dict__.update(self.__dict__)
        return other

    def __reduce__(self):
        bound = None if self._bound_values is None else (self._bound_values, self._bound_partial)
        return _restore, (self._source, self._options, self._params, self._partial, bound)

    # What it is

    @property
    def parameters(self) -> dict[str, Parameter]:
        """Parameters and buffers of the network by name, as ``Parameter``."""
        return {name: Parameter(*rest) for name, *rest in self._core.parameters}

    @property
    def inputs(self) -> dict[str, Tensor]:
        """Inputs of the network by name, as ``Tensor``."""
        return {name: Tensor(shape, dtype) for name, shape, dtype, *_ in self._core.inputs}

    @property
    def outputs(self) -> dict[str, Tensor]:
        """Outputs of the network by name, as ``Tensor``; ``"0"``, ``"1"``, … where
        the model names none."""
        return {
            name or str(i): Tensor(shape, dtype)
            for i, (name, shape, dtype, *_) in enumerate(self._core.outputs)
        }

    @property
    def notes(self) -> list[str]:
        """What the compiler took and left, a line each."""
        return self._core.messages(False)

    @property
    def dtype(self) -> np.dtype:
        """The type of the kernel's elements."""
        return self._dtype

    @property
    def run_seconds(self) -> float:
        """Seconds that the last call computed, without checks and compilation."""
        return self._core.run_seconds

    def plan(self, n1: int, n2: int | None = None) -> Plan:
        """The :class:`Plan` for ``n1`` and ``n2`` examples; without ``n2``, of one
        set with itself. A kernel that is compiled for other numbers keeps its orders
        and only chooses other blocks; ``precompile`` takes the plan of these.
        """
        sizes = _models.read_sizes(n1, n2)
        return Plan(self._core.plan(*sizes, False), self._core.plan(*sizes, True))

    def precompile(self, n1: int, n2: int | None = None) -> None:
        """Compiles for ``n1`` and ``n2`` examples, which the first call else does
        for its own, or for 32 if these are fewer. Any number of examples runs on any code; the code for many is
        the faster one for many.
        """
        self._core.compile(*_models.read_sizes(n1, n2))

    def to_cpp(
        self,
        path: str | os.PathLike,
        n1: int = 32,
        n2: int | None = None,
        *,
        kernels: str = "onednn",
    ) -> None:
        """Writes the kernel as C++17 that is meant to be read: ``NET.cpp``, with
        ``NET.h`` beside it, as ``ntk-translate --ntk-to-cpp`` does. It takes its
        parameters when it runs, and any number of examples.

        Args:
            path: where it goes.
            n1, n2: the numbers of examples that it is planned for.
            kernels: the libraries that it leans on, ``"onednn"``, ``"cblas"`` or
                ``"none"``.
        """
        self._core.write_source(os.fspath(path), *_models.read_sizes(n1, n2), kernels)

    def __repr__(self) -> str:
        options = ", ".join(f"{k}={v!r}" for k, v in self._options.items() if v is not None)
        outputs = ", ".join(f"{name}{list(t.shape)}" for name, t in self.outputs.items())
        return f"<ntk.Kernel of {os.path.basename(self._source.name)} -> {outputs}{'; ' if options else ''}{options}>"

    # What is not there yet

    def matvec(self, v: Array, x1: Examples, x2: Examples | None = None) -> NoReturn:
        """Not there yet."""
        raise _missing(
            "matvec",
            "products of kernels with vectors; linear_operator has them from the kernel itself",
        )

    def jacobian(self, x: Examples) -> NoReturn:
        """Not there yet."""
        raise _missing("jacobian", "Jacobians")

    def jvp(self, x: Examples, tangents: Any) -> NoReturn:
        """Not there yet."""
        raise _missing("jvp", "products of Jacobians with vectors")

    def vjp(self, x: Examples, cotangents: Any) -> NoReturn:
        """Not there yet."""
        raise _missing("vjp", "products of vectors with Jacobians")

    def tiles(
        self,
        x1: Examples,
        x2: Examples | None = None,
        store: Any = None,
        part: Any = None,
        engine: Any = None,
    ) -> NoReturn:
        """Not there yet."""
        raise _missing("tiles", "stores of tiles")

    def report(self, path: str, x1: Examples) -> NoReturn:
        """Not there yet."""
        raise _missing("report", "reports as pages")

    # Arrays

    def _examples(self, x, argument):
        """Pairs of a name and an array, and the library of the first."""
        if hasattr(x, "items") and not _arrays.is_array(x):
            if not x:
                raise Error(
                    f"{argument}: expected an array for each input, but got none", argument=argument
                )
            entries = [(str(name), value) for name, value in x.items()]
            for name, _ in entries:
                if name not in self._names:
                    raise Error(
                        f"{argument}: expected arrays for {', '.join(map(repr, self._names))}, but "
                        f"got one for {name!r}",
                        argument=argument,
                    )
        elif isinstance(x, (list, tuple)):
            if len(self._names) < 2 or len(x) != len(self._names):
                expected = f"{len(self._names)} arrays" if len(self._names) > 1 else "one array"
                raise Error(
                    f"{argument}: expected {expected}, for {', '.join(map(repr, self._names))}, but got a "
                    f"{type(x).__name__} of {len(x)}",
                    argument=argument,
                )
            entries = list(zip(self._names, x))
        else:
            entries = [("", x)]
        library = _arrays.library_of(entries[0][1])
        arrays = []
        for name, value in entries:
            where = f"{argument}: {name!r}" if name else argument
            arrays.append((name, _arrays.to_numpy(value, where, self._dtype)))
        return arrays, library

    def _count(self, examples):
        """Examples along the first axes, of inputs that have them."""
        if len(self._names) == 1:
            return len(examples[0][1]) if examples[0][1].ndim else 0
        shapes = {name: shape for name, shape, *_ in self._core.inputs}
        return max(
            (len(a) for name, a in examples if a.ndim and a.shape != shapes.get(name)), default=1
        )


def _restore(source, options, params, partial, bound):
    kernel = Kernel(source, options, params, partial)
    return kernel if bound is None else kernel._with(*bound)


def _missing(name, what):
    return Unsupported(
        f"{name}: the compiler does not have {what} yet", argument=name, names=(name,)
    )
