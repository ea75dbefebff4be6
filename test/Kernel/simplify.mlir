// RUN: ntk-opt %s --split-input-file --ntk-simplify | FileCheck %s

// Pushing the identity through a linear layer is a copy of the weight.
// CHECK-LABEL: func.func @seed
// CHECK-SAME: %[[W:.*]]: tensor<10x4xf32>
func.func @seed(%w: tensor<10x4xf32>) -> tensor<10x4xf32> {
  // CHECK-NOT: ntk.
  %i = ntk.identity : tensor<10x10xf32>
  %g = ntk.contract "oc, ck -> ok" (%i, %w) : (tensor<10x10xf32>, tensor<10x4xf32>) -> tensor<10x4xf32>
  // CHECK: return %[[W]]
  return %g : tensor<10x4xf32>
}

// -----

// δ[o,p] of the result stays; the summed letter goes.
// CHECK-LABEL: func.func @output_layer
func.func @output_layer(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>) -> tensor<?x10x?x10xf32> {
  %i = ntk.identity : tensor<10x10xf32>
  // CHECK: ntk.contract "nk, po, mk -> nomp"
  %t = ntk.contract "oc, nk, pc, mk -> nomp" (%i, %x, %i, %y) : (tensor<10x10xf32>, tensor<?x4xf32>, tensor<10x10xf32>, tensor<?x4xf32>) -> tensor<?x10x?x10xf32>
  return %t : tensor<?x10x?x10xf32>
}

// -----

// Declines: a block of the identity selects outputs.
// CHECK-LABEL: func.func @block
func.func @block(%w: tensor<10x4xf32>, %o: index) -> tensor<5x4xf32> {
  // CHECK: ntk.contract "oc, ck -> ok"
  %i = ntk.identity %o : tensor<5x10xf32>
  %g = ntk.contract "oc, ck -> ok" (%i, %w) : (tensor<5x10xf32>, tensor<10x4xf32>) -> tensor<5x4xf32>
  return %g : tensor<5x4xf32>
}

// -----

// Declines: both letters of the identity meet in one operand, a diagonal.
// CHECK-LABEL: func.func @diagonal
func.func @diagonal(%w: tensor<10x10xf32>) -> tensor<10xf32> {
  // CHECK: ntk.contract "oc, oc -> o"
  %i = ntk.identity : tensor<10x10xf32>
  %g = ntk.contract "oc, oc -> o" (%i, %w) : (tensor<10x10xf32>, tensor<10x10xf32>) -> tensor<10xf32>
  return %g : tensor<10xf32>
}

// -----

// CHECK-LABEL: func.func @broadcast
// CHECK-SAME: %[[C:.*]]: tensor<?x10x8xf32>, %[[Z:.*]]: tensor<?x16x9xf32>
func.func @broadcast(%c: tensor<?x10x8xf32>, %z: tensor<?x16x9xf32>) -> tensor<?x10x8x9xf32> {
  %b = ntk.broadcast %c {batch = ["no"], shape = array<i64: 16, 8>, dimensions = array<i64: 1>} : (tensor<?x10x8xf32>) -> tensor<?x10x16x8xf32>
  // CHECK: ntk.contract "noc, ntk -> nock" (%[[C]], %[[Z]])
  %g = ntk.contract "notc, ntk -> nock" (%b, %z) : (tensor<?x10x16x8xf32>, tensor<?x16x9xf32>) -> tensor<?x10x8x9xf32>
  return %g : tensor<?x10x8x9xf32>
}

// -----

// Declines: nothing else has the broadcast letter.
// CHECK-LABEL: func.func @summed_broadcast
func.func @summed_broadcast(%c: tensor<8xf32>, %z: tensor<9xf32>) -> tensor<8x9xf32> {
  %b = ntk.broadcast %c {shape = array<i64: 16, 8>, dimensions = array<i64: 1>} : (tensor<8xf32>) -> tensor<16x8xf32>
  // CHECK: ntk.contract "tc, k -> ck"
  %g = ntk.contract "tc, k -> ck" (%b, %z) : (tensor<16x8xf32>, tensor<9xf32>) -> tensor<8x9xf32>
  return %g : tensor<8x9xf32>
}
