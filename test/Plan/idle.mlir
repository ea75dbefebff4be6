// A network of which no kernel is asked for is left as it is, and that is said.
// RUN: ntk-opt %s --split-input-file --ntk-pipeline --verify-diagnostics | FileCheck %s

// CHECK: ntk.network @f
// CHECK-NOT: func.func
// expected-remark @below {{expected a request for a kernel, but there is none: add `ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2)`}}
ntk.network @f(%x: tensor<3xf32>, %w: tensor<3xf32> {ntk.param = "w"}) -> tensor<3xf32> {
  %y = ntk.mul %x, %w : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  ntk.return %y : tensor<3xf32>
}
