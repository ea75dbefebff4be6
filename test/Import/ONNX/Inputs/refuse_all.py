# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Imports every file named; fails unless each is refused with an error."""

import subprocess
import sys

for path in sys.argv[1:]:
    command = ["ntk-translate", "--onnx-to-ntk", path, "-o", "/dev/null"]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 1 or "error" not in run.stderr:
        sys.exit(f"{path}: exit status {run.returncode}: {run.stderr}")
