// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// For tests only: as much of CUDA's runtime as emitted code uses, on the CPU.
// A kernel is a function that a loop over blocks calls for their threads.
// Memory of the device is memory that can be touched during a call of CUDA
// only: host code that reads or writes it ends with a segmentation fault, as it
// would on a GPU.

#ifndef NTK_TEST_CUDA_RUNTIME_H
#define NTK_TEST_CUDA_RUNTIME_H

#include "block.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <sys/mman.h>

#define __global__
#define __device__
#define __host__
#define __shared__ static

enum cudaError_t { cudaSuccess = 0, cudaErrorInvalidValue = 1 };
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2 };
typedef struct CUstream_st *cudaStream_t;

/// A stream does its work at once.
inline cudaError_t cudaStreamCreate(cudaStream_t *stream) {
  *stream = reinterpret_cast<cudaStream_t>(new char);
  return cudaSuccess;
}
inline cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete reinterpret_cast<char *>(stream);
  return cudaSuccess;
}
inline cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }

struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
};

/// Blocks of device memory, and their bytes.
inline std::map<void *, size_t> deviceBlocks;

/// Opens the memory of the device while in scope.
struct DeviceAccess {
  DeviceAccess() { protect(PROT_READ | PROT_WRITE); }
  ~DeviceAccess() { protect(PROT_NONE); }
  static void protect(int access) {
    for (auto [block, bytes] : deviceBlocks)
      mprotect(block, bytes, access);
  }
};

inline cudaError_t cudaMalloc(void **memory, size_t bytes) {
  *memory = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (*memory == MAP_FAILED)
    return cudaErrorInvalidValue;
  deviceBlocks[*memory] = bytes;
  return cudaSuccess;
}
inline cudaError_t cudaFree(void *memory) {
  munmap(memory, deviceBlocks[memory]);
  deviceBlocks.erase(memory);
  return cudaSuccess;
}

template <typename... Parameters, typename... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t *config,
                               void (*kernel)(Parameters...),
                               Arguments &&...arguments) {
  gridDim = config->gridDim;
  blockDim = config->blockDim;
  if (gridDim.x == 0 || gridDim.x >= 1u << 31 || blockDim.x == 0 ||
      blockDim.x > 1024)
    return cudaErrorInvalidValue;
  const DeviceAccess access;
  for (unsigned block = gridDim.x; block-- > 0;) {
    blockIdx.x = block;
    threadBlock.run(blockDim.x, [&] { kernel(arguments...); });
  }
  return cudaSuccess;
}

inline cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes,
                              cudaMemcpyKind) {
  const DeviceAccess access;
  if (bytes)
    std::memcpy(to, from, bytes);
  return cudaSuccess;
}
template <typename T>
cudaError_t cudaGetSymbolAddress(void **address, const T &symbol) {
  *address = const_cast<void *>(static_cast<const void *>(&symbol));
  return cudaSuccess;
}

#endif // NTK_TEST_CUDA_RUNTIME_H
