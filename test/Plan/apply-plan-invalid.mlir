// RUN: ntk-opt %s --split-input-file --ntk-apply-plan --verify-diagnostics

ntk.network @f(%x: tensor<3xf32>, %w: tensor<3xf32> {ntk.param = "w"}) -> tensor<3xf32> {
  %y = ntk.mul %x, %w : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  ntk.return %y : tensor<3xf32>
}
ntk.kernel @theta of @f outputs full
func.func @theta_factors1(%x: tensor<?x3xf32>) -> tensor<?x3xf32> attributes {ntk.kernel = @theta, ntk.role = "factors", ntk.sides = array<i64: 1>} {
  return %x : tensor<?x3xf32>
}
func.func @theta_factors2(%x: tensor<?x3xf32>) -> tensor<?x3xf32> attributes {ntk.kernel = @theta, ntk.role = "factors", ntk.sides = array<i64: 2>} {
  return %x : tensor<?x3xf32>
}
func.func @theta_tile(%x: tensor<?x3xf32>, %y: tensor<?x3xf32>) -> tensor<?x?xf32> attributes {ntk.kernel = @theta, ntk.role = "tile"} {
  // expected-error @below {{expected the letters of the plan's result that are still needed, but got "nk"}}
  %t = ntk.contract "nk, mk -> nm" (%x, %y) {plan = #ntk.plan<order = [0, 1], results = ["nk"]>} : (tensor<?x3xf32>, tensor<?x3xf32>) -> tensor<?x?xf32>
  return %t : tensor<?x?xf32>
}
