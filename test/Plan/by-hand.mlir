// RUN: ntk-opt %s --split-input-file --ntk-plan --ntk-apply-plan | FileCheck %s
// RUN: ntk-opt %s --split-input-file --ntk-plan | FileCheck %s --check-prefix=PLAN

// A plan that is there stays, where the planner would take two Grams.
ntk.network @f(%x: tensor<64xf32>, %w: tensor<128x64xf32> {ntk.param = "w"}) -> tensor<128xf32> {
  %y = ntk.contract "k, ck -> c" (%x, %w) : (tensor<64xf32>, tensor<128x64xf32>) -> tensor<128xf32>
  ntk.return %y : tensor<128xf32>
}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2)
func.func @theta_factors1(%c: tensor<?x4x128xf32>, %z: tensor<?x64xf32>) -> (tensor<?x4x128xf32>, tensor<?x64xf32>) attributes {ntk.kernel = @theta, ntk.role = "factors", ntk.sides = array<i64: 1>} {
  return %c, %z : tensor<?x4x128xf32>, tensor<?x64xf32>
}
func.func @theta_factors2(%z: tensor<?x64xf32>, %c: tensor<?x4x128xf32>) -> (tensor<?x4x128xf32>, tensor<?x64xf32>) attributes {ntk.kernel = @theta, ntk.role = "factors", ntk.sides = array<i64: 2>} {
  return %c, %z : tensor<?x4x128xf32>, tensor<?x64xf32>
}
// PLAN: ntk.order = "{{inside-out|by-hand}}"
// PLAN-SAME: plan = #ntk.plan<order = [1, 3, 0, 4, 2, 5], results = ["nm", "nomc", "nomp"]>
// CHECK-LABEL: func.func @theta_tile
// CHECK: %[[Z:.*]] = ntk.contract "nk, mk -> nm"
// CHECK: %[[E:.*]] = ntk.contract "noc, nm -> nomc" (%{{.*}}, %[[Z]])
// CHECK: ntk.contract "mpc, nomc -> nomp" (%{{.*}}, %[[E]]) into
// CHECK-NOT: ntk.contract
func.func @theta_tile(%c1: tensor<?x4x128xf32> {ntk.batch = "no", ntk.factor = 0 : i64, ntk.side = 1 : i64},
                      %z1: tensor<?x64xf32> {ntk.batch = "n", ntk.factor = 1 : i64, ntk.side = 1 : i64},
                      %c2: tensor<?x4x128xf32> {ntk.batch = "mp", ntk.factor = 0 : i64, ntk.side = 2 : i64},
                      %z2: tensor<?x64xf32> {ntk.batch = "m", ntk.factor = 1 : i64, ntk.side = 2 : i64},
                      %t: tensor<?x4x?x4xf32>) -> tensor<?x4x?x4xf32> attributes {ntk.kernel = @theta, ntk.role = "tile"} {
  %r = ntk.contract "noc, nk, mpc, mk -> nomp" (%c1, %z1, %c2, %z2) into %t
      {plan = #ntk.plan<order = [1, 3, 0, 4, 2, 5], results = ["nm", "nomc", "nomp"]>}
      : (tensor<?x4x128xf32>, tensor<?x64xf32>, tensor<?x4x128xf32>, tensor<?x64xf32>) -> tensor<?x4x?x4xf32>
  return %r : tensor<?x4x?x4xf32>
}

// -----

// Nor is it one that the planner knows: one side's gradient with the letters
// the other way round. It belongs to that side, and leaves the tile.
ntk.network @f(%x: tensor<64xf32>, %w: tensor<128x64xf32> {ntk.param = "w"}) -> tensor<128xf32> {
  %y = ntk.contract "k, ck -> c" (%x, %w) : (tensor<64xf32>, tensor<128x64xf32>) -> tensor<128xf32>
  ntk.return %y : tensor<128xf32>
}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2)
func.func @theta_factors1(%c: tensor<?x4x128xf32>, %z: tensor<?x64xf32>) -> (tensor<?x4x128xf32>, tensor<?x64xf32>) attributes {ntk.kernel = @theta, ntk.role = "factors", ntk.sides = array<i64: 1>} {
  return %c, %z : tensor<?x4x128xf32>, tensor<?x64xf32>
}
func.func @theta_factors2(%z: tensor<?x64xf32>, %c: tensor<?x4x128xf32>) -> (tensor<?x4x128xf32>, tensor<?x64xf32>) attributes {ntk.kernel = @theta, ntk.role = "factors", ntk.sides = array<i64: 2>} {
  return %c, %z : tensor<?x4x128xf32>, tensor<?x64xf32>
}
// PLAN: ntk.order = "by-hand"
// PLAN-SAME: plan = #ntk.plan<order = [1, 0, 4, 2, 5, 3], results = ["kcno", "kmopn", "nomp"]>
// CHECK-LABEL: func.func @theta_factors1
// CHECK: ntk.contract "nk, noc -> kcno"
// CHECK-LABEL: func.func @theta_tile
// CHECK: ntk.contract "kcno, mpc -> kmopn"
// CHECK: ntk.contract "kmopn, mk -> nomp"
func.func @theta_tile(%c1: tensor<?x4x128xf32> {ntk.batch = "no", ntk.factor = 0 : i64, ntk.side = 1 : i64},
                      %z1: tensor<?x64xf32> {ntk.batch = "n", ntk.factor = 1 : i64, ntk.side = 1 : i64},
                      %c2: tensor<?x4x128xf32> {ntk.batch = "mp", ntk.factor = 0 : i64, ntk.side = 2 : i64},
                      %z2: tensor<?x64xf32> {ntk.batch = "m", ntk.factor = 1 : i64, ntk.side = 2 : i64},
                      %t: tensor<?x4x?x4xf32>) -> tensor<?x4x?x4xf32> attributes {ntk.kernel = @theta, ntk.role = "tile"} {
  %r = ntk.contract "noc, nk, mpc, mk -> nomp" (%c1, %z1, %c2, %z2) into %t
      {plan = #ntk.plan<order = [1, 0, 4, 2, 5, 3], results = ["kcno", "kmopn", "nomp"]>}
      : (tensor<?x4x128xf32>, tensor<?x64xf32>, tensor<?x4x128xf32>, tensor<?x64xf32>) -> tensor<?x4x?x4xf32>
  return %r : tensor<?x4x?x4xf32>
}
