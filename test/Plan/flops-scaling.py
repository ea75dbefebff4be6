# RUN: %ntk-python %s
#
# The FLOPs of each method, summed over the ops of the expanded program, grow as
# the paper says for a fully connected network of L layers of width W with O
# outputs and N inputs of width W (Novak et al. 2022, table 1):
#
#     Jacobian contraction    N² L O² W²
#     NTK-vector products     N² L O W²
#     structured derivatives  N² L O² W + N L O W²
#
# Each term is looked at where it dominates: doubling one size multiplies the
# count by two to its power, within 5 %.

import re
import subprocess

METHODS = {
    "jacobian_contraction": [(dict(N=256, L=24, O=16, W=64), dict(N=2, L=1, O=2, W=2))],
    "ntk_vector_products": [(dict(N=256, L=24, O=2, W=256), dict(N=2, L=1, O=1, W=2))],
    "structured": [
        (dict(N=2048, L=24, O=16, W=16), dict(N=2, L=1, O=2, W=1)),
        (dict(N=1, L=24, O=16, W=2048), dict(N=1, L=1, O=1, W=2)),
    ],
}


def network(L, O, W, **_):
    """An MLP of L hidden layers, without biases, as text."""
    arguments = [f"%x: tensor<{W}xf32>"]
    lines, value, name = [], "%x", 0
    widths = [W] * L + [O]
    for layer, width in enumerate(widths):
        weight = f"%w{layer}"
        arguments.append(f'{weight}: tensor<{width}x{W}xf32> {{ntk.param = "w{layer}"}}')
        lines.append(
            f'  %a{layer} = ntk.contract "k, ck -> c" ({value}, {weight}) : '
            f"(tensor<{W}xf32>, tensor<{width}x{W}xf32>) -> tensor<{width}xf32>"
        )
        value = f"%a{layer}"
        if layer < L:
            lines.append(f"  %h{layer} = ntk.tanh {value} : (tensor<{W}xf32>) -> tensor<{W}xf32>")
            value = f"%h{layer}"
    return (
        f"ntk.network @mlp({', '.join(arguments)}) -> tensor<{O}xf32> {{\n"
        + "\n".join(lines)
        + f"\n  ntk.return {value} : tensor<{O}xf32>\n}}\n"
        + 'ntk.kernel @theta of @mlp "now, mpw -> nmop" (J1, J2)\n'
    )


def costs(N, **sizes):
    """FLOPs by method, from the attribute that --ntk-choose writes."""
    out = subprocess.run(
        ["ntk-opt", f"--ntk-choose=n1={N} n2={N}", "-"],
        input=network(**sizes), capture_output=True, text=True, check=True,
    ).stdout
    return {m: float(re.search(rf"{m} = ([0-9]+)", out).group(1)) for m in METHODS}


failures = 0
for method, cases in METHODS.items():
    for sizes, powers in cases:
        base = costs(**sizes)[method]
        for letter, power in powers.items():
            doubled = costs(**{**sizes, letter: 2 * sizes[letter]})[method]
            ratio, expected = doubled / base, 2.0**power
            ok = abs(ratio / expected - 1) < 0.05
            failures += not ok
            print(f"{method}: {letter} doubled, x{ratio:.3f}, expected x{expected:.0f}{'' if ok else '  WRONG'}")
assert failures == 0, f"{failures} ratios are wrong"
