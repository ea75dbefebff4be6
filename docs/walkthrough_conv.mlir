// One convolution over 8 x 8 pixels, a ReLU, global pooling, an output layer.
ntk.network @cnn(%x: tensor<3x8x8xf32> {ntk.input = "x"},
                 %w1: tensor<16x3x3x3xf32> {ntk.param = "conv.weight"},
                 %w2: tensor<4x16xf32> {ntk.param = "fc.weight"}) -> tensor<4xf32> {
  %a = ntk.conv %x, %w1 {strides = array<i64: 1, 1>, padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64}
      : (tensor<3x8x8xf32>, tensor<16x3x3x3xf32>) -> tensor<16x8x8xf32>
  %h = ntk.relu %a : (tensor<16x8x8xf32>) -> tensor<16x8x8xf32>
  %p = ntk.reduce_sum %h {axes = array<i64: 1, 2>} : (tensor<16x8x8xf32>) -> tensor<16xf32>
  %y = ntk.contract "k, ck -> c" (%p, %w2) : (tensor<16xf32>, tensor<4x16xf32>) -> tensor<4xf32>
  ntk.return %y : tensor<4xf32>
}
ntk.kernel @theta of @cnn "now, mpw -> nmop" (J1, J2)
