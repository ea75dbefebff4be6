# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How far a long call is, where a person looks: a bar of ``rich``, on stderr if that
is a terminal, or in a notebook. Without ``rich``, and everywhere else, silence."""

import sys
import time

PATIENCE = 2.0
"""Seconds that a call may take without a word."""


def _is_watched():
    if "ipykernel" in sys.modules:
        return True
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):  # there is none, or it is closed
        return False


class Progress:
    """Called with the tiles that are done, and all; to be closed after the call."""

    def __init__(self):
        self._begin = time.monotonic()
        self._bar = None
        self._is_quiet = not _is_watched()

    def __call__(self, done, total):
        if self._is_quiet or time.monotonic() - self._begin < PATIENCE:
            return
        if self._bar is None and not self._open(total):
            return
        self._bar.update(self._task, completed=done)

    def _open(self, total):
        try:
            from rich import console, progress
        except ImportError:
            self._is_quiet = True
            return False
        self._bar = progress.Progress(
            progress.TextColumn("ntk"),
            progress.BarColumn(),
            progress.TaskProgressColumn(),
            progress.TimeRemainingColumn(),
            console=console.Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("ntk", total=total)
        self._bar.start()
        return True

    def close(self):
        if self._bar is not None:
            self._bar.stop()
