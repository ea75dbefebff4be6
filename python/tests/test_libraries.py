# Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Arrays of torch and JAX, and kernels against their automatic differentiation.
Left out where these are not installed."""

import numpy as np
import pytest
from conftest import Mlp, assert_close
from test_arrays import refused

import ntk


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def jax():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    yield jax
    jax.config.update("jax_enable_x64", True)


def test_against_autograd(torch, mlp):
    """Values, with parameters that are a module, through three steps of training."""
    net = torch.nn.Sequential()
    net.add_module("fc1", torch.nn.Linear(6, 8, dtype=torch.float64))
    net.add_module("act", torch.nn.Tanh())
    net.add_module("fc2", torch.nn.Linear(8, 3, dtype=torch.float64))
    k = ntk.compile(mlp.model())
    x1, x2 = (
        torch.from_numpy(mlp.examples(4)),
        torch.from_numpy(mlp.examples(3, seed=2)).requires_grad_(),
    )
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)

    def jacobian(x):
        rows = [
            torch.cat(
                [
                    g.flatten()
                    for g in torch.autograd.grad(y, list(net.parameters()), retain_graph=True)
                ]
            )
            for y in net(x).flatten()
        ]
        return torch.stack(rows).reshape(len(x), 3, -1)

    for _ in range(3):
        theta = k(x1, x2, params=net)
        assert type(theta) is torch.Tensor and not theta.requires_grad
        wanted = torch.einsum("now,mpw->nmop", jacobian(x1), jacobian(x2))
        assert_close(theta.numpy(), wanted.numpy())
        assert np.array_equal(theta.numpy(), k(x1, x2, params=net.state_dict()).numpy())
        optimizer.zero_grad()
        net(x1).square().sum().backward()
        optimizer.step()
    assert x2.grad is None and all(p.requires_grad for p in net.parameters())


def test_torch_arrays(torch, mlp):
    k = ntk.compile(mlp.model())
    x = torch.from_numpy(mlp.examples(4))
    wanted = mlp.kernel(mlp.examples(4))
    strided = torch.zeros(4, 12, dtype=torch.float64)
    strided[:, ::2] = x
    for array in (
        x.T.contiguous().T,
        strided[:, ::2],
        torch.nn.Parameter(x.clone()),
        x.conj(),
        torch._neg_view(-x),
    ):
        assert_close(k(array).numpy(), wanted)
    for kind in (torch.float32, torch.bfloat16, torch.float16):
        assert_close(k(x.to(kind)).numpy(), mlp.kernel(x.to(kind).double().numpy()))
    out = torch.full((4, 4, 3, 3), float("nan"), dtype=torch.float64)
    assert k(x, out=out) is out
    assert_close(out.numpy(), wanted)
    assert isinstance(k(x.numpy(), x), np.ndarray)
    for array, words in [
        (x.to_sparse(), ["to_dense"]),
        (x.to("meta"), ["CPU", "meta"]),
        (x.to(torch.complex64).conj(), ["real", "complex64"]),
        (x.long(), ["floats", "int64[4, 6]"]),
        (torch.quantize_per_tensor(x.float(), 0.1, 0, torch.qint8), ["dequantize"]),
        (x[:, :5], ["[n, 6]", "float64[4, 5]"]),
    ]:
        refused(["x1", *words], lambda: k(array), "x1")
    refused(["out", "gradient"], lambda: k(x, out=out.clone().requires_grad_()), "out")


def test_torch_dtype(torch):
    mlp = Mlp(dtype=np.float32)
    assert ntk.compile(mlp.model(), dtype=torch.float64).dtype == np.float64


def test_module_is_no_model(torch):
    refused(["from_torch"], lambda: ntk.compile(torch.nn.Linear(2, 2)), "model")


def test_jax(jax, mlp):
    """Values against jacrev, with parameters that are a pytree."""
    jnp = jax.numpy
    k = ntk.compile(mlp.model())
    p = mlp.draw(3)
    tree = {
        "fc1": {"weight": jnp.asarray(p["fc1.weight"]), "bias": jnp.asarray(p["fc1.bias"])},
        "fc2": {"weight": jnp.asarray(p["fc2.weight"]), "bias": jnp.asarray(p["fc2.bias"])},
    }
    x = jnp.asarray(mlp.examples(4))

    def f(tree, x):
        h = jnp.tanh(x @ tree["fc1"]["weight"].T + tree["fc1"]["bias"])
        return h @ tree["fc2"]["weight"].T + tree["fc2"]["bias"]

    leaves = jax.tree.leaves(jax.jacrev(f)(tree, x))
    j = jnp.concatenate([leaf.reshape(4, 3, -1) for leaf in leaves], axis=2)
    theta = k(x, params=tree)
    assert isinstance(theta, jax.Array) and theta.dtype == jnp.float64
    assert_close(np.asarray(theta), np.asarray(jnp.einsum("now,mpw->nmop", j, j)))
    assert_close(
        np.asarray(k(x.astype(jnp.bfloat16))),
        mlp.kernel(np.asarray(x.astype(jnp.bfloat16), np.float64)),
    )
    refused(["x1", "tracer"], lambda: jax.jit(k)(x), "x1")
    refused(["x1", "floats"], lambda: k(x.astype(int)), "x1")
    jax.config.update("jax_enable_x64", False)
    refused(["x1", "jax_enable_x64"], lambda: k(jnp.asarray(mlp.examples(4), jnp.float32)), "x1")
