# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""PyTorch modules as networks: `lower` to text, `from_torch` to a compiled kernel.

A module is exported by `torch.export` with a symbolic batch size, and the
program is lowered to `ntk` text of one example before it is decomposed, while
`detach`, `clamp`, `max` along an axis and `padding_idx` still stand in it.
What cannot be right is refused by name.

The parts: `export` (the program), `interpreter` (walks it), `values` and
`builder` (what is written for PyTorch's shapes, and where the batch is),
`mutation` (operators that write in place), one file of rules for each theme,
`text` (how it is spelt), `check` (the result against autograd).
"""

from __future__ import annotations

import torch

from .errors import Error, Unsupported
from .lower import Lowered, lower

__all__ = ["Error", "Lowered", "Unsupported", "from_torch", "lower"]


def read_dtype(dtype) -> torch.dtype | None:
    """The type that "f64", numpy.float64, torch.float64, … name."""
    if dtype is None:
        return None
    name = dtype if isinstance(dtype, str) else str(getattr(dtype, "__name__", dtype))
    name = name.removeprefix("torch.").replace("float", "f")
    if name not in ("f32", "f64"):
        raise Error(
            f"from_torch: expected 'f32' or 'f64', or such a type, but got {dtype!r}",
            argument="dtype",
        )
    return torch.float64 if name == "f64" else torch.float32


def from_torch(module, args, kwargs=None, *, check=True, **options):
    """The kernel of a PyTorch module, compiled.

    module: on the CPU, as it shall be differentiated: `.eval()` before if it has
      dropout or batch norm. It is not changed.
    args, kwargs: an example call with at least one row: a tensor, a tuple of
      arguments or a dict of named ones. All tensors have the examples along their
      first axis; everything else is part of the network.
    check: compares entries of the kernel at two rows of the example with
      torch.autograd, and the module on several rows with the same rows alone.
    options: those of `ntk.compile`. `outputs`: globs on the names of the module's
      outputs (the keys of a dict, the numbers of a tuple, `output` of a tensor).
      Without `wrt` the parameters that require gradients are differentiated by.

    Raises `ntk.Unsupported`, which names all operators that have no counterpart,
    and `ntk.Error` where examples mix, the forward pass changes a buffer, the
    module is in training mode and that matters, or the check fails.
    """
    import ntk

    from .check import check_examples, check_kernel

    if options.pop("whole_batch", False):
        raise Unsupported(
            "from_torch: whole_batch is not there for modules yet; export to ONNX, and ntk.compile "
            "takes it", names=("whole_batch",), argument="whole_batch",
        )
    lowered = lower(
        module, args, kwargs, outputs=options.pop("outputs", None),
        every=options.get("wrt") is not None, dtype=read_dtype(options.pop("dtype", None)),
    )
    if not lowered.trainable:
        raise Error(
            "from_torch: expected a parameter that requires gradients, but the module has none; "
            "wrt='*' takes all", argument="wrt",
        )
    if check:
        check_examples(lowered)
    kernel = ntk.from_mlir(lowered.text, params=lowered.parameters, **options)
    if check:
        check_kernel(kernel, lowered, options)
    return kernel
