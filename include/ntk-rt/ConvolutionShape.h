// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The geometry of a convolution: its sizes, and which input pixels an output
// pixel reads through a tap of the kernel. Fewer than three spatial dimensions
// are three with leading ones of size 1.

#ifndef NTK_RT_CONVOLUTIONSHAPE_H
#define NTK_RT_CONVOLUTIONSHAPE_H

#include "ntk-rt/Abi.h"

#include <algorithm>

namespace ntk {
namespace rt {

/// Sizes of a convolution; see Abi.h for their meaning.
struct ConvolutionShape {
  int rank;
  int64_t examples, cin, cout, groups;
  /// Per spatial dimension, of which the last `rank` are real.
  int64_t in[3], kernel[3], stride[3], padLow[3], padHigh[3], dilation[3],
      out[3];

  /// Reads the array form of Abi.h.
  static ConvolutionShape parse(const int64_t *d) {
    ConvolutionShape s;
    s.rank = static_cast<int>(d[NTK_RT_CONV_RANK]);
    s.examples = d[NTK_RT_CONV_N];
    s.cin = d[NTK_RT_CONV_CIN];
    s.cout = d[NTK_RT_CONV_COUT];
    s.groups = d[NTK_RT_CONV_GROUPS];
    const int64_t *list = d + NTK_RT_CONV_HEADER;
    const int absent = NTK_RT_CONV_MAX_RANK - s.rank;
    auto read = [&](int64_t *to, int64_t missing) {
      for (int i = 0; i < NTK_RT_CONV_MAX_RANK; ++i)
        to[i] = i < absent ? missing : *list++;
    };
    read(s.in, 1);
    read(s.kernel, 1);
    read(s.stride, 1);
    read(s.padLow, 0);
    read(s.padHigh, 0);
    read(s.dilation, 1);
    for (int i = 0; i < NTK_RT_CONV_MAX_RANK; ++i) {
      int64_t span = s.in[i] + s.padLow[i] + s.padHigh[i] -
                     s.dilation[i] * (s.kernel[i] - 1) - 1;
      s.out[i] = span < 0 ? 0 : span / s.stride[i] + 1;
    }
    return s;
  }

  int64_t inPixels() const { return in[0] * in[1] * in[2]; }
  int64_t outPixels() const { return out[0] * out[1] * out[2]; }
  int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
  int64_t groupCin() const { return groups ? cin / groups : 0; }
  int64_t groupCout() const { return groups ? cout / groups : 0; }
  int64_t inputSize() const { return examples * cin * inPixels(); }
  int64_t outputSize() const { return examples * cout * outPixels(); }

  /// Multiply-adds per example, padding taken for data.
  int64_t multiplies() const {
    return cout * groupCin() * taps() * outPixels();
  }

  /// True if the convolution is a matrix product over channels, pixel by pixel.
  bool isPointwise() const {
    for (int i = 0; i < 3; ++i)
      if (kernel[i] != 1 || stride[i] != 1 || padLow[i] != 0 || padHigh[i] != 0)
        return false;
    return true;
  }

  /// Calls f(pixel, length, at) for consecutive runs of the output pixels
  /// first..last (row-major), read through `tap`: the run's pixels read the
  /// input pixels at, at + stride[2], …; at = -1 says that they read padding.
  template <typename F>
  void forEachRun(int64_t tap, int64_t first, int64_t last, F &&f) const {
    const int64_t shift2 = tap % kernel[2] * dilation[2] - padLow[2];
    const int64_t shift1 =
        tap / kernel[2] % kernel[1] * dilation[1] - padLow[1];
    const int64_t shift0 =
        tap / (kernel[2] * kernel[1]) * dilation[0] - padLow[0];
    // Output columns from `begin` up to `end` read inside of a row.
    const int64_t begin = firstAtLeast(0, shift2, stride[2]);
    const int64_t end = firstAtLeast(in[2], shift2, stride[2]);
    for (int64_t p = first; p < last;) {
      const int64_t row = p / out[2], column = p - row * out[2];
      const int64_t length = std::min(out[2] - column, last - p);
      const int64_t y0 = row / out[1] * stride[0] + shift0;
      const int64_t y1 = row % out[1] * stride[1] + shift1;
      if (y0 < 0 || y0 >= in[0] || y1 < 0 || y1 >= in[1]) {
        f(p, length, int64_t(-1));
      } else {
        auto clamp = [&](int64_t q) {
          return std::min(std::max(q, column), column + length);
        };
        const int64_t b = clamp(begin), e = std::max(clamp(end), b);
        if (b > column)
          f(p, b - column, int64_t(-1));
        if (e > b)
          f(p + b - column, e - b,
            (y0 * in[1] + y1) * in[2] + b * stride[2] + shift2);
        if (column + length > e)
          f(p + e - column, column + length - e, int64_t(-1));
      }
      p += length;
    }
  }

private:
  /// The smallest q >= 0 with q·step + shift >= bound.
  static int64_t firstAtLeast(int64_t bound, int64_t shift, int64_t step) {
    return bound <= shift ? 0 : (bound - shift + step - 1) / step;
  }
};

} // namespace rt
} // namespace ntk

#endif // NTK_RT_CONVOLUTIONSHAPE_H
