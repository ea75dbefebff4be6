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

#include "ntk-rt/Gemm.h"
#include "ntk-rt/Tensor.h"

namespace ntk {
namespace rt {
namespace detail {

/// The indices of a contraction, by letter.
class LetterLoops {
public:
  /// The letter's loop; made if it is new.
  GemmIndex &find(char letter) {
    for (int i = 0; i < count; ++i)
      if (letters[i] == letter)
        return loops[i];
    letters[count] = letter;
    loops[count] = {1, 0, 0, 0};
    return loops[count++];
  }

  GemmLoops build(bool accumulate) const {
    GemmLoops g;
    g.m = g.n = g.k = {1, 0, 0, 0};
    g.accumulate = accumulate;
    g.loops = 0;
    for (int i = 0; i < count; ++i)
      g.loop[g.loops++] = loops[i];
    return g;
  }

private:
  int count = 0;
  char letters[GemmLoops::maximum];
  GemmIndex loops[GemmLoops::maximum];
};

/// Reads one word of `spec` with the sizes and strides of `tensor`.
template <typename Tensor>
const char *readWord(const char *spec, const Tensor &tensor,
                     int64_t GemmIndex::*stride, LetterLoops &loops) {
  while (*spec == ' ' || *spec == ',' || *spec == '-' || *spec == '>')
    ++spec;
  for (int axis = 0; axis < Tensor::rank; ++axis, ++spec) {
    GemmIndex &loop = loops.find(*spec);
    loop.size = tensor.extent(axis);
    loop.*stride = tensor.stride(axis);
  }
  return spec;
}

template <typename A, typename B, typename C>
void contract(const char *spec, const A &a, const B &b, const C &c,
              bool accumulate) {
  LetterLoops loops;
  spec = readWord(spec, a, &GemmIndex::a, loops);
  spec = readWord(spec, b, &GemmIndex::b, loops);
  readWord(spec, c, &GemmIndex::c, loops);
  using T = typename C::Element;
  gemm<T>(loops.build(accumulate), a.data(), b.data(), c.data());
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
