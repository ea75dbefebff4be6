// RUN: ntk-op-check %s

// Reductions and pooling; ties of reduce_max are shared, max_pool takes the
// first winner.

ntk.network @sums(%x: tensor<2x3x2xf64>) -> (tensor<3xf64>, tensor<f64>, tensor<2x3x2xf64>) {
  %0 = ntk.reduce_sum %x {axes = array<i64: 0, 2>} : (tensor<2x3x2xf64>) -> tensor<3xf64>
  %1 = ntk.reduce_sum %x {axes = array<i64: 0, 1, 2>} : (tensor<2x3x2xf64>) -> tensor<f64>
  %2 = ntk.reduce_sum %x {axes = array<i64>} : (tensor<2x3x2xf64>) -> tensor<2x3x2xf64>
  ntk.return %0, %1, %2 : tensor<3xf64>, tensor<f64>, tensor<2x3x2xf64>
}

ntk.network @maxima(%x: tensor<2x4xf64> {check.values = dense<[[1.0, 3.0, 3.0, 0.0], [-2.0, -1.0, -3.0, -4.0]]> : tensor<2x4xf64>})
    -> (tensor<2xf64> {check.result = dense<[3.0, -1.0]> : tensor<2xf64>}, tensor<f64> {check.result = dense<3.0> : tensor<f64>}) {
  %0 = ntk.reduce_max %x {axes = array<i64: 1>} : (tensor<2x4xf64>) -> tensor<2xf64>
  %1 = ntk.reduce_max %x {axes = array<i64: 0, 1>} : (tensor<2x4xf64>) -> tensor<f64>
  ntk.return %0, %1 : tensor<2xf64>, tensor<f64>
}

ntk.network @softmax(%x: tensor<2x3xf64>,
                     %z: tensor<2xf64> {check.values = dense<[1000.0, 1000.0]> : tensor<2xf64>})
    -> (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2xf64> {check.result = dense<[0.5, 0.5]> : tensor<2xf64>}) {
  %0 = ntk.softmax %x {axis = 1 : i64} : (tensor<2x3xf64>) -> tensor<2x3xf64>
  %1 = ntk.softmax %x {axis = 0 : i64} : (tensor<2x3xf64>) -> tensor<2x3xf64>
  %2 = ntk.softmax %z {axis = 0 : i64} : (tensor<2xf64>) -> tensor<2xf64>
  ntk.return %0, %1, %2 : tensor<2x3xf64>, tensor<2x3xf64>, tensor<2xf64>
}

ntk.network @plain(%x: tensor<2x4x4xf64>) -> (tensor<2x2x2xf64>, tensor<2x2x2xf64>) {
  %0 = ntk.window_sum %x {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<2x4x4xf64>) -> tensor<2x2x2xf64>
  %1 = ntk.max_pool %x {window = array<i64: 2, 2>, strides = array<i64: 2, 2>, padding = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>} : (tensor<2x4x4xf64>) -> tensor<2x2x2xf64>
  ntk.return %0, %1 : tensor<2x2x2xf64>, tensor<2x2x2xf64>
}

// Overlapping, dilated, padded on one side alone, with pixels left over.
ntk.network @odd(%x: tensor<5x6xf64>) -> (tensor<3x2xf64>, tensor<3x2xf64>) {
  %0 = ntk.window_sum %x {window = array<i64: 3, 2>, strides = array<i64: 2, 3>, padding = array<i64: 1, 1, 0, 1>, dilations = array<i64: 1, 2>} : (tensor<5x6xf64>) -> tensor<3x2xf64>
  %1 = ntk.max_pool %x {window = array<i64: 3, 2>, strides = array<i64: 2, 3>, padding = array<i64: 1, 1, 0, 1>, dilations = array<i64: 1, 2>} : (tensor<5x6xf64>) -> tensor<3x2xf64>
  ntk.return %0, %1 : tensor<3x2xf64>, tensor<3x2xf64>
}

ntk.network @spread(%y: tensor<2x3xf64> {check.values = dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf64>})
    -> (tensor<2x5xf64> {check.result = dense<[[1.0, 3.0, 2.0, 5.0, 3.0], [4.0, 9.0, 5.0, 11.0, 6.0]]> : tensor<2x5xf64>}) {
  %0 = ntk.window_spread %y {output_size = array<i64: 5>, window = array<i64: 3>, strides = array<i64: 2>, padding = array<i64: 1, 1>, dilations = array<i64: 1>} : (tensor<2x3xf64>) -> tensor<2x5xf64>
  ntk.return %0 : tensor<2x5xf64>
}

ntk.network @first_winner(%x: tensor<4xf64> {check.values = dense<[1.0, 1.0, 0.0, 0.0]> : tensor<4xf64>})
    -> (tensor<2xf64> {check.result = dense<[1.0, 0.0]> : tensor<2xf64>}, tensor<2xf64> {check.result = dense<[0.0, 2.0]> : tensor<2xf64>}) {
  %0 = ntk.max_pool %x {window = array<i64: 2>, strides = array<i64: 2>, padding = array<i64: 0, 0>, dilations = array<i64: 1>} : (tensor<4xf64>) -> tensor<2xf64>
  %1 = ntk.max_pool_winner %x {window = array<i64: 2>, strides = array<i64: 2>, padding = array<i64: 0, 0>, dilations = array<i64: 1>} : (tensor<4xf64>) -> tensor<2xi32>
  %2 = ntk.convert %1 {element = f64} : (tensor<2xi32>) -> tensor<2xf64>
  ntk.return %0, %2 : tensor<2xf64>, tensor<2xf64>
}

ntk.network @three_axes(%x: tensor<1x2x3x2xf64>) -> (tensor<1x1x2x2xf64>, tensor<1x1x2x2xf64>) {
  %0 = ntk.window_sum %x {window = array<i64: 2, 2, 1>, strides = array<i64: 1, 1, 1>, padding = array<i64: 0, 0, 0, 0, 0, 0>, dilations = array<i64: 1, 1, 1>} : (tensor<1x2x3x2xf64>) -> tensor<1x1x2x2xf64>
  %1 = ntk.max_pool %x {window = array<i64: 2, 2, 1>, strides = array<i64: 1, 1, 1>, padding = array<i64: 0, 0, 0, 0, 0, 0>, dilations = array<i64: 1, 1, 1>} : (tensor<1x2x3x2xf64>) -> tensor<1x1x2x2xf64>
  ntk.return %0, %1 : tensor<1x1x2x2xf64>, tensor<1x1x2x2xf64>
}
