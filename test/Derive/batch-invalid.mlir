// RUN: ntk-opt %s --split-input-file --ntk-batch --verify-diagnostics

func.func @foreign(%x: tensor<3xf32> {ntk.batch = "n"}) -> tensor<3xf32> {
  // expected-error @below {{expected an op that can be batched}}
  %y = arith.addf %x, %x : tensor<3xf32>
  return %y : tensor<3xf32>
}

// -----

// expected-error @below {{expected a body of one block}}
func.func @blocks(%x: tensor<3xf32> {ntk.batch = "n"}) -> tensor<3xf32> {
  cf.br ^next
^next:
  return %x : tensor<3xf32>
}
