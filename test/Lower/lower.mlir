// RUN: ntk-opt --ntk-lower %s | FileCheck %s

// CHECK-DAG: #[[NOC:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-DAG: #[[NC:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[OC:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>

// What is summed and has rows is a product of the library.
// CHECK-LABEL: func.func @product
// CHECK: %[[E:.*]] = tensor.empty(%{{.*}}) : tensor<?x2xf32>
// CHECK: rt.contract "nk, ck -> nc" ins(%{{.*}}, %{{.*}}) outs(%[[E]] : tensor<?x2xf32>) -> tensor<?x2xf32>
func.func @product(%x: tensor<?x3xf32> {ntk.batch = "n"}, %w: tensor<2x3xf32>, %n: index {ntk.size = "n"}) -> tensor<?x2xf32> {
  %y = ntk.contract "nk, ck -> nc" (%x, %w) : (tensor<?x3xf32>, tensor<2x3xf32>) -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// What it is added to is its destination; zeros are not read.
// CHECK-LABEL: func.func @accumulate
// CHECK-SAME: %[[Y:[a-z0-9]+]]: tensor<4x2xf32>)
// CHECK: rt.contract "nk, ck -> nc" {{.*}} outs(%[[Y]] : tensor<4x2xf32>) {accumulate}
// CHECK: %[[E:.*]] = tensor.empty() : tensor<4x2xf32>
// CHECK: linalg.fill
// CHECK: rt.contract "nk, ck -> nc" {{.*}} outs(%[[E]] : tensor<4x2xf32>) -> tensor<4x2xf32>
func.func @accumulate(%x: tensor<4x3xf32>, %w: tensor<2x3xf32>, %y: tensor<4x2xf32>) -> (tensor<4x2xf32>, tensor<4x2xf32>) {
  %0 = ntk.contract "nk, ck -> nc" (%x, %w) into %y : (tensor<4x3xf32>, tensor<2x3xf32> into tensor<4x2xf32>) -> tensor<4x2xf32>
  %z = ntk.zeros : tensor<4x2xf32>
  %1 = ntk.contract "nk, ck -> nc" (%x, %w) into %z : (tensor<4x3xf32>, tensor<2x3xf32> into tensor<4x2xf32>) -> tensor<4x2xf32>
  return %0, %1 : tensor<4x2xf32>, tensor<4x2xf32>
}

// A Hadamard product, a row-wise dot product and an outer product are loops.
// CHECK-LABEL: func.func @loops
// CHECK-NOT: rt.contract
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel"]
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "parallel", "parallel"]
func.func @loops(%a: tensor<4x3xf32>, %b: tensor<4x3xf32>) -> (tensor<4x3xf32>, tensor<4xf32>, tensor<4x3x4x3xf32>) {
  %0 = ntk.contract "nk, nk -> nk" (%a, %b) : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3xf32>
  %1 = ntk.contract "nk, nk -> n" (%a, %b) : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4xf32>
  %2 = ntk.contract "nk, mc -> nkmc" (%a, %b) : (tensor<4x3xf32>, tensor<4x3xf32>) -> tensor<4x3x4x3xf32>
  return %0, %1, %2 : tensor<4x3xf32>, tensor<4xf32>, tensor<4x3x4x3xf32>
}

// A letter of one operand alone is summed first.
// CHECK-LABEL: func.func @sum_first
// CHECK: %[[S:.*]] = linalg.generic {{.*}}iterator_types = ["parallel", "parallel", "reduction"]
// CHECK: rt.contract "nk, mk -> nm" ins(%[[S]], %{{.*}} : tensor<4x3xf32>, tensor<5x3xf32>)
func.func @sum_first(%a: tensor<4x7x3xf32>, %b: tensor<5x3xf32>) -> tensor<4x5xf32> {
  %0 = ntk.contract "ntk, mk -> nm" (%a, %b) : (tensor<4x7x3xf32>, tensor<5x3xf32>) -> tensor<4x5xf32>
  return %0 : tensor<4x5xf32>
}

// Masks count as 0 and 1.
// CHECK-LABEL: func.func @mask
// CHECK: arith.uitofp %{{.*}} : i1 to f32
// CHECK: rt.contract "nk, mk -> nm" ins(%{{.*}}, %{{.*}} : tensor<4x3xf32>, tensor<5x3xf32>)
func.func @mask(%a: tensor<4x3xi1>, %b: tensor<5x3xf32>) -> tensor<4x5xf32> {
  %0 = ntk.contract "nk, mk -> nm" (%a, %b) : (tensor<4x3xi1>, tensor<5x3xf32>) -> tensor<4x5xf32>
  return %0 : tensor<4x5xf32>
}

// A batched elementwise op broadcasts by letter.
// CHECK-LABEL: func.func @broadcast
// CHECK: linalg.generic {indexing_maps = [#[[NC]], #[[OC]], #[[NOC]]]
func.func @broadcast(%a: tensor<4x3xf32>, %b: tensor<2x3xf32>) -> tensor<4x2x3xf32> {
  %0 = ntk.mul %a, %b {batch = ["n", "o"]} : (tensor<4x3xf32>, tensor<2x3xf32>) -> tensor<4x2x3xf32>
  return %0 : tensor<4x2x3xf32>
}

// A sum or a maximum over no axis is its operand.
// CHECK-LABEL: func.func @reduced_over_nothing
// CHECK-SAME: (%[[X:.*]]: tensor<?x3xf32>
// CHECK-NEXT: return %[[X]] : tensor<?x3xf32>
func.func @reduced_over_nothing(%x: tensor<?x3xf32> {ntk.batch = "n"}, %n: index {ntk.size = "n"}) -> tensor<?x3xf32> {
  %s = ntk.reduce_sum %x {axes = array<i64>, batch = ["n"]} : (tensor<?x3xf32>) -> tensor<?x3xf32>
  %y = ntk.reduce_max %s {axes = array<i64>, batch = ["n"]} : (tensor<?x3xf32>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}

// A network has been expanded, and goes; its request says how to run what it
// became, and stays.
// CHECK-NOT: ntk.network
// CHECK: ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <blocks = {n = 2}>
ntk.network @f(%x: tensor<3xf32>) -> tensor<3xf32> {
  ntk.return %x : tensor<3xf32>
}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <blocks = {n = 2}>
