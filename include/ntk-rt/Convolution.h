// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolution forward, backward-data and patches for any number of spatial
// dimensions up to three, with groups, strides, dilation and any pads; Abi.h
// has the formulas. f32 goes to oneDNN where that is the chosen backend;
// everything else is a matrix product over patches.

#ifndef NTK_RT_CONVOLUTION_H
#define NTK_RT_CONVOLUTION_H

#include "ntk-rt/Backend.h"
#include "ntk-rt/ConvolutionPortable.h"
#if NTK_RT_USE_ONEDNN
#include "ntk-rt/ConvolutionOneDnn.h"
#endif

namespace ntk {
namespace rt {
namespace detail {

#if NTK_RT_USE_ONEDNN
inline bool libraryConvolution(const ConvolutionShape &s, bool backward,
                               const float *in, const float *w, float *out) {
  return oneDnnConvolution(s, backward, in, w, out);
}
#endif
template <typename T>
bool libraryConvolution(const ConvolutionShape &, bool, const T *, const T *,
                        T *) {
  return false;
}

template <typename T>
void convolution(const ConvolutionShape &s, bool backward, const T *in,
                 const T *w, T *out) {
  const int64_t size = backward ? s.inputSize() : s.outputSize();
  if (size == 0)
    return;
  if (s.multiplies() == 0) { // empty sums
    std::fill(out, out + size, T(0));
    return;
  }
  if (!libraryConvolution(s, backward, in, w, out))
    portableConvolution(s, backward, in, w, out);
}

} // namespace detail

/// y = the convolution of x by w; y is overwritten.
template <typename T>
void convolution(const ConvolutionShape &s, const T *x, const T *w, T *y) {
  detail::convolution(s, false, x, w, y);
}

/// dx = the transpose of x -> y applied to dy; dx is overwritten.
template <typename T>
void convolutionBackwardData(const ConvolutionShape &s, const T *dy, const T *w,
                             T *dx) {
  detail::convolution(s, true, dy, w, dx);
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_CONVOLUTION_H
