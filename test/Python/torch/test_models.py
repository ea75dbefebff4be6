# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Kernels of whole networks, against autograd in double precision."""

import pytest
import torch
from torch import nn
from torch.utils import checkpoint

from kernels import ByProgram, Calls, assert_right, double
from models import MODELS, tied
from ntk import _torch
from ntk._torch import check


@pytest.mark.parametrize("name", MODELS)
def test_model(name, tmp_path):
    module, inputs = MODELS[name]()
    module, inputs = double(module, *inputs)
    lowered = assert_right(module, inputs, tmp_path)
    named = dict(module.named_parameters())
    assert set(lowered.trainable) == {n for n, p in named.items() if p.requires_grad}
    table = {**dict(module.named_buffers()), **named}
    for key, value in lowered.parameters.items():
        assert torch.equal(value, table[key])


def test_ties_have_one_name():
    module, x = double(tied(), torch.randn(2, 4))
    lowered = _torch.lower(module, x)
    assert lowered.trainable == ["parts.0.weight", "parts.0.bias"]


def test_named_arguments_and_outputs(tmp_path):
    module = Calls(lambda s, x, y: {"a": s.parts[0](x) * y, "b": s.parts[0](y).sum(1)}, nn.Linear(4, 4))
    module.forward = lambda x, y: module.function(module, x, y)
    module, (x, y) = double(module, torch.randn(3, 4), torch.randn(3, 4))
    lowered = assert_right(module, (), tmp_path, kwargs=dict(x=x, y=y))
    assert lowered.outputs == ["a", "b"] and lowered.inputs == ["x", "y"]
    assert assert_right(module, (x, y), tmp_path, outputs="b").outputs == ["b"]


def test_every_parameter():
    module, x = double(MODELS["lora"]()[0], torch.randn(2, 4))
    assert "0.layer.weight" not in _torch.lower(module, x).trainable
    assert "0.layer.weight" in _torch.lower(module, x, every=True).trainable


def test_checkpoints(tmp_path):
    step = lambda s: lambda h: s.parts[1](h).tanh()
    module = lambda run: Calls(lambda s, x: run(s, s.parts[0](x)), nn.Linear(4, 5), nn.Linear(5, 3))
    plain, x = double(module(lambda s, h: step(s)(h)), torch.randn(3, 4))
    texts = []
    for reentrant in (False, True):
        kept = module(lambda s, h: checkpoint.checkpoint(step(s), h, use_reentrant=reentrant))
        kept = kept.double().eval()
        kept.load_state_dict(plain.state_dict())
        texts.append(_torch.lower(kept, x).text)
        if not reentrant:
            assert_right(kept, x, tmp_path)
    assert texts[0] == texts[1] == _torch.lower(plain, x).text


def test_compiled_module():
    module, x = double(MODELS["mlp"]()[0], torch.randn(2, 4))
    compiled = torch.compile(module, backend="eager")
    assert _torch.lower(compiled, x).text == _torch.lower(module, x).text


def test_single_precision():
    module, inputs = MODELS["cnn"]()
    assert "f64>" not in _torch.lower(module.eval(), inputs).text


def test_type_to_compute_in(tmp_path):
    """A module in single precision, computed in double precision, and back."""
    module, inputs = MODELS["gpt"]()
    module = module.eval()
    lowered = _torch.lower(module, inputs, dtype=torch.float64)
    assert "f32>" not in lowered.text
    assert all(v.dtype == torch.float64 for v in lowered.parameters.values())
    check.check_kernel(ByProgram(lowered, tmp_path), lowered, {})
    wide = module.double()
    assert "f64>" not in _torch.lower(wide, inputs, dtype=torch.float32).text
