// RUN: ntk-opt --ntk-bound-aliases=readers=2 --split-input-file %s | FileCheck %s

// Three readers of one value: two tensors of one buffer.
// CHECK-LABEL: func.func @many
// CHECK: %[[B:.*]] = memref.alloc(%{{.*}}) : memref<?x4xf32>
// CHECK: %[[H:.*]] = linalg.fill
// CHECK-NEXT: bufferization.materialize_in_destination %[[H]] in restrict writable %[[B]]
// CHECK-NEXT: %[[T0:.*]] = bufferization.to_tensor %[[B]] restrict
// CHECK-NEXT: %[[T1:.*]] = bufferization.to_tensor %[[B]] restrict
// CHECK: tensor.extract_slice %[[T0]]
// CHECK: tensor.extract_slice %[[T0]]
// CHECK: tensor.extract_slice %[[T1]]
func.func @many(%n: index) -> (tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %h = linalg.fill ins(%zero : f32) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %a = tensor.extract_slice %h[0, 0] [1, 4] [1, 1] : tensor<?x4xf32> to tensor<1x4xf32>
  %b = tensor.extract_slice %h[1, 0] [1, 4] [1, 1] : tensor<?x4xf32> to tensor<1x4xf32>
  %c = tensor.extract_slice %h[2, 0] [1, 4] [1, 1] : tensor<?x4xf32> to tensor<1x4xf32>
  return %a, %b, %c : tensor<1x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>
}

// -----

// Readers of a view get views of their own.
// CHECK-LABEL: func.func @view
// CHECK: bufferization.materialize_in_destination
// CHECK: %[[T0:.*]] = bufferization.to_tensor
// CHECK: tensor.collapse_shape %[[T0]]
// CHECK: %[[T1:.*]] = bufferization.to_tensor
// CHECK: tensor.collapse_shape %[[T1]]
func.func @view() -> (tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x4xf32>
  %h = linalg.fill ins(%zero : f32) outs(%e : tensor<2x4xf32>) -> tensor<2x4xf32>
  %v = tensor.collapse_shape %h [[0, 1]] : tensor<2x4xf32> into tensor<8xf32>
  %a = tensor.extract_slice %v[0] [1] [1] : tensor<8xf32> to tensor<1xf32>
  %b = tensor.extract_slice %v[1] [1] [1] : tensor<8xf32> to tensor<1xf32>
  %c = tensor.extract_slice %v[2] [1] [1] : tensor<8xf32> to tensor<1xf32>
  return %a, %b, %c : tensor<1xf32>, tensor<1xf32>, tensor<1xf32>
}

// -----

// Two readers are few, and what the caller gives has no known buffer.
// CHECK-LABEL: func.func @declines
// CHECK-NOT: to_tensor
// CHECK: return
func.func @declines(%x: tensor<8xf32>) -> (tensor<1xf32>, tensor<1xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<8xf32>
  %h = linalg.fill ins(%zero : f32) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %a = tensor.extract_slice %h[0] [1] [1] : tensor<8xf32> to tensor<1xf32>
  %b = tensor.extract_slice %h[1] [1] [1] : tensor<8xf32> to tensor<1xf32>
  return %a, %b : tensor<1xf32>, tensor<1xf32>
}
