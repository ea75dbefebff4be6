// RUN: ntk-opt --ntk-expand-math %s | FileCheck %s

// CHECK-LABEL: func.func @f32
// CHECK-NOT: math.exp
// CHECK: arith.addf %{{.*}}, %{{.*}} fastmath<reassoc,contract> : f32
func.func @f32(%x: f32, %a: f32) -> f32 {
  %0 = math.exp %x : f32
  %1 = arith.addf %0, %a : f32
  return %1 : f32
}

// CHECK-LABEL: func.func @f64
// CHECK-NOT: math.tanh
// CHECK-NOT: math.log1p
// CHECK: return
func.func @f64(%x: f64) -> f64 {
  %0 = math.tanh %x : f64
  %1 = math.log1p %0 : f64
  return %1 : f64
}
