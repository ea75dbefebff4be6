// RUN: ntk-opt %s --canonicalize --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @same_shape
// CHECK-SAME: (%[[X:.*]]: tensor<2x3xf32>)
// CHECK-NEXT: return %[[X]], %[[X]], %[[X]], %[[X]]
func.func @same_shape(%x: tensor<2x3xf32>) -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) {
  %0 = ntk.reshape %x {shape = array<i64: 2, 3>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %1 = ntk.transpose %x {permutation = array<i64: 0, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = ntk.broadcast %x {shape = array<i64: 2, 3>, dimensions = array<i64: 0, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %3 = ntk.slice %x {starts = array<i64: 0, 0>, sizes = array<i64: 2, 3>, strides = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %0, %1, %2, %3 : tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>
}

// -----

// Two reshapes are one; there and back is nothing.
// CHECK-LABEL: func.func @reshape_twice
// CHECK-SAME: (%[[X:.*]]: tensor<2x3x4xf32>)
// CHECK-NEXT: %[[Y:.*]] = ntk.reshape %[[X]] {shape = array<i64: 4, 6>}
// CHECK-NEXT: return %[[Y]], %[[X]]
func.func @reshape_twice(%x: tensor<2x3x4xf32>) -> (tensor<4x6xf32>, tensor<2x3x4xf32>) {
  %0 = ntk.reshape %x {shape = array<i64: 24>} : (tensor<2x3x4xf32>) -> tensor<24xf32>
  %1 = ntk.reshape %0 {shape = array<i64: 4, 6>} : (tensor<24xf32>) -> tensor<4x6xf32>
  %2 = ntk.reshape %1 {shape = array<i64: 2, 3, 4>} : (tensor<4x6xf32>) -> tensor<2x3x4xf32>
  return %1, %2 : tensor<4x6xf32>, tensor<2x3x4xf32>
}

// -----

// Batched reshapes fold as others do.
// CHECK-LABEL: func.func @reshape_batched
// CHECK-SAME: (%[[X:.*]]: tensor<?x2x3xf32>)
// CHECK-NEXT: return %[[X]]
func.func @reshape_batched(%x: tensor<?x2x3xf32>) -> tensor<?x2x3xf32> {
  %0 = ntk.reshape %x {batch = ["n"], shape = array<i64: 6>} : (tensor<?x2x3xf32>) -> tensor<?x6xf32>
  %1 = ntk.reshape %0 {batch = ["n"], shape = array<i64: 2, 3>} : (tensor<?x6xf32>) -> tensor<?x2x3xf32>
  return %1 : tensor<?x2x3xf32>
}

// -----

// y = x[a1, a2, a0], then once more: x[a2, a0, a1].
// CHECK-LABEL: func.func @transpose_twice
// CHECK-NEXT: ntk.transpose %{{.*}} {permutation = array<i64: 2, 0, 1>} : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
// CHECK-NEXT: return
func.func @transpose_twice(%x: tensor<2x3x4xf32>) -> tensor<4x2x3xf32> {
  %0 = ntk.transpose %x {permutation = array<i64: 1, 2, 0>} : (tensor<2x3x4xf32>) -> tensor<3x4x2xf32>
  %1 = ntk.transpose %0 {permutation = array<i64: 1, 2, 0>} : (tensor<3x4x2xf32>) -> tensor<4x2x3xf32>
  return %1 : tensor<4x2x3xf32>
}

// -----

// CHECK-LABEL: func.func @constants
// CHECK-DAG: ntk.constant dense<{{\[\[}}1.000000e+00], [2.000000e+00]]> : tensor<2x1xf32>
// CHECK-DAG: ntk.constant dense<3.000000e+00> : tensor<4xf32>
// CHECK-NEXT: return
func.func @constants() -> (tensor<2x1xf32>, tensor<4xf32>) {
  %a = ntk.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %b = ntk.constant dense<3.0> : tensor<f32>
  %0 = ntk.reshape %a {shape = array<i64: 2, 1>} : (tensor<2xf32>) -> tensor<2x1xf32>
  %1 = ntk.broadcast %b {shape = array<i64: 4>, dimensions = array<i64>} : (tensor<f32>) -> tensor<4xf32>
  return %0, %1 : tensor<2x1xf32>, tensor<4xf32>
}
