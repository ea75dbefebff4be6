// RUN: ntk-opt %s --split-input-file --verify-diagnostics

// Errors of ops that move elements.

func.func @f(%a: tensor<2x3xf32>) {
  // expected-error @+2 {{expected a shape of 6 elements, but got [5]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.reshape %a {shape = array<i64: 5>} : (tensor<2x3xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>) {
  // expected-error @+2 {{expected a shape of 6 elements, but got [-2, -3]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.reshape %a {shape = array<i64: -2, -3>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>) {
  // expected-error @+2 {{expected a permutation of 2 axes, but got [0, 0]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.transpose %a {permutation = array<i64: 0, 0>} : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>) {
  // expected-error @+2 {{expected a permutation of 2 axes, but got [0, 2]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.transpose %a {permutation = array<i64: 0, 2>} : (tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @f(%a: tensor<2xf32>) {
  // expected-error @+2 {{expected a shape of at most 2^63 elements, but got [-1, 2]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.broadcast %a {shape = array<i64: -1, 2>, dimensions = array<i64: 1>} : (tensor<2xf32>) -> tensor<1x2xf32>
  return
}

// -----

func.func @f(%a: tensor<2xf32>) {
  // expected-error @+2 {{expected an axis of the result for each of 1 axes, but got [0, 1]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.broadcast %a {shape = array<i64: 3, 2>, dimensions = array<i64: 0, 1>} : (tensor<2xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @f(%a: tensor<2xf32>) {
  // expected-error @+2 {{expected ascending axes of a value of rank 2, but got [2]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.broadcast %a {shape = array<i64: 3, 2>, dimensions = array<i64: 2>} : (tensor<2xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @f(%a: tensor<2xf32>) {
  // expected-error @+2 {{expected size 2 of axis 0, but got 3}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.broadcast %a {shape = array<i64: 3, 2>, dimensions = array<i64: 0>} : (tensor<2xf32>) -> tensor<3x2xf32>
  return
}

// -----

func.func @f() {
  // expected-error @+2 {{expected at least one operand, but got none}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = "ntk.concat"() {axis = 0 : i64} : () -> tensor<2xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>, %b: tensor<2x2xf32>) {
  // expected-error @+2 {{expected operands that differ in axis 0 alone, but got 'tensor<2x3xf32>' and 'tensor<2x2xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.concat %a, %b {axis = 0 : i64} : (tensor<2x3xf32>, tensor<2x2xf32>) -> tensor<4x3xf32>
  return
}

// -----

func.func @f(%a: tensor<2xf32>) {
  // expected-error @+2 {{expected an axis of a value of rank 1, but got 1}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.concat %a {axis = 1 : i64} : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%a: tensor<5xf32>) {
  // expected-error @+2 {{expected positions below 5 in axis 0, but got 5}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.slice %a {starts = array<i64: 1>, sizes = array<i64: 3>, strides = array<i64: 2>} : (tensor<5xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @f(%a: tensor<5xf32>) {
  // expected-error @+2 {{expected sizes of at least 1, but got [0]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.slice %a {starts = array<i64: 1>, sizes = array<i64: 0>, strides = array<i64: 1>} : (tensor<5xf32>) -> tensor<0xf32>
  return
}

// -----

func.func @f(%a: tensor<5xf32>) {
  // expected-error @+2 {{expected 1 starts, but got [1, 1]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.slice %a {starts = array<i64: 1, 1>, sizes = array<i64: 1>, strides = array<i64: 1>} : (tensor<5xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @f(%a: tensor<5xf32>) {
  // expected-error @+2 {{expected numbers in low of at least 0, but got [-1]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.pad %a {low = array<i64: -1>, high = array<i64: 0>, interior = array<i64: 0>} : (tensor<5xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<5xf32>) {
  // expected-error @+2 {{expected ascending axes of a value of rank 1, but got [1]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.reverse %a {axes = array<i64: 1>} : (tensor<5xf32>) -> tensor<5xf32>
  return
}

// -----

func.func @f(%a: tensor<5xf32>, %b: tensor<2xi64>) {
  // expected-error @+2 {{expected an axis of a value of rank 1, but got 1}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.gather %a, %b {axis = 1 : i64} : (tensor<5xf32>, tensor<2xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%a: tensor<0xf32>, %b: tensor<2xi64>) {
  // expected-error @+2 {{expected elements along axis 0, but got 'tensor<0xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.gather %a, %b {axis = 0 : i64} : (tensor<0xf32>, tensor<2xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%a: tensor<3xf32>, %b: tensor<2xi64>) {
  // expected-error @+2 {{expected the axes [2] of the indices from axis 0 of the updates on, but got [3]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.scatter_add %a, %b {axis = 0 : i64, size = 4 : i64} : (tensor<3xf32>, tensor<2xi64>) -> tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<2xf32>, %b: tensor<2xi64>) {
  // expected-error @+2 {{expected sizes of at least 1, but got [0]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.scatter_add %a, %b {axis = 0 : i64, size = 0 : i64} : (tensor<2xf32>, tensor<2xi64>) -> tensor<0xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>, %b: tensor<3x1xi64>) {
  // expected-error @+2 {{expected indices with the axes of [2, 3] but for the last, but got [3, 1]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.take_along %a, %b : (tensor<2x3xf32>, tensor<3x1xi64>) -> tensor<3x1xf32>
  return
}

// -----

func.func @f(%a: tensor<2x0xf32>, %b: tensor<2x1xi64>) {
  // expected-error @+2 {{expected elements along the last axis, but got 'tensor<2x0xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.take_along %a, %b : (tensor<2x0xf32>, tensor<2x1xi64>) -> tensor<2x1xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xf32>, %b: tensor<2x1xi64>) {
  // expected-error @+2 {{expected updates and indices of one shape, but got [2, 3] and [2, 1]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.put_along %a, %b {size = 4 : i64} : (tensor<2x3xf32>, tensor<2x1xi64>) -> tensor<2x4xf32>
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{expected a block of 1 to 3 rows, but got 4}}
  %r = ntk.identity : tensor<4x3xf32>
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{expected a value of ranked tensor type, but got 'vector<2xf32>'}}
  %r = ntk.constant dense<1.0> : vector<2xf32>
  return
}
