// RUN: ntk-opt %s --split-input-file --ntk-expand --verify-diagnostics

// expected-error @below {{expected a network, but found no @missing}}
ntk.kernel @theta of @missing "now, mpw -> nmop" (J1, J2)

// -----

ntk.network @f(%x: tensor<3xf32>, %w: tensor<3xf32> {ntk.param = "w"}) -> tensor<3xf32> {
  %y = ntk.mul %x, %w : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  ntk.return %y : tensor<3xf32>
}
// expected-error @below {{expected parameters of @f in 'wrt', but got 'v'}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) {wrt = ["v"]}

// -----

ntk.network @f(%x: tensor<3xf32>, %w: tensor<3xf32> {ntk.buffer = "w"}) -> tensor<3xf32> {
  %y = ntk.mul %x, %w : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  ntk.return %y : tensor<3xf32>
}
// expected-error @below {{expected a trainable parameter, but @f has none}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2)

// -----

ntk.network @f(%x: tensor<3xf32>, %w: tensor<3xf32> {ntk.param = "w"}) -> tensor<3xf32> {
  %y = ntk.mul %x, %w : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  ntk.return %y : tensor<3xf32>
}
// expected-error @below {{expected a block of 1 to 3 outputs, but got 4}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <blocks = {o = 4}>

// -----

ntk.network @f(%x: tensor<3xf32>, %w: tensor<3xf32> {ntk.param = "w"}) -> tensor<3xf32> {
  %y = ntk.mul %x, %w : tensor<3xf32>
  ntk.return %y : tensor<3xf32>
}
// A diagonal may be computed in any blocks.
ntk.kernel @diagonal of @f "now, mow -> nmo" (J1, J2) schedule <blocks = {o = 2}>
// expected-error @below {{expected a block of outputs that divides the 3 of a trace, but got 2}}
ntk.kernel @trace of @f "now, mow -> nm" (J1, J2) schedule <blocks = {o = 2}>

// -----

ntk.network @f(%x: tensor<2xf32>, %w: tensor<2xf32> {ntk.param = "w"}) -> tensor<2xf32> {
  %h = ntk.mul %x, %w : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  // expected-error @below {{expected values of at most 16 axes, but got}}
  %r = ntk.reshape %h {shape = array<i64: 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2>} : (tensor<2xf32>) -> tensor<1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x2xf32>
  %y = ntk.reshape %r {shape = array<i64: 2>} : (tensor<1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x2xf32>) -> tensor<2xf32>
  ntk.return %y : tensor<2xf32>
}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2)

// -----

// As many axes as there may be.
ntk.network @f(%x: tensor<2xf32>, %w: tensor<2xf32> {ntk.param = "w"}) -> tensor<2xf32> {
  %h = ntk.mul %x, %w : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %r = ntk.reshape %h {shape = array<i64: 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2>} : (tensor<2xf32>) -> tensor<1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x2xf32>
  %y = ntk.reshape %r {shape = array<i64: 2>} : (tensor<1x1x1x1x1x1x1x1x1x1x1x1x1x1x1x2xf32>) -> tensor<2xf32>
  ntk.return %y : tensor<2xf32>
}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2)

// -----

ntk.network @net(%x: tensor<3xf32>, %i: tensor<2xi64>, %w: tensor<3xf32> {ntk.param = "w"}) -> tensor<3xf32> {
  %y = ntk.mul %x, %w : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32> loc("scaled")
  ntk.return %y : tensor<3xf32>
}
// expected-error @below {{expected values of @net as 'cuts', but got 'pool'}}
ntk.kernel @theta of @net "now, mpw -> nmop" (J1, J2) schedule <cuts = ["scaled", "pool"]>

// -----

ntk.network @net(%x: tensor<3xf32>, %w: tensor<3xf32> {ntk.param = "w"}) -> tensor<3xf32> {
  %y = ntk.mul %x, %w : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32> loc("twice")
  %z = ntk.tanh %y : (tensor<3xf32>) -> tensor<3xf32> loc("twice")
  ntk.return %z : tensor<3xf32>
}
// expected-error @below {{expected values of @net as 'cuts', but got 'twice'}}
ntk.kernel @theta of @net "now, mpw -> nmop" (J1, J2) schedule <cuts = ["#0", "twice"]>

// -----

ntk.network @net(%x: tensor<3xf32>, %w: tensor<3xf32> {ntk.param = "w"}) -> tensor<3xf32> {
  %y = ntk.mul %x, %w : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  ntk.return %y : tensor<3xf32>
}
// expected-error @below {{expected values of @net as 'cuts', but got '#1'}}
ntk.kernel @theta of @net "now, mpw -> nmop" (J1, J2) schedule <cuts = ["#1"]>

// -----

ntk.network @net(%x: tensor<3xf32>, %w: tensor<3xf32> {ntk.param = "w"}) -> tensor<3xf32> {
  %c = ntk.compare gt %x, %x : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xi1> loc("mask")
  %y = ntk.mul %x, %w : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  ntk.return %y : tensor<3xf32>
}
// expected-error @below {{expected numbers to differentiate by as 'cuts', but 'mask' is 'tensor<3xi1>'}}
ntk.kernel @theta of @net "now, mpw -> nmop" (J1, J2) schedule <cuts = ["mask"]>
