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

// CHECK: ntk.kernel @theta of @mlp outputs full
ntk.kernel @theta of @mlp outputs full
// CHECK: ntk.kernel @trace of @mlp outputs trace {method = 0 : i32, symmetric, wrt = ["weight"]}
ntk.kernel @trace of @mlp outputs trace {wrt = ["weight"], symmetric, method = 0 : i32}
