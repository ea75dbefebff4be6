// RUN: ntk-opt --ntk-lower -split-input-file -verify-diagnostics %s

func.func @three(%a: tensor<4x3xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{expected a binary contraction, run --ntk-apply-plan, but got 3 operands}}
  %0 = ntk.contract "nk, nk, nk -> n" (%a, %a, %a) : (tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
