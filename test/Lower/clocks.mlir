// RUN: ntk-opt --ntk-number-steps --ntk-add-clocks %s | FileCheck %s
// RUN: ntk-opt --ntk-number-steps --ntk-add-clocks --ntk-rt-to-calls %s | FileCheck %s --check-prefix=CALL
// RUN: ntk-opt --ntk-add-clocks %s | FileCheck %s --check-prefix=NONE

// Steps are calls of the runtime, loop nests and copies; numbers go on from one
// function to the next. Views are no steps.
// CHECK-LABEL: func.func @first
// CHECK-NEXT: rt.clock{{$}}
// CHECK-NEXT: memref.subview
// CHECK-NEXT: rt.contract {{.*}} {ntk.step = 0 : i64}
// CHECK-NEXT: rt.clock 0{{$}}
// CHECK: linalg.fill {ntk.step = 1 : i64}
// CHECK-NEXT: rt.clock 1{{$}}
// CHECK-LABEL: func.func @second
// CHECK: rt.clock{{$}}
// CHECK: scf.for
// CHECK-NOT: rt.clock
// CHECK: {ntk.step = 2 : i64}
// CHECK-NEXT: rt.clock 2
// CHECK-NEXT: memref.copy {{.*}} {ntk.step = 3 : i64}
// CHECK-NEXT: rt.clock 3

// Nobody's time has no number.
// CALL-LABEL: func.func @first
// CALL: %[[NOBODY:.*]] = arith.constant -1 : i64
// CALL-NEXT: call @ntk_rt_clock(%[[NOBODY]]) : (i64) -> ()
// CALL: call @ntk_rt_gemm_f32
// CALL: %[[FIRST:.*]] = arith.constant 0 : i64
// CALL-NEXT: call @ntk_rt_clock(%[[FIRST]]) : (i64) -> ()

// What has no number has no clock behind it.
// NONE-LABEL: func.func @first
// NONE-NEXT: rt.clock{{$}}
// NONE-NOT: rt.clock
// NONE-LABEL: func.func @second

func.func @first(%x: memref<4x3xf32>, %w: memref<6x3xf32>, %y: memref<4x2xf32>) {
  %part = memref.subview %w[0, 0] [2, 3] [1, 1] : memref<6x3xf32> to memref<2x3xf32, strided<[3, 1]>>
  rt.contract "nk, ck -> nc" ins(%x, %part : memref<4x3xf32>, memref<2x3xf32, strided<[3, 1]>>) outs(%y : memref<4x2xf32>)
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<4x2xf32>)
  return
}

func.func @second(%x: memref<4xf32>, %y: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.for %i = %c0 to %c4 step %c1 {
    %0 = memref.load %x[%i] : memref<4xf32>
    memref.store %0, %y[%i] : memref<4xf32>
  }
  memref.copy %x, %y : memref<4xf32> to memref<4xf32>
  return
}
