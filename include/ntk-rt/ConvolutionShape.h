// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The geometry of a convolution: its sizes, and which input pixels an output
// pixel reads through a tap of the kernel. Fewer than three spatial dimensions
// are three with leading ones of size 1.

#ifndef NTK_RT_CONVOLUTIONSHAPE_H
#define NTK_RT_CONVOLUTIONSHAPE_H

#include "ntk-rt/Abi.h"
#include "ntk-rt/Device.h"

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

  NTK_RT_DEVICE int64_t inPixels() const { return in[0] * in[1] * in[2]; }
  NTK_RT_DEVICE int64_t outPixels() const { return out[0] * out[1] * out[2]; }
  NTK_RT_DEVICE int64_t taps() const {
    return kernel[0] * kernel[1] * kernel[2];
  }
  NTK_RT_DEVICE int64_t groupCin() const { return groups ? cin / groups : 0; }
  NTK_RT_DEVICE int64_t groupCout() const { return groups ? cout / groups : 0; }
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

  /// Of the output pixels first..last (row-major; whole rows, or part of one),
  /// those that read inside of the input through `tap`, as rectangles: calls
  /// f(pixel, rows, columns, at), where output pixel + r·out[2] + c reads input
  /// pixel at + r·stride[1]·in[2] + c·stride[2].
  template <typename F>
  void forEachRectangle(int64_t tap, int64_t first, int64_t last, F &&f) const {
    const int64_t shift2 = tap % kernel[2] * dilation[2] - padLow[2];
    const int64_t shift1 =
        tap / kernel[2] % kernel[1] * dilation[1] - padLow[1];
    const int64_t shift0 =
        tap / (kernel[2] * kernel[1]) * dilation[0] - padLow[0];
    // In one row: columns left..right, cut to the part that is asked for.
    const int64_t firstRow = first / out[2], lastRow = (last - 1) / out[2] + 1;
    int64_t left = firstAtLeast(0, shift2, stride[2]);
    int64_t right = std::min(firstAtLeast(in[2], shift2, stride[2]), out[2]);
    if (lastRow - firstRow == 1) {
      left = std::max(left, first - firstRow * out[2]);
      right = std::min(right, last - firstRow * out[2]);
    }
    // In one plane: rows top..bottom.
    const int64_t top = firstAtLeast(0, shift1, stride[1]);
    const int64_t bottom = firstAtLeast(in[1], shift1, stride[1]);
    for (int64_t row = firstRow; row < lastRow;) {
      const int64_t plane = row / out[1];
      const int64_t end = std::min((plane + 1) * out[1], lastRow);
      const int64_t from = std::max(row, plane * out[1] + top);
      const int64_t to = std::min(end, plane * out[1] + bottom);
      const int64_t y0 = plane * stride[0] + shift0;
      const int64_t y1 = (from - plane * out[1]) * stride[1] + shift1;
      if (left < right && from < to && y0 >= 0 && y0 < in[0])
        f(from * out[2] + left, to - from, right - left,
          (y0 * in[1] + y1) * in[2] + left * stride[2] + shift2);
      row = end;
    }
  }

  /// True if some output pixel may read outside of the input.
  bool isPadded() const {
    for (int i = 0; i < 3; ++i)
      if (padLow[i] > 0 || padHigh[i] > 0)
        return true;
    return false;
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
