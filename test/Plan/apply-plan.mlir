// RUN: ntk-opt %s --ntk-expand --ntk-simplify --ntk-plan="n1=16 n2=16" --ntk-apply-plan | FileCheck %s

// Many tokens, few channels: the gradient of one side is cheaper. It reads one
// side only and moves into the factors; each side has its own.
ntk.network @tokens(%x: tensor<256x4xf32>, %w: tensor<8x4xf32> {ntk.param = "weight"}) -> tensor<8xf32> {
  %a = ntk.contract "tk, ck -> tc" (%x, %w) : (tensor<256x4xf32>, tensor<8x4xf32>) -> tensor<256x8xf32>
  %h = ntk.tanh %a : (tensor<256x8xf32>) -> tensor<256x8xf32>
  %y = ntk.reduce_sum %h {axes = array<i64: 0>} : (tensor<256x8xf32>) -> tensor<8xf32>
  ntk.return %y : tensor<8xf32>
}
ntk.kernel @theta of @tokens outputs full

// CHECK-LABEL: func.func @theta_tile
// CHECK: ntk.contract "n{{.*}}, m{{.*}} -> nomp"
// CHECK-NOT: ntk.contract
// CHECK: return
// CHECK-LABEL: func.func @theta_factors(
// CHECK: %[[G:.*]] = ntk.contract "notc, ntk -> {{.*}}"
// CHECK: return %[[G]]
