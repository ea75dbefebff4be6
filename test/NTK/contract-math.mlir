// RUN: ntk-op-check %s

// Contractions: derivatives, structures and batching follow from the letters.

ntk.network @linear(%x: tensor<3xf64>, %w: tensor<2x3xf64>) -> tensor<2xf64> {
  %y = ntk.contract "k, ck -> c" (%x, %w) : (tensor<3xf64>, tensor<2x3xf64>) -> tensor<2xf64>
  ntk.return %y : tensor<2xf64>
}

ntk.network @products(%x: tensor<2x3xf64>, %w: tensor<3x2xf64>, %v: tensor<2xf64>)
    -> (tensor<2x3xf64>, tensor<3xf64>, tensor<2x2xf64>, tensor<3x2x2xf64>) {
  %0 = ntk.contract "nk, nk -> nk" (%x, %x) : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
  %1 = ntk.contract "ok -> k" (%x) : (tensor<2x3xf64>) -> tensor<3xf64>
  %2 = ntk.contract "mk, kp -> mp" (%x, %w) : (tensor<2x3xf64>, tensor<3x2xf64>) -> tensor<2x2xf64>
  %3 = ntk.contract "gc, a -> gca" (%w, %v) : (tensor<3x2xf64>, tensor<2xf64>) -> tensor<3x2x2xf64>
  ntk.return %0, %1, %2, %3 : tensor<2x3xf64>, tensor<3xf64>, tensor<2x2xf64>, tensor<3x2x2xf64>
}

// Added to a value: linear in that too.
ntk.network @added(%x: tensor<3xf64>, %w: tensor<2x3xf64>, %b: tensor<2xf64>) -> tensor<2xf64> {
  %y = ntk.contract "k, ck -> c" (%x, %w) into %b : (tensor<3xf64>, tensor<2x3xf64> into tensor<2xf64>) -> tensor<2xf64>
  ntk.return %y : tensor<2xf64>
}
