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

// Angles of f32 are reduced in f64; those of f64 are left to libm.
// CHECK-LABEL: func.func @angles
// CHECK-NOT: math.atan
// CHECK: arith.extf
// CHECK-NOT: math.sin {{.*}} : f32
// CHECK: math.cos %{{.*}} : f64
func.func @angles(%x: f32, %y: f64) -> (f32, f64) {
  %0 = math.atan %x : f32
  %1 = math.sin %0 : f32
  %2 = math.atan %y : f64
  %3 = math.cos %2 : f64
  return %1, %3 : f32, f64
}
