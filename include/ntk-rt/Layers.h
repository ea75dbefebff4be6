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
#include "ntk-rt/Window.h"

namespace ntk {
namespace rt {

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
