// RUN: ntk-opt --ntk-expand-views %s | FileCheck %s

// A slice of a slice is one offset into the array.
// CHECK-LABEL: func.func @slices
// CHECK-SAME: %[[ARRAY:.*]]: memref<8x4xf32>
// CHECK-NOT: memref.subview
// CHECK: %[[BASE:.*]], %{{.*}}, %{{.*}}:2, %{{.*}}:2 = memref.extract_strided_metadata %[[ARRAY]]
// CHECK: memref.reinterpret_cast %[[BASE]] to offset: [13], sizes: [2, 2], strides: [4, 1]
func.func @slices(%array: memref<8x4xf32>) -> memref<2x2xf32, strided<[4, 1], offset: 13>> {
  %0 = memref.subview %array[2, 0] [4, 4] [1, 1]
      : memref<8x4xf32> to memref<4x4xf32, strided<[4, 1], offset: 8>>
  %1 = memref.subview %0[1, 1] [2, 2] [1, 1]
      : memref<4x4xf32, strided<[4, 1], offset: 8>> to memref<2x2xf32, strided<[4, 1], offset: 13>>
  return %1 : memref<2x2xf32, strided<[4, 1], offset: 13>>
}

// Merged axes, and the numbers of a view.
// CHECK-LABEL: func.func @numbers
// CHECK-NOT: memref.collapse_shape
// CHECK-NOT: memref.extract_strided_metadata %{{.*}} : memref<?xf32
// CHECK: affine.apply
// CHECK: return
func.func @numbers(%array: memref<?x4xf32>) -> (memref<?xf32>, index) {
  %0 = memref.collapse_shape %array [[0, 1]] : memref<?x4xf32> into memref<?xf32>
  %base, %offset, %size, %stride = memref.extract_strided_metadata %0
      : memref<?xf32> -> memref<f32>, index, index, index
  return %0, %size : memref<?xf32>, index
}
