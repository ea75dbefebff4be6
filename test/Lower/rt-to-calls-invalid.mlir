// RUN: ntk-opt --ntk-rt-to-calls -verify-diagnostics %s

func.func @loops(%a: memref<2x2x2x2x2x2x2x2x2x2x2x2x2x2xf32>, %b: memref<2x2x2x2x2x2x2xf32>,
                 %c: memref<2x2x2x2x2x2x2x2x2x2x2x2x2x2xf32>) {
  // expected-error @+1 {{expected at most 6 loops around the product, but got 13}}
  rt.contract "aAbBcCdDeEfFgG, abcdefg -> AaBbCcDdEeFfGg" ins(%a, %b : memref<2x2x2x2x2x2x2x2x2x2x2x2x2x2xf32>, memref<2x2x2x2x2x2x2xf32>)
      outs(%c : memref<2x2x2x2x2x2x2x2x2x2x2x2x2x2xf32>)
  return
}
