// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions and patches on the device (ntk-rt/Layers.h is the same for the
// CPU): any rank up to three, groups, strides, dilations and pads. One element
// of the result a thread, with its sum in a register; nothing is added to
// memory, so that results are the same each time.

#ifndef NTK_RT_CUDA_LAYERS_H
#define NTK_RT_CUDA_LAYERS_H

#include "ntk-rt/Window.h"
#include "ntk-rt/cuda/Launch.h"

namespace ntk {
namespace rt {
namespace detail {

/// A pixel of an image, or a tap of a kernel.
struct Pixel {
  int64_t at[3];
};

/// Takes a pixel of an image of these sizes out of a flat index.
__device__ inline Pixel takePixel(int64_t &at, const int64_t (&size)[3]) {
  Pixel pixel;
  for (int i = 2; i >= 0; --i)
    pixel.at[i] = takeIndex(at, size[i]);
  return pixel;
}

/// The index of the input pixel that output pixel q reads through tap t, or -1
/// if it is outside.
__device__ inline int64_t inputPixel(const ConvolutionShape &s, const Pixel &q,
                                     const Pixel &t) {
  int64_t index = 0;
  for (int i = 0; i < 3; ++i) {
    const int64_t x =
        q.at[i] * s.stride[i] + t.at[i] * s.dilation[i] - s.padLow[i];
    if (x < 0 || x >= s.in[i])
      return -1;
    index = index * s.in[i] + x;
  }
  return index;
}

/// The index of the output pixel that reads input pixel x through tap t, or -1.
__device__ inline int64_t outputPixel(const ConvolutionShape &s, const Pixel &x,
                                      const Pixel &t) {
  int64_t index = 0;
  for (int i = 0; i < 3; ++i) {
    const int64_t q = x.at[i] + s.padLow[i] - t.at[i] * s.dilation[i];
    if (q < 0 || q % s.stride[i] || q / s.stride[i] >= s.out[i])
      return -1;
    index = index * s.out[i] + q / s.stride[i];
  }
  return index;
}

/// y[n, c, q], q fastest.
template <typename T>
__global__ void convolve(int64_t count, ConvolutionShape s, const T *x,
                         const T *w, T *y) {
  int64_t at = threadIndex();
  if (at >= count)
    return;
  T *out = y + at;
  const Pixel q = takePixel(at, s.out);
  const int64_t c = takeIndex(at, s.cout), ka = s.groupCin(), taps = s.taps();
  x += (at * s.cin + c / s.groupCout() * ka) * s.inPixels();
  w += c * ka * taps;
  T sum = 0;
  for (int64_t tap = 0; tap < taps; ++tap) {
    int64_t rest = tap;
    const int64_t from = inputPixel(s, q, takePixel(rest, s.kernel));
    if (from >= 0)
      for (int64_t a = 0; a < ka; ++a)
        sum += w[a * taps + tap] * x[a * s.inPixels() + from];
  }
  *out = sum;
}

/// dx[n, c, pixel], pixel fastest: the outputs that read it, gathered.
template <typename T>
__global__ void convolveBackwardData(int64_t count, ConvolutionShape s,
                                     const T *dy, const T *w, T *dx) {
  int64_t at = threadIndex();
  if (at >= count)
    return;
  T *out = dx + at;
  const Pixel pixel = takePixel(at, s.in);
  const int64_t channel = takeIndex(at, s.cin), ka = s.groupCin();
  const int64_t first = channel / ka * s.groupCout(), taps = s.taps();
  dy += (at * s.cout + first) * s.outPixels();
  w += (first * ka + channel % ka) * taps;
  T sum = 0;
  for (int64_t tap = 0; tap < taps; ++tap) {
    int64_t rest = tap;
    const int64_t q = outputPixel(s, pixel, takePixel(rest, s.kernel));
    if (q >= 0)
      for (int64_t c = 0; c < s.groupCout(); ++c)
        sum += w[c * ka * taps + tap] * dy[c * s.outPixels() + q];
  }
  *out = sum;
}

/// out[n, channel, tap, q], q fastest.
template <typename T>
__global__ void gatherPatches(int64_t count, ConvolutionShape s, const T *x,
                              T *out) {
  int64_t at = threadIndex();
  if (at >= count)
    return;
  out += at;
  const Pixel q = takePixel(at, s.out), tap = takePixel(at, s.kernel);
  const int64_t from = inputPixel(s, q, tap);
  *out = from < 0 ? T(0) : x[at * s.inPixels() + from];
}

} // namespace detail

/// output = the cross-correlation of input [n…, c, pixels…] by weight [o,
/// c / groups, taps…].
template <int Rank, typename X, typename W, typename Y>
void convolution(Device &device, const X &input, const W &weight,
                 const Y &output, const Window<Rank> &window) {
  using T = typename Y::Element;
  const auto shape = detail::makeShape(window, input, weight.extent(0));
  launch(device, detail::convolve<T>, shape.outputSize(), shape, input.data(),
         weight.data(), output.data());
}

/// The transpose of that linear map.
template <int Rank, typename Y, typename W, typename X>
void convolutionBackwardData(Device &device, const Y &cotangent,
                             const W &weight, const X &input,
                             const Window<Rank> &window) {
  using T = typename X::Element;
  const auto shape = detail::makeShape(window, input, weight.extent(0));
  launch(device, detail::convolveBackwardData<T>, shape.inputSize(), shape,
         cotangent.data(), weight.data(), input.data());
}

/// What every tap of the window reads of input [n…, c, pixels…], as [n…, group,
/// c / groups, tap, output pixel].
template <int Rank, typename X, typename Z>
void patches(Device &device, const X &input, const Z &output,
             const Window<Rank> &window) {
  using T = typename Z::Element;
  const auto shape = detail::makeShape(window, input, window.groups);
  launch(device, detail::gatherPatches<T>,
         shape.examples * shape.cin * shape.taps() * shape.outPixels(), shape,
         input.data(), output.data());
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_CUDA_LAYERS_H
