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

ntk.network @types(%y: tensor<3xf32>) -> tensor<2xf32> {
  // expected-error @below {{expected operands of the network's result types 'tensor<2xf32>', but got 'tensor<3xf32>'}}
  ntk.return %y : tensor<3xf32>
}
