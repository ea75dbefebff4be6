// RUN: ntk-opt %s --split-input-file --ntk-expand | FileCheck %s

// Structured: parameters in parts, joined, weighed and picked from.

// Two layers of one packed weight, whose slices do not meet: no cross terms.
ntk.network @packed(%x: tensor<3xf32>, %w: tensor<4x3xf32> {ntk.param = "weight"}) -> tensor<2xf32> {
  %a = ntk.slice %w {starts = array<i64: 0, 0>, sizes = array<i64: 2, 3>, strides = array<i64: 1, 1>} : (tensor<4x3xf32>) -> tensor<2x3xf32>
  %b = ntk.slice %w {starts = array<i64: 2, 0>, sizes = array<i64: 2, 3>, strides = array<i64: 1, 1>} : (tensor<4x3xf32>) -> tensor<2x3xf32>
  %q = ntk.contract "k, ck -> c" (%x, %a) : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2xf32>
  %k = ntk.contract "k, ck -> c" (%x, %b) : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2xf32>
  %y = ntk.mul %q, %k : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  ntk.return %y : tensor<2xf32>
}
ntk.kernel @theta of @packed "now, mpw -> nmop" (J1, J2)
// CHECK-LABEL: func.func @theta_tile
// CHECK-COUNT-2: ntk.contract "noc, nk, mpc, mk -> nomp"
// CHECK-NOT: ntk.contract
// CHECK-LABEL: func.func @theta_factors2
// CHECK-NOT: ntk.pad

// -----

// Slices that overlap in rows 1 and 3, and no others: four pairs, the mixed ones
// of two rows.
ntk.network @overlapping(%x: tensor<3xf32>, %w: tensor<6x3xf32> {ntk.param = "weight"}) -> tensor<3xf32> {
  %a = ntk.slice %w {starts = array<i64: 0, 0>, sizes = array<i64: 4, 3>, strides = array<i64: 1, 1>} : (tensor<6x3xf32>) -> tensor<4x3xf32>
  %b = ntk.slice %w {starts = array<i64: 1, 0>, sizes = array<i64: 3, 3>, strides = array<i64: 2, 1>} : (tensor<6x3xf32>) -> tensor<3x3xf32>
  %h = ntk.contract "k, ck -> c" (%x, %a) : (tensor<3xf32>, tensor<4x3xf32>) -> tensor<4xf32>
  %s = ntk.reduce_sum %h {axes = array<i64: 0>} : (tensor<4xf32>) -> tensor<f32>
  %k = ntk.contract "k, ck -> c" (%x, %b) : (tensor<3xf32>, tensor<3x3xf32>) -> tensor<3xf32>
  %y = ntk.contract ", c -> c" (%s, %k) : (tensor<f32>, tensor<3xf32>) -> tensor<3xf32>
  ntk.return %y : tensor<3xf32>
}
ntk.kernel @theta of @overlapping "now, mpw -> nmop" (J1, J2)
// CHECK-LABEL: func.func @theta_tile
// CHECK: ntk.contract "noc, nk, mpc, mk -> nomp" ({{.*}}) into {{.*}} : (tensor<?x3x3xf32>
// CHECK: ntk.contract "noc, nk, mpc, mk -> nomp" ({{.*}}) into {{.*}} : (tensor<?x3x2xf32>
// CHECK: ntk.contract "noc, nk, mpc, mk -> nomp" ({{.*}}) into {{.*}} : (tensor<?x3x2xf32>
// CHECK: ntk.contract "noc, nk, mpc, mk -> nomp" ({{.*}}) into {{.*}} : (tensor<?x3x4xf32>
// CHECK-NOT: ntk.contract
// CHECK-LABEL: func.func @theta_factors2

// -----

// A low-rank update: each factor is a feature of the other, and no value has
// the size of the product for an example.
ntk.network @low_rank(%x: tensor<7xf32>, %a: tensor<2x7xf32> {ntk.param = "a"},
                      %b: tensor<9x2xf32> {ntk.param = "b"}) -> tensor<9xf32> {
  %ba = ntk.contract "cr, rk -> ck" (%b, %a) : (tensor<9x2xf32>, tensor<2x7xf32>) -> tensor<9x7xf32>
  %w = ntk.neg %ba : (tensor<9x7xf32>) -> tensor<9x7xf32>
  %h = ntk.contract "k, ck -> c" (%x, %w) : (tensor<7xf32>, tensor<9x7xf32>) -> tensor<9xf32>
  %y = ntk.tanh %h : (tensor<9xf32>) -> tensor<9xf32>
  ntk.return %y : tensor<9xf32>
}
ntk.kernel @theta of @low_rank "now, mpw -> nmop" (J1, J2)
// CHECK-LABEL: func.func @theta_tile
// CHECK: ntk.contract "noc, nk, ca, mpb, mk, ba -> nomp"
// CHECK: ntk.contract "noc, nk, ak, mpc, mb, ab -> nomp"
// CHECK-NOT: x9x7xf32
// CHECK-LABEL: func.func @theta_factors2

// -----

// A kernel whose taps are turned round: the patches are turned instead. The
// convolution counts taps as one index, which is split.
ntk.network @flipped(%x: tensor<2x5xf32>, %w: tensor<3x2x2x1xf32> {ntk.param = "weight"}) -> tensor<3x4xf32> {
  %r = ntk.reverse %w {axes = array<i64: 2>} : (tensor<3x2x2x1xf32>) -> tensor<3x2x2x1xf32>
  %k = ntk.reshape %r {shape = array<i64: 3, 2, 2>} : (tensor<3x2x2x1xf32>) -> tensor<3x2x2xf32>
  %y = ntk.conv %x, %k {strides = array<i64: 1>, padding = array<i64: 0, 0>, dilations = array<i64: 1>, groups = 1 : i64} : (tensor<2x5xf32>, tensor<3x2x2xf32>) -> tensor<3x4xf32>
  ntk.return %y : tensor<3x4xf32>
}
ntk.kernel @theta of @flipped "now, mpw -> nmop" (J1, J2)
// CHECK-LABEL: func.func @theta_tile
// CHECK: ntk.contract "ocs, nats, pck, matk -> nomp"
// CHECK-LABEL: func.func @theta_factors2
// CHECK: %[[Z:.*]] = ntk.patches
// CHECK: ntk.reverse

// -----

// An embedding: cotangents of equal tokens are added up, and the rows of the
// other side are read where the tokens are equal. Nothing has the size of the
// table.
ntk.network @embedding(%i: tensor<4xi64>, %e: tensor<100x3xf32> {ntk.param = "table"}) -> tensor<4x3xf32> {
  %a = ntk.gather %e, %i {axis = 0 : i64} : (tensor<100x3xf32>, tensor<4xi64>) -> tensor<4x3xf32>
  %y = ntk.tanh %a : (tensor<4x3xf32>) -> tensor<4x3xf32>
  ntk.return %y : tensor<4x3xf32>
}
ntk.kernel @theta of @embedding "now, mpw -> nmop" (J1, J2)
// CHECK-LABEL: func.func @theta_tile
// CHECK: %[[EQUAL:.*]] = ntk.compare eq {{.*}} {batch = ["n", "m"]} : (tensor<?x5x5xi32>, tensor<?x5x5xi32>) -> tensor<?x?x5x5xi1>
// CHECK: %[[NUMBERS:.*]] = ntk.convert %[[EQUAL]]
// CHECK: %[[WINNER:.*]] = ntk.max_pool_winner %[[NUMBERS]]
// CHECK: %[[FIRST:.*]] = ntk.reshape %[[WINNER]]
// CHECK: %[[ROWS:.*]] = ntk.gather {{.*}}, %[[FIRST]] {axis = 0 : i64, batch = ["mp", "nm"]}
// CHECK: ntk.contract "no[[T:.]][[C:.]], nmp[[T]][[C]] -> nomp" ({{.*}}, %[[ROWS]])
// CHECK-LABEL: func.func @theta_factors2
// CHECK: ntk.scatter_add {{.*}} size = 5 : i64

// -----

// A table that is the output layer too: the other site is read at the tokens.
ntk.network @tied(%i: tensor<2xi64>, %e: tensor<9x3xf32> {ntk.param = "table"}) -> tensor<9xf32> {
  %a = ntk.gather %e, %i {axis = 0 : i64} : (tensor<9x3xf32>, tensor<2xi64>) -> tensor<2x3xf32>
  %h = ntk.reduce_sum %a {axes = array<i64: 0>} : (tensor<2x3xf32>) -> tensor<3xf32>
  %y = ntk.contract "k, ck -> c" (%h, %e) : (tensor<3xf32>, tensor<9x3xf32>) -> tensor<9xf32>
  ntk.return %y : tensor<9xf32>
}
ntk.kernel @theta of @tied "now, mpw -> nmop" (J1, J2)
// CHECK-LABEL: func.func @theta_tile
// CHECK: ntk.contract "oc, nk, pc, mk -> nomp"
// CHECK: %[[AT:.*]] = ntk.gather {{.*}} {axis = 0 : i64, batch = ["o", "m"]}
// CHECK: ntk.contract {{.*}} (%[[AT]]
// CHECK: ntk.gather {{.*}} {axis = 0 : i64, batch = ["p", "n"]}
// CHECK: ntk.max_pool_winner

// -----

// Declines: a table of no more rows than are picked has a smaller gradient.
ntk.network @small_table(%i: tensor<4xi64>, %e: tensor<4x3xf32> {ntk.param = "table"}) -> tensor<4x3xf32> {
  %y = ntk.gather %e, %i {axis = 0 : i64} : (tensor<4x3xf32>, tensor<4xi64>) -> tensor<4x3xf32>
  ntk.return %y : tensor<4x3xf32>
}
ntk.kernel @theta of @small_table "now, mpw -> nmop" (J1, J2)
// CHECK-LABEL: func.func @theta_tile
// CHECK: ntk.contract "no[[W:..]], mp[[W]] -> nomp"
// CHECK-LABEL: func.func @theta_factors2
// CHECK: ntk.scatter_add

// -----

// Declines: three uses of a weight that all meet would be nine pairs.
ntk.network @many(%x: tensor<3xf32>, %w: tensor<3x3xf32> {ntk.param = "weight"}) -> tensor<3xf32> {
  %t = ntk.transpose %w {permutation = array<i64: 1, 0>} : (tensor<3x3xf32>) -> tensor<3x3xf32>
  %a = ntk.contract "k, ck -> c" (%x, %w) : (tensor<3xf32>, tensor<3x3xf32>) -> tensor<3xf32>
  %b = ntk.contract "k, ck -> c" (%a, %t) : (tensor<3xf32>, tensor<3x3xf32>) -> tensor<3xf32>
  %d = ntk.slice %w {starts = array<i64: 0, 0>, sizes = array<i64: 3, 2>, strides = array<i64: 1, 1>} : (tensor<3x3xf32>) -> tensor<3x2xf32>
  %s = ntk.slice %b {starts = array<i64: 0>, sizes = array<i64: 2>, strides = array<i64: 1>} : (tensor<3xf32>) -> tensor<2xf32>
  %y = ntk.contract "k, ck -> c" (%s, %d) : (tensor<2xf32>, tensor<3x2xf32>) -> tensor<3xf32>
  ntk.return %y : tensor<3xf32>
}
ntk.kernel @theta of @many "now, mpw -> nmop" (J1, J2)
// CHECK-LABEL: func.func @theta_tile
// CHECK-COUNT-1: ntk.contract "no[[W:..]], mp[[W]] -> nomp"
// CHECK-NOT: ntk.contract
// CHECK-LABEL: func.func @theta_factors2

// -----

// Positions that many have in common are counted, not listed: those of the two
// parts are 1 and 1000000001, those of the whole with itself are all.
ntk.network @far(%x: tensor<3xf32>, %w: tensor<2147483647xf32> {ntk.param = "w"}) -> tensor<3xf32> {
  %a = ntk.slice %w {starts = array<i64: 1>, sizes = array<i64: 3>, strides = array<i64: 500000000>} : (tensor<2147483647xf32>) -> tensor<3xf32>
  %b = ntk.slice %w {starts = array<i64: 1>, sizes = array<i64: 3>, strides = array<i64: 1000000000>} : (tensor<2147483647xf32>) -> tensor<3xf32>
  %c = ntk.mul %a, %x : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  %y = ntk.mul %b, %c : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  ntk.return %y : tensor<3xf32>
}
ntk.kernel @theta of @far "now, mpw -> nmop" (J1, J2)
// CHECK-LABEL: func.func @theta_tile
// CHECK: ntk.contract {{.*}} : (tensor<3x3xf32>
// CHECK: ntk.contract {{.*}} : (tensor<3x2xf32>
// CHECK: ntk.contract {{.*}} : (tensor<3x2xf32>
// CHECK: ntk.contract {{.*}} : (tensor<3x3xf32>
// CHECK-NOT: ntk.contract

// -----

ntk.network @long(%x: tensor<2147483647xf32>, %w: tensor<2147483647xf32> {ntk.param = "w"}) -> tensor<f32> {
  %y = ntk.contract "k, k -> " (%x, %w) : (tensor<2147483647xf32>, tensor<2147483647xf32>) -> tensor<f32>
  ntk.return %y : tensor<f32>
}
ntk.kernel @theta of @long "now, mpw -> nmop" (J1, J2)
// CHECK-LABEL: func.func @theta_tile
// CHECK: ntk.contract "o, nk, p, mk -> nomp"
