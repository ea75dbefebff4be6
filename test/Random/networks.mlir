// Networks that found a fault, by every method against the reference.
// RUN: ntk-random --seed 1 %s | FileCheck %s
// CHECK-NOT: @
// CHECK: 0 failures

// The transposition of outputs was moved to a side whose letters it does not
// have.
ntk.network @outputs_transposed(%x: tensor<2x3xf64> {ntk.input = "x"},
    %w: tensor<2x3xf64> {ntk.param = "w"},
    %i: tensor<2x4xi64> {ntk.buffer = "i", check.range = [0, 3]}) -> tensor<2x4xf64> {
  %a = ntk.add %x, %w : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
  %y = ntk.take_along %a, %i : (tensor<2x3xf64>, tensor<2x4xi64>) -> tensor<2x4xf64>
  ntk.return %y : tensor<2x4xf64>
}

// A reduction over no axis added once for every output.
ntk.network @no_axis_reduced(%x: tensor<2xf64> {ntk.input = "x"},
    %w: tensor<2xf64> {ntk.param = "w"}) -> tensor<2xf64> {
  %a = ntk.mul %w, %x : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %b = ntk.tanh %a : (tensor<2xf64>) -> tensor<2xf64>
  %c = ntk.reduce_sum %b {axes = array<i64>} : (tensor<2xf64>) -> tensor<2xf64>
  %d = ntk.reduce_max %c {axes = array<i64>} : (tensor<2xf64>) -> tensor<2xf64>
  %y = ntk.square %d : (tensor<2xf64>) -> tensor<2xf64>
  ntk.return %y : tensor<2xf64>
}

// A part of the examples, reshaped, is copied for the convolution: the size of
// the copy was not found.
ntk.network @part_convolved(%x: tensor<3xf64> {ntk.input = "x"},
    %w: tensor<2x2x3xf64> {ntk.param = "w"},
    %v: tensor<2x1x2xf64> {ntk.param = "v"}) -> tensor<2x3xf64> {
  %a = ntk.slice %x {starts = array<i64: 1>, sizes = array<i64: 2>, strides = array<i64: 1>} : (tensor<3xf64>) -> tensor<2xf64>
  %b = ntk.reshape %a {shape = array<i64: 2, 1>} : (tensor<2xf64>) -> tensor<2x1xf64>
  %c = ntk.conv %b, %w {strides = array<i64: 2>, padding = array<i64: 2, 1>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<2x1xf64>, tensor<2x2x3xf64>) -> tensor<2x1xf64>
  %y = ntk.conv %c, %v {strides = array<i64: 1>, padding = array<i64: 2, 1>, dilations = array<i64: 1>, groups = 2 : i64} : (tensor<2x1xf64>, tensor<2x1x2xf64>) -> tensor<2x3xf64>
  ntk.return %y : tensor<2x3xf64>
}

// A scale as the last op: the identity of the outputs shares its letter.
ntk.network @scaled_outputs(%x: tensor<2xf64> {ntk.input = "x"},
    %w: tensor<2xf64> {ntk.param = "w"}) -> tensor<2xf64> {
  %y = ntk.mul %x, %w : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  ntk.return %y : tensor<2xf64>
}

// A mask is a feature on both sides: the plan multiplies it by itself.
ntk.network @masked_weight(%x: tensor<2x5xf64> {ntk.input = "x"},
    %m: tensor<2xi1> {ntk.input = "m"},
    %w: tensor<2x2xf64> {ntk.param = "w"}) -> tensor<2x2xf64> {
  %y = ntk.contract "o, no, nm -> no" (%m, %w, %x) : (tensor<2xi1>, tensor<2x2xf64>, tensor<2x5xf64>) -> tensor<2x2xf64>
  ntk.return %y : tensor<2x2xf64>
}

// Of two masks one has letters of its own.
ntk.network @masks_alone(%m: tensor<2xi1> {ntk.input = "m"},
    %k: tensor<2x3xi1> {ntk.input = "k"},
    %w: tensor<2xf64> {ntk.param = "w"}) -> tensor<2xf64> {
  %y = ntk.contract "a, ab, a -> a" (%m, %k, %w) : (tensor<2xi1>, tensor<2x3xi1>, tensor<2xf64>) -> tensor<2xf64>
  ntk.return %y : tensor<2xf64>
}

// Cofactors of matrices of equal columns: they are singular, but for rounding.
ntk.network @singular(%i: tensor<2xi32> {check.range = [0.0, 2.0], ntk.input = "i"},
    %s: tensor<2x2xf64> {ntk.buffer = "s"},
    %w: tensor<2x2xf64> {ntk.param = "w"}) -> tensor<2x2xf64> {
  %g = ntk.gather %s, %i {axis = 1 : i64} : (tensor<2x2xf64>, tensor<2xi32>) -> tensor<2x2xf64>
  %c = ntk.cofactor %g : (tensor<2x2xf64>) -> tensor<2x2xf64>
  %y = ntk.mul %c, %w : (tensor<2x2xf64>, tensor<2x2xf64>) -> tensor<2x2xf64>
  ntk.return %y : tensor<2x2xf64>
}

// The padded cotangent of %t is that of %b, too, and a part of that of %a, which
// is put together with the one of its own part.
ntk.network @parts_of_a_sum(%x: tensor<4xf64> {ntk.input = "x"},
    %v: tensor<4xf64> {ntk.param = "v"}, %w: tensor<4xf64> {ntk.param = "w"}) -> tensor<4xf64> {
  %a = ntk.mul %x, %v : (tensor<4xf64>, tensor<4xf64>) -> tensor<4xf64>
  %b = ntk.mul %x, %w : (tensor<4xf64>, tensor<4xf64>) -> tensor<4xf64>
  %t = ntk.add %a, %b : (tensor<4xf64>, tensor<4xf64>) -> tensor<4xf64>
  %p = ntk.slice %t {sizes = array<i64: 2>, starts = array<i64: 0>, strides = array<i64: 1>} : (tensor<4xf64>) -> tensor<2xf64>
  %q = ntk.slice %a {sizes = array<i64: 2>, starts = array<i64: 2>, strides = array<i64: 1>} : (tensor<4xf64>) -> tensor<2xf64>
  %y = ntk.concat %p, %q {axis = 0 : i64} : (tensor<2xf64>, tensor<2xf64>) -> tensor<4xf64>
  ntk.return %y : tensor<4xf64>
}
