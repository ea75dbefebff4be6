// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Convolutions on the device by cuDNN 9. Only algorithms that sum
// products in a fixed order are taken: no transforms (Winograd, FFT), which
// round differently, no atomic additions. They may use a part of the caller's
// workspace that is set aside for them; nothing is allocated on the device.
// What cuDNN cannot express or doesn't support is a kernel of Layers.h.

#ifndef NTK_RT_CUDA_CUDNN_H
#define NTK_RT_CUDA_CUDNN_H

#include "ntk-rt/cuda/Layers.h"

#include <climits>
#include <cudnn.h>

namespace ntk {
namespace rt {

/// A device with cuDNN beside cuBLAS, both on the stream of the cuBLAS handle.
/// The cuDNN handle's own stream comes back at the end.
class CudnnDevice : public Device {
public:
  /// Bytes of a workspace that are cuDNN's. The tables and rearranged weights
  /// of its implicit matrix products are smaller, if not by much.
  static constexpr int64_t scratchBytes = int64_t(32) << 20;

  /// `scratch`: so many bytes of the device; `tf32` as for Device.
  CudnnDevice(cublasHandle_t blas, cudnnHandle_t dnn, bool tf32, void *scratch)
      : Device(blas, tf32), dnn(dnn), scratch(scratch),
        math(tf32 ? CUDNN_DEFAULT_MATH : CUDNN_FMA_MATH) {
    check(cudnnGetStream(dnn, &before));
    check(cudnnSetStream(dnn, stream));
  }
  ~CudnnDevice() { cudnnSetStream(dnn, before); }

  using Device::check;
  void check(cudnnStatus_t status) {
    if (status != CUDNN_STATUS_SUCCESS)
      fail();
  }

  const cudnnHandle_t dnn;
  void *const scratch;
  const cudnnMathType_t math; ///< of convolutions

private:
  cudaStream_t before = nullptr;
};

/// A cuDNN handle for the main function of a generated program; null, and
/// `ok` false, after an error.
class CudnnHandle {
public:
  CudnnHandle() { fine = cudnnCreate(&handle) == CUDNN_STATUS_SUCCESS; }
  ~CudnnHandle() {
    if (fine)
      cudnnDestroy(handle);
  }
  CudnnHandle(const CudnnHandle &) = delete;
  CudnnHandle &operator=(const CudnnHandle &) = delete;

  bool ok() const { return fine; }
  cudnnHandle_t get() const { return handle; }

private:
  cudnnHandle_t handle = nullptr;
  bool fine;
};

namespace detail {

inline cudnnDataType_t cudnnType(const float *) { return CUDNN_DATA_FLOAT; }
inline cudnnDataType_t cudnnType(const double *) { return CUDNN_DATA_DOUBLE; }

/// Can cuDNN express it? It pads both ends of an axis alike, so that a pad at
/// the high end must make no difference: with that of the low end in its place
/// the output must have the size it has. Pads are not negative, sizes are ints,
/// nothing is empty.
inline bool suitsCudnn(const ConvolutionShape &s) {
  for (int i = 0; i < 3; ++i) {
    const int64_t span =
        s.in[i] + 2 * s.padLow[i] - s.dilation[i] * (s.kernel[i] - 1) - 1;
    if (s.padLow[i] < 0 || span < 0 || span / s.stride[i] + 1 != s.out[i])
      return false;
    for (int64_t size : {s.padLow[i], s.stride[i], s.dilation[i]})
      if (size > INT_MAX)
        return false;
  }
  for (int64_t size :
       {s.inputSize(), s.outputSize(), s.cout * s.groupCin() * s.taps()})
    if (size == 0 || size > INT_MAX)
      return false;
  return true;
}

/// A convolution in cuDNN's words, of at least two spatial axes.
class CudnnConvolution {
public:
  CudnnConvolution(CudnnDevice &device, const ConvolutionShape &s,
                   cudnnDataType_t type)
      : device(device) {
    device.check(cudnnCreateTensorDescriptor(&input));
    device.check(cudnnCreateTensorDescriptor(&output));
    device.check(cudnnCreateFilterDescriptor(&weight));
    device.check(cudnnCreateConvolutionDescriptor(&window));
    if (!device.ok())
      return;
    const int axes = s.rank > 2 ? s.rank : 2, first = 3 - axes;
    setImages(input, type, axes, s.examples, s.cin, s.in + first);
    setImages(output, type, axes, s.examples, s.cout, s.out + first);
    int sizes[5] = {number(s.cout), number(s.groupCin())};
    int pad[3], stride[3], dilation[3];
    for (int i = 0; i < axes; ++i) {
      sizes[2 + i] = number(s.kernel[first + i]);
      pad[i] = number(s.padLow[first + i]);
      stride[i] = number(s.stride[first + i]);
      dilation[i] = number(s.dilation[first + i]);
    }
    device.check(cudnnSetFilterNdDescriptor(weight, type, CUDNN_TENSOR_NCHW,
                                            2 + axes, sizes));
    device.check(cudnnSetConvolutionNdDescriptor(
        window, axes, pad, stride, dilation, CUDNN_CROSS_CORRELATION, type));
    device.check(cudnnSetConvolutionGroupCount(window, number(s.groups)));
    device.check(cudnnSetConvolutionMathType(window, device.math));
  }
  ~CudnnConvolution() {
    cudnnDestroyTensorDescriptor(input);
    cudnnDestroyTensorDescriptor(output);
    cudnnDestroyFilterDescriptor(weight);
    cudnnDestroyConvolutionDescriptor(window);
  }
  CudnnConvolution(const CudnnConvolution &) = delete;
  CudnnConvolution &operator=(const CudnnConvolution &) = delete;

  cudnnTensorDescriptor_t input = nullptr, output = nullptr;
  cudnnFilterDescriptor_t weight = nullptr;
  cudnnConvolutionDescriptor_t window = nullptr;

private:
  static int number(int64_t n) { return static_cast<int>(n); }

  /// Dense images, row-major.
  void setImages(cudnnTensorDescriptor_t images, cudnnDataType_t type, int axes,
                 int64_t examples, int64_t channels, const int64_t *pixels) {
    int sizes[5] = {number(examples), number(channels)}, strides[5];
    for (int i = 0; i < axes; ++i)
      sizes[2 + i] = number(pixels[i]);
    int distance = 1;
    for (int i = 2 + axes; i-- > 0; distance *= sizes[i])
      strides[i] = distance;
    device.check(
        cudnnSetTensorNdDescriptor(images, type, 2 + axes, sizes, strides));
  }

  CudnnDevice &device;
};

/// Says a status that a case is not supported, rather than that it is wrong?
inline bool isUnsupported(cudnnStatus_t status) {
#ifdef CUDNN_STATUS_CATEGORY
  return CUDNN_STATUS_CATEGORY(status) == CUDNN_STATUS_NOT_SUPPORTED;
#else
  return status == CUDNN_STATUS_NOT_SUPPORTED;
#endif
}

/// Starts a convolution by the first of `algorithms` that cuDNN supports here
/// in the scratch memory there is; false if it is none of them. getBytes(a,
/// &bytes) asks what an algorithm needs, run(a, bytes) starts it.
template <typename Algorithm, size_t Count, typename GetBytes, typename Run>
bool runFirst(CudnnDevice &device, const Algorithm (&algorithms)[Count],
              GetBytes getBytes, Run run) {
  for (Algorithm algorithm : algorithms) {
    size_t bytes = 0;
    cudnnStatus_t status = getBytes(algorithm, &bytes);
    if (status == CUDNN_STATUS_SUCCESS) {
      if (bytes > static_cast<size_t>(CudnnDevice::scratchBytes))
        continue;
      status = run(algorithm, bytes);
    }
    if (isUnsupported(status))
      continue;
    device.check(status);
    return true;
  }
  return false;
}

/// y = x convolved by w, if cuDNN can.
template <typename T>
bool cudnnForward(CudnnDevice &device, const ConvolutionShape &s, const T *x,
                  const T *w, T *y) {
  if (!suitsCudnn(s) || !device.ok())
    return false;
  const CudnnConvolution c(device, s, cudnnType(x));
  const cudnnConvolutionFwdAlgo_t algorithms[] = {
      CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM,
      CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM}; // the latter needs no memory
  const T one = 1, zero = 0;
  return device.ok() &&
         runFirst(
             device, algorithms,
             [&](cudnnConvolutionFwdAlgo_t algorithm, size_t *bytes) {
               return cudnnGetConvolutionForwardWorkspaceSize(
                   device.dnn, c.input, c.weight, c.window, c.output, algorithm,
                   bytes);
             },
             [&](cudnnConvolutionFwdAlgo_t algorithm, size_t bytes) {
               return cudnnConvolutionForward(
                   device.dnn, &one, c.input, x, c.weight, w, c.window,
                   algorithm, device.scratch, bytes, &zero, c.output, y);
             });
}

/// dx = dy through the transpose of that convolution, if cuDNN can.
template <typename T>
bool cudnnBackwardData(CudnnDevice &device, const ConvolutionShape &s,
                       const T *dy, const T *w, T *dx) {
  if (!suitsCudnn(s) || !device.ok())
    return false;
  const CudnnConvolution c(device, s, cudnnType(dy));
  const cudnnConvolutionBwdDataAlgo_t algorithms[] = {
      CUDNN_CONVOLUTION_BWD_DATA_ALGO_1}; // ALGO_0 adds atomically
  const T one = 1, zero = 0;
  return device.ok() &&
         runFirst(
             device, algorithms,
             [&](cudnnConvolutionBwdDataAlgo_t algorithm, size_t *bytes) {
               return cudnnGetConvolutionBackwardDataWorkspaceSize(
                   device.dnn, c.weight, c.output, c.window, c.input, algorithm,
                   bytes);
             },
             [&](cudnnConvolutionBwdDataAlgo_t algorithm, size_t bytes) {
               return cudnnConvolutionBackwardData(
                   device.dnn, &one, c.weight, w, c.output, dy, c.window,
                   algorithm, device.scratch, bytes, &zero, c.input, dx);
             });
}

} // namespace detail

/// output = the cross-correlation of input [n…, c, pixels…] by weight [o,
/// c / groups, taps…].
template <int Rank, typename X, typename W, typename Y>
void convolution(CudnnDevice &device, const X &input, const W &weight,
                 const Y &output, const Window<Rank> &window) {
  using T = typename Y::Element;
  const auto shape = detail::makeShape(window, input, weight.extent(0));
  if (!detail::cudnnForward<T>(device, shape, input.data(), weight.data(),
                               output.data()))
    convolution(static_cast<Device &>(device), input, weight, output, window);
}

/// The transpose of that linear map.
template <int Rank, typename Y, typename W, typename X>
void convolutionBackwardData(CudnnDevice &device, const Y &cotangent,
                             const W &weight, const X &input,
                             const Window<Rank> &window) {
  using T = typename X::Element;
  const auto shape = detail::makeShape(window, input, weight.extent(0));
  if (!detail::cudnnBackwardData<T>(device, shape, cotangent.data(),
                                    weight.data(), input.data()))
    convolutionBackwardData(static_cast<Device &>(device), cotangent, weight,
                            input, window);
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_CUDA_CUDNN_H
