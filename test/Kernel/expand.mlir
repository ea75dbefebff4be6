// RUN: ntk-opt %s --split-input-file --ntk-expand | FileCheck %s

// Structured: the tile has one contraction for each parameter, over the letters
// of the parameter, which the sides share.
ntk.network @linear(%x: tensor<3xf32>, %w: tensor<2x3xf32> {ntk.param = "weight"},
                    %b: tensor<2xf32> {ntk.param = "bias"}) -> tensor<2xf32> {
  %a = ntk.contract "k, ck -> c" (%x, %w) : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2xf32>
  %y = ntk.add %a, %b : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  ntk.return %y : tensor<2xf32>
}
ntk.kernel @theta of @linear "now, mpw -> nmop" (J1, J2)

// CHECK-LABEL: func.func @theta_tile
// CHECK-SAME: {ntk.size = "n"}
// CHECK-SAME: {ntk.size = "m"}
// CHECK-SAME: {ntk.param = "weight"}
// CHECK-SAME: {ntk.batch = "o", ntk.factor = 0 : i64, ntk.side = 1 : i64}
// CHECK-SAME: {ntk.batch = "n", ntk.factor = 1 : i64, ntk.side = 1 : i64}
// CHECK-SAME: {ntk.batch = "p", ntk.factor = 0 : i64, ntk.side = 2 : i64}
// CHECK-SAME: {ntk.batch = "m", ntk.factor = 1 : i64, ntk.side = 2 : i64}
// CHECK: %[[ZERO:.*]] = ntk.zeros
// CHECK: %[[W:.*]] = ntk.contract "oc, nk, pc, mk -> nomp" ({{.*}}) into %[[ZERO]]
// CHECK: %[[B:.*]] = ntk.contract "o[[C:.]], p[[C]] -> op"
// CHECK: ntk.add %[[W]], %[[B]] {batch = ["nomp", "op"]}
// CHECK-LABEL: func.func @theta_factors2
// CHECK-LABEL: func.func @theta_factors1
// CHECK-SAME: tensor<?x3xf32> {ntk.batch = "n", ntk.input = "x0"}
// CHECK: ntk.identity

// -----

// A trace identifies o and p before anything is contracted, and is divided by
// the number of outputs.
ntk.network @linear(%x: tensor<3xf32>, %w: tensor<2x3xf32> {ntk.param = "weight"}) -> tensor<2xf32> {
  %y = ntk.contract "k, ck -> c" (%x, %w) : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2xf32>
  ntk.return %y : tensor<2xf32>
}
ntk.kernel @theta of @linear "now, mow -> nm" (J1, J2) scale 5.000000e-01
// CHECK-LABEL: func.func @theta_tile
// CHECK: ntk.contract "oc, nk, oc, mk -> nm"
// CHECK: ntk.scale {{.*}} {batch = ["nm"], factor = 5.000000e-01 : f64}

// -----

// A diagonal keeps o; a sum has no output letter at all.
ntk.network @linear(%x: tensor<3xf32>, %w: tensor<2x3xf32> {ntk.param = "weight"}) -> tensor<2xf32> {
  %y = ntk.contract "k, ck -> c" (%x, %w) : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2xf32>
  ntk.return %y : tensor<2xf32>
}
ntk.kernel @diagonal of @linear "now, mow -> nmo" (J1, J2)
ntk.kernel @sum of @linear "now, mpw -> nm" (J1, J2)
// CHECK-LABEL: func.func @diagonal_tile
// CHECK: ntk.contract "oc, nk, oc, mk -> nom"
// CHECK-LABEL: func.func @sum_tile
// CHECK: ntk.contract "c, nk, c, mk -> nm"

// -----

// A weight and its transpose: two sites of different structure, so four pairs,
// with the axes of the parameter identified.
ntk.network @tied(%x: tensor<3xf32>, %w: tensor<2x3xf32> {ntk.param = "weight"}) -> tensor<3xf32> {
  %h = ntk.contract "k, ck -> c" (%x, %w) : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2xf32>
  %wt = ntk.transpose %w {permutation = array<i64: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %y = ntk.contract "k, ck -> c" (%h, %wt) : (tensor<2xf32>, tensor<3x2xf32>) -> tensor<3xf32>
  ntk.return %y : tensor<3xf32>
}
ntk.kernel @theta of @tied "now, mpw -> nmop" (J1, J2)
// CHECK-LABEL: func.func @theta_tile
// CHECK-COUNT-4: ntk.contract
// CHECK-NOT: ntk.contract
// CHECK-LABEL: func.func @theta_factors2

// -----

// A layer used twice: its sites are stacked along a new index.
ntk.network @shared(%x: tensor<3xf32>, %w: tensor<3x3xf32> {ntk.param = "weight"}) -> tensor<3xf32> {
  %h = ntk.contract "k, ck -> c" (%x, %w) : (tensor<3xf32>, tensor<3x3xf32>) -> tensor<3xf32>
  %y = ntk.contract "k, ck -> c" (%h, %w) : (tensor<3xf32>, tensor<3x3xf32>) -> tensor<3xf32>
  ntk.return %y : tensor<3xf32>
}
ntk.kernel @theta of @shared "now, mpw -> nmop" (J1, J2)
// CHECK-LABEL: func.func @theta_tile
// CHECK-COUNT-1: ntk.contract
// CHECK-NOT: ntk.contract
// CHECK-LABEL: func.func @theta_factors2
// CHECK: ntk.concat {{.*}} {axis = 0 : i64

// -----

// Jacobian contraction: explicit gradients are the factors.
ntk.network @linear(%x: tensor<3xf32>, %w: tensor<2x3xf32> {ntk.param = "weight"}) -> tensor<2xf32> {
  %y = ntk.contract "k, ck -> c" (%x, %w) : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2xf32>
  ntk.return %y : tensor<2xf32>
}
ntk.kernel @theta of @linear "now, mpw -> nmop" (J1, J2) schedule <method = jacobian_contraction>
// CHECK-LABEL: func.func @theta_tile
// CHECK: ntk.contract "no[[W:..]], mp[[W]] -> nomp"
// CHECK-LABEL: func.func @theta_factors2
// CHECK: ntk.contract "oc, nk -> nock"

// -----

// NTK-vector products: gradients on side 2, the tile is a JVP along them.
ntk.network @linear(%x: tensor<3xf32>, %w: tensor<2x3xf32> {ntk.param = "weight"}) -> tensor<2xf32> {
  %y = ntk.contract "k, ck -> c" (%x, %w) : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2xf32>
  ntk.return %y : tensor<2xf32>
}
ntk.kernel @theta of @linear "now, mpw -> nmop" (J1, J2) schedule <method = ntk_vector_products>
// CHECK-LABEL: func.func @theta_tile
// CHECK: %[[T:.*]] = ntk.contract "nk, mpck -> nmpc"
// CHECK: ntk.contract "nmpr, or -> nomp" (%[[T]]

// -----

// A convolution: patches are the feature, the channel is a delta; pixels s and
// t are private to the sides.
ntk.network @conv(%x: tensor<3x8x8xf32>, %w: tensor<16x3x3x3xf32> {ntk.param = "weight"}) -> tensor<16x8x8xf32> {
  %y = ntk.conv %x, %w {strides = array<i64: 1, 1>, padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64}
      : (tensor<3x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<16x8x8xf32>
  ntk.return %y : tensor<16x8x8xf32>
}
ntk.kernel @theta of @conv "now, mpw -> nmop" (J1, J2)
// CHECK-LABEL: func.func @theta_tile
// CHECK: ntk.contract "o[[C:.]][[S:.]], n[[K:..]][[S]], p[[C]][[R:.]], m[[K]][[R]] -> nomp"
// CHECK-LABEL: func.func @theta_factors2
// CHECK: ntk.patches
