// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where a kernel runs, and how: one stream, that of a cuBLAS handle, on which
// everything is started and nothing waited for. A kernel is a function of a
// number of threads and of what it reads and writes; each thread finds its
// index and takes it apart, the last axis first, so that neighbours in memory
// are neighbours in a warp.

#ifndef NTK_RT_CUDA_LAUNCH_H
#define NTK_RT_CUDA_LAUNCH_H

#include <cstdint>
#include <cublas_v2.h>
#include <cuda_runtime.h>

namespace ntk {
namespace rt {

/// The device, for the duration of a call. After the first error nothing more
/// is started.
class Device {
public:
  /// Products are exact in their type; with `tf32` those of floats are of
  /// numbers rounded to ten bits. The handle's own mode comes back at the end.
  Device(cublasHandle_t blas, bool tf32) : blas(blas) {
    check(cublasGetStream(blas, &stream));
    check(cublasGetMathMode(blas, &before));
    check(cublasSetMathMode(blas, tf32 ? CUBLAS_TF32_TENSOR_OP_MATH
                                       : CUBLAS_PEDANTIC_MATH));
  }
  ~Device() { cublasSetMathMode(blas, before); }
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;

  void check(cublasStatus_t status) { fine &= status == CUBLAS_STATUS_SUCCESS; }
  void check(cudaError_t status) { fine &= status == cudaSuccess; }
  void fail() { fine = false; }
  /// Has all been started so far?
  bool ok() const { return fine; }

  const cublasHandle_t blas;
  cudaStream_t stream = nullptr;

private:
  cublasMath_t before = CUBLAS_DEFAULT_MATH;
  bool fine = true;
};

/// The threads of a block.
constexpr int blockThreads = 256;

namespace detail {

/// Starts kernel(count, arguments...) on so many threads, or some more to fill
/// the last block.
template <typename... Parameters>
void launchThreads(Device &device, void (*kernel)(int64_t, Parameters...),
                   int64_t threads, int64_t count, Parameters... arguments) {
  if (threads <= 0 || !device.ok())
    return;
  cudaLaunchConfig_t config = {};
  config.gridDim =
      dim3(static_cast<unsigned>((threads + blockThreads - 1) / blockThreads));
  config.blockDim = dim3(blockThreads);
  config.stream = device.stream;
  device.check(cudaLaunchKernelEx(&config, kernel, count, arguments...));
}

} // namespace detail

/// Starts kernel(count, arguments...) on a thread for each of `count` indices,
/// fewer than 2³⁹.
template <typename... Parameters, typename... Arguments>
void launch(Device &device, void (*kernel)(int64_t, Parameters...),
            int64_t count, Arguments... arguments) {
  detail::launchThreads(device, kernel, count, count,
                        static_cast<Parameters>(arguments)...);
}

/// The index of a thread among all of a launch.
__device__ inline int64_t threadIndex() {
  return static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

/// Takes the index of the last axis, of this size, out of a flat index.
__device__ inline int64_t takeIndex(int64_t &at, int64_t size) {
  const int64_t index = at % size;
  at /= size;
  return index;
}

/// Where the elements of a constant lie on the device.
template <typename T, size_t Count>
const T *constantAddress(Device &device, const T (&values)[Count]) {
  void *address = nullptr;
  device.check(cudaGetSymbolAddress(&address, values));
  return static_cast<const T *>(address);
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_CUDA_LAUNCH_H
