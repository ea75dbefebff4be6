// Networks that use parameters in parts, joined, weighed and picked from, by
// every method against the reference.
// RUN: ntk-random --seed 1 %s | FileCheck %s
// CHECK-NOT: @
// CHECK: 0 failures

// Three layers of one packed weight: slices that do not meet.
ntk.network @packed(%x: tensor<4xf64> {ntk.input = "x"},
    %w: tensor<9x4xf64> {ntk.param = "w"}) -> tensor<3xf64> {
  %q = ntk.slice %w {starts = array<i64: 0, 0>, sizes = array<i64: 3, 4>, strides = array<i64: 1, 1>} : (tensor<9x4xf64>) -> tensor<3x4xf64>
  %k = ntk.slice %w {starts = array<i64: 3, 0>, sizes = array<i64: 3, 4>, strides = array<i64: 1, 1>} : (tensor<9x4xf64>) -> tensor<3x4xf64>
  %v = ntk.slice %w {starts = array<i64: 6, 0>, sizes = array<i64: 3, 4>, strides = array<i64: 1, 1>} : (tensor<9x4xf64>) -> tensor<3x4xf64>
  %a = ntk.contract "k, ck -> c" (%x, %q) : (tensor<4xf64>, tensor<3x4xf64>) -> tensor<3xf64>
  %b = ntk.contract "k, ck -> c" (%x, %k) : (tensor<4xf64>, tensor<3x4xf64>) -> tensor<3xf64>
  %c = ntk.contract "k, ck -> c" (%x, %v) : (tensor<4xf64>, tensor<3x4xf64>) -> tensor<3xf64>
  %t = ntk.tanh %a : (tensor<3xf64>) -> tensor<3xf64>
  %d = ntk.mul %t, %b : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  %y = ntk.add %d, %c : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}

// Slices that overlap, one with a stride and transposed.
ntk.network @overlapping(%x: tensor<4xf64> {ntk.input = "x"},
    %w: tensor<7x4xf64> {ntk.param = "w"}) -> tensor<4xf64> {
  %s = ntk.slice %w {starts = array<i64: 1, 0>, sizes = array<i64: 4, 4>, strides = array<i64: 1, 1>} : (tensor<7x4xf64>) -> tensor<4x4xf64>
  %t = ntk.slice %w {starts = array<i64: 0, 0>, sizes = array<i64: 4, 4>, strides = array<i64: 2, 1>} : (tensor<7x4xf64>) -> tensor<4x4xf64>
  %u = ntk.transpose %t {permutation = array<i64: 1, 0>} : (tensor<4x4xf64>) -> tensor<4x4xf64>
  %a = ntk.contract "k, ck -> c" (%x, %s) : (tensor<4xf64>, tensor<4x4xf64>) -> tensor<4xf64>
  %b = ntk.sin %a : (tensor<4xf64>) -> tensor<4xf64>
  %y = ntk.contract "k, ck -> c" (%b, %u) : (tensor<4xf64>, tensor<4x4xf64>) -> tensor<4xf64>
  ntk.return %y : tensor<4xf64>
}

// The same slices and the whole: too many pairs.
ntk.network @three_parts(%x: tensor<4xf64> {ntk.input = "x"},
    %w: tensor<7x4xf64> {ntk.param = "w"}) -> tensor<4xf64> {
  %s = ntk.slice %w {starts = array<i64: 1, 0>, sizes = array<i64: 4, 4>, strides = array<i64: 1, 1>} : (tensor<7x4xf64>) -> tensor<4x4xf64>
  %t = ntk.slice %w {starts = array<i64: 0, 0>, sizes = array<i64: 4, 4>, strides = array<i64: 2, 1>} : (tensor<7x4xf64>) -> tensor<4x4xf64>
  %a = ntk.contract "k, ck -> c" (%x, %s) : (tensor<4xf64>, tensor<4x4xf64>) -> tensor<4xf64>
  %b = ntk.sin %a : (tensor<4xf64>) -> tensor<4xf64>
  %c = ntk.contract "k, ck -> c" (%b, %t) : (tensor<4xf64>, tensor<4x4xf64>) -> tensor<4xf64>
  %d = ntk.contract "k, ck -> c" (%c, %w) : (tensor<4xf64>, tensor<7x4xf64>) -> tensor<7xf64>
  %y = ntk.slice %d {starts = array<i64: 2>, sizes = array<i64: 4>, strides = array<i64: 1>} : (tensor<7xf64>) -> tensor<4xf64>
  ntk.return %y : tensor<4xf64>
}

// Joined, turned round and padded weights of a convolution.
ntk.network @joined_kernels(%x: tensor<2x6xf64> {ntk.input = "x"},
    %v: tensor<2x2x2xf64> {ntk.param = "v"}, %w: tensor<1x2x3xf64> {ntk.param = "w"}) -> tensor<3x4xf64> {
  %p = ntk.pad %v {low = array<i64: 0, 0, 1>, high = array<i64: 0, 0, 0>, interior = array<i64: 0, 0, 0>} : (tensor<2x2x2xf64>) -> tensor<2x2x3xf64>
  %j = ntk.concat %w, %p {axis = 0 : i64} : (tensor<1x2x3xf64>, tensor<2x2x3xf64>) -> tensor<3x2x3xf64>
  %r = ntk.reverse %j {axes = array<i64: 0, 2>} : (tensor<3x2x3xf64>) -> tensor<3x2x3xf64>
  %y = ntk.conv %x, %r {strides = array<i64: 1>, padding = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<2x6xf64>, tensor<3x2x3xf64>) -> tensor<3x4xf64>
  ntk.return %y : tensor<3x4xf64>
}

// A kernel minus its mean, divided by a buffer, in some places.
ntk.network @standardized(%x: tensor<2x5xf64> {ntk.input = "x"},
    %w: tensor<3x2x2xf64> {ntk.param = "w"}, %s: tensor<3x2x2xf64> {ntk.buffer = "s", check.range = [1.0, 2.0]},
    %m: tensor<3x2x2xi1> {ntk.buffer = "m"}) -> tensor<3x4xf64> {
  %sum = ntk.reduce_sum %w {axes = array<i64: 1, 2>} : (tensor<3x2x2xf64>) -> tensor<3xf64>
  %mean = ntk.scale %sum {factor = 0.25 : f64} : (tensor<3xf64>) -> tensor<3xf64>
  %all = ntk.broadcast %mean {shape = array<i64: 3, 2, 2>, dimensions = array<i64: 0>} : (tensor<3xf64>) -> tensor<3x2x2xf64>
  %c = ntk.sub %w, %all : (tensor<3x2x2xf64>, tensor<3x2x2xf64>) -> tensor<3x2x2xf64>
  %d = ntk.div %c, %s : (tensor<3x2x2xf64>, tensor<3x2x2xf64>) -> tensor<3x2x2xf64>
  %e = ntk.mask %m, %d : (tensor<3x2x2xi1>, tensor<3x2x2xf64>) -> tensor<3x2x2xf64>
  %k = ntk.select %m, %e, %s : (tensor<3x2x2xi1>, tensor<3x2x2xf64>, tensor<3x2x2xf64>) -> tensor<3x2x2xf64>
  %y = ntk.conv %x, %k {strides = array<i64: 1>, padding = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<2x5xf64>, tensor<3x2x2xf64>) -> tensor<3x4xf64>
  ntk.return %y : tensor<3x4xf64>
}

// W + s B A, of low rank, and both signs of one weight.
ntk.network @low_rank(%x: tensor<3x4xf64> {ntk.input = "x"},
    %w: tensor<5x4xf64> {ntk.param = "w"}, %a: tensor<2x4xf64> {ntk.param = "a"},
    %b: tensor<5x2xf64> {ntk.param = "b"}) -> tensor<3x4xf64> {
  %ba = ntk.contract "cr, rk -> ck" (%b, %a) : (tensor<5x2xf64>, tensor<2x4xf64>) -> tensor<5x4xf64>
  %s = ntk.scale %ba {factor = -0.5 : f64} : (tensor<5x4xf64>) -> tensor<5x4xf64>
  %e = ntk.sub %w, %s : (tensor<5x4xf64>, tensor<5x4xf64>) -> tensor<5x4xf64>
  %h = ntk.contract "tk, ck -> tc" (%x, %e) : (tensor<3x4xf64>, tensor<5x4xf64>) -> tensor<3x5xf64>
  %g = ntk.tanh %h : (tensor<3x5xf64>) -> tensor<3x5xf64>
  %n = ntk.neg %w : (tensor<5x4xf64>) -> tensor<5x4xf64>
  %y = ntk.contract "tc, ck -> tk" (%g, %n) : (tensor<3x5xf64>, tensor<5x4xf64>) -> tensor<3x4xf64>
  ntk.return %y : tensor<3x4xf64>
}

// An embedding of tokens, some from the end, and a table of positions of which
// a part is used.
ntk.network @embedding(%i: tensor<4xi64> {ntk.input = "i", check.range = [-3, 5]},
    %e: tensor<9x3xf64> {ntk.param = "e"}, %p: tensor<6x3xf64> {ntk.param = "p"}) -> tensor<3xf64> {
  %a = ntk.gather %e, %i {axis = 0 : i64} : (tensor<9x3xf64>, tensor<4xi64>) -> tensor<4x3xf64>
  %s = ntk.slice %p {starts = array<i64: 1, 0>, sizes = array<i64: 4, 3>, strides = array<i64: 1, 1>} : (tensor<6x3xf64>) -> tensor<4x3xf64>
  %b = ntk.add %a, %s : (tensor<4x3xf64>, tensor<4x3xf64>) -> tensor<4x3xf64>
  %c = ntk.sin %b : (tensor<4x3xf64>) -> tensor<4x3xf64>
  %y = ntk.contract "tc -> c" (%c) : (tensor<4x3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}

// A part of the table is the output layer too.
ntk.network @tied_embedding(%i: tensor<3xi64> {ntk.input = "i", check.range = [0, 4]},
    %e: tensor<6x3xf64> {ntk.param = "e"}) -> tensor<3xf64> {
  %a = ntk.gather %e, %i {axis = 0 : i64} : (tensor<6x3xf64>, tensor<3xi64>) -> tensor<3x3xf64>
  %t = ntk.tanh %a : (tensor<3x3xf64>) -> tensor<3x3xf64>
  %h = ntk.reduce_sum %t {axes = array<i64: 0>} : (tensor<3x3xf64>) -> tensor<3xf64>
  %s = ntk.slice %e {starts = array<i64: 1, 0>, sizes = array<i64: 3, 3>, strides = array<i64: 2, 1>} : (tensor<6x3xf64>) -> tensor<3x3xf64>
  %y = ntk.contract "k, vk -> v" (%h, %s) : (tensor<3xf64>, tensor<3x3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}

// A part of the table, row by row weighed, is picked from a second time.
ntk.network @weighed_table(%i: tensor<3xi64> {ntk.input = "i", check.range = [0, 5]},
    %j: tensor<2xi32> {ntk.input = "j", check.range = [0, 2]},
    %e: tensor<6x3xf64> {ntk.param = "e"}, %g: tensor<3xf64> {ntk.param = "g"}) -> tensor<3xf64> {
  %a = ntk.gather %e, %i {axis = 0 : i64} : (tensor<6x3xf64>, tensor<3xi64>) -> tensor<3x3xf64>
  %s = ntk.slice %e {starts = array<i64: 1, 0>, sizes = array<i64: 3, 3>, strides = array<i64: 2, 1>} : (tensor<6x3xf64>) -> tensor<3x3xf64>
  %r = ntk.broadcast %g {shape = array<i64: 3, 3>, dimensions = array<i64: 0>} : (tensor<3xf64>) -> tensor<3x3xf64>
  %w = ntk.mul %s, %r : (tensor<3x3xf64>, tensor<3x3xf64>) -> tensor<3x3xf64>
  %b = ntk.gather %w, %j {axis = 0 : i64} : (tensor<3x3xf64>, tensor<2xi32>) -> tensor<2x3xf64>
  %t = ntk.tanh %a : (tensor<3x3xf64>) -> tensor<3x3xf64>
  %y = ntk.contract "td, sd -> d" (%t, %b) : (tensor<3x3xf64>, tensor<2x3xf64>) -> tensor<3xf64>
  ntk.return %y : tensor<3xf64>
}

// Rows that are picked, and the sum of some; a table used at two times.
ntk.network @summed_table(%i: tensor<2xi64> {ntk.input = "i", check.range = [0, 5]},
    %j: tensor<2xi64> {ntk.input = "j", check.range = [0, 5]},
    %e: tensor<6x3xf64> {ntk.param = "e"}) -> tensor<2x3xf64> {
  %a = ntk.gather %e, %i {axis = 0 : i64} : (tensor<6x3xf64>, tensor<2xi64>) -> tensor<2x3xf64>
  %b = ntk.gather %e, %j {axis = 0 : i64} : (tensor<6x3xf64>, tensor<2xi64>) -> tensor<2x3xf64>
  %s = ntk.slice %e {starts = array<i64: 1, 0>, sizes = array<i64: 4, 3>, strides = array<i64: 1, 1>} : (tensor<6x3xf64>) -> tensor<4x3xf64>
  %c = ntk.reduce_sum %s {axes = array<i64: 0>} : (tensor<4x3xf64>) -> tensor<3xf64>
  %d = ntk.broadcast %c {shape = array<i64: 2, 3>, dimensions = array<i64: 1>} : (tensor<3xf64>) -> tensor<2x3xf64>
  %t = ntk.sin %a : (tensor<2x3xf64>) -> tensor<2x3xf64>
  %u = ntk.mul %t, %b : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
  %y = ntk.mul %u, %d : (tensor<2x3xf64>, tensor<2x3xf64>) -> tensor<2x3xf64>
  ntk.return %y : tensor<2x3xf64>
}

// Tokens in two axes, of which one is summed before the other.
ntk.network @two_axes(%i: tensor<2x3xi32> {ntk.input = "i", check.range = [0, 9]},
    %e: tensor<2x9xf64> {ntk.param = "e"}) -> tensor<2x2xf64> {
  %a = ntk.gather %e, %i {axis = 1 : i64} : (tensor<2x9xf64>, tensor<2x3xi32>) -> tensor<2x2x3xf64>
  %t = ntk.sin %a : (tensor<2x2x3xf64>) -> tensor<2x2x3xf64>
  %y = ntk.reduce_sum %t {axes = array<i64: 2>} : (tensor<2x2x3xf64>) -> tensor<2x2xf64>
  ntk.return %y : tensor<2x2xf64>
}

// Columns of a table that one of two tables was joined to, as biases.
ntk.network @columns(%x: tensor<2xf64> {ntk.input = "x"}, %i: tensor<2xi64> {ntk.input = "i", check.range = [0, 3]},
    %v: tensor<2x4xf64> {ntk.param = "v"}, %w: tensor<2x3xf64> {ntk.param = "w"}) -> tensor<2x2xf64> {
  %j = ntk.concat %v, %w {axis = 1 : i64} : (tensor<2x4xf64>, tensor<2x3xf64>) -> tensor<2x7xf64>
  %a = ntk.gather %j, %i {axis = 1 : i64} : (tensor<2x7xf64>, tensor<2xi64>) -> tensor<2x2xf64>
  %b = ntk.gather %v, %i {axis = 1 : i64} : (tensor<2x4xf64>, tensor<2xi64>) -> tensor<2x2xf64>
  %r = ntk.broadcast %x {shape = array<i64: 2, 2>, dimensions = array<i64: 1>} : (tensor<2xf64>) -> tensor<2x2xf64>
  %c = ntk.add %a, %r : (tensor<2x2xf64>, tensor<2x2xf64>) -> tensor<2x2xf64>
  %d = ntk.tanh %c : (tensor<2x2xf64>) -> tensor<2x2xf64>
  %y = ntk.mul %d, %b : (tensor<2x2xf64>, tensor<2x2xf64>) -> tensor<2x2xf64>
  ntk.return %y : tensor<2x2xf64>
}

// More paths than can be followed: each sum doubles them.
ntk.network @doublings(%x: tensor<2xf64> {ntk.input = "x"},
    %w: tensor<2xf64> {ntk.param = "w"}) -> tensor<2xf64> {
  %a0 = ntk.add %w, %w : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a1 = ntk.add %a0, %a0 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a2 = ntk.add %a1, %a1 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a3 = ntk.add %a2, %a2 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a4 = ntk.add %a3, %a3 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a5 = ntk.add %a4, %a4 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a6 = ntk.add %a5, %a5 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a7 = ntk.add %a6, %a6 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a8 = ntk.add %a7, %a7 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a9 = ntk.add %a8, %a8 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a10 = ntk.add %a9, %a9 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a11 = ntk.add %a10, %a10 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a12 = ntk.add %a11, %a11 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a13 = ntk.add %a12, %a12 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a14 = ntk.add %a13, %a13 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a15 = ntk.add %a14, %a14 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a16 = ntk.add %a15, %a15 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a17 = ntk.add %a16, %a16 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a18 = ntk.add %a17, %a17 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a19 = ntk.add %a18, %a18 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a20 = ntk.add %a19, %a19 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a21 = ntk.add %a20, %a20 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a22 = ntk.add %a21, %a21 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %a23 = ntk.add %a22, %a22 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  %y = ntk.mul %x, %a23 : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
  ntk.return %y : tensor<2xf64>
}
