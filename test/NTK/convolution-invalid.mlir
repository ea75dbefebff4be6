// RUN: ntk-opt %s --split-input-file --verify-diagnostics

// Errors of convolutions.

func.func @f(%a: tensor<4xf32>, %b: tensor<2x3x2xf32>) {
  // expected-error @+2 {{expected an input of channels and spatial axes, but got 'tensor<4xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.conv %a, %b {strides = array<i64: 1>, padding = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<4xf32>, tensor<2x3x2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%a: tensor<3x4xf32>, %b: tensor<2x3xf32>) {
  // expected-error @+2 {{expected a kernel of rank 3 and element type 'f32', but got 'tensor<2x3xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.conv %a, %b {strides = array<i64: 1>, padding = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<3x4xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%a: tensor<4x4xf32>, %b: tensor<3x2x2xf32>) {
  // expected-error @+2 {{expected groups that divide 3 output channels, but got 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.conv %a, %b {strides = array<i64: 1>, padding = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 2 : i64} : (tensor<4x4xf32>, tensor<3x2x2xf32>) -> tensor<3x3xf32>
  return
}

// -----

func.func @f(%a: tensor<3x4xf32>, %b: tensor<2x2x2xf32>) {
  // expected-error @+2 {{expected 1 x 2 input channels, but got 3}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.conv %a, %b {strides = array<i64: 1>, padding = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<3x4xf32>, tensor<2x2x2xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%a: tensor<2x4xf32>, %b: tensor<2x2x5xf32>) {
  // expected-error @+2 {{expected a window that fits into spatial axis 0 of padded size 4, but got one that spans 5}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.conv %a, %b {strides = array<i64: 1>, padding = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<2x4xf32>, tensor<2x2x5xf32>) -> tensor<2x0xf32>
  return
}

// -----

func.func @f(%a: tensor<2x4xf32>, %b: tensor<2x2x2xf32>) {
  // expected-error @+2 {{expected an input of type 'tensor<2x3xf32>', but got 'tensor<2x4xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.conv_transpose %a, %b {output_size = array<i64: 4>, strides = array<i64: 1>, padding = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<2x4xf32>, tensor<2x2x2xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @f(%a: tensor<3x4xf32>) {
  // expected-error @+2 {{expected groups that divide 3 input channels, but got 2}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.patches %a {kernel_size = array<i64: 2>, strides = array<i64: 1>, padding = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 2 : i64} : (tensor<3x4xf32>) -> tensor<2x1x2x3xf32>
  return
}

// -----

func.func @f(%a: tensor<1x2x2x4xf32>) {
  // expected-error @+2 {{expected patches of 1 groups, 2 taps and 3 pixels, but got [1, 2, 2, 4]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.fold_patches %a {kernel_size = array<i64: 2>, output_size = array<i64: 4>, strides = array<i64: 1>, padding = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x2x2x4xf32>) -> tensor<2x4xf32>
  return
}
