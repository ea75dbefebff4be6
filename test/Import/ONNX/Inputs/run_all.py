# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Imports every file named; fails if the importer does anything but succeed or
refuse with an error."""

import subprocess
import sys

for path in sys.argv[1:]:
    command = ["ntk-translate", "--onnx-to-ntk", path, "-o", "/dev/null"]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if run.returncode not in (0, 1) or (run.returncode and "error" not in run.stderr):
        sys.exit(f"{path}: exit status {run.returncode}: {run.stderr}")
