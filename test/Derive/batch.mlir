// RUN: ntk-opt %s --ntk-batch | FileCheck %s

// A value gets the letters of what it depends on: the weight none, the
// cotangent both.
// CHECK-LABEL: func.func @layer
// CHECK-SAME: %[[X:.*]]: tensor<?x3xf32> {ntk.batch = "n"}, %[[W:.*]]: tensor<2x3xf32>, %[[C:.*]]: tensor<10x2xf32>
func.func @layer(%x: tensor<3xf32> {ntk.batch = "n"}, %w: tensor<2x3xf32>,
                 %c: tensor<2xf32> {ntk.batch = "o", ntk.batch_size = array<i64: 10>})
    -> (tensor<2xf32>, tensor<3xf32>, tensor<2xf32>) {
  // CHECK: %[[Y:.*]] = ntk.contract "nk, ck -> nc" (%[[X]], %[[W]]) : (tensor<?x3xf32>, tensor<2x3xf32>) -> tensor<?x2xf32>
  %y = ntk.contract "k, ck -> c" (%x, %w) : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2xf32>
  // CHECK: %[[T:.*]] = ntk.contract "oc, ck -> ok" (%[[C]], %[[W]])
  %t = ntk.contract "c, ck -> k" (%c, %w) : (tensor<2xf32>, tensor<2x3xf32>) -> tensor<3xf32>
  // CHECK: %[[Z:.*]] = ntk.mul %[[C]], %[[Y]] {batch = ["o", "n"]} : (tensor<10x2xf32>, tensor<?x2xf32>) -> tensor<?x10x2xf32>
  %z = ntk.mul %c, %y : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  // CHECK: return %[[Y]], %[[T]], %[[Z]]
  return %y, %t, %z : tensor<2xf32>, tensor<3xf32>, tensor<2xf32>
}

// Functions without batched arguments stay as they are.
// CHECK-LABEL: func.func @plain
func.func @plain(%x: tensor<3xf32>) -> tensor<3xf32> {
  // CHECK: ntk.relu %{{.*}} : tensor<3xf32>
  %y = ntk.relu %x : (tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
