// RUN: ntk-opt %s --ntk-expand --ntk-simplify --ntk-plan="n1=64 n2=64" | FileCheck %s
// RUN: ntk-opt %s --ntk-pipeline="n1=64 n2=64" | FileCheck %s --check-prefix=APPLIED

// A hidden dense layer: two Grams and a Hadamard product beat gradients.
ntk.network @mlp(%x: tensor<64xf32>,
                 %w1: tensor<128x64xf32> {ntk.param = "fc1.weight"},
                 %w2: tensor<4x128xf32> {ntk.param = "fc2.weight"}) -> tensor<4xf32> {
  %a = ntk.contract "k, ck -> c" (%x, %w1) : (tensor<64xf32>, tensor<128x64xf32>) -> tensor<128xf32>
  %h = ntk.tanh %a : (tensor<128xf32>) -> tensor<128xf32>
  %y = ntk.contract "k, ck -> c" (%h, %w2) : (tensor<128xf32>, tensor<4x128xf32>) -> tensor<4xf32>
  ntk.return %y : tensor<4xf32>
}
ntk.kernel @theta of @mlp "now, mpw -> nmop" (J1, J2) schedule <method = structured>

// CHECK-LABEL: func.func @theta_tile
// CHECK: ntk.contract "noc, nk, mpc, mk -> nomp"
// CHECK-SAME: ntk.alternatives = {
// CHECK-SAME: "inside-out"
// CHECK-SAME: "left-to-right"
// CHECK-SAME: "outside-in"
// CHECK-SAME: "two-grams"
// CHECK-SAME: ntk.order = "two-grams"
// CHECK-SAME: plan = #ntk.plan<order = [{{.*}}], results = [{{.*}}, "nomp"]>

// APPLIED-LABEL: func.func @theta_tile
// APPLIED-DAG: ntk.contract "nk, mk -> nm"
// APPLIED-DAG: ntk.contract "noc, mpc -> nomp"
// APPLIED: return
// Both sides need the same factors.
// APPLIED: func.func @theta_factors(
// APPLIED-SAME: ntk.sides = array<i64: 1, 2>
// APPLIED-NOT: func.func
