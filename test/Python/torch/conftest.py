# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Where the package and the programs are, for tests that pytest runs alone, too."""

import os
import shutil
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "../../..")
BUILD = os.environ.get("NTK_BUILD", os.path.join(ROOT, "build"))
# Where the package is not built, there is the lowering alone, in its source folder.
BUILT = os.path.isdir(os.path.join(BUILD, "python/ntk/_torch"))
sys.path[:0] = [HERE, os.path.join(BUILD if BUILT else ROOT, "python")]

torch = pytest.importorskip("torch")


def pytest_configure(config):
    if shutil.which("ntk-run") is None:
        os.environ["PATH"] += os.pathsep + os.path.join(BUILD, "bin")


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)
