// RUN: ntk-opt %s --split-input-file --verify-diagnostics

// expected-error @below {{expected at least one result, but got none}}
ntk.network @results(%x: tensor<3xf32>) {
  ntk.return
}

// -----

// expected-error @below {{expected results of f32 or f64, but got 'tensor<3xi64>'}}
ntk.network @integers(%x: tensor<3xi64>) -> tensor<3xi64> {
  ntk.return %x : tensor<3xi64>
}

// -----

// expected-error @below {{expected arguments of ranked, static tensor type, but argument 0 is 'tensor<?xf32>'}}
ntk.network @dynamic(%x: tensor<?xf32>, %y: tensor<3xf32>) -> tensor<3xf32> {
  ntk.return %y : tensor<3xf32>
}

// -----

// expected-error @below {{expected parameter 'w' of f32 or f64, but got 'tensor<3xi64>'}}
ntk.network @parameter(%y: tensor<3xf32>, %w: tensor<3xi64> {ntk.param = "w"}) -> tensor<3xf32> {
  ntk.return %y : tensor<3xf32>
}

// -----

// expected-error @below {{expected distinct parameter and buffer names, but got 'w' twice}}
ntk.network @twice(%y: tensor<3xf32> {ntk.param = "w"}, %w: tensor<3xf32> {ntk.buffer = "w"}) -> tensor<3xf32> {
  ntk.return %y : tensor<3xf32>
}

// -----

// expected-error @below {{expected parameter 'w' of f32 or f64, but got 'tensor<3xf16>'}}
ntk.network @half(%y: tensor<3xf32>, %w: tensor<3xf16> {ntk.param = "w"}) -> tensor<3xf32> {
  ntk.return %y : tensor<3xf32>
}

// -----

// expected-error @below {{expected a name as 'ntk.param' of argument 1, but got 3 : i64}}
ntk.network @number(%y: tensor<3xf32>, %w: tensor<3xf32> {ntk.param = 3}) -> tensor<3xf32> {
  ntk.return %y : tensor<3xf32>
}

// -----

// expected-error @below {{expected a name as 'ntk.buffer' of argument 0, but got ""}}
ntk.network @nameless(%y: tensor<3xf32> {ntk.buffer = ""}) -> tensor<3xf32> {
  ntk.return %y : tensor<3xf32>
}

// -----

// expected-error @below {{expected arguments of at most 2^63 elements, but argument 1 is 'tensor<4611686018427387904x3xf32>'}}
ntk.network @uncountable(%x: tensor<3xf32>,
                         %w: tensor<4611686018427387904x3xf32> {ntk.param = "w"}) -> tensor<3xf32> {
  ntk.return %x : tensor<3xf32>
}

// -----

ntk.network @grown(%x: tensor<4294967296xf32>, %w: tensor<4294967296xf32> {ntk.param = "w"})
    -> tensor<f32> {
  // expected-error @below {{expected results of static shape with at most 2^63 elements}}
  %a = ntk.contract "i, j -> ij" (%x, %w)
      : (tensor<4294967296xf32>, tensor<4294967296xf32>) -> tensor<4294967296x4294967296xf32>
  %y = ntk.contract "ij -> " (%a) : (tensor<4294967296x4294967296xf32>) -> tensor<f32>
  ntk.return %y : tensor<f32>
}

// -----

ntk.network @foreign(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error @below {{expected an op on values of one example in a network}}
  %y = arith.addf %x, %x : tensor<3xf32>
  ntk.return %y : tensor<3xf32>
}

// -----

ntk.network @endless(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error @below {{expected ntk.return at the end of a network}}
  llvm.unreachable
}

// -----

ntk.network @batched(%x: tensor<3xf32>) -> tensor<f32> {
  // expected-error @below {{expected values of one example in a network, but got batch letters 'n'}}
  %s = ntk.reduce_sum %x {axes = array<i64>, batch = ["n"]} : (tensor<3xf32>) -> tensor<3xf32>
  %y = ntk.reduce_sum %s {axes = array<i64: 0>} : (tensor<3xf32>) -> tensor<f32>
  ntk.return %y : tensor<f32>
}

// -----

ntk.network @types(%y: tensor<3xf32>) -> tensor<2xf32> {
  // expected-error @below {{expected operands of the network's result types 'tensor<2xf32>', but got 'tensor<3xf32>'}}
  ntk.return %y : tensor<3xf32>
}
