// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the window of a convolution or of patches moves, as emitted code writes
// it, and the geometry that it makes with the sizes of tensors.

#ifndef NTK_RT_WINDOW_H
#define NTK_RT_WINDOW_H

#include "ntk-rt/ConvolutionShape.h"

namespace ntk {
namespace rt {

/// How a convolution of this many spatial axes moves over its input.
template <int Rank> struct Window {
  int64_t kernel[Rank], stride[Rank], padLow[Rank], padHigh[Rank],
      dilation[Rank], groups;
};

namespace detail {

/// The product of the sizes of a tensor's first `count` axes.
template <typename Tensor> int64_t leading(const Tensor &t, int count) {
  int64_t product = 1;
  for (int i = 0; i < count; ++i)
    product *= t.extent(i);
  return product;
}

/// The geometry for an input [examples…, channels, pixels…].
template <int Rank, typename Input>
ConvolutionShape makeShape(const Window<Rank> &window, const Input &input,
                           int64_t outputChannels) {
  constexpr int axis = Input::rank - Rank; // the first of the pixels
  int64_t numbers[NTK_RT_CONV_HEADER + 6 * Rank] = {
      Rank, leading(input, axis - 1), input.extent(axis - 1), outputChannels,
      window.groups};
  int64_t *next = numbers + NTK_RT_CONV_HEADER;
  for (int i = 0; i < Rank; ++i)
    *next++ = input.extent(axis + i);
  const int64_t *const lists[] = {window.kernel, window.stride, window.padLow,
                                  window.padHigh, window.dilation};
  for (const int64_t *list : lists)
    for (int i = 0; i < Rank; ++i)
      *next++ = list[i];
  return ConvolutionShape::parse(numbers);
}

} // namespace detail

} // namespace rt
} // namespace ntk

#endif // NTK_RT_WINDOW_H
