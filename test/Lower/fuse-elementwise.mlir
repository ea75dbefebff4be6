// RUN: ntk-opt --ntk-fuse-elementwise %s | FileCheck %s

#id2 = affine_map<(d0, d1) -> (d0, d1)>
#id3 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#nc = affine_map<(d0, d1, d2) -> (d0, d2)>

// CHECK-LABEL: func.func @same_loops
// CHECK: linalg.generic
// CHECK: math.exp
// CHECK-NEXT: arith.mulf
// CHECK-NOT: linalg.generic
func.func @same_loops(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %d = linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
    ^bb0(%a: f32, %o: f32):
      %s = math.exp %a : f32
      linalg.yield %s : f32
  } -> tensor<4x8xf32>
  %y = linalg.generic {indexing_maps = [#id2, #id2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%d, %x : tensor<4x8xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %s = arith.mulf %a, %b : f32
      linalg.yield %s : f32
  } -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// An exponential of [n, c] is not computed for every o.
// CHECK-LABEL: func.func @broadcast
// CHECK: linalg.generic
// CHECK: math.exp
// CHECK-NEXT: linalg.yield
// CHECK: linalg.generic
// CHECK: arith.mulf
func.func @broadcast(%x: tensor<4x8xf32>, %w: tensor<4x3x8xf32>) -> tensor<4x3x8xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %d = linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
    ^bb0(%a: f32, %o: f32):
      %s = math.exp %a : f32
      linalg.yield %s : f32
  } -> tensor<4x8xf32>
  %f = tensor.empty() : tensor<4x3x8xf32>
  %y = linalg.generic {indexing_maps = [#nc, #id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%d, %w : tensor<4x8xf32>, tensor<4x3x8xf32>) outs(%f : tensor<4x3x8xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %s = arith.mulf %a, %b : f32
      linalg.yield %s : f32
  } -> tensor<4x3x8xf32>
  return %y : tensor<4x3x8xf32>
}

// A comparison of [n, c] costs less than reading it back.
// CHECK-LABEL: func.func @cheap
// CHECK: linalg.generic
// CHECK: arith.cmpf
// CHECK-NEXT: arith.select
// CHECK-NOT: linalg.generic
func.func @cheap(%x: tensor<4x8xf32>, %w: tensor<4x3x8xf32>) -> tensor<4x3x8xf32> {
  %z = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x8xi1>
  %d = linalg.generic {indexing_maps = [#id2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xi1>) {
    ^bb0(%a: f32, %o: i1):
      %s = arith.cmpf ogt, %a, %z : f32
      linalg.yield %s : i1
  } -> tensor<4x8xi1>
  %f = tensor.empty() : tensor<4x3x8xf32>
  %y = linalg.generic {indexing_maps = [#nc, #id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%d, %w : tensor<4x8xi1>, tensor<4x3x8xf32>) outs(%f : tensor<4x3x8xf32>) {
    ^bb0(%a: i1, %b: f32, %o: f32):
      %s = arith.select %a, %b, %z : f32
      linalg.yield %s : f32
  } -> tensor<4x3x8xf32>
  return %y : tensor<4x3x8xf32>
}

// A broadcast is read where it comes from by each of its users, and an identity
// is made in each.
// CHECK-LABEL: func.func @free
// CHECK-SAME: %[[B:.*]]: tensor<8xf32>, %[[X:.*]]: tensor<4x8xf32>
// CHECK-NOT: linalg.yield
// CHECK: linalg.generic {{.*}} ins(%[[B]], %[[X]] :
// CHECK: linalg.index
// CHECK: arith.mulf
// CHECK: arith.addf
// CHECK: linalg.generic {{.*}} ins(%[[B]], %{{.*}} :
// CHECK: arith.mulf
// CHECK-NOT: linalg.generic
func.func @free(%b: tensor<8xf32>, %x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %e = tensor.empty() : tensor<4x8xf32>
  %w = linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1)>, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%b : tensor<8xf32>) outs(%e : tensor<4x8xf32>) {
    ^bb0(%a: f32, %o: f32):
      linalg.yield %a : f32
  } -> tensor<4x8xf32>
  %i = linalg.generic {indexing_maps = [#id2], iterator_types = ["parallel", "parallel"]}
      outs(%e : tensor<4x8xf32>) {
    ^bb0(%o: f32):
      %r = linalg.index 0 : index
      %c = linalg.index 1 : index
      %s = arith.cmpi eq, %r, %c : index
      %f = arith.uitofp %s : i1 to f32
      linalg.yield %f : f32
  } -> tensor<4x8xf32>
  %y = linalg.generic {indexing_maps = [#id2, #id2, #id2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%w, %x, %i : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
    ^bb0(%a: f32, %c: f32, %d: f32, %o: f32):
      %s = arith.mulf %a, %c : f32
      %t = arith.addf %s, %d : f32
      linalg.yield %t : f32
  } -> tensor<4x8xf32>
  %z = linalg.generic {indexing_maps = [#id2, #id2, #id2], iterator_types = ["parallel", "parallel"]}
      ins(%w, %y : tensor<4x8xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
    ^bb0(%a: f32, %c: f32, %o: f32):
      %s = arith.mulf %a, %c : f32
      linalg.yield %s : f32
  } -> tensor<4x8xf32>
  return %y, %z : tensor<4x8xf32>, tensor<4x8xf32>
}
