# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exact neural tangent kernels of networks, compiled.

    import numpy as np, ntk

    k = ntk.compile("model.onnx", kernel="trace")
    theta = k(x_train)                          # [N, N]
    theta_test = k(x_test, x_train)             # [M, N]
    theta_later = k(x_train, params=state_dict) # the same code, other parameters

Arrays of NumPy, torch and JAX are taken, and the kernel comes in the library of
the first. What is wrong raises :class:`ntk.Error`, in one line.
"""

import os as _os
from typing import Any as _Any
from typing import Unpack as _Unpack


def _load():
    """Loads the compiler. Threads that wait spin for 10 ms before they sleep unless
    OpenMP is told otherwise when it is loaded, which costs much on a machine with
    other work: where this loads it, and nobody has said anything, it is told."""
    name = "GOMP_SPINCOUNT"
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
        is_loaded = "libgomp" in maps.read()
    silent = not is_loaded and not {name, "OMP_WAIT_POLICY"} & set(_os.environ)
    if silent:
        _os.environ[name] = "10000"
    try:
        from . import _core
    finally:
        if silent:
            del _os.environ[name]
    return _core


_core = _load()

from ._errors import Error, Unsupported  # noqa: E402
from ._kernel import Kernel, Parameter, Tensor  # noqa: E402
from ._models import named_parameters as _named_parameters  # noqa: E402
from ._models import read_model as _read_model  # noqa: E402
from ._models import read_text as _read_text  # noqa: E402
from ._plan import Plan  # noqa: E402
from ._types import Options, Parameters  # noqa: E402

__version__ = _core.version()
__all__ = [
    "Error",
    "Kernel",
    "Options",
    "Parameter",
    "Plan",
    "Tensor",
    "Unsupported",
    "compile",
    "from_mlir",
]


def compile(
    model: _Any,
    *,
    params: Parameters | None = None,
    partial: bool = False,
    **opts: _Unpack[Options],
) -> Kernel:
    """The kernel of an ONNX model.

    Args:
        model: a path, the bytes of a file, or an ``onnx.ModelProto``.
        accept_export: take the file as it is where its exporter changed parameters
            in a way that cannot be undone. ``ntk.from_torch`` needs no exporter.
        params: a state_dict, instead of the values in the model; brings back what an
            exporter folded away. With ``partial=True`` it need not have all.
        kernel: ``"full"``, ``"trace"`` (divided by the number of outputs),
            ``"diagonal"`` or ``"sum"`` (of the summed outputs), or an einsum over the
            Jacobians with a letter for each axis of the outputs, ``"now, mpw -> nmop"``
            (nothing is divided).
        axes: axes of an example's output that ``kernel`` is about, ``-1`` or ``(0,
            1)``; all others are full. ``{-1: "trace", 0: "diagonal"}`` says what
            becomes of each.
        outputs: the outputs whose kernel it is, names or globs; all if not given.
        inputs: values that all examples share, by the name of the input.
        sizes: sizes beside the batch that the model leaves open, by name:
            ``{"length": 128}``.
        wrt, frozen: the parameters to differentiate by, or not to, names or globs.
        whole_batch: for networks that mix examples: the examples of a call are one
            batch; the number of them where the model leaves it open.
        method: ``"auto"``, ``"jacobian-contraction"``, ``"ntk-vector-products"`` or
            ``"structured"``.
        dtype: ``"f32"`` or ``"f64"``, or such a type of NumPy or torch.
        memory_limit: bytes, or as ``"4GiB"``; without it 80 % of what is free.
        threads: to compute with.
        allow_nonfinite: compute although weights or inputs hold NaN or infinity.
        cache: kept for kernels on disk, which there are none of yet.

    Raises:
        Error: for a model or an option that is not as expected.
        Unsupported: for operators that the compiler does not know.
    """
    source = _read_model(model)
    try:
        return Kernel(source, opts, None if params is None else _named_parameters(params), partial)
    except Error as error:
        if "accept_export" in str(error):
            error.args = (
                f"{error}; ntk.from_torch takes the module itself, which nothing has changed",
            )
        raise


def from_mlir(
    text: str | _os.PathLike,
    *,
    params: Parameters | None = None,
    partial: bool = False,
    **opts: _Unpack[Options],
) -> Kernel:
    """The kernel of a network in MLIR.

    Args:
        text: the text, or the path of a ``.mlir`` file.
        params: values for its parameters and buffers by name. Without them every
            call brings its own.
        opts: as for :func:`compile`, but for ``inputs``: calls bring them, without
            the first axis where all examples share one.
    """
    if opts.get("inputs"):
        raise Error(
            "inputs: expected a model in ONNX; those of a network in MLIR are given to each call",
            argument="inputs",
        )
    return Kernel(
        _read_text(text), opts, None if params is None else _named_parameters(params), partial
    )


def from_jax(f, params, x, **opts):
    """Not there yet."""
    raise Unsupported(
        "from_jax: functions of JAX are not read yet; jax2onnx exports them", names=("from_jax",)
    )


def __getattr__(name):
    if name != "from_torch":
        raise AttributeError(f"module 'ntk' has no attribute {name!r}")
    try:
        from ._torch import from_torch
    except ModuleNotFoundError as error:
        if error.name == "torch":
            raise ImportError("ntk.from_torch: expected PyTorch, which is not installed") from error
        if error.name == f"{__name__}._torch":
            raise AttributeError("this build of ntk has no from_torch") from error
        raise
    globals()[name] = from_torch
    return from_torch
