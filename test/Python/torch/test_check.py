# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The check of a kernel against autograd passes what is right and catches what is
not: here programs are spoilt after they were lowered."""

import dataclasses

import numpy as np
import pytest
import torch
from torch import nn

from kernels import ByProgram, double
from models import MODELS
from ntk import _torch
from ntk._torch import check


def lowered_model(name):
    module, inputs = MODELS[name]()
    module, inputs = double(module, *inputs)
    return _torch.lower(module, inputs)


@pytest.mark.parametrize("name", ["mlp", "bert", "unet nearest", "one example", "loss"])
@pytest.mark.parametrize("options", [{}, {"kernel": "sum"}, {"kernel": "trace"}])
def test_right_kernels_pass(name, options, tmp_path):
    lowered = lowered_model(name)
    check.check_examples(lowered)
    check.check_kernel(ByProgram(lowered, tmp_path, **options), lowered, options)


def test_single_precision_passes(tmp_path):
    module, inputs = MODELS["cnn"]()
    lowered = _torch.lower(module.eval(), inputs)
    check.check_kernel(ByProgram(lowered, tmp_path), lowered, {})


def test_chosen_parameters(tmp_path):
    lowered = lowered_model("mlp")
    for options in ({"wrt": "2.*"}, {"frozen": "0.weight"}):
        check.check_kernel(ByProgram(lowered, tmp_path, **options), lowered, options)
        with pytest.raises(_torch.Error, match="torch.autograd gives"):
            check.check_kernel(ByProgram(lowered, tmp_path), lowered, options)


SPOILT = {
    "stopped": ("mlp", "ntk.tanh", "ntk.stop_gradient"),
    "other function": ("mlp", "ntk.tanh", "ntk.sigmoid"),
    "other bounds": ("depthwise", "high = 6.0", "high = 0.4"),
    "not stopped": ("stopped", "ntk.stop_gradient", "ntk.relu"),
}


@pytest.mark.parametrize("name", SPOILT)
def test_spoilt_programs_are_caught(name, tmp_path):
    model, old, new = SPOILT[name]
    lowered = lowered_model(model)
    assert old in lowered.text
    spoilt = dataclasses.replace(lowered, text=lowered.text.replace(old, new))
    with pytest.raises(_torch.Error, match="torch.autograd gives .*check=False"):
        check.check_kernel(ByProgram(spoilt, tmp_path), spoilt, {})


def test_mixing_that_no_shape_tells():
    """A module that keeps rows of an earlier call beside the program."""

    class Shifts(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 3)

        def forward(self, x):
            if torch.compiler.is_exporting():
                return self.layer(x)
            return self.layer(x - x.mean(0))

    lowered = _torch.lower(*double(Shifts(), torch.randn(3, 4)))
    with pytest.raises(_torch.Error, match="examples of the batch mix"):
        check.check_examples(lowered)


def test_random_modules():
    class Random(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 3)

        def forward(self, x):
            return self.layer(x if torch.compiler.is_exporting() else torch.rand_like(x))

    lowered = _torch.lower(*double(Random(), torch.randn(3, 4)))
    with pytest.raises(_torch.Error, match="or the module is random"):
        check.check_examples(lowered)


def test_matrix_of_axes():
    theta = np.arange(2 * 2 * 3 * 3 * 4 * 4).reshape(2, 2, 3, 3, 4, 4)
    matrix = check.as_matrix(theta, (3, 4))
    assert matrix.shape == (2, 2, 12, 12)
    assert matrix[1, 0, 2 * 4 + 3, 1 * 4 + 2] == theta[1, 0, 2, 1, 3, 2]
