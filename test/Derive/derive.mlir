// RUN: ntk-opt %s --ntk-derive | FileCheck %s

ntk.network @mlp(%x: tensor<3xf32>,
                 %w1: tensor<4x3xf32> {ntk.param = "fc1.weight"},
                 %frozen: tensor<4xf32> {ntk.buffer = "shift"},
                 %w2: tensor<2x4xf32> {ntk.param = "fc2.weight"}) -> tensor<2xf32> {
  %a = ntk.contract "k, ck -> c" (%x, %w1) : (tensor<3xf32>, tensor<4x3xf32>) -> tensor<4xf32>
  %b = ntk.add %a, %frozen : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %h = ntk.relu %b : (tensor<4xf32>) -> tensor<4xf32>
  %y = ntk.contract "k, ck -> c" (%h, %w2) : (tensor<4xf32>, tensor<2x4xf32>) -> tensor<2xf32>
  ntk.return %y : tensor<2xf32>
}

// The forward pass returns the outputs and what the derivatives read.
// CHECK-LABEL: func.func @mlp_forward
// CHECK: ntk.contract "k, ck -> c"
// CHECK: ntk.add
// CHECK: %[[H:.*]] = ntk.relu
// CHECK: %[[Y:.*]] = ntk.contract "k, ck -> c" (%[[H]]
// CHECK: return %[[Y]]

// From the cotangent of the outputs to the gradients of both weights; none for
// the buffer and none for x.
// CHECK-LABEL: func.func @mlp_vjp(
// CHECK-SAME: %[[C:[a-z0-9]+]]: tensor<2xf32>
// CHECK-SAME: -> (tensor<4x3xf32>, tensor<2x4xf32>)
// CHECK-DAG: ntk.contract "c, ck -> k" (%[[C]]
// CHECK-DAG: ntk.contract "c, k -> ck" (%[[C]]
// CHECK: ntk.mask
// CHECK: ntk.contract "c, k -> ck"

// From tangents of the weights to the tangent of the outputs.
// CHECK-LABEL: func.func @mlp_jvp(
// CHECK-SAME: %[[T1:[a-z0-9]+]]: tensor<4x3xf32>, %[[T2:[a-z0-9]+]]: tensor<2x4xf32>
// CHECK-SAME: -> tensor<2xf32>
// CHECK: ntk.contract "k, ck -> c" (%{{.*}}, %[[T1]])
// CHECK: ntk.mask
