// RUN: ntk-opt --one-shot-bufferize="bufferize-function-boundaries=1 function-boundary-type-conversion=identity-layout-map" %s | FileCheck %s

// A destination that is written over is not read: no copy.
// CHECK-LABEL: func.func @overwrite
// CHECK-NOT: memref.copy
// CHECK: rt.contract "nk, ck -> nc" ins({{.*}}) outs(%[[Y:.*]] : memref<4x8xf32>)
// CHECK-NEXT: rt.contract "nk, ck -> nc" ins({{.*}}) outs(%[[Y]] : memref<4x8xf32>) {accumulate}
func.func @overwrite(%x: tensor<4x16xf32>, %w: tensor<8x16xf32>) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = rt.contract "nk, ck -> nc" ins(%x, %w : tensor<4x16xf32>, tensor<8x16xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %1 = rt.contract "nk, ck -> nc" ins(%x, %w : tensor<4x16xf32>, tensor<8x16xf32>) outs(%0 : tensor<4x8xf32>) {accumulate} -> tensor<4x8xf32>
  return %1 : tensor<4x8xf32>
}

// A convolution of every other channel needs a dense copy of them.
// CHECK-LABEL: func.func @strided_operand
// CHECK: %[[SLICE:.*]] = memref.subview
// CHECK: %[[DENSE:.*]] = memref.alloc() : memref<2x4x8xf32>
// CHECK: memref.copy %[[SLICE]], %[[DENSE]]
// CHECK: rt.conv ins(%[[DENSE]],
func.func @strided_operand(%x: tensor<2x8x8xf32>, %w: tensor<3x4x3xf32>) -> tensor<2x3x6xf32> {
  %s = tensor.extract_slice %x[0, 0, 0] [2, 4, 8] [1, 2, 1] : tensor<2x8x8xf32> to tensor<2x4x8xf32>
  %e = tensor.empty() : tensor<2x3x6xf32>
  %y = rt.conv ins(%s, %w : tensor<2x4x8xf32>, tensor<3x4x3xf32>) outs(%e : tensor<2x3x6xf32>)
      {strides = array<i64: 1>, padding = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} -> tensor<2x3x6xf32>
  return %y : tensor<2x3x6xf32>
}
