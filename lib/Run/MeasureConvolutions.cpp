// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rates of convolutions of the shapes that networks have, forward and backward,
// on all threads, and of making patches.

#include "Measure.h"
#include "ntk-rt/Abi.h"
#include "ntk-rt/ConvolutionShape.h"

using namespace mlir::ntk;
using ::ntk::rt::ConvolutionShape;

static void convolve(bool isBackward, const int64_t *d, const float *x,
                     const float *w, float *y) {
  (isBackward ? ntk_rt_conv_backward_data_f32 : ntk_rt_conv_f32)(d, x, w, y);
}
static void convolve(bool isBackward, const int64_t *d, const double *x,
                     const double *w, double *y) {
  (isBackward ? ntk_rt_conv_backward_data_f64 : ntk_rt_conv_f64)(d, x, w, y);
}
static void makePatches(const int64_t *d, const float *x, float *y) {
  ntk_rt_patches_f32(d, x, y);
}
static void makePatches(const int64_t *d, const double *x, double *y) {
  ntk_rt_patches_f64(d, x, y);
}

namespace {
/// A convolution of square images, padded to keep their size at stride 1.
struct Case {
  int64_t channels, outputs, groups, side, kernel, stride;
};
} // namespace

/// Shapes of published networks, thinned out.
static std::vector<Case> getCases() {
  std::vector<Case> cases;
  // 3 x 3: first layers, then as many channels as the image gets smaller.
  for (int64_t side : {8, 16, 32, 56})
    for (auto [in, out] : {std::pair(3, 16), {3, 64}, {16, 32}, {32, 32}})
      cases.push_back({in, out, 1, side, 3, 1});
  for (int64_t side : {4, 8, 16, 32})
    cases.push_back({64, 64, 1, side, 3, 1});
  for (int64_t side : {4, 8, 16})
    for (auto [in, out] : {std::pair(64, 128), {128, 128}})
      cases.push_back({in, out, 1, side, 3, 1});
  for (int64_t side : {2, 4, 8})
    for (auto [in, out] : {std::pair(256, 256), {512, 512}})
      cases.push_back({in, out, 1, side, 3, 1});
  for (auto [in, out, side] :
       {std::tuple(3, 64, 32), {64, 128, 32}, {128, 256, 16}, {256, 512, 8}})
    cases.push_back({in, out, 1, side, 3, 2});
  // 1 x 1, of which some halve the image.
  for (int64_t side : {4, 8, 16, 32})
    for (auto [in, out] :
         {std::pair(16, 64), {64, 64}, {64, 256}, {256, 64}, {256, 256}})
      cases.push_back({in, out, 1, side, 1, 1});
  for (auto [in, out, side] : {std::tuple(64, 128, 32), {256, 512, 8}})
    cases.push_back({in, out, 1, side, 1, 2});
  // Depthwise, and larger windows.
  for (int64_t side : {4, 8, 16, 32})
    for (int64_t groups : {32, 128})
      for (int64_t stride : {1, 2})
        cases.push_back({groups, groups, groups, side, 3, stride});
  cases.push_back({64, 64, 64, 16, 7, 1});
  cases.push_back({1, 6, 1, 28, 5, 1});
  cases.push_back({6, 16, 1, 14, 5, 1});
  cases.push_back({32, 64, 1, 16, 5, 1});
  cases.push_back({3, 64, 1, 64, 7, 2});
  return cases;
}

static std::vector<int64_t> describe(const Case &c, int64_t examples) {
  const int64_t pad = c.kernel / 2;
  return {2,      examples, c.channels, c.outputs, c.groups, c.side,
          c.side, c.kernel, c.kernel,   c.stride,  c.stride, pad,
          pad,    pad,      pad,        1,         1};
}

template <typename T>
static bool measureConvolutions(TypeRates &rates, int64_t threads) {
  std::vector<ConvolutionRate> before = std::move(rates.convolutions);
  rates.convolutions.clear();
  for (const Case &c : getCases()) {
    ConvolutionShape one = ConvolutionShape::parse(describe(c, 1).data());
    // Enough examples for all threads, and for what is done once a call.
    const double enough = 4e6 * static_cast<double>(threads);
    const int64_t examples = std::max<int64_t>(
        2 * threads,
        static_cast<int64_t>(enough / static_cast<double>(one.multiplies())));
    std::vector<int64_t> d = describe(c, examples);
    ConvolutionShape s = ConvolutionShape::parse(d.data());
    AlignedBytes x = allocateHalves<T>(s.inputSize()),
                 y = allocateHalves<T>(s.outputSize()),
                 w = allocateHalves<T>(s.cout * s.groupCin() * s.taps());
    if (!x.data || !y.data || !w.data)
      return false;
    auto at = [](const AlignedBytes &memory) {
      return reinterpret_cast<T *>(memory.data);
    };
    for (bool isBackward : {false, true}) {
      double seconds = measure([&] {
        convolve(isBackward, d.data(), at(isBackward ? y : x), at(w),
                 at(isBackward ? x : y));
      });
      double rate = static_cast<double>(s.examples * s.multiplies()) / seconds;
      size_t at = rates.convolutions.size();
      if (at < before.size())
        rate = std::max(rate, before[at].rate);
      rates.convolutions.push_back({s.groupCin(), s.groupCout(), s.groups,
                                    s.outPixels(), s.taps(), c.stride,
                                    isBackward, rate});
    }
  }
  return true;
}

/// Few pixels and many tell the price of a row from that of its elements.
template <typename T>
static bool measurePatches(TypeRates &rates, int64_t threads) {
  double seconds[2], pixels[2]; // of one row
  for (int i : {0, 1}) {
    std::vector<int64_t> d =
        describe({64, 1, 1, i == 0 ? 2 : 16, 3, 1}, 2 * threads);
    ConvolutionShape s = ConvolutionShape::parse(d.data());
    const int64_t rows = s.examples * s.cin * s.taps();
    AlignedBytes x = allocateHalves<T>(s.inputSize()),
                 y = allocateHalves<T>(rows * s.outPixels());
    if (!x.data || !y.data)
      return false;
    pixels[i] = static_cast<double>(s.outPixels());
    seconds[i] = measure([&] {
                   makePatches(d.data(), reinterpret_cast<T *>(x.data),
                               reinterpret_cast<T *>(y.data));
                 }) /
                 static_cast<double>(rows);
  }
  double element =
      std::max((seconds[1] - seconds[0]) / (pixels[1] - pixels[0]), 1e-13);
  rates.patchElement = takeFaster(rates.patchElement, element);
  rates.patchRow = takeFaster(
      rates.patchRow, std::max(seconds[0] - pixels[0] * element, 1e-13));
  return true;
}

bool mlir::ntk::measureConvolutions(Machine &machine) {
  const int64_t threads = machine.threads;
  return ::measureConvolutions<float>(machine.f32, threads) &&
         ::measureConvolutions<double>(machine.f64, threads) &&
         measurePatches<float>(machine.f32, threads) &&
         measurePatches<double>(machine.f64, threads);
}
