// RUN: ntk-op-check %s

// Convolutions, their transposes, patches and folded patches.

ntk.network @plain(%x: tensor<2x4x4xf64>, %w: tensor<3x2x3x3xf64>) -> (tensor<3x4x4xf64>, tensor<2x4x4xf64>, tensor<1x2x9x16xf64>, tensor<2x4x4xf64>) {
  %y = ntk.conv %x, %w {strides = array<i64: 1, 1>, padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x4x4xf64>, tensor<3x2x3x3xf64>) -> tensor<3x4x4xf64>
  %t = ntk.conv_transpose %y, %w {output_size = array<i64: 4, 4>, strides = array<i64: 1, 1>, padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<3x4x4xf64>, tensor<3x2x3x3xf64>) -> tensor<2x4x4xf64>
  %z = ntk.patches %x {kernel_size = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x4x4xf64>) -> tensor<1x2x9x16xf64>
  %f = ntk.fold_patches %z {kernel_size = array<i64: 3, 3>, output_size = array<i64: 4, 4>, strides = array<i64: 1, 1>, padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x2x9x16xf64>) -> tensor<2x4x4xf64>
  ntk.return %y, %t, %z, %f : tensor<3x4x4xf64>, tensor<2x4x4xf64>, tensor<1x2x9x16xf64>, tensor<2x4x4xf64>
}

// Stride that leaves pixels over, dilation, padding on one side alone.
ntk.network @odd(%x: tensor<2x5x6xf64>, %w: tensor<2x2x2x3xf64>) -> (tensor<2x2x2xf64>, tensor<2x5x6xf64>, tensor<1x2x6x4xf64>, tensor<2x5x6xf64>) {
  %y = ntk.conv %x, %w {strides = array<i64: 2, 3>, padding = array<i64: 0, 1, 2, 0>, dilations = array<i64: 2, 1>, groups = 1 : i64} : (tensor<2x5x6xf64>, tensor<2x2x2x3xf64>) -> tensor<2x2x2xf64>
  %t = ntk.conv_transpose %y, %w {output_size = array<i64: 5, 6>, strides = array<i64: 2, 3>, padding = array<i64: 0, 1, 2, 0>, dilations = array<i64: 2, 1>, groups = 1 : i64} : (tensor<2x2x2xf64>, tensor<2x2x2x3xf64>) -> tensor<2x5x6xf64>
  %z = ntk.patches %x {kernel_size = array<i64: 2, 3>, strides = array<i64: 2, 3>, padding = array<i64: 0, 1, 2, 0>, dilations = array<i64: 2, 1>, groups = 1 : i64} : (tensor<2x5x6xf64>) -> tensor<1x2x6x4xf64>
  %f = ntk.fold_patches %z {kernel_size = array<i64: 2, 3>, output_size = array<i64: 5, 6>, strides = array<i64: 2, 3>, padding = array<i64: 0, 1, 2, 0>, dilations = array<i64: 2, 1>, groups = 1 : i64} : (tensor<1x2x6x4xf64>) -> tensor<2x5x6xf64>
  ntk.return %y, %t, %z, %f : tensor<2x2x2xf64>, tensor<2x5x6xf64>, tensor<1x2x6x4xf64>, tensor<2x5x6xf64>
}

ntk.network @groups(%x: tensor<4x3x3xf64>, %w: tensor<6x2x2x2xf64>) -> (tensor<6x2x2xf64>, tensor<4x3x3xf64>, tensor<2x2x4x4xf64>, tensor<4x3x3xf64>) {
  %y = ntk.conv %x, %w {strides = array<i64: 1, 1>, padding = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 2 : i64} : (tensor<4x3x3xf64>, tensor<6x2x2x2xf64>) -> tensor<6x2x2xf64>
  %t = ntk.conv_transpose %y, %w {output_size = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 2 : i64} : (tensor<6x2x2xf64>, tensor<6x2x2x2xf64>) -> tensor<4x3x3xf64>
  %z = ntk.patches %x {kernel_size = array<i64: 2, 2>, strides = array<i64: 1, 1>, padding = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 2 : i64} : (tensor<4x3x3xf64>) -> tensor<2x2x4x4xf64>
  %f = ntk.fold_patches %z {kernel_size = array<i64: 2, 2>, output_size = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 2 : i64} : (tensor<2x2x4x4xf64>) -> tensor<4x3x3xf64>
  ntk.return %y, %t, %z, %f : tensor<6x2x2xf64>, tensor<4x3x3xf64>, tensor<2x2x4x4xf64>, tensor<4x3x3xf64>
}

ntk.network @depthwise(%x: tensor<3x4xf64>, %w: tensor<3x1x3xf64>) -> (tensor<3x4xf64>, tensor<3x4xf64>, tensor<3x1x3x4xf64>, tensor<3x4xf64>) {
  %y = ntk.conv %x, %w {strides = array<i64: 1>, padding = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 3 : i64} : (tensor<3x4xf64>, tensor<3x1x3xf64>) -> tensor<3x4xf64>
  %t = ntk.conv_transpose %y, %w {output_size = array<i64: 4>, strides = array<i64: 1>, padding = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 3 : i64} : (tensor<3x4xf64>, tensor<3x1x3xf64>) -> tensor<3x4xf64>
  %z = ntk.patches %x {kernel_size = array<i64: 3>, strides = array<i64: 1>, padding = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 3 : i64} : (tensor<3x4xf64>) -> tensor<3x1x3x4xf64>
  %f = ntk.fold_patches %z {kernel_size = array<i64: 3>, output_size = array<i64: 4>, strides = array<i64: 1>, padding = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 3 : i64} : (tensor<3x1x3x4xf64>) -> tensor<3x4xf64>
  ntk.return %y, %t, %z, %f : tensor<3x4xf64>, tensor<3x4xf64>, tensor<3x1x3x4xf64>, tensor<3x4xf64>
}

// Depthwise with two output channels for each input channel.
ntk.network @multiplier(%x: tensor<2x4xf64>, %w: tensor<4x1x2xf64>) -> (tensor<4x2xf64>, tensor<2x4xf64>, tensor<2x1x2x2xf64>, tensor<2x4xf64>) {
  %y = ntk.conv %x, %w {strides = array<i64: 2>, padding = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 2 : i64} : (tensor<2x4xf64>, tensor<4x1x2xf64>) -> tensor<4x2xf64>
  %t = ntk.conv_transpose %y, %w {output_size = array<i64: 4>, strides = array<i64: 2>, padding = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 2 : i64} : (tensor<4x2xf64>, tensor<4x1x2xf64>) -> tensor<2x4xf64>
  %z = ntk.patches %x {kernel_size = array<i64: 2>, strides = array<i64: 2>, padding = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 2 : i64} : (tensor<2x4xf64>) -> tensor<2x1x2x2xf64>
  %f = ntk.fold_patches %z {kernel_size = array<i64: 2>, output_size = array<i64: 4>, strides = array<i64: 2>, padding = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 2 : i64} : (tensor<2x1x2x2xf64>) -> tensor<2x4xf64>
  ntk.return %y, %t, %z, %f : tensor<4x2xf64>, tensor<2x4xf64>, tensor<2x1x2x2xf64>, tensor<2x4xf64>
}

ntk.network @pointwise(%x: tensor<3x2x2xf64>, %w: tensor<2x3x1x1xf64>) -> (tensor<2x2x2xf64>, tensor<3x2x2xf64>, tensor<1x3x1x4xf64>, tensor<3x2x2xf64>) {
  %y = ntk.conv %x, %w {strides = array<i64: 1, 1>, padding = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<3x2x2xf64>, tensor<2x3x1x1xf64>) -> tensor<2x2x2xf64>
  %t = ntk.conv_transpose %y, %w {output_size = array<i64: 2, 2>, strides = array<i64: 1, 1>, padding = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x2x2xf64>, tensor<2x3x1x1xf64>) -> tensor<3x2x2xf64>
  %z = ntk.patches %x {kernel_size = array<i64: 1, 1>, strides = array<i64: 1, 1>, padding = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<3x2x2xf64>) -> tensor<1x3x1x4xf64>
  %f = ntk.fold_patches %z {kernel_size = array<i64: 1, 1>, output_size = array<i64: 2, 2>, strides = array<i64: 1, 1>, padding = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x3x1x4xf64>) -> tensor<3x2x2xf64>
  ntk.return %y, %t, %z, %f : tensor<2x2x2xf64>, tensor<3x2x2xf64>, tensor<1x3x1x4xf64>, tensor<3x2x2xf64>
}

// Windows that tile the input: the transpose has a structure.
ntk.network @tiles(%x: tensor<2x4x6xf64>, %w: tensor<3x2x2x3xf64>) -> (tensor<3x2x2xf64>, tensor<2x4x6xf64>, tensor<1x2x6x4xf64>, tensor<2x4x6xf64>) {
  %y = ntk.conv %x, %w {strides = array<i64: 2, 3>, padding = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x4x6xf64>, tensor<3x2x2x3xf64>) -> tensor<3x2x2xf64>
  %t = ntk.conv_transpose %y, %w {output_size = array<i64: 4, 6>, strides = array<i64: 2, 3>, padding = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<3x2x2xf64>, tensor<3x2x2x3xf64>) -> tensor<2x4x6xf64>
  %z = ntk.patches %x {kernel_size = array<i64: 2, 3>, strides = array<i64: 2, 3>, padding = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<2x4x6xf64>) -> tensor<1x2x6x4xf64>
  %f = ntk.fold_patches %z {kernel_size = array<i64: 2, 3>, output_size = array<i64: 4, 6>, strides = array<i64: 2, 3>, padding = array<i64: 0, 0, 0, 0>, dilations = array<i64: 1, 1>, groups = 1 : i64} : (tensor<1x2x6x4xf64>) -> tensor<2x4x6xf64>
  ntk.return %y, %t, %z, %f : tensor<3x2x2xf64>, tensor<2x4x6xf64>, tensor<1x2x6x4xf64>, tensor<2x4x6xf64>
}

ntk.network @three_axes(%x: tensor<1x2x3x2xf64>, %w: tensor<2x1x2x2x1xf64>) -> (tensor<2x2x2x2xf64>, tensor<1x2x3x2xf64>, tensor<1x1x4x8xf64>, tensor<1x2x3x2xf64>) {
  %y = ntk.conv %x, %w {strides = array<i64: 1, 1, 1>, padding = array<i64: 0, 1, 0, 0, 0, 0>, dilations = array<i64: 1, 1, 1>, groups = 1 : i64} : (tensor<1x2x3x2xf64>, tensor<2x1x2x2x1xf64>) -> tensor<2x2x2x2xf64>
  %t = ntk.conv_transpose %y, %w {output_size = array<i64: 2, 3, 2>, strides = array<i64: 1, 1, 1>, padding = array<i64: 0, 1, 0, 0, 0, 0>, dilations = array<i64: 1, 1, 1>, groups = 1 : i64} : (tensor<2x2x2x2xf64>, tensor<2x1x2x2x1xf64>) -> tensor<1x2x3x2xf64>
  %z = ntk.patches %x {kernel_size = array<i64: 2, 2, 1>, strides = array<i64: 1, 1, 1>, padding = array<i64: 0, 1, 0, 0, 0, 0>, dilations = array<i64: 1, 1, 1>, groups = 1 : i64} : (tensor<1x2x3x2xf64>) -> tensor<1x1x4x8xf64>
  %f = ntk.fold_patches %z {kernel_size = array<i64: 2, 2, 1>, output_size = array<i64: 2, 3, 2>, strides = array<i64: 1, 1, 1>, padding = array<i64: 0, 1, 0, 0, 0, 0>, dilations = array<i64: 1, 1, 1>, groups = 1 : i64} : (tensor<1x1x4x8xf64>) -> tensor<1x2x3x2xf64>
  ntk.return %y, %t, %z, %f : tensor<2x2x2x2xf64>, tensor<1x2x3x2xf64>, tensor<1x1x4x8xf64>, tensor<1x2x3x2xf64>
}

// By hand: 1·x[i-1] + 10·x[i] + 100·x[i+1].
ntk.network @by_hand(%x: tensor<1x3xf64> {check.values = dense<[[1.0, 2.0, 3.0]]> : tensor<1x3xf64>},
                     %w: tensor<1x1x3xf64> {check.values = dense<[[[1.0, 10.0, 100.0]]]> : tensor<1x1x3xf64>})
    -> (tensor<1x3xf64> {check.result = dense<[[210.0, 321.0, 32.0]]> : tensor<1x3xf64>},
        tensor<1x3xf64> {check.result = dense<[[12.0, 123.0, 230.0]]> : tensor<1x3xf64>}) {
  %y = ntk.conv %x, %w {strides = array<i64: 1>, padding = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x3xf64>, tensor<1x1x3xf64>) -> tensor<1x3xf64>
  %t = ntk.conv_transpose %x, %w {output_size = array<i64: 3>, strides = array<i64: 1>, padding = array<i64: 1, 1>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<1x3xf64>, tensor<1x1x3xf64>) -> tensor<1x3xf64>
  ntk.return %y, %t : tensor<1x3xf64>, tensor<1x3xf64>
}
