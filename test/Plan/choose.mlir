// RUN: ntk-opt %s --split-input-file --ntk-choose="n1=16 n2=16" | FileCheck %s

// CHECK: ntk.kernel @theta of @mlp "now, mpw -> nmop" (J1, J2) schedule <n1 = 16, n2 = 16, method = structured> {costs = {jacobian_contraction = {{.*}} : i64, ntk_vector_products = {{.*}} : i64, structured = {{.*}} : i64}}
ntk.network @mlp(%x: tensor<64xf32>,
                 %w1: tensor<128x64xf32> {ntk.param = "fc1.weight"},
                 %w2: tensor<4x128xf32> {ntk.param = "fc2.weight"}) -> tensor<4xf32> {
  %a = ntk.contract "k, ck -> c" (%x, %w1) : (tensor<64xf32>, tensor<128x64xf32>) -> tensor<128xf32>
  %h = ntk.tanh %a : (tensor<128xf32>) -> tensor<128xf32>
  %y = ntk.contract "k, ck -> c" (%h, %w2) : (tensor<128xf32>, tensor<4x128xf32>) -> tensor<4xf32>
  ntk.return %y : tensor<4xf32>
}
ntk.kernel @theta of @mlp "now, mpw -> nmop" (J1, J2)

// -----

// What is decided stays, the sizes too.
// CHECK: ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <n1 = 8, n2 = 16, method = jacobian_contraction, blocks = {o = 2}> {costs = {{.*}}}
ntk.network @f(%x: tensor<3xf32>, %w: tensor<3xf32> {ntk.param = "w"}) -> tensor<3xf32> {
  %y = ntk.mul %x, %w : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  ntk.return %y : tensor<3xf32>
}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <method = jacobian_contraction, blocks = {o = 2}, n1 = 8>

// -----

// Two elements stand for 64 outputs, for all layers before them.
// CHECK: ntk.kernel @theta of @narrow "now, mpw -> nmop" (J1, J2) schedule <n1 = 16, n2 = 16, method = structured, cuts = ["code"]>
ntk.network @narrow(%x: tensor<64xf32>, %w1: tensor<128x64xf32> {ntk.param = "w1"},
                    %w2: tensor<2x128xf32> {ntk.param = "w2"},
                    %w3: tensor<64x2xf32> {ntk.param = "w3"}) -> tensor<64xf32> {
  %a = ntk.contract "k, ck -> c" (%x, %w1) : (tensor<64xf32>, tensor<128x64xf32>) -> tensor<128xf32>
  %h = ntk.tanh %a : (tensor<128xf32>) -> tensor<128xf32>
  %b = ntk.contract "k, ck -> c" (%h, %w2) : (tensor<128xf32>, tensor<2x128xf32>) -> tensor<2xf32>
  %c = ntk.tanh %b : (tensor<2xf32>) -> tensor<2xf32> loc("code")
  %y = ntk.contract "k, ck -> c" (%c, %w3) : (tensor<2xf32>, tensor<64x2xf32>) -> tensor<64xf32>
  ntk.return %y : tensor<64xf32>
}
ntk.kernel @theta of @narrow "now, mpw -> nmop" (J1, J2)

// -----

// A kernel of the narrow value costs more than it takes away where a trace of
// few pairs is asked for; none where a file says so; and no other method has any.
// CHECK: ntk.kernel @trace of @wide "now, mow -> nm" (J1, J2) schedule <n1 = 16, n2 = 16, method = structured> {
// CHECK: ntk.kernel @none of @wide "now, mpw -> nmop" (J1, J2) schedule <n1 = 16, n2 = 16, method = structured, cuts = []> {
// CHECK: ntk.kernel @jacobian of @wide "now, mpw -> nmop" (J1, J2) schedule <n1 = 16, n2 = 16, method = jacobian_contraction> {
ntk.network @wide(%x: tensor<4xf32>, %w1: tensor<48x4xf32> {ntk.param = "w1"},
                  %w3: tensor<64x48xf32> {ntk.param = "w3"}) -> tensor<64xf32> {
  %a = ntk.contract "k, ck -> c" (%x, %w1) : (tensor<4xf32>, tensor<48x4xf32>) -> tensor<48xf32>
  %h = ntk.tanh %a : (tensor<48xf32>) -> tensor<48xf32> loc("code")
  %y = ntk.contract "k, ck -> c" (%h, %w3) : (tensor<48xf32>, tensor<64x48xf32>) -> tensor<64xf32>
  ntk.return %y : tensor<64xf32>
}
ntk.kernel @trace of @wide "now, mow -> nm" (J1, J2)
ntk.kernel @none of @wide "now, mpw -> nmop" (J1, J2) schedule <cuts = []>
ntk.kernel @jacobian of @wide "now, mpw -> nmop" (J1, J2) schedule <method = jacobian_contraction>
