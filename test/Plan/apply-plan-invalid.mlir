// RUN: ntk-opt %s --split-input-file --ntk-apply-plan --verify-diagnostics

// A group whose contractions have no Gram in common.
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
func.func @theta_tile(%n: index {ntk.size = "n"}, %m: index {ntk.size = "m"},
    %c1: tensor<?x4x8xf32> {ntk.batch = "no", ntk.factor = 0 : i64, ntk.side = 1 : i64}, %z1: tensor<?x3xf32> {ntk.batch = "n", ntk.factor = 1 : i64, ntk.side = 1 : i64}, %u1: tensor<?x5xf32> {ntk.batch = "n", ntk.factor = 2 : i64, ntk.side = 1 : i64},
    %c2: tensor<?x4x8xf32> {ntk.batch = "mp", ntk.factor = 0 : i64, ntk.side = 2 : i64}, %z2: tensor<?x3xf32> {ntk.batch = "m", ntk.factor = 1 : i64, ntk.side = 2 : i64}, %u2: tensor<?x5xf32> {ntk.batch = "m", ntk.factor = 2 : i64, ntk.side = 2 : i64})
    -> tensor<?x4x?x4xf32> attributes {ntk.kernel = @theta, ntk.role = "tile"} {
  %t = ntk.zeros %n, %m : tensor<?x4x?x4xf32>
  // expected-error @below {{expected another contraction of group 0 that multiplies the Gram of this one, or has it, but found none}}
  %a = ntk.contract "noc, nk, mpc, mk -> nomp" (%c1, %z1, %c2, %z2) into %t
      {plan = #ntk.plan<order = [1, 3, 0, 2, 5, 4], results = ["nm", "nomp", "nomp"], group = 0>}
      : (tensor<?x4x8xf32>, tensor<?x3xf32>, tensor<?x4x8xf32>, tensor<?x3xf32>) -> tensor<?x4x?x4xf32>
  %r = ntk.contract "noc, nk, mpc, mk -> nomp" (%c1, %u1, %c2, %u2) into %a
      {plan = #ntk.plan<order = [1, 3, 0, 4, 2, 5], results = ["nm", "nomc", "nomp"], group = 0>}
      : (tensor<?x4x8xf32>, tensor<?x5xf32>, tensor<?x4x8xf32>, tensor<?x5xf32>) -> tensor<?x4x?x4xf32>
  return %r : tensor<?x4x?x4xf32>
}

// -----

// Alone in its group.
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
func.func @theta_tile(%n: index {ntk.size = "n"}, %m: index {ntk.size = "m"},
    %c1: tensor<?x4x8xf32> {ntk.batch = "no", ntk.factor = 0 : i64, ntk.side = 1 : i64}, %z1: tensor<?x3xf32> {ntk.batch = "n", ntk.factor = 1 : i64, ntk.side = 1 : i64}, %u1: tensor<?x5xf32> {ntk.batch = "n", ntk.factor = 2 : i64, ntk.side = 1 : i64},
    %c2: tensor<?x4x8xf32> {ntk.batch = "mp", ntk.factor = 0 : i64, ntk.side = 2 : i64}, %z2: tensor<?x3xf32> {ntk.batch = "m", ntk.factor = 1 : i64, ntk.side = 2 : i64}, %u2: tensor<?x5xf32> {ntk.batch = "m", ntk.factor = 2 : i64, ntk.side = 2 : i64})
    -> tensor<?x4x?x4xf32> attributes {ntk.kernel = @theta, ntk.role = "tile"} {
  %t = ntk.zeros %n, %m : tensor<?x4x?x4xf32>
  %a = ntk.contract "noc, nk, mpc, mk -> nomp" (%c1, %z1, %c2, %z2) into %t
      {plan = #ntk.plan<order = [1, 3, 0, 2, 5, 4], results = ["nm", "nomp", "nomp"]>}
      : (tensor<?x4x8xf32>, tensor<?x3xf32>, tensor<?x4x8xf32>, tensor<?x3xf32>) -> tensor<?x4x?x4xf32>
  // expected-error @below {{expected another contraction of group 0 that multiplies the Gram of this one, or has it, but found none}}
  %r = ntk.contract "noc, mpc -> nomp" (%c1, %c2) into %a {plan = #ntk.plan<order = [0, 1], results = ["nomp"], group = 0>}
      : (tensor<?x4x8xf32>, tensor<?x4x8xf32>) -> tensor<?x4x?x4xf32>
  return %r : tensor<?x4x?x4xf32>
}
