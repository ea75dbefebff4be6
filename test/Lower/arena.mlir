// RUN: ntk-opt --allow-unregistered-dialect --ntk-arena --canonicalize --cse -split-input-file -verify-diagnostics %s | FileCheck %s

// %a and %c are never alive together and share their place; %d is of another
// monomial and lies before. 16 floats are 64 bytes; 5 are 20, aligned 32; the
// first group is filled up to 64.
// CHECK-LABEL: func.func @share
// CHECK-SAME: %[[N:[a-z0-9]+]]: index {ntk.size = "n"}, %[[M:[a-z0-9]+]]: index {ntk.size = "m"}, %[[ARENA:[a-z0-9]+]]: memref<?xi8> {ntk.arena, ntk.arena_bytes = {mn = 64 : i64, n = 96 : i64}}
func.func @share(%n: index {ntk.size = "n"}, %m: index {ntk.size = "m"}, %arena: memref<?xi8> {ntk.arena}) {
  // CHECK: %[[A:.*]] = memref.view %[[ARENA]][%{{.*}}][%[[N]]] : memref<?xi8> to memref<?x16xf32>
  // CHECK: %[[B:.*]] = memref.view %[[ARENA]][%{{.*}}][%[[N]]] : memref<?xi8> to memref<?x5xf32>
  // CHECK: %[[D:.*]] = memref.view %[[ARENA]][%{{.*}}][%[[N]], %[[M]]] : memref<?xi8> to memref<?x?xf32>
  // CHECK: "test.use"(%[[B]], %[[A]], %[[D]])
  %a = memref.alloc(%n) : memref<?x16xf32>
  "test.use"(%a) : (memref<?x16xf32>) -> ()
  %b = memref.alloc(%n) : memref<?x5xf32>
  "test.use"(%a, %b) : (memref<?x16xf32>, memref<?x5xf32>) -> ()
  %c = memref.alloc(%n) : memref<?x16xf32>
  %d = memref.alloc(%n, %m) : memref<?x?xf32>
  "test.use"(%b, %c, %d) : (memref<?x5xf32>, memref<?x16xf32>, memref<?x?xf32>) -> ()
  return
}

// -----

// A view keeps the buffer alive: nothing is shared.
// CHECK-LABEL: func.func @view
// CHECK-SAME: ntk.arena_bytes = {"1" = 128 : i64}
func.func @view(%n: index {ntk.size = "n"}, %arena: memref<?xi8> {ntk.arena}) {
  %a = memref.alloc() : memref<4x4xf32>
  %s = memref.subview %a[0, 0] [2, 4] [1, 1] : memref<4x4xf32> to memref<2x4xf32, strided<[4, 1]>>
  %b = memref.alloc() : memref<16xf32>
  "test.use"(%b) : (memref<16xf32>) -> ()
  "test.use"(%s) : (memref<2x4xf32, strided<[4, 1]>>) -> ()
  return
}

// -----

// A dense copy of a reshaped view has the view's sizes.
// CHECK-LABEL: func.func @reshaped_view
// CHECK-SAME: ntk.arena_bytes = {n = 16 : i64}
func.func @reshaped_view(%x: memref<?x3xf32> {ntk.batch = "n"}, %n: index {ntk.size = "n"}, %arena: memref<?xi8> {ntk.arena}) {
  %c0 = arith.constant 0 : index
  %s = memref.subview %x[0, 1] [%n, 2] [1, 1] : memref<?x3xf32> to memref<?x2xf32, strided<[3, 1], offset: 1>>
  %e = memref.expand_shape %s [[0], [1, 2]] output_shape [%n, 2, 1] : memref<?x2xf32, strided<[3, 1], offset: 1>> into memref<?x2x1xf32, strided<[3, 1, 1], offset: 1>>
  %d = memref.dim %e, %c0 : memref<?x2x1xf32, strided<[3, 1, 1], offset: 1>>
  %a = memref.alloc(%d) : memref<?x2x1xf32>
  %f = memref.collapse_shape %e [[0], [1, 2]] : memref<?x2x1xf32, strided<[3, 1, 1], offset: 1>> into memref<?x2xf32, strided<[3, 1], offset: 1>>
  %g = memref.dim %f, %c0 : memref<?x2xf32, strided<[3, 1], offset: 1>>
  %b = memref.alloc(%g) : memref<?x2xf32>
  "test.use"(%a, %b) : (memref<?x2x1xf32>, memref<?x2xf32>) -> ()
  return
}

// -----

// The first dimension of a batched argument is n.
// CHECK-LABEL: func.func @batched_argument
// CHECK-SAME: ntk.arena_bytes = {n = 64 : i64}
func.func @batched_argument(%x: memref<?x3xf32> {ntk.batch = "n"}, %n: index {ntk.size = "n"}, %arena: memref<?xi8> {ntk.arena}) {
  %c0 = arith.constant 0 : index
  %d = memref.dim %x, %c0 : memref<?x3xf32>
  %a = memref.alloc(%d) : memref<?x16xf32>
  "test.use"(%a) : (memref<?x16xf32>) -> ()
  return
}

// -----

func.func @other_size(%k: index, %arena: memref<?xi8> {ntk.arena}) {
  // expected-error @+1 {{expected a size in the letters of the function's size arguments}}
  %a = memref.alloc(%k) : memref<?x16xf32>
  "test.use"(%a) : (memref<?x16xf32>) -> ()
  return
}
