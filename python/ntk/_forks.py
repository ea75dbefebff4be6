# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is said in a child that was forked after the library was in use."""

import os
import warnings

_warned_of_fork = False


def warn():
    """Once in each child."""
    global _warned_of_fork
    if not _warned_of_fork:
        _warned_of_fork = True
        warnings.warn(
            "this process was forked after ntk was in use: kernels run on one thread here; start "
            "processes by 'spawn' or 'forkserver' for all of them",
            RuntimeWarning,
            stacklevel=3,
        )


def _forget_fork():
    global _warned_of_fork
    _warned_of_fork = False


os.register_at_fork(after_in_child=_forget_fork)
