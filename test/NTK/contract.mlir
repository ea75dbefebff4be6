// RUN: ntk-opt %s --split-input-file | ntk-opt --split-input-file | FileCheck %s

// A linear layer on one example.
// CHECK-LABEL: func.func @linear
func.func @linear(%x: tensor<3xf32>, %w: tensor<2x3xf32>) -> tensor<2xf32> {
  // CHECK: ntk.contract "k, ck -> c" (%{{.*}}, %{{.*}}) : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2xf32>
  %y = ntk.contract "k, ck -> c" (%x, %w) : (tensor<3xf32>, tensor<2x3xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

// A mask counts as 0 and 1; the result has the type of the numbers.
// CHECK-LABEL: func.func @masked
func.func @masked(%m: tensor<?x4xi1>, %w: tensor<2x4xf64>) -> tensor<?x2xf64> {
  // CHECK: ntk.contract "nk, ck -> nc"
  %y = ntk.contract "nk, ck -> nc" (%m, %w) : (tensor<?x4xi1>, tensor<2x4xf64>) -> tensor<?x2xf64>
  return %y : tensor<?x2xf64>
}

// -----

// CHECK-LABEL: func.func @planned
func.func @planned(%z: tensor<?x4xf32>, %c: tensor<?x2x5xf32>, %t: tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32> {
  // CHECK: ntk.contract "nk, mk, noc, mpc -> nomp" (%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) into %{{.*}} {plan = #ntk.plan<order = [0, 1, 2, 3, 4, 5], results = ["nm", "nomp", "nomp"]>}
  %y = ntk.contract "nk, mk, noc, mpc -> nomp" (%z, %z, %c, %c) into %t
      {plan = #ntk.plan<order = [0, 1, 2, 3, 4, 5], results = ["nm", "nomp", "nomp"]>}
      : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x2x5xf32>, tensor<?x2x5xf32> into tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  return %y : tensor<?x2x?x2xf32>
}
