// RUN: ntk-op-check %s

// Contractions of more than two operands, which are planned before they are
// lowered.

ntk.network @three(%x: tensor<2x3xf64>, %w: tensor<3x2xf64>, %v: tensor<2xf64>)
    -> (tensor<2x2xf64>, tensor<2xf64>) {
  %0 = ntk.contract "mk, kp, p -> mp" (%x, %w, %v) : (tensor<2x3xf64>, tensor<3x2xf64>, tensor<2xf64>) -> tensor<2x2xf64>
  %1 = ntk.contract "nk, ko, o -> n" (%x, %w, %v) : (tensor<2x3xf64>, tensor<3x2xf64>, tensor<2xf64>) -> tensor<2xf64>
  ntk.return %0, %1 : tensor<2x2xf64>, tensor<2xf64>
}
