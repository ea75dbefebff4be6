// Two dense layers and a tanh.
ntk.network @dense(%x: tensor<5xf64> {ntk.input = "x"},
                   %w1: tensor<4x5xf64> {ntk.param = "fc1.weight"},
                   %b1: tensor<4xf64> {ntk.param = "fc1.bias"},
                   %w2: tensor<3x4xf64> {ntk.param = "fc2.weight"}) -> tensor<3xf64> {
  %a = ntk.contract "k, ck -> c" (%x, %w1) : (tensor<5xf64>, tensor<4x5xf64>) -> tensor<4xf64>
  %b = ntk.add %a, %b1 : (tensor<4xf64>, tensor<4xf64>) -> tensor<4xf64>
  %h = ntk.tanh %b : (tensor<4xf64>) -> tensor<4xf64>
  %y = ntk.contract "k, ck -> c" (%h, %w2) : (tensor<4xf64>, tensor<3x4xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}
ntk.kernel @theta of @dense "now, mpw -> nmop" (J1, J2)
