// RUN: ntk-opt %s --split-input-file --ntk-expand --ntk-simplify | FileCheck %s

// Two cuts, one before the other. Each parameter belongs to the last value that
// all its ways lead through: the one of two layers, %s, to the later cut.
// CHECK-LABEL: func.func @theta_tile
// CHECK: %[[THETA0:.*]] = ntk.zeros {{.*}} tensor<?x9x?x9xf32>
// CHECK: %[[HEAD:.*]] = ntk.contract "nk, po, mk -> nomp" ({{.*}}) into %[[THETA0]]
// CHECK: %[[THETAG0:.*]] = ntk.zeros {{.*}} tensor<?x4x?x4xf32>
// CHECK: %[[SHARED:.*]] = ntk.contract "nBac, nak, mDbc, mbk -> nBmD" ({{.*}}) into %[[THETAG0]]
// CHECK: %[[THETAB0:.*]] = ntk.zeros {{.*}} tensor<?x2x?x2xf32>
// CHECK: %[[THETAB:.*]] = ntk.contract "nBc, nk, mDc, mk -> nBmD" ({{.*}}) into %[[THETAB0]]
// CHECK: %[[THETAG:.*]] = ntk.contract "nkmc, nBk, mDc -> nBmD" (%[[THETAB]], %{{.*}}, %{{.*}}) into %[[SHARED]]
// CHECK: %[[THETA:.*]] = ntk.contract "nkmc, ok, pc -> nomp" (%[[THETAG]], %{{.*}}, %{{.*}}) into %[[HEAD]]
// CHECK: return %[[THETA]]
ntk.network @chain(%x: tensor<3xf32>, %w: tensor<2x3xf32> {ntk.param = "w"},
                   %s: tensor<2x2xf32> {ntk.param = "s"}, %v: tensor<4x2xf32> {ntk.buffer = "v"},
                   %u: tensor<9x4xf32> {ntk.param = "u"}) -> tensor<9xf32> {
  %a = ntk.contract "k, ck -> c" (%x, %w) : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2xf32>
  %b = ntk.tanh %a : (tensor<2xf32>) -> tensor<2xf32> loc("b")
  %c = ntk.contract "k, ck -> c" (%b, %s) : (tensor<2xf32>, tensor<2x2xf32>) -> tensor<2xf32>
  %d = ntk.tanh %c : (tensor<2xf32>) -> tensor<2xf32>
  %e = ntk.contract "k, ck -> c" (%d, %s) : (tensor<2xf32>, tensor<2x2xf32>) -> tensor<2xf32>
  %f = ntk.contract "k, ck -> c" (%e, %v) : (tensor<2xf32>, tensor<4x2xf32>) -> tensor<4xf32>
  %g = ntk.tanh %f : (tensor<4xf32>) -> tensor<4xf32>
  %y = ntk.contract "k, ck -> c" (%g, %u) : (tensor<4xf32>, tensor<9x4xf32>) -> tensor<9xf32>
  ntk.return %y : tensor<9xf32>
}
ntk.kernel @theta of @chain "now, mpw -> nmop" (J1, J2) schedule <method = structured, cuts = ["b", "#6"]>

// -----

// A way leads past %b: only what is between %a and %b belongs to its kernel.
// CHECK-LABEL: func.func @theta_tile
// CHECK: %[[OUTER:.*]] = ntk.contract "noc, nk, mpc, mk -> nomp"
// CHECK: %[[INNER:.*]] = ntk.contract "nBc, nk, mDc, mk -> nBmD"
// CHECK: ntk.contract "nkmc, {{.*}} -> nomp" (%[[INNER]], {{.*}}) into %[[OUTER]]
ntk.network @past(%x: tensor<3xf32>, %w: tensor<5x3xf32> {ntk.param = "w"},
                  %v: tensor<2x5xf32> {ntk.param = "v"}, %u: tensor<5x2xf32> {ntk.buffer = "u"}) -> tensor<5xf32> {
  %a = ntk.contract "k, ck -> c" (%x, %w) : (tensor<3xf32>, tensor<5x3xf32>) -> tensor<5xf32>
  %h = ntk.tanh %a : (tensor<5xf32>) -> tensor<5xf32>
  %c = ntk.contract "k, ck -> c" (%h, %v) : (tensor<5xf32>, tensor<2x5xf32>) -> tensor<2xf32>
  %b = ntk.tanh %c : (tensor<2xf32>) -> tensor<2xf32> loc("b")
  %d = ntk.contract "k, ck -> c" (%b, %u) : (tensor<2xf32>, tensor<5x2xf32>) -> tensor<5xf32>
  %y = ntk.mul %h, %d : (tensor<5xf32>, tensor<5xf32>) -> tensor<5xf32>
  ntk.return %y : tensor<5xf32>
}
ntk.kernel @theta of @past "now, mpw -> nmop" (J1, J2) schedule <method = structured, cuts = ["b"]>

// -----

// Of a trace only the last product has one letter for both outputs.
// CHECK-LABEL: func.func @theta_tile
// CHECK: %[[INNER:.*]] = ntk.contract "nBc, nk, mDc, mk -> nBmD"
// CHECK: ntk.contract "nkmc, ok, oc -> nm" (%[[INNER]], {{.*}})
ntk.network @trace(%x: tensor<3xf32>, %w: tensor<2x3xf32> {ntk.param = "w"},
                   %u: tensor<5x2xf32> {ntk.buffer = "u"}) -> tensor<5xf32> {
  %a = ntk.contract "k, ck -> c" (%x, %w) : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2xf32>
  %b = ntk.tanh %a : (tensor<2xf32>) -> tensor<2xf32>
  %y = ntk.contract "k, ck -> c" (%b, %u) : (tensor<2xf32>, tensor<5x2xf32>) -> tensor<5xf32>
  ntk.return %y : tensor<5xf32>
}
ntk.kernel @theta of @trace "now, mow -> nm" (J1, J2) schedule <method = structured, cuts = ["#1"]>
