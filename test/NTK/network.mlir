// RUN: ntk-opt %s | ntk-opt | FileCheck %s

// CHECK-LABEL: ntk.network @mlp
// CHECK-SAME: %{{.*}}: tensor<3xf32>, %{{.*}}: tensor<2x3xf32> {ntk.param = "weight"}, %{{.*}}: tensor<2xf32> {ntk.buffer = "mean"}
// CHECK-SAME: -> tensor<2xf32>
ntk.network @mlp(%x: tensor<3xf32>,
                 %w: tensor<2x3xf32> {ntk.param = "weight"},
                 %b: tensor<2xf32> {ntk.buffer = "mean"}) -> tensor<2xf32> {
  %a = ntk.contract "k, ck -> c" (%x, %w) : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2xf32>
  %y = ntk.sub %a, %b : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  // CHECK: return %{{.*}} : tensor<2xf32>
  ntk.return %y : tensor<2xf32>
}

// CHECK: ntk.kernel @theta of @mlp "now, mpw -> nmop" (J1, J2)
ntk.kernel @theta of @mlp "now, mpw -> nmop" (J1, J2)
// CHECK: ntk.kernel @trace of @mlp "now, mow -> nm" (J1, J2) schedule <n1 = 64, n2 = 64, method = jacobian_contraction, blocks = {n = 8, m = 8, o = 1}, kept = [1, 2]> {symmetric, wrt = ["weight"]}
ntk.kernel @trace of @mlp "now, mow -> nm" (J1, J2)
    schedule <kept = [2, 1], blocks = {o = 1, n = 8, m = 8}, method = jacobian_contraction, n1 = 64, n2 = 64>
    {wrt = ["weight"], symmetric}
// What is not decided is left out.
// CHECK: ntk.kernel @part of @mlp "now, mpw -> nmop" (J1, J2) schedule <blocks = {m = 1000000000000}, kept = []>
ntk.kernel @part of @mlp "now, mpw -> nmop" (J1, J2) schedule <blocks = {m = 1000000000000}, kept = []>
// CHECK: ntk.kernel @dictionary of @mlp "now, mpw -> nm" (J1, J2) schedule <method = structured>
ntk.kernel @dictionary of @mlp "now, mpw -> nm" (J1, J2) {schedule = #ntk.schedule<method = structured>}
