// One dense layer with a bias, a ReLU, and an output layer.
ntk.network @mlp(%x: tensor<784xf32> {ntk.input = "x"},
                 %w1: tensor<512x784xf32> {ntk.param = "fc1.weight"},
                 %b1: tensor<512xf32> {ntk.param = "fc1.bias"},
                 %w2: tensor<10x512xf32> {ntk.param = "fc2.weight"}) -> tensor<10xf32> {
  %a = ntk.contract "k, ck -> c" (%x, %w1) : (tensor<784xf32>, tensor<512x784xf32>) -> tensor<512xf32>
  %b = ntk.add %a, %b1 : (tensor<512xf32>, tensor<512xf32>) -> tensor<512xf32>
  %h = ntk.relu %b : (tensor<512xf32>) -> tensor<512xf32>
  %y = ntk.contract "k, ck -> c" (%h, %w2) : (tensor<512xf32>, tensor<10x512xf32>) -> tensor<10xf32>
  ntk.return %y : tensor<10xf32>
}
ntk.kernel @theta of @mlp "now, mpw -> nmop" (J1, J2)
