// RUN: ntk-opt %s --split-input-file --verify-diagnostics

// Errors of reductions, pooling and matrices.

func.func @f(%a: tensor<2x3xf32>) {
  // expected-error @+2 {{expected ascending axes of a value of rank 2, but got [1, 0]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.reduce_sum %a {axes = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<f32>
  return
}

// -----

func.func @f(%a: tensor<2x0xf32>) {
  // expected-error @+2 {{expected a value with elements, but got 'tensor<2x0xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.reduce_max %a {axes = array<i64: 1>} : (tensor<2x0xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%a: tensor<2xf32>) {
  // expected-error @+2 {{expected an axis of a value of rank 1, but got -1}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.softmax %a {axis = -1 : i64} : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>) {
  // expected-error @+2 {{expected at least 2 axes, but got [4]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.window_sum %a {window = array<i64: 2, 2>, strides = array<i64: 1, 1>, padding = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<4xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>) {
  // expected-error @+2 {{expected window sizes of at least 1, but got [0]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.window_sum %a {window = array<i64: 0>, strides = array<i64: 1>, padding = array<i64: 0, 0>, dilations = array<i64: 1>} : (tensor<4xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>) {
  // expected-error @+2 {{expected strides of at least 1, but got [0]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.window_sum %a {window = array<i64: 2>, strides = array<i64: 0>, padding = array<i64: 0, 0>, dilations = array<i64: 1>} : (tensor<4xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>) {
  // expected-error @+2 {{expected 2 paddings, but got [0]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.max_pool %a {window = array<i64: 2>, strides = array<i64: 1>, padding = array<i64: 0>, dilations = array<i64: 1>} : (tensor<4xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>) {
  // expected-error @+2 {{expected dilations of at least 1, but got [0]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.max_pool_winner %a {window = array<i64: 2>, strides = array<i64: 1>, padding = array<i64: 0, 0>, dilations = array<i64: 0>} : (tensor<4xf32>) -> tensor<3xi32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>) {
  // expected-error @+2 {{expected a window that fits into spatial axis 0 of padded size 4, but got one that spans 5}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.max_pool %a {window = array<i64: 3>, strides = array<i64: 1>, padding = array<i64: 0, 0>, dilations = array<i64: 2>} : (tensor<4xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @f(%a: tensor<4xf32>) {
  // expected-error @+2 {{expected windows with an element each, but window 0 along spatial axis 0 holds padding only}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.max_pool %a {window = array<i64: 1>, strides = array<i64: 1>, padding = array<i64: 1, 0>, dilations = array<i64: 1>} : (tensor<4xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @f(%a: tensor<2x4xf32>) {
  // expected-error @+2 {{expected windows with an element each, but window 3 along spatial axis 1 holds padding only}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.max_pool_winner %a {window = array<i64: 1, 2>, strides = array<i64: 1, 2>, padding = array<i64: 0, 0, 1, 3>, dilations = array<i64: 1, 1>} : (tensor<2x4xf32>) -> tensor<2x4xi32>
  return
}

// -----

// Taps on both sides of the input, none inside.
func.func @f(%a: tensor<1xf32>) {
  // expected-error @+2 {{expected windows with an element each, but window 1 along spatial axis 0 holds padding only}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.max_pool %a {window = array<i64: 2>, strides = array<i64: 1>, padding = array<i64: 3, 3>, dilations = array<i64: 3>} : (tensor<1xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<50000x50000xf32>) {
  // expected-error @+2 {{expected fewer than 2^31 pixels, but got [50000, 50000]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.max_pool_winner %a {window = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<50000x50000xf32>) -> tensor<50000x50000xi32>
  return
}

// -----

func.func @f(%a: tensor<3xf32>) {
  // expected-error @+2 {{expected at least 1 axes and 1 output sizes, but got [3] and [4, 4]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.window_spread %a {output_size = array<i64: 4, 4>, window = array<i64: 2>, strides = array<i64: 1>, padding = array<i64: 0, 0>, dilations = array<i64: 1>} : (tensor<3xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<2xf32>) {
  // expected-error @+2 {{expected an operand of shape [3], but got [2]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.window_spread %a {output_size = array<i64: 4>, window = array<i64: 2>, strides = array<i64: 1>, padding = array<i64: 0, 0>, dilations = array<i64: 1>} : (tensor<2xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<4x2x3xf32>) {
  // expected-error @+2 {{expected square matrices along the last two axes, but got [4, 2, 3]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.det %a : (tensor<4x2x3xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<0x0xf32>) {
  // expected-error @+2 {{expected square matrices along the last two axes, but got [0, 0]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.inverse %a : (tensor<0x0xf32>) -> tensor<0x0xf32>
  return
}

// -----

func.func @f(%a: tensor<3xf32>) {
  // expected-error @+2 {{expected square matrices along the last two axes, but got [3]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.cofactor %a : (tensor<3xf32>) -> tensor<3xf32>
  return
}
