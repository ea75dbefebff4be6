// RUN: ntk-op-check %s

// Determinants, cofactors and inverses, of matrices whose pivots are not on the
// diagonal, too.

ntk.network @matrices(%x: tensor<2x3x3xf64>) -> (tensor<2xf64>, tensor<2x3x3xf64>, tensor<2x3x3xf64>) {
  %0 = ntk.det %x : (tensor<2x3x3xf64>) -> tensor<2xf64>
  %1 = ntk.cofactor %x : (tensor<2x3x3xf64>) -> tensor<2x3x3xf64>
  %2 = ntk.inverse %x : (tensor<2x3x3xf64>) -> tensor<2x3x3xf64>
  ntk.return %0, %1, %2 : tensor<2xf64>, tensor<2x3x3xf64>, tensor<2x3x3xf64>
}

ntk.network @exchanged(%x: tensor<3x3xf64> {check.values = dense<[[0.0, 2.0, 1.0], [4.0, 1.0, 0.0], [1.0, 0.0, 1.0]]> : tensor<3x3xf64>})
    -> (tensor<f64> {check.result = dense<-9.0> : tensor<f64>},
        tensor<3x3xf64> {check.result = dense<[[1.0, -4.0, -1.0], [-2.0, -1.0, 2.0], [-1.0, 4.0, -8.0]]> : tensor<3x3xf64>},
        tensor<3x3xf64>) {
  %0 = ntk.det %x : (tensor<3x3xf64>) -> tensor<f64>
  %1 = ntk.cofactor %x : (tensor<3x3xf64>) -> tensor<3x3xf64>
  %2 = ntk.inverse %x : (tensor<3x3xf64>) -> tensor<3x3xf64>
  ntk.return %0, %1, %2 : tensor<f64>, tensor<3x3xf64>, tensor<3x3xf64>
}

ntk.network @of_one(%x: tensor<1x1xf64> {check.values = dense<-4.0> : tensor<1x1xf64>})
    -> (tensor<f64> {check.result = dense<-4.0> : tensor<f64>}, tensor<1x1xf64> {check.result = dense<1.0> : tensor<1x1xf64>}, tensor<1x1xf64> {check.result = dense<-0.25> : tensor<1x1xf64>}) {
  %0 = ntk.det %x : (tensor<1x1xf64>) -> tensor<f64>
  %1 = ntk.cofactor %x : (tensor<1x1xf64>) -> tensor<1x1xf64>
  %2 = ntk.inverse %x : (tensor<1x1xf64>) -> tensor<1x1xf64>
  ntk.return %0, %1, %2 : tensor<f64>, tensor<1x1xf64>, tensor<1x1xf64>
}

// The derivative of det, which a singular matrix has.
ntk.network @singular(%x: tensor<3x3xf64> {check.values = dense<[[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]]> : tensor<3x3xf64>})
    -> (tensor<f64> {check.result = dense<0.0> : tensor<f64>}) {
  %0 = ntk.det %x : (tensor<3x3xf64>) -> tensor<f64>
  ntk.return %0 : tensor<f64>
}
