// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions, patches, fills and copies of tensors, as emitted code calls
// them: sizes are those of the tensors, the rest is a window.

#ifndef NTK_RT_LAYERS_H
#define NTK_RT_LAYERS_H

#include "ntk-rt/Convolution.h"
#include "ntk-rt/Loops.h"
#include "ntk-rt/Patches.h"

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
  for (const int64_t *list : {window.kernel, window.stride, window.padLow,
                              window.padHigh, window.dilation})
    for (int i = 0; i < Rank; ++i)
      *next++ = list[i];
  return ConvolutionShape::parse(numbers);
}

} // namespace detail

/// output = the cross-correlation of input [n…, c, pixels…] by weight [o,
/// c / groups, taps…].
template <int Rank, typename X, typename W, typename Y>
void convolution(const X &input, const W &weight, const Y &output,
                 const Window<Rank> &window) {
  using T = typename Y::Element;
  convolution<T>(detail::makeShape(window, input, weight.extent(0)),
                 input.data(), weight.data(), output.data());
}

/// The transpose of that linear map: from a cotangent at its output to one at
/// its input.
template <int Rank, typename Y, typename W, typename X>
void convolutionBackwardData(const Y &cotangent, const W &weight,
                             const X &input, const Window<Rank> &window) {
  using T = typename X::Element;
  convolutionBackwardData<T>(detail::makeShape(window, input, weight.extent(0)),
                             cotangent.data(), weight.data(), input.data());
}

/// What every tap of the window reads of input [n…, c, pixels…], as [n…, group,
/// c / groups, tap, output pixel].
template <int Rank, typename X, typename Z>
void patches(const X &input, const Z &output, const Window<Rank> &window) {
  using T = typename Z::Element;
  patches<T>(detail::makeShape(window, input, window.groups), input.data(),
             output.data());
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_LAYERS_H
