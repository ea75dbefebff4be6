// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Patches: for every output pixel of a convolution the input pixels it reads,
// laid out so that the convolution is a matrix product; and the transpose,
// which adds patches back to where they came from.

#ifndef NTK_RT_PATCHES_H
#define NTK_RT_PATCHES_H

#include "ntk-rt/ConvolutionShape.h"
#include "ntk-rt/Lines.h"
#include "ntk-rt/Parallel.h"

#include <cstring>

namespace ntk {
namespace rt {
namespace detail {

/// out[q - first] = what output pixel q reads of one channel `x` through `tap`.
template <typename T>
void gatherTap(const ConvolutionShape &s, int64_t tap, int64_t first,
               int64_t last, const T *x, T *out) {
  const int64_t step = s.stride[2];
  s.forEachRun(tap, first, last, [&](int64_t p, int64_t length, int64_t at) {
    T *to = out + (p - first);
    if (at < 0)
      std::fill(to, to + length, T(0));
    else if (step == 1)
      std::memcpy(to, x + at, static_cast<size_t>(length) * sizeof(T));
    else
      for (int64_t i = 0; i < length; ++i)
        to[i] = x[at + i * step];
  });
}

/// Adds scale·values[q - first] to the pixel of one channel `x` that output
/// pixel q reads through `tap`: the transpose of gatherTap.
template <typename T>
void scatterTap(const ConvolutionShape &s, int64_t tap, int64_t first,
                int64_t last, T scale, const T *values, T *x) {
  s.forEachRun(tap, first, last, [&](int64_t p, int64_t length, int64_t at) {
    if (at >= 0)
      line(length, values + (p - first), 1, &scale, 0, x + at, s.stride[2],
           true);
  });
}

/// out[q - first] += scale·(what output pixel q reads of `x` through `tap`).
template <typename T>
void accumulateTap(const ConvolutionShape &s, int64_t tap, int64_t first,
                   int64_t last, T scale, const T *x, T *out) {
  s.forEachRun(tap, first, last, [&](int64_t p, int64_t length, int64_t at) {
    if (at >= 0)
      line(length, x + at, s.stride[2], &scale, 0, out + (p - first), 1, true);
  });
}

} // namespace detail

/// All patches, out [N][groups][Cin/groups][taps][out pixels]; see Abi.h.
template <typename T>
void patches(const ConvolutionShape &s, const T *x, T *out) {
  const int64_t taps = s.taps(), pixels = s.outPixels();
  if (taps == 0 || pixels == 0)
    return;
  const int64_t grain = std::max<int64_t>(1, 16384 / (taps * pixels));
  parallelFor(s.examples * s.cin, grain, [&](int64_t begin, int64_t end) {
    for (int64_t channel = begin; channel < end; ++channel)
      for (int64_t t = 0; t < taps; ++t)
        detail::gatherTap(s, t, 0, pixels, x + channel * s.inPixels(),
                          out + (channel * taps + t) * pixels);
  });
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_PATCHES_H
