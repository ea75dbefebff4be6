// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A sum of products of two arrays by named indices, as emitted code writes it:
//
//   contract("notc, ntk -> nock", cotangent, patches, gradient);
//
// computes gradient[n,o,c,k] = Σ_t cotangent[n,o,t,c] patches[n,t,k] for the
// sizes and strides that the arrays have. Every letter is a loop; gemm folds
// them into as few and as large matrix products as there can be.

#ifndef NTK_RT_CONTRACT_H
#define NTK_RT_CONTRACT_H

#include "ntk-rt/ContractSpec.h"
#include "ntk-rt/Gemm.h"
#include "ntk-rt/Tensor.h"

namespace ntk {
namespace rt {
namespace detail {

template <typename A, typename B, typename C>
void contract(const char *spec, const A &a, const B &b, const C &c,
              bool accumulate) {
  using T = typename C::Element;
  gemm<T>(readSpec(spec, a, b, c, accumulate), a.data(), b.data(), c.data());
}

} // namespace detail

/// c = the sum of products of a and b. At most GemmLoops::maximum letters;
/// each of them stands in two of the three words at least, or in c's.
template <typename A, typename B, typename C>
void contract(const char *spec, const A &a, const B &b, const C &c) {
  detail::contract(spec, a, b, c, false);
}

/// c += the sum of products of a and b.
template <typename A, typename B, typename C>
void contractInto(const char *spec, const A &a, const B &b, const C &c) {
  detail::contract(spec, a, b, c, true);
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_CONTRACT_H
