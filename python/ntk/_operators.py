# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kernels as linear operators of SciPy."""

import numpy as np

try:
    from scipy.sparse.linalg import LinearOperator
except ImportError as error:
    raise ImportError(
        "linear_operator: expected SciPy; pip install 'ntk-compiler[scipy]' brings it"
    ) from error

from . import _arrays
from ._errors import Unsupported


class KernelOperator(LinearOperator):
    """The kernel of ``x1`` with ``x2`` as a matrix: rows (n, o), columns (m, p)."""

    def __init__(self, kernel, x1, x2, params, partial):
        axes = kernel._options.get("axes")
        self._kind = kernel._options.get("kernel") or "full"
        if axes is not None or kernel._options.get("whole_batch") or "->" in self._kind:
            raise Unsupported(
                "linear_operator: kernels with axes, of whole batches or by an einsum are no matrices of rows "
                "(example, output)",
                argument="axes",
                names=("axes",),
            )
        self._kernel = kernel if params is None else kernel.bind(params, partial=partial)
        self._x1, self._x2 = x1, x2
        self._theta = None
        n1 = kernel._count(kernel._examples(x1, "x1")[0])
        n2 = n1 if x2 is None else kernel._count(kernel._examples(x2, "x2")[0])
        rows = 1
        if self._kind in ("full", "diagonal"):
            tail = kernel._core.shape(1, 1)[2:]
            rows = int(np.prod(tail[::2] if self._kind == "full" else tail, dtype=np.int64))
        self._outputs = rows
        super().__init__(kernel.dtype, (n1 * rows, n2 * rows))

    def matrix(self) -> np.ndarray:
        """The matrix; of a diagonal kernel ``[O, N1, N2]``, one for each output."""
        if self._theta is not None:
            return self._theta
        result = self._kernel(self._x1, self._x2)
        theta = _arrays.to_numpy(result, "x1")
        n1, n2 = theta.shape[:2]
        if self._kind == "full":
            pairs = (theta.ndim - 2) // 2
            order = [0, *range(2, 2 + 2 * pairs, 2), 1, *range(3, 3 + 2 * pairs, 2)]
            theta = theta.transpose(order).reshape(n1 * self._outputs, n2 * self._outputs)
        elif self._kind == "diagonal":
            theta = theta.reshape(n1, n2, self._outputs).transpose(2, 0, 1)
        self._theta = theta
        return theta

    def _matmat(self, v):
        return self._apply(self.matrix(), v)

    def _rmatmat(self, v):
        return self._apply(np.swapaxes(self.matrix(), -1, -2), v)

    def _apply(self, matrix, v):
        v = np.asarray(v)
        if self._kind != "diagonal":
            return matrix @ v
        columns = v.reshape(-1, self._outputs, v.shape[1]).transpose(1, 0, 2)
        return (matrix @ columns).transpose(1, 0, 2).reshape(-1, v.shape[1])

    def _matvec(self, v):
        return self._matmat(np.reshape(v, (-1, 1)))

    def _rmatvec(self, v):
        return self._rmatmat(np.reshape(v, (-1, 1)))
