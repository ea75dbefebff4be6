// RUN: ntk-opt --ntk-outline-loops --canonicalize %s | FileCheck %s
// RUN: ntk-opt --convert-linalg-to-parallel-loops --ntk-outline-loops --canonicalize %s | FileCheck %s --check-prefix=LOOPS

#id = affine_map<(d0, d1) -> (d0, d1)>

// Two equal nests on different memory share a function.
// LOOPS-LABEL: func.func @shared
// LOOPS: constant @ntk_loop_0
// LOOPS-COUNT-2: call @ntk_rt_parallel_for(
// LOOPS-LABEL: func.func @slices
// CHECK-LABEL: func.func @shared
// CHECK-SAME: %[[N:.*]]: index
// CHECK: %[[F:.*]] = constant @ntk_loop_0
// CHECK: call @ntk_rt_parallel_for(
// CHECK: call @ntk_rt_parallel_for(
// CHECK-NOT: call @ntk_rt_parallel_for(
func.func @shared(%n: index, %a: memref<?x512xf32>, %b: memref<?x512xf32>) {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<?x512xf32>) outs(%b : memref<?x512xf32>) {
    ^bb0(%x: f32, %o: f32):
      %s = math.exp %x : f32
      linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%b : memref<?x512xf32>) outs(%a : memref<?x512xf32>) {
    ^bb0(%x: f32, %o: f32):
      %s = math.exp %x : f32
      linalg.yield %s : f32
  }
  return
}

// So do nests on slices that begin elsewhere: the offset goes into the address.
// CHECK-LABEL: func.func @slices
// CHECK: constant @ntk_loop_1
// CHECK-NOT: constant @ntk_loop_2
// CHECK-COUNT-2: call @ntk_rt_parallel_for(
func.func @slices(%a: memref<64x512xf32, strided<[8192, 1], offset: 512>>, %b: memref<64x512xf32, strided<[8192, 1], offset: 1024>>, %c: memref<64x512xf32>) {
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<64x512xf32, strided<[8192, 1], offset: 512>>) outs(%c : memref<64x512xf32>) {
    ^bb0(%x: f32, %o: f32):
      %s = math.exp %x : f32
      linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%b : memref<64x512xf32, strided<[8192, 1], offset: 1024>>) outs(%c : memref<64x512xf32>) {
    ^bb0(%x: f32, %o: f32):
      %s = math.exp %x : f32
      linalg.yield %s : f32
  }
  return
}

// Views are looked through: the address is a sum, and the size known.
// CHECK-LABEL: func.func @views
// CHECK-SAME: %[[N:.*]]: index, %[[ARENA:.*]]: memref<?xi8>
// CHECK-NOT: memref.view
// CHECK-DAG: %[[BASE:.*]] = llvm.ptrtoint
// CHECK-DAG: %[[SHIFT:.*]] = arith.index_cast %{{.*}} : index to i64
// CHECK: %[[ADDRESS:.*]] = arith.addi %[[BASE]], %[[SHIFT]]
// CHECK: llvm.store %[[ADDRESS]]
func.func @views(%n: index, %arena: memref<?xi8>) {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %at = arith.muli %n, %c64 : index
  %a = memref.view %arena[%at][%n] : memref<?xi8> to memref<?x512xf32>
  %b = memref.view %arena[%c0][%n] : memref<?xi8> to memref<?x512xf32>
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : memref<?x512xf32>) outs(%b : memref<?x512xf32>) {
    ^bb0(%x: f32, %o: f32):
      %s = math.exp %x : f32
      linalg.yield %s : f32
  }
  return
}

// What is no number stays outside, and with it the loop.
// CHECK-LABEL: func.func @fill
// CHECK: memref.store %{{.*}} : memref<8xf32>
func.func @fill(%x: f32, %a: memref<8xf32>) {
  linalg.fill ins(%x : f32) outs(%a : memref<8xf32>)
  return
}

// Of many sizes, large ones are numbers of one function; of few each has its own.
// CHECK-LABEL: func.func @sizes
// CHECK: constant @ntk_loop_2
// CHECK-NOT: constant @
// CHECK-COUNT-5: call @ntk_rt_parallel_for(
func.func @sizes(%a: memref<64x8xf64>, %b: memref<65x8xf64>, %c: memref<66x8xf64>, %d: memref<67x8xf64>, %e: memref<68x8xf64>) {
  %zero = arith.constant 0.0 : f64
  linalg.fill ins(%zero : f64) outs(%a : memref<64x8xf64>)
  linalg.fill ins(%zero : f64) outs(%b : memref<65x8xf64>)
  linalg.fill ins(%zero : f64) outs(%c : memref<66x8xf64>)
  linalg.fill ins(%zero : f64) outs(%d : memref<67x8xf64>)
  linalg.fill ins(%zero : f64) outs(%e : memref<68x8xf64>)
  return
}

// So do five that differ in a number: it comes in the context, too.
// CHECK-LABEL: func.func @numbers
// CHECK: constant @ntk_loop_3
// CHECK-NOT: constant @
// CHECK-COUNT-5: call @ntk_rt_parallel_for(
func.func @numbers(%a: memref<600x700xf32>) {
  %c1 = arith.constant 1.5 : f32
  %c2 = arith.constant 2.5 : f32
  %c3 = arith.constant 3.5 : f32
  %c4 = arith.constant 4.5 : f32
  %c5 = arith.constant 5.5 : f32
  linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%a : memref<600x700xf32>) {
    ^bb0(%x: f32):
      %s = arith.mulf %x, %c1 : f32
      linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%a : memref<600x700xf32>) {
    ^bb0(%x: f32):
      %s = arith.mulf %x, %c2 : f32
      linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%a : memref<600x700xf32>) {
    ^bb0(%x: f32):
      %s = arith.mulf %x, %c3 : f32
      linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%a : memref<600x700xf32>) {
    ^bb0(%x: f32):
      %s = arith.mulf %x, %c4 : f32
      linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%a : memref<600x700xf32>) {
    ^bb0(%x: f32):
      %s = arith.mulf %x, %c5 : f32
      linalg.yield %s : f32
  }
  return
}

// A loop that carries a value stays.
// CHECK-LABEL: func.func @carries
// CHECK: scf.for
func.func @carries(%a: memref<8xf32>) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %z = arith.constant 0.0 : f32
  %sum = scf.for %i = %c0 to %c8 step %c1 iter_args(%s = %z) -> f32 {
    %x = memref.load %a[%i] : memref<8xf32>
    %t = arith.addf %s, %x : f32
    scf.yield %t : f32
  }
  return %sum : f32
}

// Memrefs of one memory: the compiler is told of none that it is alone.
// CHECK-LABEL: func.func @overlapping
// CHECK: constant @ntk_loop_4_entry
func.func @overlapping(%a: memref<40x64xf32>, %b: memref<20x64xf32>) {
  %first = memref.subview %a[0, 0] [20, 64] [1, 1] : memref<40x64xf32> to memref<20x64xf32, strided<[64, 1]>>
  %second = memref.subview %a[20, 0] [20, 64] [1, 1] : memref<40x64xf32> to memref<20x64xf32, strided<[64, 1], offset: 1280>>
  linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%first, %b : memref<20x64xf32, strided<[64, 1]>>, memref<20x64xf32>)
      outs(%second : memref<20x64xf32, strided<[64, 1], offset: 1280>>) {
    ^bb0(%x: f32, %y: f32, %o: f32):
      %s = arith.addf %x, %y : f32
      linalg.yield %s : f32
  }
  return
}

// So are parts of a block that begin at equal numbers.
// CHECK-LABEL: func.func @one_part
// CHECK: constant @ntk_loop_5_entry
func.func @one_part(%arena: memref<?xi8>, %b: memref<30x64xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0 : index
  %first = memref.view %arena[%c0][] : memref<?xi8> to memref<30x64xf32>
  %second = memref.view %arena[%zero][] : memref<?xi8> to memref<30x64xf32>
  linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%first, %b : memref<30x64xf32>, memref<30x64xf32>) outs(%second : memref<30x64xf32>) {
    ^bb0(%x: f32, %y: f32, %o: f32):
      %s = arith.subf %x, %y : f32
      linalg.yield %s : f32
  }
  return
}

// The function runs a range of the outer loop. Memrefs that are alone in their
// memory have no alias.
// CHECK-LABEL: func.func private @ntk_loop_0(
// CHECK-SAME: %[[A:[a-z0-9]*]]: !llvm.ptr {llvm.noalias}, %[[N:[a-z0-9]*]]: i64, %[[B:[a-z0-9]*]]: !llvm.ptr {llvm.noalias}, %[[M:[a-z0-9]*]]: i64,
// CHECK-SAME: %[[BEGIN:.*]]: i64, %[[END:.*]]: i64) attributes {passthrough = ["noinline"]}
// CHECK: %[[FROM:.*]] = arith.index_cast %[[BEGIN]] : i64 to index
// CHECK: %[[TO:.*]] = arith.index_cast %[[END]] : i64 to index
// CHECK: scf.for %{{.*}} = %[[FROM]] to %[[TO]]
// CHECK: scf.for %{{.*}} = %{{.*}} to %c512

// What the runtime calls reads the numbers of the context.
// CHECK-LABEL: func.func private @ntk_loop_0_entry(
// CHECK-SAME: %[[CONTEXT:.*]]: !llvm.ptr, %[[BEGIN:.*]]: i64, %[[END:.*]]: i64)
// CHECK: %[[ADDRESS:.*]] = llvm.load %[[CONTEXT]] : !llvm.ptr -> i64
// CHECK: %[[POINTER:.*]] = llvm.inttoptr %[[ADDRESS]] : i64 to !llvm.ptr
// CHECK: call @ntk_loop_0(%[[POINTER]], %{{.*}}, %{{.*}}, %{{.*}}, %[[BEGIN]], %[[END]])
// CHECK: func.func private @ntk_loop_1(
// CHECK: func.func private @ntk_loop_2(
// CHECK: memref<?x8xf64>
// CHECK: func.func private @ntk_loop_3(
// CHECK: arith.trunci %{{.*}} : i64 to i32
// CHECK: %[[FACTOR:.*]] = arith.bitcast %{{.*}} : i32 to f32
// CHECK: arith.mulf %{{.*}}, %[[FACTOR]] : f32
// CHECK: func.func private @ntk_loop_4(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr {llvm.noalias}, %{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64)
// CHECK: func.func private @ntk_loop_5(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr {llvm.noalias}, %{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64)
// CHECK-NOT: func.func private @ntk_loop_6
