// RUN: ntk-opt %s --split-input-file --verify-diagnostics

// expected-error @below {{expected at least one result, but got none}}
ntk.network @results(%x: tensor<3xf32>) {
  ntk.return
}

// -----

// expected-error @below {{expected results of f32 or f64, but got 'tensor<3xi64>'}}
ntk.network @integers(%x: tensor<3xi64>) -> tensor<3xi64> {
  ntk.return %x : tensor<3xi64>
}

// -----

// expected-error @below {{expected arguments of ranked, static tensor type, but argument 0 is 'tensor<?xf32>'}}
ntk.network @dynamic(%x: tensor<?xf32>, %y: tensor<3xf32>) -> tensor<3xf32> {
  ntk.return %y : tensor<3xf32>
}

// -----

// expected-error @below {{expected parameter 'w' of f32 or f64, but got 'tensor<3xi64>'}}
ntk.network @parameter(%y: tensor<3xf32>, %w: tensor<3xi64> {ntk.param = "w"}) -> tensor<3xf32> {
  ntk.return %y : tensor<3xf32>
}

// -----

// expected-error @below {{expected distinct parameter and buffer names, but got 'w' twice}}
ntk.network @twice(%y: tensor<3xf32> {ntk.param = "w"}, %w: tensor<3xf32> {ntk.buffer = "w"}) -> tensor<3xf32> {
  ntk.return %y : tensor<3xf32>
}

// -----

// expected-error @below {{expected parameter 'w' of f32 or f64, but got 'tensor<3xf16>'}}
ntk.network @half(%y: tensor<3xf32>, %w: tensor<3xf16> {ntk.param = "w"}) -> tensor<3xf32> {
  ntk.return %y : tensor<3xf32>
}

// -----

// expected-error @below {{expected a name as 'ntk.param' of argument 1, but got 3 : i64}}
ntk.network @number(%y: tensor<3xf32>, %w: tensor<3xf32> {ntk.param = 3}) -> tensor<3xf32> {
  ntk.return %y : tensor<3xf32>
}

// -----

// expected-error @below {{expected a name as 'ntk.buffer' of argument 0, but got ""}}
ntk.network @nameless(%y: tensor<3xf32> {ntk.buffer = ""}) -> tensor<3xf32> {
  ntk.return %y : tensor<3xf32>
}

// -----

// expected-error @below {{expected arguments of static shape, with axes below 2^31 and at most 2^63 elements, but argument 1 is 'tensor<2147483648xf32>'}}
ntk.network @uncountable(%x: tensor<3xf32>,
                         %w: tensor<2147483648xf32> {ntk.param = "w"}) -> tensor<3xf32> {
  ntk.return %x : tensor<3xf32>
}

// -----

ntk.network @grown(%x: tensor<2097152xf32>, %w: tensor<2097152xf32> {ntk.param = "w"})
    -> tensor<f32> {
  // expected-error @below {{expected results of static shape, with axes below 2^31 and at most 2^63 elements}}
  %a = ntk.contract "i, j, k -> ijk" (%x, %w, %x)
      : (tensor<2097152xf32>, tensor<2097152xf32>, tensor<2097152xf32>) -> tensor<2097152x2097152x2097152xf32>
  %y = ntk.contract "ijk -> " (%a) : (tensor<2097152x2097152x2097152xf32>) -> tensor<f32>
  ntk.return %y : tensor<f32>
}

// -----

// The derivative of the gather has an attribute with the size of the table.
// expected-error @below {{argument 1 is 'tensor<2147483648x3xf32>'}}
ntk.network @table(%i: tensor<4xi64>, %e: tensor<2147483648x3xf32> {ntk.param = "table"}) -> tensor<4x3xf32> {
  %y = ntk.gather %e, %i {axis = 0 : i64} : (tensor<2147483648x3xf32>, tensor<4xi64>) -> tensor<4x3xf32>
  ntk.return %y : tensor<4x3xf32>
}

// -----

ntk.network @foreign(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error @below {{expected an op on values of one example in a network}}
  %y = arith.addf %x, %x : tensor<3xf32>
  ntk.return %y : tensor<3xf32>
}

// -----

ntk.network @endless(%x: tensor<3xf32>) -> tensor<3xf32> {
  // expected-error @below {{expected ntk.return at the end of a network}}
  llvm.unreachable
}

// -----

ntk.network @batched(%x: tensor<3xf32>) -> tensor<f32> {
  // expected-error @below {{expected values of one example in a network, but got batch letters 'n'}}
  %s = ntk.reduce_sum %x {axes = array<i64>, batch = ["n"]} : (tensor<3xf32>) -> tensor<3xf32>
  %y = ntk.reduce_sum %s {axes = array<i64: 0>} : (tensor<3xf32>) -> tensor<f32>
  ntk.return %y : tensor<f32>
}

// -----

ntk.network @types(%y: tensor<3xf32>) -> tensor<2xf32> {
  // expected-error @below {{expected operands of the network's result types 'tensor<2xf32>', but got 'tensor<3xf32>'}}
  ntk.return %y : tensor<3xf32>
}

// -----

// expected-error @below {{expected a block of at least one 'o', but got -3}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <blocks = {o = -3}>

// -----

// expected-error @below {{expected a block of at least one 'n', but got 0}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <blocks = {n = 0}>

// -----

// expected-error @below {{expected a block of at least one 'm', but got 0}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <blocks = {n = 1, m = 0}>

// -----

// expected-error @below {{expected 1 to 67108864 examples as 'n1', but got 0}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <n1 = 0>

// -----

// expected-error @below {{expected 1 to 67108864 examples as 'n2', but got -1}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <n1 = 4, n2 = -1>

// -----

// expected-error @below {{expected 'n1', 'n2', 'method', 'cuts', 'blocks', 'kept' in a schedule}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <output_block = 3>

// -----

// expected-error @below {{expected 'n', 'm', 'o' in a schedule}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <blocks = {p = 3}>

// -----

// expected-error @below {{expected 'n1' once}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <n1 = 3, n1 = 3>

// -----

// expected-error @below {{expected 'o' once}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <blocks = {o = 3, o = 3}>

// -----

// expected-error @below {{expected jacobian_contraction, ntk_vector_products or structured as 'method'}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <method = fast>

// -----

// expected-error @below {{expected jacobian_contraction, ntk_vector_products or structured as 'method'}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <method = 2>

// -----

// expected-error @below {{expected side 1 or 2, but got 3}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <kept = [1, 3]>

// -----

// expected-error @below {{expected the examples of both sides to be the same where x1 = x2, but got 4 and 8}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <n1 = 4, n2 = 8> {symmetric}

// -----

// expected-error @below {{expected the blocks of both sides to be the same where x1 = x2, but got 4 and 8}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <blocks = {n = 4, m = 8}> {symmetric}

// -----

// expected-error @below {{expected no block of outputs for a kernel of their sum, but got 2}}
ntk.kernel @theta of @f "now, mpw -> nm" (J1, J2) schedule <blocks = {o = 2}>

// -----

// expected-error @below {{expected names of parameters in 'wrt', each once, but got 'w'}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) {wrt = ["w", "w"]}

// -----

// expected-error @below {{expected names of parameters in 'wrt', each once, but got ''}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) {wrt = [""]}

// -----

// expected-error @below {{expected methods in 'costs', but got 'fast'}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) {costs = {fast = 3 : i64}}

// -----

// expected-error @below {{expected a number of FLOPs for 'structured', but got -3 : i64}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) {costs = {structured = -3 : i64}}

// -----

// A value that makes no sense is an error where it stands.
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2)
    schedule <n1 = 16, n2 = 16,
              method = structured,
              // expected-error @below {{expected a block of at least one 'm', but got 0}}
              blocks = {n = 4, m = 0}>

// -----

// expected-error @below {{expected 1 to 67108864 examples as 'n1', but got 67108865}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <n1 = 67108865>

// -----

// expected-error @below {{expected names of values in 'cuts', each once, but got 'pool'}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <cuts = ["pool", "pool"]>

// -----

// expected-error @below {{expected names of values in 'cuts', each once, but got ''}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <cuts = [""]>

// -----

// expected-error @below {{expected no 'cuts' with NTK-vector products}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J2) schedule <cuts = ["pool"], method = ntk_vector_products>

// -----

// expected-error @below {{expected the letters of two Jacobians, as in "now, mpw -> nmop"}}
ntk.kernel @theta of @f "now -> n" (J1, J2)

// -----

// expected-error @below {{expected one letter for all outputs, but got 2}}
ntk.kernel @theta of @f "nabw, mcdw -> nmacbd" (J1, J2)

// -----

// expected-error @below {{expected "nmop" as the result, but got "nmpo"}}
ntk.kernel @theta of @f "now, mpw -> nmpo" (J1, J2)

// -----

// expected-error @below {{expected the Jacobians (J1, J2) as operands}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J2, J1)

// -----

// expected-error @below {{expected J1 or J2}}
ntk.kernel @theta of @f "now, mpw -> nmop" (J1, J3)

// -----

// expected-error @below {{expected a finite 'scale'}}
ntk.kernel @theta of @f "now, mow -> nm" (J1, J2) scale 0x7FF0000000000000
