// RUN: ntk-op-check %s

// Values, derivatives, batching and cost of the functions of one variable.

ntk.network @tanh(%x: tensor<2x5xf64>) -> tensor<2x5xf64> {
  %y = ntk.tanh %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @sigmoid(%x: tensor<2x5xf64>) -> tensor<2x5xf64> {
  %y = ntk.sigmoid %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @gelu(%x: tensor<2x5xf64>) -> tensor<2x5xf64> {
  %y = ntk.gelu %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @gelu_tanh(%x: tensor<2x5xf64>) -> tensor<2x5xf64> {
  %y = ntk.gelu_tanh %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @silu(%x: tensor<2x5xf64>) -> tensor<2x5xf64> {
  %y = ntk.silu %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @softplus(%x: tensor<2x5xf64>) -> tensor<2x5xf64> {
  %y = ntk.softplus %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @sin(%x: tensor<2x5xf64>) -> tensor<2x5xf64> {
  %y = ntk.sin %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @cos(%x: tensor<2x5xf64>) -> tensor<2x5xf64> {
  %y = ntk.cos %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @exp(%x: tensor<2x5xf64>) -> tensor<2x5xf64> {
  %y = ntk.exp %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @erf(%x: tensor<2x5xf64>) -> tensor<2x5xf64> {
  %y = ntk.erf %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @square(%x: tensor<2x5xf64>) -> tensor<2x5xf64> {
  %y = ntk.square %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @neg(%x: tensor<2x5xf64>) -> tensor<2x5xf64> {
  %y = ntk.neg %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @log(%x: tensor<2x5xf64> {check.range = [0.1, 3.0]}) -> tensor<2x5xf64> {
  %y = ntk.log %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @sqrt(%x: tensor<2x5xf64> {check.range = [0.1, 3.0]}) -> tensor<2x5xf64> {
  %y = ntk.sqrt %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @rsqrt(%x: tensor<2x5xf64> {check.range = [0.1, 3.0]}) -> tensor<2x5xf64> {
  %y = ntk.rsqrt %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @reciprocal(%x: tensor<2x5xf64> {check.range = [0.1, 3.0]}) -> tensor<2x5xf64> {
  %y = ntk.reciprocal %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @scale(%x: tensor<2x5xf64>) -> tensor<2x5xf64> {
  %y = ntk.scale %x {factor = -1.5} : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @shift(%x: tensor<2x5xf64>) -> tensor<2x5xf64> {
  %y = ntk.shift %x {offset = 0.5} : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @mish(%x: tensor<2x5xf64>) -> tensor<2x5xf64> {
  %y = ntk.mish %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @softsign(%x: tensor<2x5xf64> {check.range = [0.1, 3.0]}) -> tensor<2x5xf64> {
  %y = ntk.softsign %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @tan(%x: tensor<2x5xf64> {check.range = [-1.4, 1.4]}) -> tensor<2x5xf64> {
  %y = ntk.tan %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @asin(%x: tensor<2x5xf64> {check.range = [-0.4, 0.4]}) -> tensor<2x5xf64> {
  %y = ntk.asin %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @acos(%x: tensor<2x5xf64> {check.range = [-0.4, 0.4]}) -> tensor<2x5xf64> {
  %y = ntk.acos %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @atan(%x: tensor<2x5xf64> {check.range = [-4.0, 4.0]}) -> tensor<2x5xf64> {
  %y = ntk.atan %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @sinh(%x: tensor<2x5xf64> {check.range = [-3.0, 3.0]}) -> tensor<2x5xf64> {
  %y = ntk.sinh %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @cosh(%x: tensor<2x5xf64> {check.range = [-3.0, 3.0]}) -> tensor<2x5xf64> {
  %y = ntk.cosh %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @asinh(%x: tensor<2x5xf64> {check.range = [-4.0, 4.0]}) -> tensor<2x5xf64> {
  %y = ntk.asinh %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @acosh(%x: tensor<2x5xf64> {check.range = [1.1, 4.0]}) -> tensor<2x5xf64> {
  %y = ntk.acosh %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

ntk.network @atanh(%x: tensor<2x5xf64> {check.range = [-0.4, 0.4]}) -> tensor<2x5xf64> {
  %y = ntk.atanh %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  ntk.return %y : tensor<2x5xf64>
}

// Small arguments, where 1 + x and exp x − 1 lose their digits.
ntk.network @log1p(%x: tensor<2x5xf64> {check.range = [-0.4, 3.0]},
                   %z: tensor<3xf64> {check.values = dense<[-1.0e-12, 0.0, 1.0e-9]> : tensor<3xf64>})
    -> (tensor<2x5xf64>, tensor<3xf64> {check.result = dense<[-1.0000000000005e-12, 0.0, 9.999999995e-10]> : tensor<3xf64>}) {
  %y = ntk.log1p %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  %w = ntk.log1p %z : (tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y, %w : tensor<2x5xf64>, tensor<3xf64>
}

ntk.network @expm1(%x: tensor<2x5xf64>,
                   %z: tensor<3xf64> {check.values = dense<[-1.0e-12, 0.0, 1.0e-9]> : tensor<3xf64>})
    -> (tensor<2x5xf64>, tensor<3xf64> {check.result = dense<[-9.999999999995e-13, 0.0, 1.0000000005e-9]> : tensor<3xf64>}) {
  %y = ntk.expm1 %x : (tensor<2x5xf64>) -> tensor<2x5xf64>
  %w = ntk.expm1 %z : (tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y, %w : tensor<2x5xf64>, tensor<3xf64>
}

// The product rule sees one factor only.
ntk.network @stop_gradient(%x: tensor<3xf64> {check.values = dense<[-2.0, 0.0, 3.0]> : tensor<3xf64>})
    -> (tensor<3xf64> {check.result = dense<[-2.0, 0.0, 3.0]> : tensor<3xf64>},
        tensor<3xf64> {check.result = dense<[4.0, 0.0, 9.0]> : tensor<3xf64>}) {
  %y = ntk.stop_gradient %x : (tensor<3xf64>) -> tensor<3xf64>
  %z = ntk.mul %x, %y : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y, %z : tensor<3xf64>, tensor<3xf64>
}

// Kinks: relu'(0) = 0, leaky_relu'(0) = alpha, and 0 on the bounds of clip
// unless on_bounds says otherwise.
ntk.network @relu(%x: tensor<5xf64> {check.values = dense<[-2.0, -0.5, 0.0, 0.5, 2.0]> : tensor<5xf64>})
    -> (tensor<5xf64> {check.result = dense<[0.0, 0.0, 0.0, 0.5, 2.0]> : tensor<5xf64>}) {
  %y = ntk.relu %x : (tensor<5xf64>) -> tensor<5xf64>
  ntk.return %y : tensor<5xf64>
}

ntk.network @leaky_relu(%x: tensor<4xf64> {check.values = dense<[-2.0, -0.5, 0.0, 2.0]> : tensor<4xf64>})
    -> (tensor<4xf64> {check.result = dense<[-0.5, -0.125, 0.0, 2.0]> : tensor<4xf64>}) {
  %y = ntk.leaky_relu %x {alpha = 0.25} : (tensor<4xf64>) -> tensor<4xf64>
  ntk.return %y : tensor<4xf64>
}

ntk.network @elu(%x: tensor<4xf64> {check.values = dense<[-1.0, -0.5, 0.0, 2.0]> : tensor<4xf64>})
    -> (tensor<4xf64> {check.result = dense<[-0.94818083824283654, -0.59020401043104987, 0.0, 2.0]> : tensor<4xf64>}) {
  %y = ntk.elu %x {alpha = 1.5} : (tensor<4xf64>) -> tensor<4xf64>
  ntk.return %y : tensor<4xf64>
}

ntk.network @clip(%x: tensor<5xf64> {check.values = dense<[-2.0, -1.0, 0.0, 0.5, 2.0]> : tensor<5xf64>})
    -> (tensor<5xf64> {check.result = dense<[-1.0, -1.0, 0.0, 0.5, 0.5]> : tensor<5xf64>}) {
  %y = ntk.clip %x {low = -1.0, high = 0.5} : (tensor<5xf64>) -> tensor<5xf64>
  ntk.return %y : tensor<5xf64>
}

ntk.network @clip_on_bounds(%x: tensor<5xf64> {check.values = dense<[-2.0, -1.0, 0.0, 0.5, 2.0]> : tensor<5xf64>})
    -> (tensor<5xf64> {check.result = dense<[-1.0, -1.0, 0.0, 0.5, 0.5]> : tensor<5xf64>},
        tensor<5xf64> {check.result = dense<[-1.0, -1.0, 0.0, 0.5, 0.5]> : tensor<5xf64>},
        tensor<5xf64> {check.result = dense<[0.0, 0.0, 0.0, 0.5, 2.0]> : tensor<5xf64>}) {
  %y = ntk.clip %x {low = -1.0, high = 0.5, on_bounds = 1.0} : (tensor<5xf64>) -> tensor<5xf64>
  %z = ntk.clip %x {low = -1.0, high = 0.5, on_bounds = 0.25} : (tensor<5xf64>) -> tensor<5xf64>
  %r = ntk.clip %x {low = 0.0, high = 0x7FF0000000000000 : f64, on_bounds = 1.0} : (tensor<5xf64>) -> tensor<5xf64>
  ntk.return %y, %z, %r : tensor<5xf64>, tensor<5xf64>, tensor<5xf64>
}

// 0x7FF0000000000000 is infinity.
ntk.network @clip_below(%x: tensor<3xf64> {check.values = dense<[-2.0, -1.0, 9.0]> : tensor<3xf64>})
    -> (tensor<3xf64> {check.result = dense<[-1.0, -1.0, 9.0]> : tensor<3xf64>}) {
  %y = ntk.clip %x {low = -1.0, high = 0x7FF0000000000000 : f64} : (tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}

ntk.network @clip_above(%x: tensor<3xf64> {check.values = dense<[-2.0, 6.0, 9.0]> : tensor<3xf64>})
    -> (tensor<3xf64> {check.result = dense<[-2.0, 6.0, 6.0]> : tensor<3xf64>}) {
  %y = ntk.clip %x {low = 0xFFF0000000000000 : f64, high = 6.0} : (tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}

ntk.network @abs(%x: tensor<3xf64> {check.values = dense<[-2.0, 0.0, 3.0]> : tensor<3xf64>})
    -> (tensor<3xf64> {check.result = dense<[2.0, 0.0, 3.0]> : tensor<3xf64>}) {
  %y = ntk.abs %x : (tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}

// Powers: a cube of negative numbers, a root, none at all.
ntk.network @pow(%x: tensor<3xf64> {check.values = dense<[-2.0, 1.0, 3.0]> : tensor<3xf64>},
                 %z: tensor<3xf64> {check.range = [0.5, 2.0]})
    -> (tensor<3xf64> {check.result = dense<[-8.0, 1.0, 27.0]> : tensor<3xf64>}, tensor<3xf64>, tensor<3xf64>) {
  %y = ntk.pow %x {exponent = 3.0} : (tensor<3xf64>) -> tensor<3xf64>
  %r = ntk.pow %z {exponent = -1.3} : (tensor<3xf64>) -> tensor<3xf64>
  %o = ntk.pow %x {exponent = 0.0} : (tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y, %r, %o : tensor<3xf64>, tensor<3xf64>, tensor<3xf64>
}

// Composite functions at large arguments: no overflow.
ntk.network @large(%x: tensor<2xf64> {check.values = dense<[-800.0, 800.0]> : tensor<2xf64>})
    -> (tensor<2xf64> {check.result = dense<[0.0, 800.0]> : tensor<2xf64>},
        tensor<2xf64> {check.result = dense<[0.0, 1.0]> : tensor<2xf64>},
        tensor<2xf64> {check.result = dense<[0.0, 800.0]> : tensor<2xf64>}) {
  %p = ntk.softplus %x : (tensor<2xf64>) -> tensor<2xf64>
  %s = ntk.sigmoid %x : (tensor<2xf64>) -> tensor<2xf64>
  %g = ntk.gelu %x : (tensor<2xf64>) -> tensor<2xf64>
  ntk.return %p, %s, %g : tensor<2xf64>, tensor<2xf64>, tensor<2xf64>
}

// Near zero and far out. The numbers are mpmath's.
ntk.network @asinh_far(%x: tensor<3xf64> {check.values = dense<[0.00000000000000000e+00, -1.00000000000000002e-08, -9.99999999999999970e+199]> : tensor<3xf64>})
    -> (tensor<3xf64> {check.result = dense<[0.00000000000000000e+00, -1.00000000000000002e-08, -4.61210165779369106e+02]> : tensor<3xf64>}) {
  %y = ntk.asinh %x : (tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}

ntk.network @acosh_far(%x: tensor<3xf64> {check.values = dense<[1.00000010000000006e+00, 2.00000000000000000e+00, 9.99999999999999970e+199]> : tensor<3xf64>})
    -> (tensor<3xf64> {check.result = dense<[4.47213591903734701e-04, 1.31695789692481680e+00, 4.61210165779369106e+02]> : tensor<3xf64>}) {
  %y = ntk.acosh %x : (tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}

ntk.network @atanh_far(%x: tensor<3xf64> {check.values = dense<[0.00000000000000000e+00, -9.99999999999999980e-13, 4.00000000000000022e-01]> : tensor<3xf64>})
    -> (tensor<3xf64> {check.result = dense<[0.00000000000000000e+00, -9.99999999999999980e-13, 4.23648930193601836e-01]> : tensor<3xf64>}) {
  %y = ntk.atanh %x : (tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}

ntk.network @asin_far(%x: tensor<3xf64> {check.values = dense<[-4.00000000000000022e-01, 9.99999999999999980e-13, 2.99999999999999989e-01]> : tensor<3xf64>})
    -> (tensor<3xf64> {check.result = dense<[-4.11516846067488062e-01, 9.99999999999999980e-13, 3.04692654015397524e-01]> : tensor<3xf64>}) {
  %y = ntk.asin %x : (tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}

ntk.network @acos_far(%x: tensor<3xf64> {check.values = dense<[-4.00000000000000022e-01, 0.00000000000000000e+00, 2.99999999999999989e-01]> : tensor<3xf64>})
    -> (tensor<3xf64> {check.result = dense<[1.98231317286238462e+00, 1.57079632679489656e+00, 1.26610367277949920e+00]> : tensor<3xf64>}) {
  %y = ntk.acos %x : (tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}

ntk.network @atan_far(%x: tensor<3xf64> {check.values = dense<[-9.99999999999999970e+199, 9.99999999999999980e-13, 1.00000000000000000e+09]> : tensor<3xf64>})
    -> (tensor<3xf64> {check.result = dense<[-1.57079632679489656e+00, 9.99999999999999980e-13, 1.57079632579489670e+00]> : tensor<3xf64>}) {
  %y = ntk.atan %x : (tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}

ntk.network @sinh_far(%x: tensor<3xf64> {check.values = dense<[-3.00000000000000000e+02, 9.99999999999999980e-13, 1.00000000000000000e+00]> : tensor<3xf64>})
    -> (tensor<3xf64> {check.result = dense<[-9.71213197620627913e+129, 9.99999999999999980e-13, 1.17520119364380138e+00]> : tensor<3xf64>}) {
  %y = ntk.sinh %x : (tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}

ntk.network @cosh_far(%x: tensor<3xf64> {check.values = dense<[-3.00000000000000000e+02, 0.00000000000000000e+00, 1.00000000000000000e+00]> : tensor<3xf64>})
    -> (tensor<3xf64> {check.result = dense<[9.71213197620627913e+129, 1.00000000000000000e+00, 1.54308063481524371e+00]> : tensor<3xf64>}) {
  %y = ntk.cosh %x : (tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}

ntk.network @tanh_far(%x: tensor<3xf64> {check.values = dense<[-1.80000000000000000e+01, 9.99999999999999980e-13, 3.00000000000000000e+01]> : tensor<3xf64>})
    -> (tensor<3xf64> {check.result = dense<[-9.99999999999999556e-01, 9.99999999999999980e-13, 1.00000000000000000e+00]> : tensor<3xf64>}) {
  %y = ntk.tanh %x : (tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}

ntk.network @sigmoid_far(%x: tensor<3xf64> {check.values = dense<[-7.00000000000000000e+02, 0.00000000000000000e+00, 3.00000000000000000e+01]> : tensor<3xf64>})
    -> (tensor<3xf64> {check.result = dense<[9.85967654375977077e-305, 5.00000000000000000e-01, 9.99999999999906408e-01]> : tensor<3xf64>}) {
  %y = ntk.sigmoid %x : (tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}

ntk.network @silu_far(%x: tensor<3xf64> {check.values = dense<[-7.00000000000000000e+02, 0.00000000000000000e+00, 3.00000000000000000e+01]> : tensor<3xf64>})
    -> (tensor<3xf64> {check.result = dense<[-6.90177358063183992e-302, 0.00000000000000000e+00, 2.99999999999971934e+01]> : tensor<3xf64>}) {
  %y = ntk.silu %x : (tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}

ntk.network @mish_far(%x: tensor<3xf64> {check.values = dense<[-7.00000000000000000e+02, 0.00000000000000000e+00, 3.00000000000000000e+01]> : tensor<3xf64>})
    -> (tensor<3xf64> {check.result = dense<[-6.90177358063183992e-302, 0.00000000000000000e+00, 3.00000000000000000e+01]> : tensor<3xf64>}) {
  %y = ntk.mish %x : (tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}

ntk.network @gelu_tanh_far(%x: tensor<3xf64> {check.values = dense<[-1.00000000000000000e+20, 0.00000000000000000e+00, 1.00000000000000000e+20]> : tensor<3xf64>})
    -> (tensor<3xf64> {check.result = dense<[0.00000000000000000e+00, 0.00000000000000000e+00, 1.00000000000000000e+20]> : tensor<3xf64>}) {
  %y = ntk.gelu_tanh %x : (tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}

ntk.network @softsign_far(%x: tensor<3xf64> {check.values = dense<[-9.99999999999999970e+199, 9.99999999999999980e-13, 1.00000000000000000e+00]> : tensor<3xf64>})
    -> (tensor<3xf64> {check.result = dense<[-1.00000000000000000e+00, 9.99999999998999931e-13, 5.00000000000000000e-01]> : tensor<3xf64>}) {
  %y = ntk.softsign %x : (tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}
