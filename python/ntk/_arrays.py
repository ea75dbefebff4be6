# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arrays of other libraries as NumPy's, and back.

What comes out of ``to_numpy`` is dense, row-major and of a type that the
compiler takes; it shares its memory with the array that came in wherever that
is such an array already, so at most one copy is made. Nothing of torch or JAX is
imported that the caller has not imported before.
"""

import sys

import numpy as np

from ._errors import Error

_KINDS = "fiub"


def library_of(x):
    """``"torch"``, ``"jax"`` or ``"numpy"``."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(x, getattr(torch, "Tensor", ())):
        return "torch"
    jax = sys.modules.get("jax")
    if jax is not None and isinstance(x, getattr(jax, "Array", ())):
        return "jax"
    return "numpy"


def to_numpy(x, argument, real="float64"):
    """The array ``x`` as one of NumPy.

    Floats that are of no use as they are (bfloat16, long double) are converted to
    ``real``. ``argument`` begins an error.
    """
    library = library_of(x)
    if library == "torch":
        return _from_torch(x, argument)
    if library == "jax":
        _check_jax(x, argument)
    elif not is_array(x):
        raise _error(argument, f"expected an array, but got {type(x).__name__}")
    try:
        array = _from_dlpack(x, argument) if _has_only_dlpack(x) else np.asarray(x)
    except Error:
        raise
    except Exception as error:
        raise _error(argument, f"expected an array, but got {type(x).__name__}: {error}") from error
    if isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise _error(argument, "expected an array without masked entries; x.filled(…) fills them")
    if array.dtype.name == "bfloat16":
        array = array.astype(np.float32)
    if array.dtype.kind not in _KINDS:
        raise _error(
            argument, f"expected an array of numbers, but got {array.dtype}{_describe(array)}"
        )
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        return np.ascontiguousarray(array, dtype=real).reshape(array.shape)
    # ascontiguousarray gives arrays without axes one.
    native = array.dtype.newbyteorder("=")
    if not array.flags.aligned:
        return np.array(array, dtype=native, order="C")
    return np.ascontiguousarray(array, dtype=native).reshape(array.shape)


def from_numpy(array, library):
    """A new array of NumPy in a library, without a copy."""
    if library == "torch":
        return sys.modules["torch"].from_numpy(array)
    if library == "jax":
        return sys.modules["jax"].numpy.asarray(array)
    return array


def check_result(library, dtype):
    """Refuses results that the library would round."""
    if library == "jax" and dtype == np.float64 and not sys.modules["jax"].config.jax_enable_x64:
        raise _error("x1", "expected jax_enable_x64 for a kernel in f64: JAX has no f64 without it")


def check_output(out, shape, dtype):
    """The memory of ``out`` as an array of NumPy, if that fits exactly."""
    array = out
    if library_of(out) == "torch":
        array = _from_torch(out, "out", is_output=True)
    if not isinstance(array, np.ndarray):
        raise _error("out", f"expected an array of NumPy or torch, but got {type(out).__name__}")
    wanted = f"{dtype}[{', '.join(map(str, shape))}]"
    if array.shape != tuple(shape) or array.dtype != np.dtype(dtype) or not array.dtype.isnative:
        raise _error("out", f"expected {wanted}, but got {array.dtype}{_describe(array)}")
    if not array.flags.c_contiguous or not array.flags.writeable or not array.flags.aligned:
        raise _error("out", f"expected {wanted} that is dense, row-major and can be written to")
    return array


def check_apart(out, read):
    """Refuses an output over what is still read while it is written: ``read`` has
    pairs of a name and an array for each argument."""
    for argument, pairs in read.items():
        if any(np.may_share_memory(out, array) for _, array in pairs):
            raise _error("out", f"expected memory of its own, but it is a part of {argument}")


def _error(argument, message):
    return Error(f"{argument}: {message}", argument=argument.split(":")[0].split("[")[0])


def _describe(array):
    return f"[{', '.join(map(str, array.shape))}]"


def is_array(x):
    """Is it something that has elements by itself? Lists of numbers do not."""
    return isinstance(x, np.ndarray) or _has_protocol(x) or hasattr(x, "__dlpack__")


def _has_protocol(x):
    """Does NumPy take it by itself? Bytes are no numbers."""
    if hasattr(x, "__array__") or hasattr(x, "__array_interface__"):
        return True
    try:
        memoryview(x)
    except TypeError:
        return False
    return not isinstance(x, (bytes, bytearray))


def _has_only_dlpack(x):
    return hasattr(x, "__dlpack__") and not _has_protocol(x)


def _from_dlpack(x, argument):
    cpu = 1
    device = x.__dlpack_device__()[0]
    if device != cpu:
        raise _error(
            argument,
            f"expected an array on the CPU, but got one on another device (DLPack's {int(device)})",
        )
    return np.from_dlpack(x)


def _from_torch(x, argument, is_output=False):
    torch = sys.modules["torch"]
    if x.layout is not torch.strided:
        raise _error(
            argument, f"expected a dense tensor, but got one of layout {x.layout}; x.to_dense() is"
        )
    if x.device.type != "cpu":
        raise _error(
            argument, f"expected a tensor on the CPU, but got one on {x.device}; x.cpu() is"
        )
    if x.is_complex():
        raise _error(
            argument, f"expected a tensor of real numbers, but got {x.dtype}{list(x.shape)}"
        )
    if x.is_quantized:
        raise _error(argument, f"expected a tensor of floats, but got {x.dtype}; x.dequantize() is")
    if is_output:
        if x.requires_grad or x.is_neg():
            raise _error(argument, "expected a tensor that can be written to, without a gradient")
        return x.numpy()
    x = x.detach()
    if x.dtype == torch.bfloat16:
        x = x.float()
    try:
        return x.resolve_neg().contiguous().numpy()
    except (RuntimeError, TypeError) as error:
        raise _error(
            argument, f"expected a tensor with values, but got {x.dtype}: {error}"
        ) from error


def _check_jax(x, argument):
    jax = sys.modules["jax"]
    if isinstance(x, jax.core.Tracer):
        raise _error(
            argument,
            "expected an array with values, but got a tracer: call this outside of "
            "jit, grad and vmap",
        )
    platforms = {device.platform for device in x.devices()}
    if platforms != {"cpu"}:
        raise _error(
            argument,
            f"expected an array on the CPU, but got one on {', '.join(sorted(platforms))}; "
            "jax.device_get(x) is",
        )
