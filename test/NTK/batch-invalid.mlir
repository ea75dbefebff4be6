// RUN: ntk-opt %s --split-input-file --verify-diagnostics

func.func @count(%x: tensor<?x3xf32>) {
  // expected-error @below {{expected batch letters for 2 operands, but got 1}}
  // expected-error @below {{failed to infer returned types}}
  %y = ntk.add %x, %x {batch = ["n"]} : (tensor<?x3xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>
  return
}

// -----

func.func @rank(%x: tensor<3xf32>) {
  // expected-error @below {{expected a dimension for each batch letter of "no", but got rank 1}}
  // expected-error @below {{failed to infer returned types}}
  %y = ntk.relu %x {batch = ["no"]} : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @letter(%x: tensor<?x3xf32>) {
  // expected-error @below {{expected batch letters among "noBmpD", but got "k"}}
  // expected-error @below {{failed to infer returned types}}
  %y = ntk.relu %x {batch = ["k"]} : (tensor<?x3xf32>) -> tensor<?x3xf32>
  return
}

// -----

func.func @size(%x: tensor<2x3xf32>, %y: tensor<4x3xf32>) {
  // expected-error @below {{expected one size for batch letter 'n'}}
  // expected-error @below {{failed to infer returned types}}
  %z = ntk.add %x, %y {batch = ["n", "n"]} : (tensor<2x3xf32>, tensor<4x3xf32>) -> tensor<2x3xf32>
  return
}
