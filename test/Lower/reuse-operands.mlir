// RUN: ntk-opt --ntk-reuse-operands %s | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d1)>

// CHECK-LABEL: func.func @chain
// CHECK: %[[P:.*]] = rt.contract
// CHECK: linalg.generic {{.*}} ins(%[[P]], %{{.*}}) outs(%[[P]] : tensor<4x8xf32>)
func.func @chain(%x: tensor<4x16xf32>, %w: tensor<8x16xf32>, %b: tensor<8xf32>) -> tensor<4x8xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %p = rt.contract "nk, ck -> nc" ins(%x, %w : tensor<4x16xf32>, tensor<8x16xf32>) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %d = tensor.empty() : tensor<4x8xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%p, %b : tensor<4x8xf32>, tensor<8xf32>) outs(%d : tensor<4x8xf32>) {
    ^bb0(%p0: f32, %b0: f32, %o: f32):
      %s = arith.addf %p0, %b0 : f32
      linalg.yield %s : f32
  } -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// An operand that is needed again, or that is the caller's, keeps its memory.
// CHECK-LABEL: func.func @declines
// CHECK: %[[E:.*]] = tensor.empty
// CHECK: linalg.generic {{.*}} ins(%{{.*}}) outs(%[[E]] : tensor<4x8xf32>)
// CHECK: %[[D:.*]] = tensor.empty
// CHECK: linalg.generic {{.*}} ins(%{{.*}}) outs(%[[D]] : tensor<4x8xf32>)
func.func @declines(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %e = tensor.empty() : tensor<4x8xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
    ^bb0(%x0: f32, %o: f32):
      %s = arith.negf %x0 : f32
      linalg.yield %s : f32
  } -> tensor<4x8xf32>
  %d = tensor.empty() : tensor<4x8xf32>
  %z = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<4x8xf32>) outs(%d : tensor<4x8xf32>) {
    ^bb0(%y0: f32, %o: f32):
      %s = math.exp %y0 : f32
      linalg.yield %s : f32
  } -> tensor<4x8xf32>
  return %y, %z : tensor<4x8xf32>, tensor<4x8xf32>
}
