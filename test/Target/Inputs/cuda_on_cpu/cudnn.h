// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For tests only: as much of cuDNN as emitted code uses, as loops over what the
// descriptors say. What cuDNN's reference calls a bad parameter is one here,
// and what it calls unsupported too. A workspace is overwritten; floats under
// CUDNN_DEFAULT_MATH are rounded as TF32 rounds them.

#ifndef NTK_TEST_CUDNN_H
#define NTK_TEST_CUDNN_H

#include "cuda_runtime.h"

#include <climits>
#include <cmath>
#include <vector>

#define CUDNN_DIM_MAX 8
#define CUDNN_STATUS_CATEGORY(status) ((status) / 1000 * 1000)

enum cudnnStatus_t {
  CUDNN_STATUS_SUCCESS = 0,
  CUDNN_STATUS_BAD_PARAM = 2000,
  CUDNN_STATUS_NOT_SUPPORTED = 3000,
  CUDNN_STATUS_NOT_SUPPORTED_SHAPE = 3002
};
enum cudnnDataType_t { CUDNN_DATA_FLOAT = 0, CUDNN_DATA_DOUBLE = 1 };
enum cudnnMathType_t { CUDNN_DEFAULT_MATH = 0, CUDNN_FMA_MATH = 3 };
enum cudnnTensorFormat_t { CUDNN_TENSOR_NCHW = 0, CUDNN_TENSOR_NHWC = 1 };
enum cudnnConvolutionMode_t {
  CUDNN_CONVOLUTION = 0,
  CUDNN_CROSS_CORRELATION = 1
};
enum cudnnConvolutionFwdAlgo_t {
  CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM = 0,
  CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM = 1
};
enum cudnnConvolutionBwdDataAlgo_t { CUDNN_CONVOLUTION_BWD_DATA_ALGO_1 = 1 };

/// What tests may read, and make small.
inline int cudnnCalls = 0;
inline size_t cudnnWorkspaceBytes = 4096; ///< of algorithms that need some

struct cudnnContext {
  cudaStream_t stream = nullptr;
};
struct cudnnTensorStruct {
  cudnnDataType_t type = CUDNN_DATA_FLOAT;
  std::vector<int> sizes, strides;
};
struct cudnnFilterStruct {
  cudnnDataType_t type = CUDNN_DATA_FLOAT;
  std::vector<int> sizes;
};
struct cudnnConvolutionStruct {
  std::vector<int> pad, stride, dilation;
  cudnnConvolutionMode_t mode = CUDNN_CONVOLUTION;
  cudnnDataType_t type = CUDNN_DATA_FLOAT;
  cudnnMathType_t math = CUDNN_DEFAULT_MATH;
  int groups = 1;
};
typedef cudnnContext *cudnnHandle_t;
typedef cudnnTensorStruct *cudnnTensorDescriptor_t;
typedef cudnnFilterStruct *cudnnFilterDescriptor_t;
typedef cudnnConvolutionStruct *cudnnConvolutionDescriptor_t;

//===----------------------------------------------------------------------===//
// Handles and descriptors
//===----------------------------------------------------------------------===//

template <typename T> cudnnStatus_t cudnnNew(T **object) {
  *object = new T;
  return CUDNN_STATUS_SUCCESS;
}
template <typename T> cudnnStatus_t cudnnDelete(T *object) {
  delete object;
  return CUDNN_STATUS_SUCCESS;
}
inline cudnnStatus_t cudnnCreate(cudnnHandle_t *h) { return cudnnNew(h); }
inline cudnnStatus_t cudnnDestroy(cudnnHandle_t h) { return cudnnDelete(h); }
inline cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t *d) {
  return cudnnNew(d);
}
inline cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t d) {
  return cudnnDelete(d);
}
inline cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t *d) {
  return cudnnNew(d);
}
inline cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t d) {
  return cudnnDelete(d);
}
inline cudnnStatus_t
cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t *d) {
  return cudnnNew(d);
}
inline cudnnStatus_t
cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t d) {
  return cudnnDelete(d);
}

inline cudnnStatus_t cudnnGetStream(cudnnHandle_t handle,
                                    cudaStream_t *stream) {
  *stream = handle->stream;
  return CUDNN_STATUS_SUCCESS;
}
inline cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
  handle->stream = stream;
  return CUDNN_STATUS_SUCCESS;
}

inline bool areAtLeast(int least, int count, const int *numbers) {
  for (int i = 0; i < count; ++i)
    if (numbers[i] < least)
      return false;
  return true;
}
inline bool isAnyOf(int value, int a, int b) {
  return value == a || value == b;
}

inline cudnnStatus_t cudnnSetTensorNdDescriptor(cudnnTensorDescriptor_t tensor,
                                                cudnnDataType_t type, int axes,
                                                const int *sizes,
                                                const int *strides) {
  if (axes < 4 || axes > CUDNN_DIM_MAX)
    return CUDNN_STATUS_NOT_SUPPORTED;
  if (!areAtLeast(1, axes, sizes) || !areAtLeast(1, axes, strides) ||
      !isAnyOf(type, CUDNN_DATA_FLOAT, CUDNN_DATA_DOUBLE))
    return CUDNN_STATUS_BAD_PARAM;
  int64_t last = 0;
  for (int i = 0; i < axes; ++i)
    last += static_cast<int64_t>(sizes[i] - 1) * strides[i];
  if (last >= INT_MAX)
    return CUDNN_STATUS_NOT_SUPPORTED;
  *tensor = {type, {sizes, sizes + axes}, {strides, strides + axes}};
  return CUDNN_STATUS_SUCCESS;
}

inline cudnnStatus_t cudnnSetFilterNdDescriptor(cudnnFilterDescriptor_t filter,
                                                cudnnDataType_t type,
                                                cudnnTensorFormat_t format,
                                                int axes, const int *sizes) {
  if (axes < 3 || axes > CUDNN_DIM_MAX || format != CUDNN_TENSOR_NCHW)
    return CUDNN_STATUS_NOT_SUPPORTED;
  if (!areAtLeast(1, axes, sizes))
    return CUDNN_STATUS_BAD_PARAM;
  *filter = {type, {sizes, sizes + axes}};
  return CUDNN_STATUS_SUCCESS;
}

inline cudnnStatus_t cudnnSetConvolutionNdDescriptor(
    cudnnConvolutionDescriptor_t convolution, int axes, const int *pad,
    const int *stride, const int *dilation, cudnnConvolutionMode_t mode,
    cudnnDataType_t type) {
  if (axes > CUDNN_DIM_MAX - 2)
    return CUDNN_STATUS_NOT_SUPPORTED;
  if (axes < 1 || !areAtLeast(0, axes, pad) || !areAtLeast(1, axes, stride) ||
      !areAtLeast(1, axes, dilation) ||
      !isAnyOf(mode, CUDNN_CONVOLUTION, CUDNN_CROSS_CORRELATION))
    return CUDNN_STATUS_BAD_PARAM;
  convolution->pad.assign(pad, pad + axes);
  convolution->stride.assign(stride, stride + axes);
  convolution->dilation.assign(dilation, dilation + axes);
  convolution->mode = mode;
  convolution->type = type;
  return CUDNN_STATUS_SUCCESS;
}
inline cudnnStatus_t
cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t convolution,
                              int groups) {
  if (groups < 1)
    return CUDNN_STATUS_BAD_PARAM;
  convolution->groups = groups;
  return CUDNN_STATUS_SUCCESS;
}
inline cudnnStatus_t
cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t convolution,
                            cudnnMathType_t math) {
  if (!isAnyOf(math, CUDNN_DEFAULT_MATH, CUDNN_FMA_MATH))
    return CUDNN_STATUS_BAD_PARAM;
  convolution->math = math;
  return CUDNN_STATUS_SUCCESS;
}

//===----------------------------------------------------------------------===//
// Convolutions
//===----------------------------------------------------------------------===//

/// Checks what must hold between the descriptors of one convolution: types,
/// numbers of axes, channels and groups, the size of the output.
inline cudnnStatus_t checkConvolution(const cudnnTensorStruct &x,
                                      const cudnnFilterStruct &w,
                                      const cudnnConvolutionStruct &c,
                                      const cudnnTensorStruct &y) {
  const size_t axes = x.sizes.size();
  if (axes < 4 || w.sizes.size() != axes || y.sizes.size() != axes ||
      c.pad.size() + 2 != axes || x.type != w.type || x.type != y.type ||
      x.type != c.type || x.sizes[0] != y.sizes[0] ||
      x.sizes[1] != w.sizes[1] * c.groups || y.sizes[1] != w.sizes[0] ||
      w.sizes[0] % c.groups)
    return CUDNN_STATUS_BAD_PARAM;
  for (size_t i = 2; i < axes; ++i) {
    const int64_t span = x.sizes[i] + 2 * int64_t(c.pad[i - 2]) -
                         (int64_t(w.sizes[i] - 1) * c.dilation[i - 2] + 1);
    if (span < 0 || y.sizes[i] != span / c.stride[i - 2] + 1)
      return CUDNN_STATUS_BAD_PARAM;
  }
  return axes > 5 ? CUDNN_STATUS_NOT_SUPPORTED : CUDNN_STATUS_SUCCESS;
}

/// TF32: an exponent of 8 bits and a fraction of 10.
inline double roundToTf32(double number) {
  int exponent;
  const double fraction = std::frexp(number, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(fraction, 11)), exponent - 11);
}

/// Calls f(x index, w index, y index) for each product of a convolution.
template <typename F>
void forEachProduct(const cudnnTensorStruct &x, const cudnnFilterStruct &w,
                    const cudnnConvolutionStruct &c, const cudnnTensorStruct &y,
                    F f) {
  const size_t axes = x.sizes.size();
  // Odometer of: example, output channel, output pixel; channel, tap.
  std::vector<int> bounds(y.sizes);
  bounds.insert(bounds.end(), w.sizes.begin() + 1, w.sizes.end());
  std::vector<int> at(bounds.size(), 0);
  for (bool more = true; more;) {
    const int group = at[1] / (w.sizes[0] / c.groups);
    int64_t xIndex = int64_t(at[0]) * x.strides[0] +
                     int64_t(group * w.sizes[1] + at[axes]) * x.strides[1];
    int64_t wIndex = int64_t(at[1]) * w.sizes[1] + at[axes], yIndex = 0;
    bool inside = true;
    for (size_t i = 0; i < axes; ++i)
      yIndex += int64_t(at[i]) * y.strides[i];
    for (size_t i = 2; i < axes; ++i) {
      const int tap = at[axes + i - 1];
      const int turned =
          c.mode == CUDNN_CONVOLUTION ? w.sizes[i] - 1 - tap : tap;
      const int pixel =
          at[i] * c.stride[i - 2] - c.pad[i - 2] + turned * c.dilation[i - 2];
      inside = inside && pixel >= 0 && pixel < x.sizes[i];
      xIndex += int64_t(pixel) * x.strides[i];
      wIndex = wIndex * w.sizes[i] + tap;
    }
    if (inside)
      f(xIndex, wIndex, yIndex);
    more = false;
    for (size_t i = at.size(); !more && i-- > 0;) {
      more = ++at[i] < bounds[i];
      if (!more)
        at[i] = 0;
    }
  }
}

/// The map of a convolution or its transpose, from `in` to `out`.
template <typename T>
void convolveOnCpu(const cudnnTensorStruct &x, const cudnnFilterStruct &w,
                   const cudnnConvolutionStruct &c, const cudnnTensorStruct &y,
                   bool transpose, T alpha, const T *in, const T *weight,
                   T beta, T *out) {
  const cudnnTensorStruct &result = transpose ? x : y;
  auto round = [&](T number) {
    return sizeof(T) == 4 && c.math == CUDNN_DEFAULT_MATH
               ? static_cast<T>(roundToTf32(number))
               : number;
  };
  std::vector<T> sums(1);
  for (size_t i = 0; i < result.sizes.size(); ++i)
    sums.resize(sums.size() +
                (result.sizes[i] - 1) * size_t(result.strides[i]));
  forEachProduct(
      x, w, c, y, [&](int64_t xIndex, int64_t wIndex, int64_t yIndex) {
        sums[transpose ? xIndex : yIndex] +=
            round(in[transpose ? yIndex : xIndex]) * round(weight[wIndex]);
      });
  for (size_t i = 0; i < sums.size(); ++i)
    out[i] = alpha * sums[i] + (beta == T(0) ? T(0) : beta * out[i]);
}

/// What both directions do, after the workspace their algorithm needs.
inline cudnnStatus_t
runConvolution(const cudnnTensorStruct &x, const cudnnFilterStruct &w,
               const cudnnConvolutionStruct &c, const cudnnTensorStruct &y,
               bool transpose, const void *alpha, const void *in,
               const void *weight, void *workspace, size_t bytes, size_t needed,
               const void *beta, void *out) {
  if (cudnnStatus_t status = checkConvolution(x, w, c, y))
    return status;
  if (!alpha || !beta || !in || !weight || !out || bytes < needed ||
      (needed && !workspace))
    return CUDNN_STATUS_BAD_PARAM;
  ++cudnnCalls;
  const DeviceAccess access;
  if (needed)
    std::memset(workspace, 0xff, bytes);
  auto run = [&](auto one) {
    using T = decltype(one);
    convolveOnCpu<T>(x, w, c, y, transpose, *static_cast<const T *>(alpha),
                     static_cast<const T *>(in), static_cast<const T *>(weight),
                     *static_cast<const T *>(beta), static_cast<T *>(out));
  };
  if (x.type == CUDNN_DATA_FLOAT)
    run(float());
  else
    run(double());
  return CUDNN_STATUS_SUCCESS;
}

inline cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(
    cudnnHandle_t, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t w,
    cudnnConvolutionDescriptor_t c, cudnnTensorDescriptor_t y,
    cudnnConvolutionFwdAlgo_t algorithm, size_t *bytes) {
  if (cudnnStatus_t status = checkConvolution(*x, *w, *c, *y))
    return status;
  *bytes = 0;
  if (algorithm == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM)
    return CUDNN_STATUS_SUCCESS;
  // The tables of this algorithm know no dilations.
  for (int dilation : c->dilation)
    if (dilation != 1)
      return CUDNN_STATUS_NOT_SUPPORTED_SHAPE;
  *bytes = cudnnWorkspaceBytes;
  return CUDNN_STATUS_SUCCESS;
}
inline cudnnStatus_t cudnnConvolutionForward(
    cudnnHandle_t handle, const void *alpha, cudnnTensorDescriptor_t xDesc,
    const void *x, cudnnFilterDescriptor_t wDesc, const void *w,
    cudnnConvolutionDescriptor_t c, cudnnConvolutionFwdAlgo_t algorithm,
    void *workspace, size_t workspaceBytes, const void *beta,
    cudnnTensorDescriptor_t yDesc, void *y) {
  size_t needed = 0;
  if (cudnnStatus_t status = cudnnGetConvolutionForwardWorkspaceSize(
          handle, xDesc, wDesc, c, yDesc, algorithm, &needed))
    return status;
  return runConvolution(*xDesc, *wDesc, *c, *yDesc, false, alpha, x, w,
                        workspace, workspaceBytes, needed, beta, y);
}

inline cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(
    cudnnHandle_t, cudnnFilterDescriptor_t w, cudnnTensorDescriptor_t dy,
    cudnnConvolutionDescriptor_t c, cudnnTensorDescriptor_t dx,
    cudnnConvolutionBwdDataAlgo_t, size_t *bytes) {
  *bytes = cudnnWorkspaceBytes;
  return checkConvolution(*dx, *w, *c, *dy);
}
inline cudnnStatus_t cudnnConvolutionBackwardData(
    cudnnHandle_t, const void *alpha, cudnnFilterDescriptor_t wDesc,
    const void *w, cudnnTensorDescriptor_t dyDesc, const void *dy,
    cudnnConvolutionDescriptor_t c, cudnnConvolutionBwdDataAlgo_t,
    void *workspace, size_t workspaceBytes, const void *beta,
    cudnnTensorDescriptor_t dxDesc, void *dx) {
  return runConvolution(*dxDesc, *wDesc, *c, *dyDesc, true, alpha, dy, w,
                        workspace, workspaceBytes, cudnnWorkspaceBytes, beta,
                        dx);
}

#endif // NTK_TEST_CUDNN_H
