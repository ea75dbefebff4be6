// RUN: ntk-opt --ntk-split-functions=steps=2 %s | FileCheck %s

// A part has the function's arguments and the views that it uses.
// CHECK-LABEL: func.func @f(
// CHECK-SAME: %[[N:.*]]: index, %[[A:.*]]: memref<?xi8>)
// CHECK-NEXT: call @f_part(%[[N]], %[[A]])
// CHECK-NEXT: call @f_part_0(%[[N]], %[[A]])
// CHECK-NEXT: return
func.func @f(%n: index, %arena: memref<?xi8>) {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  %x = memref.view %arena[%c0][%n] : memref<?xi8> to memref<?xf32>
  %y = memref.view %arena[%c64][%n] : memref<?xi8> to memref<?xf32>
  linalg.fill ins(%zero : f32) outs(%x : memref<?xf32>)
  linalg.fill ins(%zero : f32) outs(%y : memref<?xf32>)
  memref.copy %x, %y : memref<?xf32> to memref<?xf32>
  return
}

// CHECK-LABEL: func.func private @f_part_0(
// CHECK-NOT: linalg.fill
// CHECK: memref.view
// CHECK: memref.view
// CHECK: memref.copy
// CHECK-NEXT: return

// CHECK-LABEL: func.func private @f_part(
// CHECK: linalg.fill
// CHECK: linalg.fill
// CHECK-NOT: memref.copy
// CHECK: return

// A step that reads the result of another, which is no view, is in its part.
// CHECK-LABEL: func.func @loads
// CHECK-NEXT: call @loads_part(
// CHECK-NEXT: call @loads_part_{{.*}}(
// CHECK-NEXT: return
func.func @loads(%x: memref<4xf32>, %y: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %a = memref.load %x[%c0] : memref<4xf32>
  memref.copy %x, %y : memref<4xf32> to memref<4xf32>
  linalg.fill ins(%a : f32) outs(%x : memref<4xf32>)
  memref.copy %x, %y : memref<4xf32> to memref<4xf32>
  return
}

// Few steps, and functions with results, stay.
// CHECK-LABEL: func.func @short
// CHECK: memref.copy
// CHECK-LABEL: func.func @result
// CHECK: memref.copy
func.func @short(%x: memref<4xf32>, %y: memref<4xf32>) {
  memref.copy %x, %y : memref<4xf32> to memref<4xf32>
  return
}
func.func @result(%x: memref<4xf32>, %y: memref<4xf32>) -> index {
  %c0 = arith.constant 0 : index
  memref.copy %x, %y : memref<4xf32> to memref<4xf32>
  memref.copy %y, %x : memref<4xf32> to memref<4xf32>
  memref.copy %x, %y : memref<4xf32> to memref<4xf32>
  return %c0 : index
}
