// RUN: ntk-opt --ntk-split-products %s | FileCheck %s

// The product of five factors is carried out in steps, that of four is not.
// CHECK-LABEL: ntk.network @long
// CHECK: contract "a, ab -> b"
// CHECK: contract "b, bc -> c"
// CHECK: contract "c, cd -> d"
// CHECK: contract "d, de -> e"
// CHECK-NEXT: return
ntk.network @long(%x: tensor<2xf32>, %u: tensor<2x3xf32> {ntk.param = "u"},
                  %v: tensor<3x4xf32> {ntk.param = "v"}, %w: tensor<4x5xf32> {ntk.param = "w"},
                  %z: tensor<5x6xf32> {ntk.param = "z"}) -> tensor<6xf32> {
  %y = contract "a, ab, bc, cd, de -> e" (%x, %u, %v, %w, %z)
      : (tensor<2xf32>, tensor<2x3xf32>, tensor<3x4xf32>, tensor<4x5xf32>, tensor<5x6xf32>) -> tensor<6xf32>
  return %y : tensor<6xf32>
}

// CHECK-LABEL: ntk.network @short
// CHECK: contract "a, ab, bc, cd -> d"
ntk.network @short(%x: tensor<2xf32>, %u: tensor<2x3xf32> {ntk.param = "u"},
                   %v: tensor<3x4xf32> {ntk.param = "v"}, %w: tensor<4x5xf32> {ntk.param = "w"}) -> tensor<5xf32> {
  %y = contract "a, ab, bc, cd -> d" (%x, %u, %v, %w)
      : (tensor<2xf32>, tensor<2x3xf32>, tensor<3x4xf32>, tensor<4x5xf32>) -> tensor<5xf32>
  return %y : tensor<5xf32>
}

// One that has a plan is carried out as it says.
// CHECK-LABEL: ntk.network @planned
// CHECK: %[[UV:.*]] = contract "ab, bc -> ca"
// CHECK: contract "a, ca -> c" (%{{.*}}, %[[UV]])
// CHECK-NEXT: return
ntk.network @planned(%x: tensor<2xf32>, %u: tensor<2x3xf32> {ntk.param = "u"},
                     %v: tensor<3x4xf32> {ntk.param = "v"}) -> tensor<4xf32> {
  %y = contract "a, ab, bc -> c" (%x, %u, %v) {plan = #ntk.plan<order = [1, 2, 0, 3], results = ["ca", "c"]>}
      : (tensor<2xf32>, tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}
