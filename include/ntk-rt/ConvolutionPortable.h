// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions without a convolution library: a matrix product over patches,
// made block by block so that they stay in cache, or, where a group has few
// channels (depthwise), one scaled row after the other.

#ifndef NTK_RT_CONVOLUTIONPORTABLE_H
#define NTK_RT_CONVOLUTIONPORTABLE_H

#include "ntk-rt/Gemm.h"
#include "ntk-rt/Patches.h"
#include "ntk-rt/Scratch.h"

namespace ntk {
namespace rt {
namespace detail {

/// Tasks at a time so that a thread gets about 10⁵ multiplications.
inline int64_t convolutionGrain(int64_t multiplies, int64_t tasks) {
  const int64_t worth =
      tuning::convolutionPiece / std::max<int64_t>(multiplies / tasks, 1) + 1;
  return std::min(worth, std::max<int64_t>(tasks / (4 * threads()), 1));
}

/// The output pixels cut into blocks of which the patches, `rows` numbers each,
/// fit the cache: whole rows of the image, or parts of a long one.
struct PatchBlocks {
  int64_t size;  // of a block, at most
  int64_t count; // of blocks

  PatchBlocks(const ConvolutionShape &s, int64_t rowBytes, bool shareOut)
      : line(s.out[2]), pixels(s.outPixels()) {
    constexpr int64_t bytes = 384 * 1024;
    size = bytes / rowBytes;
    if (shareOut) // among threads
      size = std::min(size, pixels / (2 * threads()));
    size = std::max<int64_t>(size, 48);
    if (size >= line) {
      size = std::min(size / line * line, pixels);
      count = (pixels + size - 1) / size;
    } else {
      perLine = (line + size - 1) / size;
      count = pixels / line * perLine;
    }
  }
  int64_t first(int64_t block) const {
    return perLine ? block / perLine * line + block % perLine * size
                   : block * size;
  }
  int64_t last(int64_t block) const {
    const int64_t end = perLine ? (block / perLine + 1) * line : pixels;
    return std::min(first(block) + size, end);
  }

private:
  int64_t line, pixels;
  int64_t perLine = 0; // blocks a row; 0: rows a block
};

/// Few channels in a group: rows of the output, tap by tap.
template <typename T>
void directForward(const ConvolutionShape &s, const T *x, const T *w, T *y) {
  const int64_t taps = s.taps(), pixels = s.outPixels(), ka = s.groupCin();
  const int64_t tasks = s.examples * s.cout;
  const int64_t grain = convolutionGrain(s.examples * s.multiplies(), tasks);
  parallelFor(tasks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t n = task / s.cout, c = task % s.cout;
      T *out = y + task * pixels;
      std::fill(out, out + pixels, T(0));
      for (int64_t a = 0; a < ka; ++a) {
        const int64_t channel = n * s.cin + c / s.groupCout() * ka + a;
        for (int64_t t = 0; t < taps; ++t)
          accumulateTap(s, t, 0, pixels, w[(c * ka + a) * taps + t],
                        x + channel * s.inPixels(), out);
      }
    }
  });
}

/// The transpose of directForward.
template <typename T>
void directBackwardData(const ConvolutionShape &s, const T *dy, const T *w,
                        T *dx) {
  const int64_t taps = s.taps(), pixels = s.outPixels(), ka = s.groupCin();
  const int64_t tasks = s.examples * s.cin;
  const int64_t grain = convolutionGrain(s.examples * s.multiplies(), tasks);
  parallelFor(tasks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t n = task / s.cin, g = task % s.cin / ka, a = task % ka;
      T *out = dx + task * s.inPixels();
      std::fill(out, out + s.inPixels(), T(0));
      for (int64_t c = g * s.groupCout(); c < (g + 1) * s.groupCout(); ++c)
        for (int64_t t = 0; t < taps; ++t)
          scatterTap(s, t, 0, pixels, w[(c * ka + a) * taps + t],
                     dy + (n * s.cout + c) * pixels, out);
    }
  });
}

/// y = w·patches(x), in blocks of pixels.
template <typename T>
void patchForward(const ConvolutionShape &s, const T *x, const T *w, T *y) {
  const int64_t taps = s.taps(), pixels = s.outPixels();
  const int64_t rows = s.groupCin() * taps, kc = s.groupCout();
  const int64_t rowBytes = rows * static_cast<int64_t>(sizeof(T));
  const int64_t outer = s.examples * s.groups;
  const PatchBlocks blocks(s, rowBytes, outer < 2 * threads());
  const int64_t tasks = outer * blocks.count;
  const int64_t grain = convolutionGrain(s.examples * s.multiplies(), tasks);
  parallelFor(tasks, grain, [&](int64_t begin, int64_t end) {
    Scratch scratch(rowBytes * blocks.size);
    T *patch = scratch.as<T>();
    for (int64_t task = begin; task < end; ++task) {
      const int64_t ng = task / blocks.count, g = ng % s.groups;
      const int64_t first = blocks.first(task % blocks.count);
      const int64_t last = blocks.last(task % blocks.count);
      const int64_t count = last - first;
      const T *from = x + ng * s.groupCin() * s.inPixels();
      for (int64_t r = 0; r < rows; ++r)
        gatherTap(s, r % taps, first, last, from + r / taps * s.inPixels(),
                  patch + r * count);
      serialGemm<T>({kc, rows, 0, pixels}, {count, 0, 1, 1},
                    {rows, 1, count, 0}, {1, 0, 0, 0}, w + g * kc * rows, patch,
                    y + ng * kc * pixels + first, false);
    }
  });
}

/// dx = the sum of wᵀ·dy over where its patches came from, in blocks of input
/// channels, and of pixels inside of them.
template <typename T>
void patchBackwardData(const ConvolutionShape &s, const T *dy, const T *w,
                       T *dx) {
  const int64_t taps = s.taps(), pixels = s.outPixels(), ka = s.groupCin();
  const int64_t kc = s.groupCout(), outer = s.examples * s.groups;
  int64_t channels = std::min(ka, std::max<int64_t>(256 / taps, 1));
  if (outer < 2 * threads()) // too few examples: share out the channels
    channels = std::min(channels, std::max<int64_t>(ka / (2 * threads()), 1));
  const int64_t parts = (ka + channels - 1) / channels;
  const int64_t rowBytes = channels * taps * static_cast<int64_t>(sizeof(T));
  const PatchBlocks blocks(s, rowBytes, false);
  const int64_t tasks = outer * parts;
  const int64_t grain = convolutionGrain(s.examples * s.multiplies(), tasks);
  parallelFor(tasks, grain, [&](int64_t begin, int64_t end) {
    Scratch scratch(rowBytes * blocks.size);
    T *patch = scratch.as<T>();
    for (int64_t task = begin; task < end; ++task) {
      const int64_t ng = task / parts, g = ng % s.groups;
      const int64_t firstChannel = task % parts * channels;
      const int64_t rows = std::min(channels, ka - firstChannel) * taps;
      T *to = dx + (ng * ka + firstChannel) * s.inPixels();
      std::fill(to, to + rows / taps * s.inPixels(), T(0));
      for (int64_t block = 0; block < blocks.count; ++block) {
        const int64_t first = blocks.first(block), last = blocks.last(block);
        const int64_t count = last - first;
        serialGemm<T>({rows, 1, 0, count}, {count, 0, 1, 1},
                      {kc, ka * taps, pixels, 0}, {1, 0, 0, 0},
                      w + (g * kc * ka + firstChannel) * taps,
                      dy + ng * kc * pixels + first, patch, false);
        for (int64_t r = 0; r < rows; ++r)
          scatterTap(s, r % taps, first, last, T(1), patch + r * count,
                     to + r / taps * s.inPixels());
      }
    }
  });
}

/// The transpose of a convolution of stride 1 is a convolution of dy by the
/// weights with their channels exchanged and their taps in reverse, padded by
/// what the kernel reaches beyond the pads.
template <typename T>
void flippedBackwardData(const ConvolutionShape &s, const T *dy, const T *w,
                         T *dx) {
  ConvolutionShape flipped = s;
  std::swap(flipped.cin, flipped.cout);
  for (int i = 0; i < 3; ++i) {
    const int64_t reach = s.dilation[i] * (s.kernel[i] - 1);
    flipped.in[i] = s.out[i];
    flipped.out[i] = s.in[i];
    flipped.padLow[i] = reach - s.padLow[i];
    flipped.padHigh[i] = reach - s.padHigh[i];
  }
  const int64_t taps = s.taps(), ka = s.groupCin(), kc = s.groupCout();
  Scratch scratch(s.cout * ka * taps * static_cast<int64_t>(sizeof(T)));
  T *reversed = scratch.as<T>(); // [groups][ka][kc][taps]
  parallelFor(s.cin, 1 + 16384 / (kc * taps), [&](int64_t begin, int64_t end) {
    for (int64_t a = begin; a < end; ++a)
      for (int64_t c = 0; c < kc; ++c) {
        const T *from = w + ((a / ka * kc + c) * ka + a % ka) * taps;
        T *to = reversed + (a * kc + c) * taps;
        for (int64_t t = 0; t < taps; ++t)
          to[t] = from[taps - 1 - t];
      }
  });
  patchForward(flipped, dy, reversed, dx);
}

/// A convolution that acts on every pixel alone, as one product with loops.
template <typename T>
void pointwise(const ConvolutionShape &s, bool backward, const T *in,
               const T *w, T *out) {
  const int64_t p = s.outPixels(), ka = s.groupCin(), kc = s.groupCout();
  GemmLoops g;
  g.m = backward ? GemmIndex{ka, 1, 0, p} : GemmIndex{kc, ka, 0, p};
  g.n = {p, 0, 1, 1};
  g.k = backward ? GemmIndex{kc, ka, p, 0} : GemmIndex{ka, 1, p, 0};
  g.accumulate = false;
  g.loops = 2;
  const int64_t read = backward ? s.cout : s.cin;
  const int64_t written = backward ? s.cin : s.cout;
  g.loop[0] = {s.examples, 0, read * p, written * p};
  g.loop[1] = {s.groups, kc * ka, read / s.groups * p, written / s.groups * p};
  gemm(g, w, in, out);
}

/// y from x and w, or dx from dy and w, without a convolution library.
template <typename T>
void portableConvolution(const ConvolutionShape &s, bool backward, const T *in,
                         const T *w, T *out) {
  if (s.groupCin() * s.groupCout() <= 8)
    return backward ? directBackwardData(s, in, w, out)
                    : directForward(s, in, w, out);
  if (s.isPointwise())
    return pointwise(s, backward, in, w, out);
  if (!backward)
    return patchForward(s, in, w, out);
  // Turning the weights pays where they meet many pixels.
  const bool dense = s.stride[0] == 1 && s.stride[1] == 1 && s.stride[2] == 1;
  if (dense && s.examples * s.outPixels() >= 128)
    return flippedBackwardData(s, in, w, out);
  return patchBackwardData(s, in, w, out);
}

} // namespace detail
} // namespace rt
} // namespace ntk

#endif // NTK_RT_CONVOLUTIONPORTABLE_H
