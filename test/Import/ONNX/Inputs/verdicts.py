# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""One line for each model, and an exit status, for scripts that compare."""

import os


def report(compare, paths):
    """Prints what `compare` says of each model; 1 if it is not always "ok"."""
    failed = 0
    for path in paths:
        try:
            verdict = compare(path)
        except Exception as error:  # a model that one of the tools rejects
            verdict = f"{type(error).__name__}: {error}".replace("\n", " ")[:300]
        failed += verdict != "ok"
        print(f"{os.path.basename(path)}: {verdict}")
    return failed > 0
