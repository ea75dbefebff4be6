# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""ntk.from_torch from end to end, where the package is built."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from kernels import Calls, by_autograd, double
from models import MODELS

ntk = pytest.importorskip("ntk")
if not hasattr(ntk, "from_mlir"):
    pytest.skip("the compiled package is not built", allow_module_level=True)


def model(name):
    module, inputs = MODELS[name]()
    return double(module, *inputs)


def assert_close(theta, expected, tolerance=1e-9):
    theta = np.asarray(theta).reshape(expected.shape)
    assert np.abs(theta - expected).max() <= tolerance * np.abs(expected).max()


@pytest.mark.parametrize("name", ["mlp", "cnn", "gpt", "tied", "stopped", "one example"])
def test_kernel(name):
    module, inputs = model(name)
    k = ntk.from_torch(module, inputs)
    assert_close(k(*inputs), by_autograd(module, inputs))


def test_several_inputs():
    module, inputs = model("bert")
    k = ntk.from_torch(module, inputs)
    assert list(k.inputs) == ["words", "weights"]
    assert_close(k(dict(zip(k.inputs, inputs))), by_autograd(module, inputs))


def test_objects():
    module, (x,) = model("mlp")
    full = by_autograd(module, (x,))
    assert_close(ntk.from_torch(module, x, kernel="trace")(x), np.einsum("nmoo->nm", full) / 3)
    assert_close(ntk.from_torch(module, x, kernel="sum")(x), full.sum((2, 3)))
    assert_close(ntk.from_torch(module, x, kernel="diagonal")(x), np.einsum("nmoo->nmo", full))


def test_other_parameters():
    module, (x,) = model("cnn")
    k = ntk.from_torch(module, x)
    later = copy.deepcopy(module)
    with torch.no_grad():
        for value in [*later.parameters(), *(b for b in later.buffers() if b.is_floating_point())]:
            value += 0.1
    expected = by_autograd(later, (x,))
    assert_close(k(x, params=later), expected)
    assert_close(k.bind(later.state_dict())(x), expected)
    assert_close(k(x), by_autograd(module, (x,)))


def test_choice_of_parameters():
    module, (x,) = model("lora")
    k = ntk.from_torch(module, x)
    assert {n for n, p in k.parameters.items() if p.trainable} == {
        n for n, p in module.named_parameters() if p.requires_grad
    }
    chosen = copy.deepcopy(module)
    for name, parameter in chosen.named_parameters():
        parameter.requires_grad_(name.startswith("0."))
    assert_close(ntk.from_torch(module, x, wrt="0.*")(x), by_autograd(chosen, (x,)))


def test_type_to_compute_in():
    module, inputs = MODELS["mlp"]()
    k = ntk.from_torch(module, inputs, dtype=torch.float64)
    x = inputs[0].double()
    assert_close(k(x), by_autograd(module.double(), (x,)))


def test_errors():
    with pytest.raises(ntk.Unsupported) as refusal:
        ntk.from_torch(Calls(lambda s, x: s.parts[0](x).sort(1).values, nn.Linear(4, 3)), torch.randn(3, 4))
    assert list(refusal.value.names) == ["sort"]
    with pytest.raises(ntk.Error, match="call .eval"):
        ntk.from_torch(nn.Sequential(nn.Linear(4, 3), nn.Dropout()), torch.randn(3, 4))
    with pytest.raises(ntk.Error, match="requires gradients.*wrt="):
        ntk.from_torch(nn.Linear(4, 3).requires_grad_(False), torch.randn(3, 4))
    with pytest.raises(ntk.Unsupported, match="whole_batch"):
        ntk.from_torch(nn.Linear(4, 3), torch.randn(3, 4), whole_batch=True)
    with pytest.raises(ntk.Error, match="dtype|'f32' or 'f64'"):
        ntk.from_torch(nn.Linear(4, 3), torch.randn(3, 4), dtype="f16")


class Lies(nn.Module):
    """Computes another thing than it exports."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, x):
        h = self.layer(x)
        return h if torch.compiler.is_exporting() else h * h.detach()


def test_check():
    x = torch.randn(3, 4)
    with pytest.raises(ntk.Error, match="torch.autograd gives"):
        ntk.from_torch(Lies(), x)
    assert ntk.from_torch(Lies(), x, check=False)(x).shape == (3, 3, 3, 3)
