// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Patches: for every output pixel of a convolution the input pixels it reads,
// laid out so that the convolution is a matrix product; and the transpose,
// which adds patches back to where they came from.

#ifndef NTK_RT_PATCHES_H
#define NTK_RT_PATCHES_H

#include "ntk-rt/Backend.h"
#include "ntk-rt/ConvolutionShape.h"
#include "ntk-rt/Parallel.h"

namespace ntk {
namespace rt {
namespace detail {

/// to (+)= scale·from on a rectangle of rows × columns; `row` and `step` are
/// the distances of rows and columns in each array.
template <typename T>
NTK_RT_INLINE void addRectangleBody(int64_t rows, int64_t columns, T scale,
                                    const T *from, int64_t fromRow,
                                    int64_t fromStep, T *to, int64_t toRow,
                                    int64_t toStep) {
  for (int64_t r = 0; r < rows; ++r, from += fromRow, to += toRow) {
    if (fromStep == 1 && toStep == 1)
      for (int64_t c = 0; c < columns; ++c)
        to[c] += scale * from[c];
    else
      for (int64_t c = 0; c < columns; ++c)
        to[c * toStep] += scale * from[c * fromStep];
  }
}
template <typename T>
NTK_RT_INLINE void copyRectangleBody(int64_t rows, int64_t columns,
                                     const T *from, int64_t fromRow,
                                     int64_t fromStep, T *to, int64_t toRow) {
  for (int64_t r = 0; r < rows; ++r, from += fromRow, to += toRow) {
    if (fromStep == 1)
      for (int64_t c = 0; c < columns; ++c)
        to[c] = from[c];
    else
      for (int64_t c = 0; c < columns; ++c)
        to[c] = from[c * fromStep];
  }
}

#define NTK_RT_RECTANGLE_KERNELS(T)                                            \
  NTK_RT_CLONES static inline void addRectangle(                               \
      int64_t rows, int64_t columns, T scale, const T *from, int64_t fromRow,  \
      int64_t fromStep, T *to, int64_t toRow, int64_t toStep) {                \
    addRectangleBody(rows, columns, scale, from, fromRow, fromStep, to, toRow, \
                     toStep);                                                  \
  }                                                                            \
  NTK_RT_CLONES static inline void copyRectangle(                              \
      int64_t rows, int64_t columns, const T *from, int64_t fromRow,           \
      int64_t fromStep, T *to, int64_t toRow) {                                \
    copyRectangleBody(rows, columns, from, fromRow, fromStep, to, toRow);      \
  }
NTK_RT_RECTANGLE_KERNELS(float)
NTK_RT_RECTANGLE_KERNELS(double)
#undef NTK_RT_RECTANGLE_KERNELS

/// out[q - first] = what output pixel q reads of one channel `x` through `tap`;
/// q from first to last, whole rows or part of one, here and below.
template <typename T>
void gatherTap(const ConvolutionShape &s, int64_t tap, int64_t first,
               int64_t last, const T *x, T *out) {
  if (s.isPadded())
    std::fill(out, out + (last - first), T(0));
  s.forEachRectangle(tap, first, last,
                     [&](int64_t q, int64_t rows, int64_t columns, int64_t at) {
                       copyRectangle(rows, columns, x + at,
                                     s.stride[1] * s.in[2], s.stride[2],
                                     out + (q - first), s.out[2]);
                     });
}

/// Adds scale·values[q - first] to the pixel of one channel `x` that output
/// pixel q reads through `tap`: the transpose of gatherTap.
template <typename T>
void scatterTap(const ConvolutionShape &s, int64_t tap, int64_t first,
                int64_t last, T scale, const T *values, T *x) {
  s.forEachRectangle(tap, first, last,
                     [&](int64_t q, int64_t rows, int64_t columns, int64_t at) {
                       addRectangle(rows, columns, scale, values + (q - first),
                                    s.out[2], 1, x + at, s.stride[1] * s.in[2],
                                    s.stride[2]);
                     });
}

/// out[q - first] += scale·(what output pixel q reads of `x` through `tap`).
template <typename T>
void accumulateTap(const ConvolutionShape &s, int64_t tap, int64_t first,
                   int64_t last, T scale, const T *x, T *out) {
  s.forEachRectangle(tap, first, last,
                     [&](int64_t q, int64_t rows, int64_t columns, int64_t at) {
                       addRectangle(rows, columns, scale, x + at,
                                    s.stride[1] * s.in[2], s.stride[2],
                                    out + (q - first), s.out[2], 1);
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
