// RUN: ntk-opt --ntk-collapse-loops --split-input-file %s | FileCheck %s

// One loop, also where a size is known only at run time; what is written over
// what it reads stays one value.
// CHECK-LABEL: func.func @in_place
// CHECK: %[[Y:.*]] = memref.collapse_shape %arg0 {{\[}}[0, 1]] : memref<?x64xf32> into memref<?xf32>
// CHECK-NOT: memref.collapse_shape
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel"]} ins(%[[Y]] : memref<?xf32>) outs(%[[Y]] : memref<?xf32>)
func.func @in_place(%y: memref<?x64xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%y : memref<?x64xf32>) outs(%y : memref<?x64xf32>) {
  ^bb0(%a: f32, %b: f32):
    %r = arith.addf %a, %a : f32
    linalg.yield %r : f32
  }
  return
}

// -----

// A channel that has a bias of its own is a loop, its pixels are one.
// CHECK-LABEL: func.func @broadcast
// CHECK: iterator_types = ["parallel", "parallel", "parallel"]} ins(%{{.*}}, %arg1 : memref<?x8x25xf32>, memref<8xf32>)
func.func @broadcast(%x: memref<?x8x5x5xf32>, %bias: memref<8xf32>, %y: memref<?x8x5x5xf32>) {
  linalg.generic {indexing_maps = [affine_map<(n, c, p, q) -> (n, c, p, q)>, affine_map<(n, c, p, q) -> (c)>,
                                   affine_map<(n, c, p, q) -> (n, c, p, q)>],
                  iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x, %bias : memref<?x8x5x5xf32>, memref<8xf32>) outs(%y : memref<?x8x5x5xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %r = arith.addf %a, %b : f32
    linalg.yield %r : f32
  }
  return
}

// -----

// Sums along two axes are one sum.
// CHECK-LABEL: func.func @sum
// CHECK: iterator_types = ["parallel", "reduction"]} ins(%{{.*}} : memref<12x20xf32>) outs(%{{.*}} : memref<12xf32>)
func.func @sum(%x: memref<3x4x4x5xf32>, %y: memref<3x4xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j, p, q) -> (i, j, p, q)>, affine_map<(i, j, p, q) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
      ins(%x : memref<3x4x4x5xf32>) outs(%y : memref<3x4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %r = arith.addf %a, %b : f32
    linalg.yield %r : f32
  }
  return
}

// -----

// A sum over tokens goes along the channels, which lie side by side.
// CHECK-DAG: #[[IN:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-DAG: #[[OUT:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-LABEL: func.func @turned
// CHECK: linalg.generic {indexing_maps = [#[[IN]], #[[OUT]]], iterator_types = ["parallel", "reduction", "parallel"]}
func.func @turned(%x: memref<?x7x16xf32>, %y: memref<?x16xf32>) {
  linalg.generic {indexing_maps = [affine_map<(n, c, t) -> (n, t, c)>, affine_map<(n, c, t) -> (n, c)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x : memref<?x7x16xf32>) outs(%y : memref<?x16xf32>) {
  ^bb0(%a: f32, %b: f32):
    %r = arith.addf %a, %b : f32
    linalg.yield %r : f32
  }
  return
}

// -----

// Nothing would be left outside for the threads.
// CHECK-LABEL: func.func @only_sum
// CHECK: iterator_types = ["parallel", "reduction"]
func.func @only_sum(%x: memref<7x16xf32>, %y: memref<16xf32>) {
  linalg.generic {indexing_maps = [affine_map<(c, t) -> (t, c)>, affine_map<(c, t) -> (c)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<7x16xf32>) outs(%y : memref<16xf32>) {
  ^bb0(%a: f32, %b: f32):
    %r = arith.addf %a, %b : f32
    linalg.yield %r : f32
  }
  return
}

// -----

// Rows that are apart, windows and ops that read their indices stay.
// CHECK-LABEL: func.func @apart
// CHECK-NOT: collapse_shape
func.func @apart(%x: memref<4x8xf32, strided<[16, 1]>>, %image: memref<6xf32>, %y: memref<4x8xf32>, %z: memref<3x2xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<4x8xf32, strided<[16, 1]>>) outs(%y : memref<4x8xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (2 * i + j)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%image : memref<6xf32>) outs(%z : memref<3x2xf32>) {
  ^bb0(%a: f32, %b: f32):
    linalg.yield %a : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      outs(%y : memref<4x8xf32>) {
  ^bb0(%b: f32):
    %i = linalg.index 0 : index
    %n = arith.index_cast %i : index to i32
    %r = arith.sitofp %n : i32 to f32
    linalg.yield %r : f32
  }
  return
}
