// RUN: ntk-opt --ntk-lower --ntk-pack-blocks %s | FileCheck %s --check-prefix=CUT
// RUN: ntk-opt --ntk-lower-pipeline %s | FileCheck %s --implicit-check-not=memref.alloc --implicit-check-not=memref.copy

// A sum of twenty contractions is written to its destination once on the way,
// and goes on from there. Once bufferized, nothing of that is left.

// CUT-LABEL: func.func @theta_tile(
// CUT-SAME: %[[OUT:[a-z0-9]+]]: memref<?x?xf32>)
// CUT-COUNT-3: rt.contract
// CUT: %[[PART:.*]] = rt.contract
// CUT-NEXT: bufferization.materialize_in_destination %[[PART]] in restrict writable %[[OUT]]
// CUT-NEXT: %[[READ:.*]] = bufferization.to_tensor %[[OUT]] restrict writable
// CUT-NEXT: rt.contract {{.*}} outs(%[[READ]]
// CUT-COUNT-15: rt.contract
// CUT: bufferization.materialize_in_destination %{{.*}} in restrict writable %[[OUT]]

// CHECK-LABEL: func.func @theta_tile(
// CHECK-SAME: %[[OUT:[a-z0-9]+]]: memref<?x?xf32>)
// CHECK: rt.contract {{.*}} outs(%[[OUT]]
// CHECK-COUNT-19: rt.contract {{.*}} outs(%[[OUT]] : memref<?x?xf32>) {accumulate,
// CHECK-NOT: rt.contract
func.func @theta_tile(%n: index {ntk.size = "n"}, %m: index {ntk.size = "m"},
    %f1: tensor<?x2xf32> {ntk.batch = "n", ntk.factor = 0 : i64, ntk.side = 1 : i64},
    %f2: tensor<?x2xf32> {ntk.batch = "m", ntk.factor = 0 : i64, ntk.side = 2 : i64})
    -> tensor<?x?xf32>
    attributes {ntk.kernel = @theta, ntk.role = "tile"} {
  %t0 = ntk.zeros %n, %m : tensor<?x?xf32>
  %t1 = ntk.contract "nd, md -> nm" (%f1, %f2) into %t0
      : (tensor<?x2xf32>, tensor<?x2xf32> into tensor<?x?xf32>) -> tensor<?x?xf32>
  %t2 = ntk.contract "nd, md -> nm" (%f1, %f2) into %t1
      : (tensor<?x2xf32>, tensor<?x2xf32> into tensor<?x?xf32>) -> tensor<?x?xf32>
  %t3 = ntk.contract "nd, md -> nm" (%f1, %f2) into %t2
      : (tensor<?x2xf32>, tensor<?x2xf32> into tensor<?x?xf32>) -> tensor<?x?xf32>
  %t4 = ntk.contract "nd, md -> nm" (%f1, %f2) into %t3
      : (tensor<?x2xf32>, tensor<?x2xf32> into tensor<?x?xf32>) -> tensor<?x?xf32>
  %t5 = ntk.contract "nd, md -> nm" (%f1, %f2) into %t4
      : (tensor<?x2xf32>, tensor<?x2xf32> into tensor<?x?xf32>) -> tensor<?x?xf32>
  %t6 = ntk.contract "nd, md -> nm" (%f1, %f2) into %t5
      : (tensor<?x2xf32>, tensor<?x2xf32> into tensor<?x?xf32>) -> tensor<?x?xf32>
  %t7 = ntk.contract "nd, md -> nm" (%f1, %f2) into %t6
      : (tensor<?x2xf32>, tensor<?x2xf32> into tensor<?x?xf32>) -> tensor<?x?xf32>
  %t8 = ntk.contract "nd, md -> nm" (%f1, %f2) into %t7
      : (tensor<?x2xf32>, tensor<?x2xf32> into tensor<?x?xf32>) -> tensor<?x?xf32>
  %t9 = ntk.contract "nd, md -> nm" (%f1, %f2) into %t8
      : (tensor<?x2xf32>, tensor<?x2xf32> into tensor<?x?xf32>) -> tensor<?x?xf32>
  %t10 = ntk.contract "nd, md -> nm" (%f1, %f2) into %t9
      : (tensor<?x2xf32>, tensor<?x2xf32> into tensor<?x?xf32>) -> tensor<?x?xf32>
  %t11 = ntk.contract "nd, md -> nm" (%f1, %f2) into %t10
      : (tensor<?x2xf32>, tensor<?x2xf32> into tensor<?x?xf32>) -> tensor<?x?xf32>
  %t12 = ntk.contract "nd, md -> nm" (%f1, %f2) into %t11
      : (tensor<?x2xf32>, tensor<?x2xf32> into tensor<?x?xf32>) -> tensor<?x?xf32>
  %t13 = ntk.contract "nd, md -> nm" (%f1, %f2) into %t12
      : (tensor<?x2xf32>, tensor<?x2xf32> into tensor<?x?xf32>) -> tensor<?x?xf32>
  %t14 = ntk.contract "nd, md -> nm" (%f1, %f2) into %t13
      : (tensor<?x2xf32>, tensor<?x2xf32> into tensor<?x?xf32>) -> tensor<?x?xf32>
  %t15 = ntk.contract "nd, md -> nm" (%f1, %f2) into %t14
      : (tensor<?x2xf32>, tensor<?x2xf32> into tensor<?x?xf32>) -> tensor<?x?xf32>
  %t16 = ntk.contract "nd, md -> nm" (%f1, %f2) into %t15
      : (tensor<?x2xf32>, tensor<?x2xf32> into tensor<?x?xf32>) -> tensor<?x?xf32>
  %t17 = ntk.contract "nd, md -> nm" (%f1, %f2) into %t16
      : (tensor<?x2xf32>, tensor<?x2xf32> into tensor<?x?xf32>) -> tensor<?x?xf32>
  %t18 = ntk.contract "nd, md -> nm" (%f1, %f2) into %t17
      : (tensor<?x2xf32>, tensor<?x2xf32> into tensor<?x?xf32>) -> tensor<?x?xf32>
  %t19 = ntk.contract "nd, md -> nm" (%f1, %f2) into %t18
      : (tensor<?x2xf32>, tensor<?x2xf32> into tensor<?x?xf32>) -> tensor<?x?xf32>
  %t20 = ntk.contract "nd, md -> nm" (%f1, %f2) into %t19
      : (tensor<?x2xf32>, tensor<?x2xf32> into tensor<?x?xf32>) -> tensor<?x?xf32>
  return %t20 : tensor<?x?xf32>
}
