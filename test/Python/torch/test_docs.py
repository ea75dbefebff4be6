# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""docs/PyTorch.md lists the operators that have a rule. Run as a program, this
writes the list."""

import os
import re
import sys
import textwrap

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "../../..")
PAGE = os.path.join(ROOT, "docs/PyTorch.md")


def with_list(page):
    """The page with the list as it should be."""
    from ntk._torch import lower  # noqa: F401  (registers the rules)
    from ntk._torch.rules import RULES

    names = textwrap.fill(", ".join(f"`{name}`" for name in sorted(RULES)), 98)
    return re.sub(r"(<!-- list: rules -->\n).*?(<!-- end -->)", lambda m: f"{m[1]}{names}\n{m[2]}", page, flags=re.S)


def test_list_of_operators():
    with open(PAGE) as file:
        page = file.read()
    assert page == with_list(page)


if __name__ == "__main__":
    sys.path.insert(0, os.path.join(ROOT, "python"))
    with open(PAGE) as file:
        page = file.read()
    with open(PAGE, "w") as file:
        file.write(with_list(page))
