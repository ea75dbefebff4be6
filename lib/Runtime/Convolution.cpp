// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The C entry points of the convolutions; the kernels are the headers of
// ntk-rt.

#include "ntk-rt/Convolution.h"

using ntk::rt::ConvolutionShape;

void ntk_rt_conv_f32(const int64_t *d, const float *x, const float *w,
                     float *y) {
  ntk::rt::convolution(ConvolutionShape::parse(d), x, w, y);
}

void ntk_rt_conv_f64(const int64_t *d, const double *x, const double *w,
                     double *y) {
  ntk::rt::convolution(ConvolutionShape::parse(d), x, w, y);
}

void ntk_rt_conv_backward_data_f32(const int64_t *d, const float *dy,
                                   const float *w, float *dx) {
  ntk::rt::convolutionBackwardData(ConvolutionShape::parse(d), dy, w, dx);
}

void ntk_rt_conv_backward_data_f64(const int64_t *d, const double *dy,
                                   const double *w, double *dx) {
  ntk::rt::convolutionBackwardData(ConvolutionShape::parse(d), dy, w, dx);
}

void ntk_rt_patches_f32(const int64_t *d, const float *x, float *out) {
  ntk::rt::patches(ConvolutionShape::parse(d), x, out);
}

void ntk_rt_patches_f64(const int64_t *d, const double *x, double *out) {
  ntk::rt::patches(ConvolutionShape::parse(d), x, out);
}
