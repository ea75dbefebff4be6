// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory of the device for the main function of a generated program: the
// kernel itself allocates none.

#ifndef NTK_RT_CUDA_MEMORY_H
#define NTK_RT_CUDA_MEMORY_H

#include <cstdint>
#include <cublas_v2.h>
#include <cuda_runtime.h>
#include <vector>

namespace ntk {
namespace rt {

/// Blocks of device memory and a cuBLAS handle, given back at the end. After an
/// error all pointers are null and `ok` is false.
class DeviceMemory {
public:
  DeviceMemory() { fine = cublasCreate(&handle) == CUBLAS_STATUS_SUCCESS; }
  ~DeviceMemory() {
    for (void *block : blocks)
      cudaFree(block);
    if (handle)
      cublasDestroy(handle);
  }
  DeviceMemory(const DeviceMemory &) = delete;
  DeviceMemory &operator=(const DeviceMemory &) = delete;

  /// An uninitialised array of so many bytes, of which 0 are allowed.
  template <typename T> T *allocate(int64_t bytes) {
    void *block = nullptr;
    fine = fine &&
           cudaMalloc(&block, static_cast<size_t>(bytes) + 1) == cudaSuccess;
    if (!fine)
      return nullptr;
    blocks.push_back(block);
    return static_cast<T *>(block);
  }
  /// A copy of an array of the host.
  template <typename T> const T *copyIn(const void *from, int64_t bytes) {
    T *to = allocate<T>(bytes);
    fine = fine && cudaMemcpy(to, from, static_cast<size_t>(bytes),
                              cudaMemcpyHostToDevice) == cudaSuccess;
    return to;
  }
  /// Waits for the device, then copies an array back; false if anything failed.
  bool copyOut(void *to, const void *from, int64_t bytes) {
    fine = fine && cudaMemcpy(to, from, static_cast<size_t>(bytes),
                              cudaMemcpyDeviceToHost) == cudaSuccess;
    return fine;
  }
  bool ok() const { return fine; }
  cublasHandle_t blas() const { return handle; }

private:
  std::vector<void *> blocks;
  cublasHandle_t handle = nullptr;
  bool fine;
};

} // namespace rt
} // namespace ntk

#endif // NTK_RT_CUDA_MEMORY_H
