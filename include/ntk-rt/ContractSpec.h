// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads "notc, ntk -> nock" with three arrays as loops with strides.

#ifndef NTK_RT_CONTRACTSPEC_H
#define NTK_RT_CONTRACTSPEC_H

#include "ntk-rt/GemmLoops.h"

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

/// The loops of c = Σ a·b, or c += Σ a·b.
template <typename A, typename B, typename C>
GemmLoops readSpec(const char *spec, const A &a, const B &b, const C &c,
                   bool accumulate) {
  LetterLoops loops;
  spec = readWord(spec, a, &GemmIndex::a, loops);
  spec = readWord(spec, b, &GemmIndex::b, loops);
  readWord(spec, c, &GemmIndex::c, loops);
  return loops.build(accumulate);
}

} // namespace detail
} // namespace rt
} // namespace ntk

#endif // NTK_RT_CONTRACTSPEC_H
