// RUN: ntk-opt %s | ntk-opt | FileCheck %s

// CHECK-LABEL: func.func @contract
func.func @contract(%x: tensor<?x16xf32>, %w: tensor<8x16xf32>, %y: tensor<?x8xf32>) -> tensor<?x8xf32> {
  // CHECK: rt.contract "nk, ck -> nc" ins(%{{.*}}, %{{.*}} : tensor<?x16xf32>, tensor<8x16xf32>) outs(%{{.*}} : tensor<?x8xf32>) -> tensor<?x8xf32>
  %0 = rt.contract "nk, ck -> nc" ins(%x, %w : tensor<?x16xf32>, tensor<8x16xf32>) outs(%y : tensor<?x8xf32>) -> tensor<?x8xf32>
  // CHECK: rt.contract "nk, ck -> nc" ins({{.*}}) outs({{.*}}) {accumulate} -> tensor<?x8xf32>
  %1 = rt.contract "nk, ck -> nc" ins(%x, %w : tensor<?x16xf32>, tensor<8x16xf32>) outs(%0 : tensor<?x8xf32>) {accumulate} -> tensor<?x8xf32>
  return %1 : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @contract_buffers
func.func @contract_buffers(%x: memref<?x16xf64>, %w: memref<8x16xf64, strided<[20, 1], offset: ?>>, %y: memref<?x8xf64>) {
  // CHECK: rt.contract "nk, ck -> nc" ins(%{{.*}}, %{{.*}} : memref<?x16xf64>, memref<8x16xf64, strided<[20, 1], offset: ?>>) outs(%{{.*}} : memref<?x8xf64>){{$}}
  rt.contract "nk, ck -> nc" ins(%x, %w : memref<?x16xf64>, memref<8x16xf64, strided<[20, 1], offset: ?>>) outs(%y : memref<?x8xf64>)
  return
}

// CHECK-LABEL: func.func @convolutions
func.func @convolutions(%x: memref<?x4x9x9xf32>, %w: memref<6x2x3x3xf32>, %y: memref<?x6x5x5xf32>, %z: memref<?x2x2x9x25xf32>) {
  // CHECK: rt.conv ins(%{{.*}}, %{{.*}} : memref<?x4x9x9xf32>, memref<6x2x3x3xf32>) outs(%{{.*}} : memref<?x6x5x5xf32>) {dilations = array<i64: 1, 1>, groups = 2 : i64, padding = array<i64: 1, 1, 1, 1>, strides = array<i64: 2, 2>}
  rt.conv ins(%x, %w : memref<?x4x9x9xf32>, memref<6x2x3x3xf32>) outs(%y : memref<?x6x5x5xf32>)
      {strides = array<i64: 2, 2>, padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 2 : i64}
  // CHECK: rt.conv_backward_data ins(%{{.*}}, %{{.*}} : memref<?x6x5x5xf32>, memref<6x2x3x3xf32>) outs(%{{.*}} : memref<?x4x9x9xf32>)
  rt.conv_backward_data ins(%y, %w : memref<?x6x5x5xf32>, memref<6x2x3x3xf32>) outs(%x : memref<?x4x9x9xf32>)
      {strides = array<i64: 2, 2>, padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 2 : i64}
  // CHECK: rt.patches ins(%{{.*}} : memref<?x4x9x9xf32>) outs(%{{.*}} : memref<?x2x2x9x25xf32>)
  rt.patches ins(%x : memref<?x4x9x9xf32>) outs(%z : memref<?x2x2x9x25xf32>)
      {kernel_size = array<i64: 3, 3>, strides = array<i64: 2, 2>, padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 2 : i64}
  return
}
