// Contractions that have a Gram D in common: Θ + Z∘D + D = Θ + (Z + 1)∘D.
// RUN: ntk-opt %s --split-input-file --ntk-plan --ntk-apply-plan | FileCheck %s

// W·x + U·h + b: by hand the bias goes with the first.
ntk.network @f(%x: tensor<3xf32>, %w: tensor<3xf32> {ntk.param = "w"}) -> tensor<3xf32> {
  %y = ntk.mul %x, %w : tensor<3xf32>
  ntk.return %y : tensor<3xf32>
}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2)
func.func @theta_factors1(%c: tensor<?x4x8xf32>, %z: tensor<?x3xf32>, %u: tensor<?x5xf32>) -> (tensor<?x4x8xf32>, tensor<?x3xf32>, tensor<?x5xf32>) attributes {ntk.kernel = @theta, ntk.role = "factors", ntk.sides = array<i64: 1>} {
  return %c, %z, %u : tensor<?x4x8xf32>, tensor<?x3xf32>, tensor<?x5xf32>
}
func.func @theta_factors2(%c: tensor<?x4x8xf32>, %z: tensor<?x3xf32>, %u: tensor<?x5xf32>) -> (tensor<?x4x8xf32>, tensor<?x3xf32>, tensor<?x5xf32>) attributes {ntk.kernel = @theta, ntk.role = "factors", ntk.sides = array<i64: 2>} {
  return %c, %z, %u : tensor<?x4x8xf32>, tensor<?x3xf32>, tensor<?x5xf32>
}
// CHECK-LABEL: func.func @theta_tile
// CHECK: %[[Z:.*]] = ntk.contract "nk, mk -> nm" (%[[X:.*]], %[[X2:.*]]) : (tensor<?x3xf32>
// CHECK: %[[D:.*]] = ntk.contract "noc, mpc -> nomp"
// CHECK: %[[Z1:.*]] = ntk.shift %[[Z]] {batch = ["nm"], offset = 1.000000e+00 : f64}
// CHECK: ntk.contract "nomp, nm -> nomp" (%[[D]], %[[Z1]]) into
// CHECK: %[[U:.*]] = ntk.contract "nk, mk -> nm" ({{.*}}) : (tensor<?x5xf32>
// CHECK: ntk.contract "nomp, nm -> nomp" (%[[D]], %[[U]]) into
// CHECK-NOT: ntk.contract
func.func @theta_tile(%n: index {ntk.size = "n"}, %m: index {ntk.size = "m"},
    %c1: tensor<?x4x8xf32> {ntk.batch = "no", ntk.factor = 0 : i64, ntk.side = 1 : i64}, %z1: tensor<?x3xf32> {ntk.batch = "n", ntk.factor = 1 : i64, ntk.side = 1 : i64}, %u1: tensor<?x5xf32> {ntk.batch = "n", ntk.factor = 2 : i64, ntk.side = 1 : i64},
    %c2: tensor<?x4x8xf32> {ntk.batch = "mp", ntk.factor = 0 : i64, ntk.side = 2 : i64}, %z2: tensor<?x3xf32> {ntk.batch = "m", ntk.factor = 1 : i64, ntk.side = 2 : i64}, %u2: tensor<?x5xf32> {ntk.batch = "m", ntk.factor = 2 : i64, ntk.side = 2 : i64})
    -> tensor<?x4x?x4xf32> attributes {ntk.kernel = @theta, ntk.role = "tile"} {
  %t = ntk.zeros %n, %m : tensor<?x4x?x4xf32>
  %a = ntk.contract "noc, nk, mpc, mk -> nomp" (%c1, %z1, %c2, %z2) into %t
      {plan = #ntk.plan<order = [1, 3, 0, 2, 5, 4], results = ["nm", "nomp", "nomp"], group = 3>}
      : (tensor<?x4x8xf32>, tensor<?x3xf32>, tensor<?x4x8xf32>, tensor<?x3xf32>) -> tensor<?x4x?x4xf32>
  %b = ntk.contract "noc, nk, mpc, mk -> nomp" (%c1, %u1, %c2, %u2) into %a
      {plan = #ntk.plan<order = [1, 3, 0, 2, 5, 4], results = ["nm", "nomp", "nomp"]>}
      : (tensor<?x4x8xf32>, tensor<?x5xf32>, tensor<?x4x8xf32>, tensor<?x5xf32>) -> tensor<?x4x?x4xf32>
  %r = ntk.contract "noc, mpc -> nomp" (%c1, %c2) into %b {plan = #ntk.plan<order = [0, 1], results = ["nomp"], group = 3>}
      : (tensor<?x4x8xf32>, tensor<?x4x8xf32>) -> tensor<?x4x?x4xf32>
  return %r : tensor<?x4x?x4xf32>
}

// -----

// A plan without a group stays without one: the bias adds D by itself.
ntk.network @f(%x: tensor<3xf32>, %w: tensor<3xf32> {ntk.param = "w"}) -> tensor<3xf32> {
  %y = ntk.mul %x, %w : tensor<3xf32>
  ntk.return %y : tensor<3xf32>
}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2)
func.func @theta_factors1(%c: tensor<?x4x8xf32>, %z: tensor<?x3xf32>, %u: tensor<?x5xf32>) -> (tensor<?x4x8xf32>, tensor<?x3xf32>, tensor<?x5xf32>) attributes {ntk.kernel = @theta, ntk.role = "factors", ntk.sides = array<i64: 1>} {
  return %c, %z, %u : tensor<?x4x8xf32>, tensor<?x3xf32>, tensor<?x5xf32>
}
func.func @theta_factors2(%c: tensor<?x4x8xf32>, %z: tensor<?x3xf32>, %u: tensor<?x5xf32>) -> (tensor<?x4x8xf32>, tensor<?x3xf32>, tensor<?x5xf32>) attributes {ntk.kernel = @theta, ntk.role = "factors", ntk.sides = array<i64: 2>} {
  return %c, %z, %u : tensor<?x4x8xf32>, tensor<?x3xf32>, tensor<?x5xf32>
}
// CHECK-LABEL: func.func @theta_tile
// CHECK-NOT: ntk.shift
// CHECK: ntk.contract "noc, mpc -> nomp"
// CHECK: ntk.contract "noc, mpc -> nomp" ({{.*}}) into
// CHECK: return
func.func @theta_tile(%n: index {ntk.size = "n"}, %m: index {ntk.size = "m"},
    %c1: tensor<?x4x8xf32> {ntk.batch = "no", ntk.factor = 0 : i64, ntk.side = 1 : i64}, %z1: tensor<?x3xf32> {ntk.batch = "n", ntk.factor = 1 : i64, ntk.side = 1 : i64}, %u1: tensor<?x5xf32> {ntk.batch = "n", ntk.factor = 2 : i64, ntk.side = 1 : i64},
    %c2: tensor<?x4x8xf32> {ntk.batch = "mp", ntk.factor = 0 : i64, ntk.side = 2 : i64}, %z2: tensor<?x3xf32> {ntk.batch = "m", ntk.factor = 1 : i64, ntk.side = 2 : i64}, %u2: tensor<?x5xf32> {ntk.batch = "m", ntk.factor = 2 : i64, ntk.side = 2 : i64})
    -> tensor<?x4x?x4xf32> attributes {ntk.kernel = @theta, ntk.role = "tile"} {
  %t = ntk.zeros %n, %m : tensor<?x4x?x4xf32>
  %a = ntk.contract "noc, nk, mpc, mk -> nomp" (%c1, %z1, %c2, %z2) into %t
      {plan = #ntk.plan<order = [1, 3, 0, 2, 5, 4], results = ["nm", "nomp", "nomp"]>}
      : (tensor<?x4x8xf32>, tensor<?x3xf32>, tensor<?x4x8xf32>, tensor<?x3xf32>) -> tensor<?x4x?x4xf32>
  %r = ntk.contract "noc, mpc -> nomp" (%c1, %c2) into %a {plan = #ntk.plan<order = [0, 1], results = ["nomp"]>}
      : (tensor<?x4x8xf32>, tensor<?x4x8xf32>) -> tensor<?x4x?x4xf32>
  return %r : tensor<?x4x?x4xf32>
}

// -----

// Two biases, whatever the summed letters are called.
ntk.network @f(%x: tensor<3xf32>, %w: tensor<3xf32> {ntk.param = "w"}) -> tensor<3xf32> {
  %y = ntk.mul %x, %w : tensor<3xf32>
  ntk.return %y : tensor<3xf32>
}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2)
func.func @theta_factors1(%c: tensor<?x4x8xf32>, %z: tensor<?x3xf32>, %u: tensor<?x5xf32>) -> (tensor<?x4x8xf32>, tensor<?x3xf32>, tensor<?x5xf32>) attributes {ntk.kernel = @theta, ntk.role = "factors", ntk.sides = array<i64: 1>} {
  return %c, %z, %u : tensor<?x4x8xf32>, tensor<?x3xf32>, tensor<?x5xf32>
}
func.func @theta_factors2(%c: tensor<?x4x8xf32>, %z: tensor<?x3xf32>, %u: tensor<?x5xf32>) -> (tensor<?x4x8xf32>, tensor<?x3xf32>, tensor<?x5xf32>) attributes {ntk.kernel = @theta, ntk.role = "factors", ntk.sides = array<i64: 2>} {
  return %c, %z, %u : tensor<?x4x8xf32>, tensor<?x3xf32>, tensor<?x5xf32>
}
// CHECK-LABEL: func.func @theta_tile
// CHECK: %[[ONE:.*]] = ntk.shift %{{.*}} {batch = ["nm"], offset = 1.000000e+00 : f64}
// CHECK: ntk.shift %[[ONE]] {batch = ["nm"], offset = 1.000000e+00 : f64}
// CHECK-NOT: noq
func.func @theta_tile(%n: index {ntk.size = "n"}, %m: index {ntk.size = "m"},
    %c1: tensor<?x4x8xf32> {ntk.batch = "no", ntk.factor = 0 : i64, ntk.side = 1 : i64}, %z1: tensor<?x3xf32> {ntk.batch = "n", ntk.factor = 1 : i64, ntk.side = 1 : i64}, %u1: tensor<?x5xf32> {ntk.batch = "n", ntk.factor = 2 : i64, ntk.side = 1 : i64},
    %c2: tensor<?x4x8xf32> {ntk.batch = "mp", ntk.factor = 0 : i64, ntk.side = 2 : i64}, %z2: tensor<?x3xf32> {ntk.batch = "m", ntk.factor = 1 : i64, ntk.side = 2 : i64}, %u2: tensor<?x5xf32> {ntk.batch = "m", ntk.factor = 2 : i64, ntk.side = 2 : i64})
    -> tensor<?x4x?x4xf32> attributes {ntk.kernel = @theta, ntk.role = "tile"} {
  %t = ntk.zeros %n, %m : tensor<?x4x?x4xf32>
  %a = ntk.contract "noc, nk, mpc, mk -> nomp" (%c1, %z1, %c2, %z2) into %t
      {plan = #ntk.plan<order = [1, 3, 0, 2, 5, 4], results = ["nm", "nomp", "nomp"], group = 0>}
      : (tensor<?x4x8xf32>, tensor<?x3xf32>, tensor<?x4x8xf32>, tensor<?x3xf32>) -> tensor<?x4x?x4xf32>
  %b = ntk.contract "noc, mpc -> nomp" (%c1, %c2) into %a {plan = #ntk.plan<order = [0, 1], results = ["nomp"], group = 0>}
      : (tensor<?x4x8xf32>, tensor<?x4x8xf32>) -> tensor<?x4x?x4xf32>
  %r = ntk.contract "noq, mpq -> nomp" (%c1, %c2) into %b {plan = #ntk.plan<order = [0, 1], results = ["nomp"], group = 0>}
      : (tensor<?x4x8xf32>, tensor<?x4x8xf32>) -> tensor<?x4x?x4xf32>
  return %r : tensor<?x4x?x4xf32>
}
