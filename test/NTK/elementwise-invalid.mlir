// RUN: ntk-opt %s --split-input-file --verify-diagnostics

// Errors of elementwise ops.

func.func @f(%a: tensor<2xf32>, %b: tensor<3xf32>) {
  // expected-error @+2 {{'ntk.add' op expected operands of one type, but got 'tensor<2xf32>' and 'tensor<3xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.add %a, %b : (tensor<2xf32>, tensor<3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%a: tensor<2xi1>, %b: tensor<2xi1>) {
  // expected-error @+2 {{expected numbers, but got 'tensor<2xi1>' and 'tensor<2xi1>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.mul %a, %b : (tensor<2xi1>, tensor<2xi1>) -> tensor<2xi1>
  return
}

// -----

func.func @f(%a: tensor<2xi64>, %b: tensor<2xi64>) {
  // expected-error @+2 {{expected floats, but got 'tensor<2xi64>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.power %a, %b : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  return
}

// -----

func.func @f(%a: tensor<2xi64>, %b: tensor<2xi32>) {
  // expected-error @+2 {{expected operands of one type, but got 'tensor<2xi64>' and 'tensor<2xi32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.bit_and %a, %b : (tensor<2xi64>, tensor<2xi32>) -> tensor<2xi64>
  return
}

// -----

func.func @f(%a: tensor<2xf32>, %b: tensor<2xi64>) {
  // expected-error @+2 {{expected operands of one type, but got 'tensor<2xf32>' and 'tensor<2xi64>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.compare eq %a, %b : (tensor<2xf32>, tensor<2xi64>) -> tensor<2xi1>
  return
}

// -----

func.func @f(%a: tensor<3xi1>, %b: tensor<2xf32>, %c: tensor<2xf32>) {
  // expected-error @+2 {{expected a mask of shape [2], but got [3]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.select %a, %b, %c : (tensor<3xi1>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%a: tensor<2xi1>, %b: tensor<2xf32>, %c: tensor<3xf32>) {
  // expected-error @+2 {{expected operands of one type, but got 'tensor<2xf32>' and 'tensor<3xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.select %a, %b, %c : (tensor<2xi1>, tensor<2xf32>, tensor<3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%a: tensor<2x2xi1>, %b: tensor<2xf32>) {
  // expected-error @+2 {{expected a mask of shape [2], but got [2, 2]}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.mask %a, %b : (tensor<2x2xi1>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @f(%a: tensor<2xf32>) {
  // expected-error @+2 {{expected element type f32, f64, i1, i32 or i64, but got 'i8'}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.convert %a {element = i8} : (tensor<2xf32>) -> tensor<2xi64>
  return
}

// -----

func.func @f(%a: tensor<2xf32>) {
  // expected-error @+2 {{inferred type(s) 'tensor<2xf32>' are incompatible with return type(s) of operation 'tensor<3xf32>'}}
  // expected-error @+1 {{failed to infer returned types}}
  %r = ntk.relu %a : (tensor<2xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @f(%a: tensor<2xi64>) {
  // expected-error @+1 {{operand #0 must be ranked tensor of 32-bit float or 64-bit float values, but got 'tensor<2xi64>'}}
  %r = ntk.stop_gradient %a : (tensor<2xi64>) -> tensor<2xi64>
  return
}
