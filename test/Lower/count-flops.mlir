// RUN: ntk-opt --ntk-count-flops -split-input-file %s | FileCheck %s

// A product and a sum for all values of n, c and k; the body of a loop nest for
// all of its indices; loops that are written out; nothing for a copy.

// CHECK-LABEL: func @steps
func.func @steps(%x: memref<?x3xf32> {ntk.batch = "n"}, %w: memref<2x3xf32>,
                 %n: index {ntk.size = "n"}, %m: index {ntk.size = "m"},
                 %block: memref<?xi8>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %y = memref.view %block[%c0][%n] : memref<?xi8> to memref<?x2xf32>
  %z = memref.view %block[%c0][%n, %m] : memref<?xi8> to memref<?x2x?xf32>
  // CHECK: rt.contract
  // CHECK-SAME: ntk.flops = {n = 12 : i64}
  rt.contract "nk, ck -> nc" ins(%x, %w : memref<?x3xf32>, memref<2x3xf32>)
      outs(%y : memref<?x2xf32>)
  // CHECK: ntk.flops = {mn = 4 : i64}
  linalg.generic {
      indexing_maps = [affine_map<(i, j, k) -> (i, j)>,
                       affine_map<(i, j, k) -> (i, j, k)>],
      iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%y : memref<?x2xf32>) outs(%z : memref<?x2x?xf32>) {
  ^bb0(%a: f32, %b: f32):
    %t = math.tanh %a : f32
    %s = arith.addf %t, %t : f32
    linalg.yield %s : f32
  }
  // CHECK: linalg.copy
  // CHECK-NOT: ntk.flops
  linalg.copy ins(%y : memref<?x2xf32>) outs(%y : memref<?x2xf32>)
  // CHECK: } {ntk.flops = {n = 3 : i64}}
  scf.for %i = %c0 to %n step %c1 {
    %c3 = arith.constant 3 : index
    scf.for %j = %c0 to %c3 step %c1 {
      %v = memref.load %x[%i, %j] : memref<?x3xf32>
      %u = arith.negf %v : f32
      memref.store %u, %x[%i, %j] : memref<?x3xf32>
    }
  }
  return
}

// -----

// Padding counts; the transpose is as much work as the convolution.

// CHECK-LABEL: func @convolutions
func.func @convolutions(%x: memref<?x3x8x8xf32> {ntk.batch = "n"},
                        %w: memref<4x3x3x3xf32>,
                        %y: memref<?x4x8x8xf32> {ntk.batch = "n"},
                        %n: index {ntk.size = "n"}) {
  // CHECK: rt.conv ins
  // CHECK-SAME: ntk.flops = {n = 13824 : i64}
  rt.conv ins(%x, %w : memref<?x3x8x8xf32>, memref<4x3x3x3xf32>)
      outs(%y : memref<?x4x8x8xf32>)
      {strides = array<i64: 1, 1>, padding = array<i64: 1, 1, 1, 1>,
       dilations = array<i64: 1, 1>, groups = 1 : i64}
  // CHECK: rt.conv_backward_data ins
  // CHECK-SAME: ntk.flops = {n = 13824 : i64}
  rt.conv_backward_data ins(%y, %w : memref<?x4x8x8xf32>, memref<4x3x3x3xf32>)
      outs(%x : memref<?x3x8x8xf32>)
      {strides = array<i64: 1, 1>, padding = array<i64: 1, 1, 1, 1>,
       dilations = array<i64: 1, 1>, groups = 1 : i64}
  return
}

// -----

// A size that is none of the letters: the op stays without.

// CHECK-LABEL: func @unknown
// CHECK-NOT: ntk.flops
func.func @unknown(%n: index {ntk.size = "n"}, %size: index,
                   %block: memref<?xi8>) {
  %c0 = arith.constant 0 : index
  %y = memref.view %block[%c0][%size] : memref<?xi8> to memref<?xf32>
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>],
                  iterator_types = ["parallel"]} outs(%y : memref<?xf32>) {
  ^bb0(%a: f32):
    %s = arith.addf %a, %a : f32
    linalg.yield %s : f32
  }
  return
}
