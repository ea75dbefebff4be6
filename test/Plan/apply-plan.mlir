// RUN: ntk-opt %s --split-input-file --ntk-expand --ntk-simplify --ntk-plan="n1=16 n2=16" --ntk-apply-plan | FileCheck %s
// RUN: ntk-opt %s --split-input-file --ntk-expand --ntk-simplify --ntk-plan="n1=16 n2=16" | FileCheck %s --check-prefix=PLAN

// Many tokens, few channels: the gradient of one side is cheaper. It reads one
// side only and moves into the factors; each side has its own.
ntk.network @tokens(%x: tensor<256x4xf32>, %w: tensor<8x4xf32> {ntk.param = "weight"}) -> tensor<8xf32> {
  %a = ntk.contract "tk, ck -> tc" (%x, %w) : (tensor<256x4xf32>, tensor<8x4xf32>) -> tensor<256x8xf32>
  %h = ntk.tanh %a : (tensor<256x8xf32>) -> tensor<256x8xf32>
  %y = ntk.reduce_sum %h {axes = array<i64: 0>} : (tensor<256x8xf32>) -> tensor<8xf32>
  ntk.return %y : tensor<8xf32>
}
ntk.kernel @theta of @tokens "now, mpw -> nmop" (J1, J2)

// CHECK-LABEL: func.func @theta_tile
// CHECK: ntk.contract "n{{.*}}, m{{.*}} -> nomp"
// CHECK-NOT: ntk.contract
// CHECK: return
// CHECK-LABEL: func.func @theta_factors(
// CHECK: %[[G:.*]] = ntk.contract "notc, ntk -> {{.*}}"
// CHECK: return %[[G]]

// -----

// A bias shares the cotangent Gram of its weight, which is decided when they
// are planned.
// PLAN-LABEL: ntk.network @biased
// PLAN: ntk.contract "noc, nk, mpc, mk -> nomp"
// PLAN-SAME: results = ["nm", "nomp", "nomp"], group = 0>
// PLAN: ntk.contract "no{{.}}, mp{{.}} -> nomp"
// PLAN-SAME: results = ["nomp"], group = 0>
ntk.network @biased(%x: tensor<64xf32>,
                    %w1: tensor<128x64xf32> {ntk.param = "fc1.weight"},
                    %b1: tensor<128xf32> {ntk.param = "fc1.bias"},
                    %w2: tensor<4x128xf32> {ntk.param = "fc2.weight"}) -> tensor<4xf32> {
  %a = ntk.contract "k, ck -> c" (%x, %w1) : (tensor<64xf32>, tensor<128x64xf32>) -> tensor<128xf32>
  %b = ntk.add %a, %b1 : (tensor<128xf32>, tensor<128xf32>) -> tensor<128xf32>
  %h = ntk.tanh %b : (tensor<128xf32>) -> tensor<128xf32>
  %y = ntk.contract "k, ck -> c" (%h, %w2) : (tensor<128xf32>, tensor<4x128xf32>) -> tensor<4xf32>
  ntk.return %y : tensor<4xf32>
}
ntk.kernel @theta of @biased "now, mpw -> nmop" (J1, J2)
// CHECK-LABEL: func.func @theta_tile
// CHECK: %[[Z:.*]] = ntk.contract "nk, mk -> nm"
// CHECK: %[[D:.*]] = ntk.contract "noc, mpc -> nomp"
// CHECK: %[[Z1:.*]] = ntk.shift %[[Z]] {batch = ["nm"], offset = 1.000000e+00 : f64}
// CHECK: ntk.contract "nomp, nm -> nomp" (%[[D]], %[[Z1]]) into
// CHECK-NOT: mpc
// CHECK: return

// -----

// A contraction of the network itself may have several operands.
ntk.network @form(%x: tensor<8xf32>, %u: tensor<8x8xf32> {ntk.param = "U"},
                  %w: tensor<8x8xf32> {ntk.param = "W"}) -> tensor<f32> {
  %a = ntk.contract "k, ck -> c" (%x, %u) : (tensor<8xf32>, tensor<8x8xf32>) -> tensor<8xf32>
  %h = ntk.tanh %a : (tensor<8xf32>) -> tensor<8xf32>
  %y = ntk.contract "i, ij, j -> " (%h, %w, %h) : (tensor<8xf32>, tensor<8x8xf32>, tensor<8xf32>) -> tensor<f32>
  ntk.return %y : tensor<f32>
}
ntk.kernel @theta of @form "now, mpw -> nmop" (J1, J2)
// CHECK-LABEL: ntk.network @form
// CHECK-LABEL: func.func @theta_factors
// CHECK-NOT: ntk.contract "{{[a-z]*}}, {{[a-z]*}}, {{[a-z]*}} ->

// -----

// The transposition of outputs reads one side and has the letters of both: it
// stays in the tile.
ntk.network @outputs(%x: tensor<2x3xf64>, %w: tensor<2x3xf64> {ntk.param = "w"},
                     %i: tensor<2x4xi64> {ntk.buffer = "i"}) -> tensor<2x4xf64> {
  %a = ntk.add %x, %w : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
  %y = ntk.take_along %a, %i : (tensor<2x3xf64>, tensor<2x4xi64>) -> tensor<2x4xf64>
  ntk.return %y : tensor<2x4xf64>
}
ntk.kernel @theta of @outputs "now, mpw -> nmop" (J1, J2) schedule <method = ntk_vector_products>
// CHECK-LABEL: ntk.network @outputs
// CHECK-LABEL: func.func @theta_tile
// CHECK: ntk.contract "po -> op"

// -----

// A plan in the network is one of the contraction on many examples: the product
// of the weights first, whatever it costs.
ntk.network @planned(%x: tensor<8xf32>, %u: tensor<8x6xf32> {ntk.param = "U"},
                     %v: tensor<6x4xf32> {ntk.param = "V"},
                     %w: tensor<3x4xf32> {ntk.param = "W"}) -> tensor<3xf32> {
  %a = ntk.contract "n, no, oc -> c" (%x, %u, %v)
      {plan = #ntk.plan<order = [1, 2, 0, 3], results = ["cn", "c"]>}
      : (tensor<8xf32>, tensor<8x6xf32>, tensor<6x4xf32>) -> tensor<4xf32>
  %h = ntk.tanh %a : tensor<4xf32>
  %y = ntk.contract "c, kc -> k" (%h, %w) : (tensor<4xf32>, tensor<3x4xf32>) -> tensor<3xf32>
  ntk.return %y : tensor<3xf32>
}
ntk.kernel @theta of @planned "now, mpw -> nmop" (J1, J2)
// CHECK-LABEL: ntk.network @planned
// CHECK-LABEL: func.func @theta_factors
// CHECK: %[[UV:.*]] = ntk.contract "[[N:.]][[O:.]], [[O]]c -> c[[N]]"
// CHECK: ntk.contract "n[[N]], c[[N]] -> nc" (%{{.*}}, %[[UV]])
