// RUN: ntk-op-check %s

// Ops that move elements.

ntk.network @views(%x: tensor<2x3xf64> {check.values = dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf64>})
    -> (tensor<6xf64>, tensor<3x2xf64> {check.result = dense<[[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]> : tensor<3x2xf64>},
        tensor<2x2x3xf64> {check.result = dense<[[[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]], [[4.0, 5.0, 6.0], [4.0, 5.0, 6.0]]]> : tensor<2x2x3xf64>}) {
  %0 = ntk.reshape %x {shape = array<i64: 6>} : (tensor<2x3xf64>) -> tensor<6xf64>
  %1 = ntk.transpose %x {permutation = array<i64: 1, 0>} : (tensor<2x3xf64>) -> tensor<3x2xf64>
  %2 = ntk.broadcast %x {shape = array<i64: 2, 2, 3>, dimensions = array<i64: 0, 2>} : (tensor<2x3xf64>) -> tensor<2x2x3xf64>
  ntk.return %0, %1, %2 : tensor<6xf64>, tensor<3x2xf64>, tensor<2x2x3xf64>
}

ntk.network @rank_zero(%x: tensor<f64>) -> (tensor<1x1xf64>, tensor<f64>, tensor<4xf64>, tensor<f64>) {
  %0 = ntk.reshape %x {shape = array<i64: 1, 1>} : (tensor<f64>) -> tensor<1x1xf64>
  %1 = ntk.reshape %0 {shape = array<i64>} : (tensor<1x1xf64>) -> tensor<f64>
  %2 = ntk.broadcast %x {shape = array<i64: 4>, dimensions = array<i64>} : (tensor<f64>) -> tensor<4xf64>
  %3 = ntk.transpose %x {permutation = array<i64>} : (tensor<f64>) -> tensor<f64>
  ntk.return %0, %1, %2, %3 : tensor<1x1xf64>, tensor<f64>, tensor<4xf64>, tensor<f64>
}

ntk.network @three_axes(%x: tensor<2x3x4xf64>) -> (tensor<4x6xf64>, tensor<4x2x3xf64>) {
  %0 = ntk.reshape %x {shape = array<i64: 4, 6>} : (tensor<2x3x4xf64>) -> tensor<4x6xf64>
  %1 = ntk.transpose %x {permutation = array<i64: 2, 0, 1>} : (tensor<2x3x4xf64>) -> tensor<4x2x3xf64>
  ntk.return %0, %1 : tensor<4x6xf64>, tensor<4x2x3xf64>
}

ntk.network @concat(%a: tensor<2x2xf64> {check.values = dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf64>},
                    %b: tensor<2x1xf64> {check.values = dense<[[5.0], [6.0]]> : tensor<2x1xf64>})
    -> (tensor<2x4xf64> {check.result = dense<[[1.0, 2.0, 5.0, 5.0], [3.0, 4.0, 6.0, 6.0]]> : tensor<2x4xf64>}) {
  %0 = ntk.concat %a, %b, %b {axis = 1 : i64} : (tensor<2x2xf64>, tensor<2x1xf64>, tensor<2x1xf64>) -> tensor<2x4xf64>
  ntk.return %0 : tensor<2x4xf64>
}

ntk.network @boxes(%x: tensor<2x7xf64>, %y: tensor<2x3xf64> {check.values = dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf64>})
    -> (tensor<1x2xf64>, tensor<3x7xf64> {check.result = dense<[[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 2.0, 0.0, 3.0, 0.0], [0.0, 4.0, 0.0, 5.0, 0.0, 6.0, 0.0]]> : tensor<3x7xf64>},
        tensor<2x3xf64> {check.result = dense<[[3.0, 2.0, 1.0], [6.0, 5.0, 4.0]]> : tensor<2x3xf64>}) {
  %0 = ntk.slice %x {starts = array<i64: 1, 1>, sizes = array<i64: 1, 2>, strides = array<i64: 1, 3>} : (tensor<2x7xf64>) -> tensor<1x2xf64>
  %1 = ntk.pad %y {low = array<i64: 1, 1>, high = array<i64: 0, 1>, interior = array<i64: 0, 1>} : (tensor<2x3xf64>) -> tensor<3x7xf64>
  %2 = ntk.reverse %y {axes = array<i64: 1>} : (tensor<2x3xf64>) -> tensor<2x3xf64>
  ntk.return %0, %1, %2 : tensor<1x2xf64>, tensor<3x7xf64>, tensor<2x3xf64>
}

ntk.network @constant(%x: tensor<2xf64>) -> tensor<2xf64> {
  %c = ntk.constant dense<[0.5, -1.0]> : tensor<2xf64>
  %y = ntk.mul %x, %c : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  ntk.return %y : tensor<2xf64>
}

// Negative indices count from the end; equal ones add up.
ntk.network @gather(%x: tensor<2x3x2xf64> {check.values = dense<[[[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]], [[6.0, 7.0], [8.0, 9.0], [10.0, 11.0]]]> : tensor<2x3x2xf64>},
                    %i: tensor<2x2xi64> {check.values = dense<[[2, 0], [-1, 0]]> : tensor<2x2xi64>},
                    %s: tensor<i32> {check.values = dense<1> : tensor<i32>})
    -> (tensor<2x2x2x2xf64> {check.result = dense<[[[[4.0, 5.0], [0.0, 1.0]], [[4.0, 5.0], [0.0, 1.0]]], [[[10.0, 11.0], [6.0, 7.0]], [[10.0, 11.0], [6.0, 7.0]]]]> : tensor<2x2x2x2xf64>},
        tensor<2x3xf64> {check.result = dense<[[1.0, 3.0, 5.0], [7.0, 9.0, 11.0]]> : tensor<2x3xf64>}) {
  %0 = ntk.gather %x, %i {axis = 1 : i64} : (tensor<2x3x2xf64>, tensor<2x2xi64>) -> tensor<2x2x2x2xf64>
  %1 = ntk.gather %x, %s {axis = 2 : i64} : (tensor<2x3x2xf64>, tensor<i32>) -> tensor<2x3xf64>
  ntk.return %0, %1 : tensor<2x2x2x2xf64>, tensor<2x3xf64>
}

// Tables of more rows than are picked have a structure.
ntk.network @gather_few(%x: tensor<2x9xf64>, %y: tensor<5x3xf64>,
                        %i: tensor<2x2xi64> {check.values = dense<[[2, 0], [-1, 2]]> : tensor<2x2xi64>},
                        %j: tensor<3xi32> {check.values = dense<[4, -5, 4]> : tensor<3xi32>})
    -> (tensor<2x2x2xf64>, tensor<3x3xf64>) {
  %0 = ntk.gather %x, %i {axis = 1 : i64} : (tensor<2x9xf64>, tensor<2x2xi64>) -> tensor<2x2x2xf64>
  %1 = ntk.gather %y, %j {axis = 0 : i64} : (tensor<5x3xf64>, tensor<3xi32>) -> tensor<3x3xf64>
  ntk.return %0, %1 : tensor<2x2x2xf64>, tensor<3x3xf64>
}

ntk.network @scatter_add(%x: tensor<3x2xf64> {check.values = dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf64>},
                         %i: tensor<3xi64> {check.values = dense<[1, 3, 1]> : tensor<3xi64>})
    -> (tensor<4x2xf64> {check.result = dense<[[0.0, 0.0], [6.0, 8.0], [0.0, 0.0], [3.0, 4.0]]> : tensor<4x2xf64>}) {
  %0 = ntk.scatter_add %x, %i {axis = 0 : i64, size = 4 : i64} : (tensor<3x2xf64>, tensor<3xi64>) -> tensor<4x2xf64>
  ntk.return %0 : tensor<4x2xf64>
}

ntk.network @along(%x: tensor<2x3xf64> {check.values = dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf64>},
                   %i: tensor<2x2xi32> {check.values = dense<[[2, 2], [0, 1]]> : tensor<2x2xi32>})
    -> (tensor<2x2xf64> {check.result = dense<[[3.0, 3.0], [4.0, 5.0]]> : tensor<2x2xf64>},
        tensor<2x4xf64> {check.result = dense<[[0.0, 0.0, 6.0, 0.0], [4.0, 5.0, 0.0, 0.0]]> : tensor<2x4xf64>}) {
  %0 = ntk.take_along %x, %i : (tensor<2x3xf64>, tensor<2x2xi32>) -> tensor<2x2xf64>
  %1 = ntk.put_along %0, %i {size = 4 : i64} : (tensor<2x2xf64>, tensor<2x2xi32>) -> tensor<2x4xf64>
  ntk.return %0, %1 : tensor<2x2xf64>, tensor<2x4xf64>
}

ntk.network @identity(%x: tensor<2x3xf64>) -> tensor<2x3xf64> {
  %i = ntk.identity : tensor<2x3xf64>
  %y = ntk.mul %x, %i : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
  ntk.return %y : tensor<2x3xf64>
}
