// RUN: ntk-opt %s -split-input-file -verify-diagnostics

func.func @f(%a: memref<?x4xf32>, %b: memref<3x4xf32>, %c: memref<?x3xf64>) {
  // expected-error @+1 {{expected one element type, but got 'f32' and 'f64'}}
  rt.contract "nk, ck -> nc" ins(%a, %b : memref<?x4xf32>, memref<3x4xf32>) outs(%c : memref<?x3xf64>)
  return
}

// -----

func.func @f(%a: memref<?x4xf32>, %b: tensor<3x4xf32>, %c: memref<?x3xf32>) {
  // expected-error @+1 {{expected all operands on memrefs, but got 'tensor<3x4xf32>'}}
  rt.contract "nk, ck -> nc" ins(%a, %b : memref<?x4xf32>, tensor<3x4xf32>) outs(%c : memref<?x3xf32>)
  return
}

// -----

func.func @f(%a: tensor<?x4xf32>, %b: tensor<3x4xf32>, %c: tensor<?x3xf32>) {
  // expected-error @+1 {{expected one result of the destination's type 'tensor<?x3xf32>', but got}}
  rt.contract "nk, ck -> nc" ins(%a, %b : tensor<?x4xf32>, tensor<3x4xf32>) outs(%c : tensor<?x3xf32>)
  return
}

// -----

func.func @f(%a: memref<?x4xf32>, %b: memref<3x4xf32>, %c: memref<?x3xf32>) {
  // expected-error @+1 {{expected no result on memrefs, but got 1}}
  %0 = rt.contract "nk, ck -> nc" ins(%a, %b : memref<?x4xf32>, memref<3x4xf32>) outs(%c : memref<?x3xf32>) -> tensor<?x3xf32>
  return
}

// -----

func.func @f(%a: memref<?x4xf32>, %b: memref<3x4xf32>, %c: memref<?x3xf32>) {
  // expected-error @+1 {{expected the letters of 2 operands, but got 3}}
  rt.contract "nk, ck, c -> nc" ins(%a, %b : memref<?x4xf32>, memref<3x4xf32>) outs(%c : memref<?x3xf32>)
  return
}

// -----

func.func @f(%a: memref<?x4xf32>, %b: memref<3x4xf32>, %c: memref<?x3xf32>) {
  // expected-error @+1 {{expected "operands -> result", but got "nk, ck"}}
  rt.contract "nk, ck" ins(%a, %b : memref<?x4xf32>, memref<3x4xf32>) outs(%c : memref<?x3xf32>)
  return
}

// -----

func.func @f(%a: memref<?x4xf32>, %b: memref<3x4xf32>, %c: memref<?x3xf32>) {
  // expected-error @+1 {{expected rank 3 for "ack", but got}}
  rt.contract "nk, ack -> nc" ins(%a, %b : memref<?x4xf32>, memref<3x4xf32>) outs(%c : memref<?x3xf32>)
  return
}

// -----

func.func @f(%a: memref<?x4xf32>, %b: memref<3x5xf32>, %c: memref<?x3xf32>) {
  // expected-error @+1 {{expected one size for index 'k', but got 4 and 5}}
  rt.contract "nk, ck -> nc" ins(%a, %b : memref<?x4xf32>, memref<3x5xf32>) outs(%c : memref<?x3xf32>)
  return
}

// -----

func.func @f(%a: memref<?x4xf32>, %b: memref<3x4xf32>, %c: memref<?xf32>) {
  // expected-error @+1 {{expected index 'c' of one operand in the result, or summed before}}
  rt.contract "nk, ck -> n" ins(%a, %b : memref<?x4xf32>, memref<3x4xf32>) outs(%c : memref<?xf32>)
  return
}

// -----

func.func @f(%x: memref<?x4x8x8xf32>, %w: memref<6x4xf32>, %y: memref<?x6x8x8xf32>) {
  // expected-error @+1 {{expected a kernel of rank 3 to 5, but got}}
  rt.conv ins(%x, %w : memref<?x4x8x8xf32>, memref<6x4xf32>) outs(%y : memref<?x6x8x8xf32>) {strides = array<i64: 1, 1>, padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64}
  return
}

// -----

func.func @f(%x: memref<?x4x8x8xf32>, %w: memref<6x4x1x1x1x1xf32>, %y: memref<?x6x8x8xf32>) {
  // expected-error @+1 {{expected 1 to 3 spatial axes, but got 4}}
  rt.conv ins(%x, %w : memref<?x4x8x8xf32>, memref<6x4x1x1x1x1xf32>) outs(%y : memref<?x6x8x8xf32>) {strides = array<i64: 1, 1>, padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64}
  return
}

// -----

func.func @f(%x: memref<4x8xf32>, %w: memref<6x4x3x3xf32>, %y: memref<?x6x8x8xf32>) {
  // expected-error @+1 {{expected an image of rank 3 or more, but got 2}}
  rt.conv ins(%x, %w : memref<4x8xf32>, memref<6x4x3x3xf32>) outs(%y : memref<?x6x8x8xf32>) {strides = array<i64: 1, 1>, padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64}
  return
}

// -----

func.func @f(%x: memref<?x4x8x8xf32>, %w: memref<6x4x3x3xf32>, %y: memref<?x6x8x8xf32>) {
  // expected-error @+1 {{expected 2 numbers as strides, but got 1}}
  rt.conv ins(%x, %w : memref<?x4x8x8xf32>, memref<6x4x3x3xf32>) outs(%y : memref<?x6x8x8xf32>) {strides = array<i64: 1>, padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64}
  return
}

// -----

func.func @f(%x: memref<?x4x8x8xf32>, %w: memref<6x4x3x3xf32>, %y: memref<?x6x8x8xf32>) {
  // expected-error @+1 {{expected 4 numbers as padding, but got 2}}
  rt.conv ins(%x, %w : memref<?x4x8x8xf32>, memref<6x4x3x3xf32>) outs(%y : memref<?x6x8x8xf32>) {strides = array<i64: 1, 1>, padding = array<i64: 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64}
  return
}

// -----

func.func @f(%x: memref<?x4x8x8xf32>, %w: memref<6x4x3x3xf32>, %y: memref<?x6x8x8xf32>) {
  // expected-error @+1 {{expected positive strides, but got 0}}
  rt.conv ins(%x, %w : memref<?x4x8x8xf32>, memref<6x4x3x3xf32>) outs(%y : memref<?x6x8x8xf32>) {strides = array<i64: 0, 1>, padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64}
  return
}

// -----

func.func @f(%x: memref<?x4x8x8xf32>, %w: memref<6x4x3x3xf32>, %y: memref<?x6x8x8xf32>) {
  // expected-error @+1 {{expected groups that divide 4 channels, but got 3}}
  rt.conv ins(%x, %w : memref<?x4x8x8xf32>, memref<6x4x3x3xf32>) outs(%y : memref<?x6x8x8xf32>) {strides = array<i64: 1, 1>, padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 3 : i64}
  return
}

// -----

func.func @f(%x: memref<?x4x?x8xf32>, %w: memref<6x4x3x3xf32>, %y: memref<?x6x8x8xf32>) {
  // expected-error @+1 {{expected static sizes of channels and pixels}}
  rt.conv ins(%x, %w : memref<?x4x?x8xf32>, memref<6x4x3x3xf32>) outs(%y : memref<?x6x8x8xf32>) {strides = array<i64: 1, 1>, padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64}
  return
}

// -----

func.func @f(%x: memref<?x4x8x8xf32>, %w: memref<6x4x3x3xf32>, %y: memref<?x6x8x8xf32>) {
  // expected-error @+1 {{expected 2 input channels in the kernel, but got 4}}
  rt.conv ins(%x, %w : memref<?x4x8x8xf32>, memref<6x4x3x3xf32>) outs(%y : memref<?x6x8x8xf32>) {strides = array<i64: 1, 1>, padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 2 : i64}
  return
}

// -----

func.func @f(%x: memref<?x4x8x8xf32>, %w: memref<5x2x3x3xf32>, %y: memref<?x6x8x8xf32>) {
  // expected-error @+1 {{expected groups that divide 5 output channels, but got 2}}
  rt.conv ins(%x, %w : memref<?x4x8x8xf32>, memref<5x2x3x3xf32>) outs(%y : memref<?x6x8x8xf32>) {strides = array<i64: 1, 1>, padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 2 : i64}
  return
}

// -----

func.func @f(%x: memref<?x4x8x8xf32>, %w: memref<6x4x3x3xf32>, %y: memref<?x6x7x8xf32>) {
  // expected-error @+1 {{expected a convolved image of shape}}
  rt.conv ins(%x, %w : memref<?x4x8x8xf32>, memref<6x4x3x3xf32>) outs(%y : memref<?x6x7x8xf32>) {strides = array<i64: 1, 1>, padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64}
  return
}

// -----

func.func @f(%x: memref<?x4x8x8xf32>, %z: memref<?x1x4x9x63xf32>) {
  // expected-error @+1 {{expected patches of shape}}
  rt.patches ins(%x : memref<?x4x8x8xf32>) outs(%z : memref<?x1x4x9x63xf32>) {kernel_size = array<i64: 3, 3>, strides = array<i64: 1, 1>, padding = array<i64: 1, 1, 1, 1>, dilations = array<i64: 1, 1>, groups = 1 : i64}
  return
}
