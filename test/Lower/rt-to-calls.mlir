// RUN: ntk-opt --ntk-rt-to-calls --canonicalize %s | FileCheck %s

// "noc, mpc -> nomp": rows n and o are one index of 3·n, columns 3·m, no loops.
// CHECK-LABEL: func.func @gram
// CHECK-DAG: %[[C3:.*]] = arith.constant 3 : index
// CHECK-DAG: %[[C5:.*]] = arith.constant 5 : i64
// CHECK: %[[N:.*]] = memref.dim
// CHECK: %[[ROWS:.*]] = arith.muli %[[N]], %[[C3]]
// CHECK: %[[FIRST:.*]] = arith.index_cast %[[ROWS]] : index to i64
// CHECK: llvm.store %[[FIRST]], %[[D:.*]] : i64, !llvm.ptr
// CHECK: %[[AT:.*]] = llvm.getelementptr %[[D]][2]
// CHECK: llvm.store %[[C5]], %[[AT]] : i64, !llvm.ptr
// CHECK: call @ntk_rt_gemm_f64(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) : (!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr) -> ()
func.func @gram(%a: memref<?x3x5xf64>, %b: memref<?x3x5xf64>, %c: memref<?x3x?x3xf64>) {
  rt.contract "noc, mpc -> nomp" ins(%a, %b : memref<?x3x5xf64>, memref<?x3x5xf64>) outs(%c : memref<?x3x?x3xf64>)
  return
}

// {1 axis, N = 2, 4 channels, 6 outputs, 2 groups, in 9, kernel 3, stride 2, low 1, high 0, dilation 1}
// CHECK-LABEL: func.func @conv
// CHECK-COUNT-11: llvm.store %{{.*}} : i64, !llvm.ptr
// CHECK: call @ntk_rt_conv_f32
func.func @conv(%x: memref<2x4x9xf32>, %w: memref<6x2x3xf32>, %y: memref<2x6x4xf32>) {
  rt.conv ins(%x, %w : memref<2x4x9xf32>, memref<6x2x3xf32>) outs(%y : memref<2x6x4xf32>)
      {strides = array<i64: 2>, padding = array<i64: 1, 0>, dilations = array<i64: 1>, groups = 2 : i64}
  return
}

// All leading dimensions are examples: N = 5·n.
// CHECK-LABEL: func.func @conv_of_outputs
// CHECK: %[[N:.*]] = memref.dim
// CHECK: %[[EXAMPLES:.*]] = arith.muli %[[N]], %c5
// CHECK: %[[NUMBER:.*]] = arith.index_cast %[[EXAMPLES]] : index to i64
// CHECK: %[[AT:.*]] = llvm.getelementptr %{{.*}}[1]
// CHECK: llvm.store %[[NUMBER]], %[[AT]] : i64, !llvm.ptr
// CHECK: call @ntk_rt_conv_backward_data_f64
func.func @conv_of_outputs(%c: memref<?x5x6x4xf64>, %w: memref<6x2x3xf64>, %x: memref<?x5x4x9xf64>) {
  rt.conv_backward_data ins(%c, %w : memref<?x5x6x4xf64>, memref<6x2x3xf64>) outs(%x : memref<?x5x4x9xf64>)
      {strides = array<i64: 2>, padding = array<i64: 1, 0>, dilations = array<i64: 1>, groups = 2 : i64}
  return
}

// Every letter that merges with none is a loop: 7 rows, of which one is M, and 7
// that all operands have.
// CHECK-LABEL: func.func @loops
// CHECK: %[[SIZE:.*]] = llvm.mlir.constant(63 : i64) : i64
// CHECK: llvm.alloca %[[SIZE]] x i64
// CHECK: %[[AT:.*]] = llvm.getelementptr %{{.*}}[10]
// CHECK: llvm.store %c13_i64, %[[AT]] : i64, !llvm.ptr
// CHECK: call @ntk_rt_gemm_f32
func.func @loops(%a: memref<2x2x2x2x2x2x2x2x2x2x2x2x2x2xf32>, %b: memref<2x2x2x2x2x2x2xf32>,
                 %c: memref<2x2x2x2x2x2x2x2x2x2x2x2x2x2xf32>) {
  rt.contract "aAbBcCdDeEfFgG, abcdefg -> AaBbCcDdEeFfGg" ins(%a, %b : memref<2x2x2x2x2x2x2x2x2x2x2x2x2x2xf32>, memref<2x2x2x2x2x2x2xf32>)
      outs(%c : memref<2x2x2x2x2x2x2x2x2x2x2x2x2x2xf32>)
  return
}
