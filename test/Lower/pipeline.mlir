// RUN: ntk-opt --ntk-lower-pipeline %s | FileCheck %s --implicit-check-not=memref.alloc --implicit-check-not=memref.copy

// A linear layer's cotangent Gram: factors are written where the caller wants
// them, products go straight into the tile, and one buffer is left over.

// CHECK-LABEL: func.func @theta_factors1(
// CHECK-SAME: %[[X:[a-z0-9]+]]: memref<?x3xf32> {ntk.batch = "n", ntk.input = "x"}
// CHECK-SAME: %[[N:[a-z0-9]+]]: index {ntk.size = "n"}
// CHECK-SAME: %[[PARAMS:[a-z0-9]+]]: memref<?xi8> {ntk.param_bytes = 128 : i64, ntk.param_offsets = {fc1.weight = 0 : i64, fc2.weight = 64 : i64}, ntk.param_types = {fc1.weight = tensor<4x3xf32>, fc2.weight = tensor<2x4xf32>}}
// CHECK-SAME: %{{[a-z0-9]+}}: memref<?xi8> {ntk.arena, ntk.arena_bytes = {n = 16 : i64}}
// CHECK-SAME: %[[FACTORS:[a-z0-9]+]]: memref<?xi8> {ntk.factor_bytes = {n = 64 : i64}, ntk.factor_offsets = [{}]}
// CHECK: %[[W:.*]] = memref.view %[[PARAMS]]
// CHECK: %[[F:.*]] = memref.view %[[FACTORS]]
// CHECK: rt.contract "nk, ck -> nc" ins(%[[X]], %[[W]]
// CHECK: rt.contract "nc, dc -> nd" ins({{.*}}) outs(%[[F]] : memref<?x2xf32>)
func.func @theta_factors1(%x: tensor<?x3xf32> {ntk.batch = "n", ntk.input = "x"},
    %n: index {ntk.size = "n"},
    %w1: tensor<4x3xf32> {ntk.param = "fc1.weight"},
    %w2: tensor<2x4xf32> {ntk.param = "fc2.weight"}) -> tensor<?x2xf32>
    attributes {ntk.kernel = @theta, ntk.role = "factors", ntk.sides = array<i64: 1, 2>} {
  %h = ntk.contract "nk, ck -> nc" (%x, %w1)
      : (tensor<?x3xf32>, tensor<4x3xf32>) -> tensor<?x4xf32>
  %y = ntk.contract "nc, dc -> nd" (%h, %w2)
      : (tensor<?x4xf32>, tensor<2x4xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// CHECK-LABEL: func.func @theta_tile(
// CHECK-SAME: %[[F1:[a-z0-9]+]]: memref<?xi8> {ntk.factor_bytes = {n = 64 : i64}, ntk.factor_offsets = [{}], ntk.side = 1 : i64}
// CHECK-SAME: %[[F2:[a-z0-9]+]]: memref<?xi8> {ntk.factor_bytes = {m = 64 : i64}, ntk.factor_offsets = [{}], ntk.side = 2 : i64}
// CHECK-SAME: index {ntk.size = "n"}
// CHECK-SAME: index {ntk.size = "m"}
// CHECK-SAME: %[[OUT:[a-z0-9]+]]: memref<?x?xf32>)
// CHECK: rt.contract "nd, md -> nm" ins({{.*}}) outs(%[[OUT]] : memref<?x?xf32>) {ntk.step = 2 : i64}{{$}}
func.func @theta_tile(%n: index {ntk.size = "n"}, %m: index {ntk.size = "m"},
    %w1: tensor<4x3xf32> {ntk.param = "fc1.weight"},
    %f1: tensor<?x2xf32> {ntk.batch = "n", ntk.factor = 0 : i64, ntk.side = 1 : i64},
    %f2: tensor<?x2xf32> {ntk.batch = "m", ntk.factor = 0 : i64, ntk.side = 2 : i64})
    -> tensor<?x?xf32>
    attributes {ntk.kernel = @theta, ntk.role = "tile"} {
  %0 = ntk.zeros %n, %m : tensor<?x?xf32>
  %t = ntk.contract "nd, md -> nm" (%f1, %f2) into %0
      : (tensor<?x2xf32>, tensor<?x2xf32> into tensor<?x?xf32>) -> tensor<?x?xf32>
  return %t : tensor<?x?xf32>
}
