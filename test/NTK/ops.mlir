// RUN: ntk-opt %s | FileCheck %s
// RUN: ntk-opt %s | ntk-opt | FileCheck %s
// RUN: ntk-opt %s --mlir-print-op-generic | ntk-opt | FileCheck %s

// Text forms. Batch letters come first in operands, and in the result in the
// order n, o, m, p.

// CHECK-LABEL: func.func @elementwise
func.func @elementwise(%x: tensor<?x8xf32>, %c: tensor<?x3x8xf32>, %w: tensor<8xf32>) -> tensor<?x3x8xf32> {
  // CHECK: ntk.leaky_relu %{{.*}} {alpha = 1.000000e-02 : f64, batch = ["n"]} : tensor<?x8xf32>
  %0 = ntk.leaky_relu %x {alpha = 0.01, batch = ["n"]} : (tensor<?x8xf32>) -> tensor<?x8xf32>
  // CHECK: ntk.compare gt %{{.*}}, %{{.*}} {batch = ["n", ""]} : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xi1>
  %1 = ntk.compare gt %0, %w {batch = ["n", ""]} : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xi1>
  // CHECK: ntk.mask %{{.*}}, %{{.*}} {batch = ["n", "no"]} : (tensor<?x8xi1>, tensor<?x3x8xf32>) -> tensor<?x3x8xf32>
  %2 = ntk.mask %1, %c {batch = ["n", "no"]} : (tensor<?x8xi1>, tensor<?x3x8xf32>) -> tensor<?x3x8xf32>
  // CHECK: ntk.mul %{{.*}}, %{{.*}} {batch = ["no", ""]} : (tensor<?x3x8xf32>, tensor<8xf32>) -> tensor<?x3x8xf32>
  %3 = ntk.mul %2, %w {batch = ["no", ""]} : (tensor<?x3x8xf32>, tensor<8xf32>) -> tensor<?x3x8xf32>
  // CHECK: ntk.clip %{{.*}} {batch = ["no"], high = 6.000000e+00 : f64, low = 0.000000e+00 : f64} : tensor<?x3x8xf32>
  %4 = ntk.clip %3 {batch = ["no"], high = 6.0, low = 0.0, on_bounds = 0.0} : (tensor<?x3x8xf32>) -> tensor<?x3x8xf32>
  // CHECK: ntk.clip %{{.*}} {batch = ["no"], high = 6.000000e+00 : f64, low = 0.000000e+00 : f64, on_bounds = 1.000000e+00 : f64} : tensor<?x3x8xf32>
  %5 = ntk.clip %4 {batch = ["no"], high = 6.0, low = 0.0, on_bounds = 1.0} : (tensor<?x3x8xf32>) -> tensor<?x3x8xf32>
  // CHECK: ntk.stop_gradient %{{.*}} {batch = ["no"]} : tensor<?x3x8xf32>
  %6 = ntk.stop_gradient %5 {batch = ["no"]} : (tensor<?x3x8xf32>) -> tensor<?x3x8xf32>
  return %6 : tensor<?x3x8xf32>
}

// CHECK-LABEL: func.func @convolution
func.func @convolution(%x: tensor<?x3x8x8xf32>, %w: tensor<4x3x3x3xf32>) -> tensor<?x4x4x4xf32> {
  // CHECK: ntk.conv %{{.*}}, %{{.*}} {batch = ["n", ""], dilations = array<i64: 1, 1>, groups = 1 : i64, padding = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>} : (tensor<?x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<?x4x4x4xf32>
  %0 = ntk.conv %x, %w {batch = ["n", ""], dilations = array<i64: 1, 1>, groups = 1 : i64, padding = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>} : (tensor<?x3x8x8xf32>, tensor<4x3x3x3xf32>) -> tensor<?x4x4x4xf32>
  return %0 : tensor<?x4x4x4xf32>
}

// CHECK-LABEL: func.func @pooling
func.func @pooling(%x: tensor<?x3x8xf32>) -> tensor<?x3x4xi32> {
  // CHECK: ntk.max_pool_winner %{{.*}} {batch = ["n"], dilations = array<i64: 1>, padding = array<i64: 0, 0>, strides = array<i64: 2>, window = array<i64: 2>} : (tensor<?x3x8xf32>) -> tensor<?x3x4xi32>
  %0 = ntk.max_pool_winner %x {batch = ["n"], dilations = array<i64: 1>, padding = array<i64: 0, 0>, strides = array<i64: 2>, window = array<i64: 2>} : (tensor<?x3x8xf32>) -> tensor<?x3x4xi32>
  return %0 : tensor<?x3x4xi32>
}

// CHECK-LABEL: func.func @movement
func.func @movement(%x: tensor<?x2x3xf32>, %z: tensor<4x1x3xf32>, %i: tensor<?x2xi64>, %first: index) -> tensor<?x4x3x3xf32> {
  // CHECK: ntk.concat %{{.*}}, %{{.*}} {axis = 0 : i64, batch = ["n", "o"]} : (tensor<?x2x3xf32>, tensor<4x1x3xf32>) -> tensor<?x4x3x3xf32>
  %0 = ntk.concat %x, %z {axis = 0 : i64, batch = ["n", "o"]} : (tensor<?x2x3xf32>, tensor<4x1x3xf32>) -> tensor<?x4x3x3xf32>
  // CHECK: ntk.gather %{{.*}}, %{{.*}} {axis = 1 : i64, batch = ["o", "n"]} : (tensor<4x1x3xf32>, tensor<?x2xi64>) -> tensor<?x4x1x2xf32>
  %1 = ntk.gather %z, %i {axis = 1 : i64, batch = ["o", "n"]} : (tensor<4x1x3xf32>, tensor<?x2xi64>) -> tensor<?x4x1x2xf32>
  // CHECK: ntk.identity %{{.*}} : tensor<2x5xf32>
  %2 = ntk.identity %first : tensor<2x5xf32>
  return %0 : tensor<?x4x3x3xf32>
}

// CHECK-LABEL: func.func @matrices
func.func @matrices(%x: tensor<?x2x3x3xf32>) -> tensor<?x2xf32> {
  // CHECK: ntk.inverse %{{.*}} {batch = ["n"]} : (tensor<?x2x3x3xf32>) -> tensor<?x2x3x3xf32>
  %0 = ntk.inverse %x {batch = ["n"]} : (tensor<?x2x3x3xf32>) -> tensor<?x2x3x3xf32>
  // CHECK: ntk.cofactor %{{.*}} {batch = ["n"]} : (tensor<?x2x3x3xf32>) -> tensor<?x2x3x3xf32>
  %1 = ntk.cofactor %0 {batch = ["n"]} : (tensor<?x2x3x3xf32>) -> tensor<?x2x3x3xf32>
  // CHECK: ntk.det %{{.*}} {batch = ["n"]} : (tensor<?x2x3x3xf32>) -> tensor<?x2xf32>
  %2 = ntk.det %1 {batch = ["n"]} : (tensor<?x2x3x3xf32>) -> tensor<?x2xf32>
  return %2 : tensor<?x2xf32>
}
