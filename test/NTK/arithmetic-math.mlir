// RUN: ntk-op-check %s

// Arithmetic of two operands, masks, conversions; ties of max and min are
// shared equally.

ntk.network @arithmetic(%a: tensor<2x3xf64>, %b: tensor<2x3xf64> {check.range = [0.5, 2.0]})
    -> (tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>) {
  %0 = ntk.add %a, %b : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
  %1 = ntk.sub %a, %b : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
  %2 = ntk.mul %a, %b : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
  %3 = ntk.div %a, %b : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
  ntk.return %0, %1, %2, %3 : tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>, tensor<2x3xf64>
}

ntk.network @scalars(%a: tensor<f64>, %b: tensor<f64>) -> tensor<f64> {
  %0 = ntk.mul %a, %b : (tensor<f64>, tensor<f64>) -> tensor<f64>
  ntk.return %0 : tensor<f64>
}

ntk.network @ties(%a: tensor<4xf64> {check.values = dense<[1.0, 2.0, -1.0, 0.0]> : tensor<4xf64>},
                  %b: tensor<4xf64> {check.values = dense<[1.0, 1.0, 3.0, 0.0]> : tensor<4xf64>})
    -> (tensor<4xf64> {check.result = dense<[1.0, 2.0, 3.0, 0.0]> : tensor<4xf64>},
        tensor<4xf64> {check.result = dense<[1.0, 1.0, -1.0, 0.0]> : tensor<4xf64>}) {
  %0 = ntk.max %a, %b : (tensor<4xf64>, tensor<4xf64>) -> tensor<4xf64>
  %1 = ntk.min %a, %b : (tensor<4xf64>, tensor<4xf64>) -> tensor<4xf64>
  ntk.return %0, %1 : tensor<4xf64>, tensor<4xf64>
}

// Integers: division goes towards zero.
ntk.network @integers(%a: tensor<3xi64> {check.values = dense<[7, -7, 6]> : tensor<3xi64>},
                      %b: tensor<3xi64> {check.values = dense<[2, 2, -3]> : tensor<3xi64>})
    -> (tensor<3xf64> {check.result = dense<[3.0, -3.0, -2.0]> : tensor<3xf64>}) {
  %0 = ntk.div %a, %b : (tensor<3xi64>, tensor<3xi64>) -> tensor<3xi64>
  %1 = ntk.convert %0 {element = f64} : (tensor<3xi64>) -> tensor<3xf64>
  ntk.return %1 : tensor<3xf64>
}

// Powers of positive bases in both; of negative ones with whole exponents, also
// of a second example, whose numbers are larger by a quarter.
ntk.network @power(%a: tensor<2x3xf64> {check.range = [0.3, 2.0]}, %b: tensor<2x3xf64>)
    -> tensor<2x3xf64> {
  %0 = ntk.power %a, %b : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
  ntk.return %0 : tensor<2x3xf64>
}

ntk.network @power_of_zero(%a: tensor<3xf64> {check.values = dense<0.0> : tensor<3xf64>},
                           %b: tensor<3xf64> {check.values = dense<[0.0, 1.0, 2.0]> : tensor<3xf64>})
    -> (tensor<3xf64> {check.result = dense<[1.0, 0.0, 0.0]> : tensor<3xf64>}) {
  %0 = ntk.power %a, %b : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  ntk.return %0 : tensor<3xf64>
}

ntk.network @power_of_negative(%a: tensor<4xf64> {check.values = dense<[-2.0, -2.0, -0.5, -1.5]> : tensor<4xf64>})
    -> (tensor<4xf64> {check.result = dense<[1.0, 16.0, 16.0, 25.62890625]> : tensor<4xf64>}) {
  %b = ntk.constant dense<[0.0, 4.0, -4.0, 8.0]> : tensor<4xf64>
  %0 = ntk.power %a, %b : (tensor<4xf64>, tensor<4xf64>) -> tensor<4xf64>
  ntk.return %0 : tensor<4xf64>
}

// 1 / 0.1 is a little less than 10, which the quotient of f64 is.
ntk.network @remainder(%a: tensor<4xf64> {check.values = dense<[1.0, -7.5, 7.5, 0.25]> : tensor<4xf64>},
                       %b: tensor<4xf64> {check.values = dense<[0.1, 2.0, -2.0, 3.0]> : tensor<4xf64>})
    -> (tensor<4xf64> {check.result = dense<[0.09999999999999995, -1.5, 1.5, 0.25]> : tensor<4xf64>}) {
  %0 = ntk.remainder %a, %b : (tensor<4xf64>, tensor<4xf64>) -> tensor<4xf64>
  ntk.return %0 : tensor<4xf64>
}

ntk.network @bits(%a: tensor<4xi64> {check.values = dense<[12, -1, -4, 7]> : tensor<4xi64>},
                  %b: tensor<4xi64> {check.values = dense<[10, 6, -6, 8]> : tensor<4xi64>})
    -> (tensor<4xf64> {check.result = dense<[8.0, 6.0, -8.0, 0.0]> : tensor<4xf64>},
        tensor<4xf64> {check.result = dense<[2.0, -1.0, -4.0, 7.0]> : tensor<4xf64>}) {
  %0 = ntk.bit_and %a, %b : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
  %1 = ntk.convert %0 {element = f64} : (tensor<4xi64>) -> tensor<4xf64>
  %2 = ntk.remainder %a, %b : (tensor<4xi64>, tensor<4xi64>) -> tensor<4xi64>
  %3 = ntk.convert %2 {element = f64} : (tensor<4xi64>) -> tensor<4xf64>
  ntk.return %1, %3 : tensor<4xf64>, tensor<4xf64>
}

ntk.network @compare(%a: tensor<3xf64> {check.values = dense<[1.0, 2.0, 3.0]> : tensor<3xf64>},
                     %b: tensor<3xf64> {check.values = dense<[2.0, 2.0, 2.0]> : tensor<3xf64>})
    -> (tensor<3xf64> {check.result = dense<[0.0, 1.0, 0.0]> : tensor<3xf64>},
        tensor<3xf64> {check.result = dense<[1.0, 0.0, 1.0]> : tensor<3xf64>},
        tensor<3xf64> {check.result = dense<[1.0, 0.0, 0.0]> : tensor<3xf64>},
        tensor<3xf64> {check.result = dense<[1.0, 1.0, 0.0]> : tensor<3xf64>},
        tensor<3xf64> {check.result = dense<[0.0, 0.0, 1.0]> : tensor<3xf64>},
        tensor<3xf64> {check.result = dense<[0.0, 1.0, 1.0]> : tensor<3xf64>}) {
  %m0 = ntk.compare eq %a, %b : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xi1>
  %y0 = ntk.convert %m0 {element = f64} : (tensor<3xi1>) -> tensor<3xf64>
  %m1 = ntk.compare ne %a, %b : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xi1>
  %y1 = ntk.convert %m1 {element = f64} : (tensor<3xi1>) -> tensor<3xf64>
  %m2 = ntk.compare lt %a, %b : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xi1>
  %y2 = ntk.convert %m2 {element = f64} : (tensor<3xi1>) -> tensor<3xf64>
  %m3 = ntk.compare le %a, %b : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xi1>
  %y3 = ntk.convert %m3 {element = f64} : (tensor<3xi1>) -> tensor<3xf64>
  %m4 = ntk.compare gt %a, %b : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xi1>
  %y4 = ntk.convert %m4 {element = f64} : (tensor<3xi1>) -> tensor<3xf64>
  %m5 = ntk.compare ge %a, %b : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xi1>
  %y5 = ntk.convert %m5 {element = f64} : (tensor<3xi1>) -> tensor<3xf64>
  ntk.return %y0, %y1, %y2, %y3, %y4, %y5 : tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>, tensor<3xf64>
}

ntk.network @choose(%m: tensor<2x2xi1> {check.values = dense<[[true, false], [false, true]]> : tensor<2x2xi1>},
                    %a: tensor<2x2xf64> {check.values = dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf64>},
                    %b: tensor<2x2xf64> {check.values = dense<[[5.0, 6.0], [7.0, 8.0]]> : tensor<2x2xf64>})
    -> (tensor<2x2xf64> {check.result = dense<[[1.0, 6.0], [7.0, 4.0]]> : tensor<2x2xf64>},
        tensor<2x2xf64> {check.result = dense<[[1.0, 0.0], [0.0, 4.0]]> : tensor<2x2xf64>}) {
  %0 = ntk.select %m, %a, %b : (tensor<2x2xi1>, tensor<2x2xf64>, tensor<2x2xf64>) -> tensor<2x2xf64>
  %1 = ntk.mask %m, %a : (tensor<2x2xi1>, tensor<2x2xf64>) -> tensor<2x2xf64>
  ntk.return %0, %1 : tensor<2x2xf64>, tensor<2x2xf64>
}

ntk.network @convert(%x: tensor<3xf64> {check.values = dense<[-1.5, 0.0, 2.5]> : tensor<3xf64>})
    -> (tensor<3xf32>, tensor<3xf64> {check.result = dense<[-1.0, 0.0, 2.0]> : tensor<3xf64>},
        tensor<3xf64> {check.result = dense<[1.0, 0.0, 1.0]> : tensor<3xf64>}) {
  %0 = ntk.convert %x {element = f32} : (tensor<3xf64>) -> tensor<3xf32>
  %1 = ntk.convert %x {element = i32} : (tensor<3xf64>) -> tensor<3xi32>
  %2 = ntk.convert %1 {element = f64} : (tensor<3xi32>) -> tensor<3xf64>
  %3 = ntk.convert %x {element = i1} : (tensor<3xf64>) -> tensor<3xi1>
  %4 = ntk.convert %3 {element = f64} : (tensor<3xi1>) -> tensor<3xf64>
  ntk.return %0, %2, %4 : tensor<3xf32>, tensor<3xf64>, tensor<3xf64>
}
