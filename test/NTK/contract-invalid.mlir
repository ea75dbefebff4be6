// RUN: ntk-opt %s --split-input-file --verify-diagnostics

func.func @arrow(%x: tensor<3xf32>) {
  // expected-error @below {{expected "operands -> result", but got "k"}}
  // expected-error @below {{failed to infer returned types}}
  %y = ntk.contract "k" (%x) : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @letters(%x: tensor<3xf32>) {
  // expected-error @below {{expected letters as indices, but got "1"}}
  // expected-error @below {{failed to infer returned types}}
  %y = ntk.contract "1 -> 1" (%x) : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @twice(%x: tensor<3x3xf32>) {
  // expected-error @below {{expected each index once in "kk"}}
  // expected-error @below {{failed to infer returned types}}
  %y = ntk.contract "kk -> k" (%x) : (tensor<3x3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @result(%x: tensor<3xf32>) {
  // expected-error @below {{expected index 'c' of the result in an operand}}
  // expected-error @below {{failed to infer returned types}}
  %y = ntk.contract "k -> c" (%x) : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @count(%x: tensor<3xf32>) {
  // expected-error @below {{expected 2 operands for "k, k -> k", but got 1}}
  // expected-error @below {{failed to infer returned types}}
  %y = ntk.contract "k, k -> k" (%x) : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @rank(%x: tensor<3xf32>) {
  // expected-error @below {{expected rank 2 for "ck", but got 'tensor<3xf32>'}}
  // expected-error @below {{failed to infer returned types}}
  %y = ntk.contract "ck -> c" (%x) : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @sizes(%x: tensor<3xf32>, %y: tensor<4xf32>) {
  // expected-error @below {{expected one size for index 'k', but got 3 and 4}}
  // expected-error @below {{failed to infer returned types}}
  %z = ntk.contract "k, k -> k" (%x, %y) : (tensor<3xf32>, tensor<4xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @element(%x: tensor<3xi1>) {
  // expected-error @below {{expected an operand of f32 or f64}}
  // expected-error @below {{failed to infer returned types}}
  %z = ntk.contract "k -> k" (%x) : (tensor<3xi1>) -> tensor<3xi1>
  return
}

// -----

func.func @into(%x: tensor<3xf32>, %t: tensor<4xf32>) {
  // expected-error @below {{expected to add into 'tensor<3xf32>', but got 'tensor<4xf32>'}}
  // expected-error @below {{failed to infer returned types}}
  %z = ntk.contract "k -> k" (%x) into %t : (tensor<3xf32> into tensor<4xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @order(%x: tensor<3xf32>) {
  // expected-error @below {{expected a pair of operands for each of 1 results, but got 3 numbers}}
  %z = ntk.contract "k -> k" (%x) {plan = #ntk.plan<order = [0, 1, 2], results = ["k"]>} : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @number(%x: tensor<3xf32>) {
  // expected-error @below {{expected a number below 2, but got 2}}
  %z = ntk.contract "k -> k" (%x) {plan = #ntk.plan<order = [0, 2], results = ["k"]>} : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @once(%x: tensor<3xf32>) {
  // expected-error @below {{expected each value to be used once, but 1 is used twice}}
  %z = ntk.contract "k -> k" (%x) {plan = #ntk.plan<order = [1, 1], results = ["k"]>} : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @floats(%x: tensor<3xf32>, %w: tensor<3xf64>) {
  // expected-error @below {{expected operands of one type of floats, but got 'f32' and 'f64'}}
  // expected-error @below {{failed to infer returned types}}
  %y = ntk.contract "k, k -> " (%x, %w) : (tensor<3xf32>, tensor<3xf64>) -> tensor<f64>
  return
}

// -----

func.func @steps(%x: tensor<3xf32>) {
  // expected-error @below {{expected a plan of 2 steps for 3 factors, but got 1}}
  %z = ntk.contract "k, k, k -> k" (%x, %x, %x) {plan = #ntk.plan<order = [0, 1], results = ["k"]>} : (tensor<3xf32>, tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

func.func @alone(%x: tensor<3xf32>) {
  // expected-error @below {{expected a plan of 0 steps for 1 factors, but got 1}}
  %z = ntk.contract "k -> k" (%x) {plan = #ntk.plan<order = [0, 1], results = ["k"]>} : (tensor<3xf32>) -> tensor<3xf32>
  return
}

// -----

// Letters that the operands of a step do not have, or that nobody needs.
func.func @foreign(%x: tensor<2x3xf32>) {
  // expected-error @below {{expected result 0 of the plan to have the letters of its pair that are still needed, "nm" in any order, but got "nmz"}}
  %z = ntk.contract "nk, mk -> nm" (%x, %x) {plan = #ntk.plan<order = [0, 1], results = ["nmz"]>} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @summed(%x: tensor<2x3xf32>) {
  // expected-error @below {{"nm" in any order, but got "nk"}}
  %z = ntk.contract "nk, mk -> nm" (%x, %x) {plan = #ntk.plan<order = [0, 1], results = ["nk"]>} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @needed(%x: tensor<2x3xf32>) {
  // expected-error @below {{expected result 0 of the plan to have the letters of its pair that are still needed, "nkm" in any order, but got "nm"}}
  %z = ntk.contract "nk, mk, lk -> nml" (%x, %x, %x) {plan = #ntk.plan<order = [0, 1, 3, 2], results = ["nm", "nml"]>} : (tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x2x2xf32>
  return
}

// -----

func.func @doubled(%x: tensor<2x3xf32>) {
  // expected-error @below {{"nm" in any order, but got "nmn"}}
  %z = ntk.contract "nk, mk -> nm" (%x, %x) {plan = #ntk.plan<order = [0, 1], results = ["nmn"]>} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @last(%x: tensor<2x3xf32>) {
  // expected-error @below {{expected the last result of the plan to be that of the contraction, "nm", but got "mn"}}
  %z = ntk.contract "nk, mk -> nm" (%x, %x) {plan = #ntk.plan<order = [0, 1], results = ["mn"]>} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @negative(%x: tensor<2x3xf32>, %t: tensor<2x2xf32>) {
  // expected-error @below {{expected a group from 0 on, but got -1}}
  %z = ntk.contract "nk, mk -> nm" (%x, %x) into %t {plan = #ntk.plan<order = [0, 1], results = ["nm"], group = -1>} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}

// -----

func.func @unadded(%x: tensor<2x3xf32>) {
  // expected-error @below {{expected a contraction of a group to be added into a value}}
  %z = ntk.contract "nk, mk -> nm" (%x, %x) {plan = #ntk.plan<order = [0, 1], results = ["nm"], group = 0>} : (tensor<2x3xf32>, tensor<2x3xf32>) -> tensor<2x2xf32>
  return
}
