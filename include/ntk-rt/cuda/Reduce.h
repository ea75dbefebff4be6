// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Threads that work on one element together: each takes every size-th number,
// so that neighbours read neighbours, and what they have is combined in an
// order that is always the same. Kernels of groups are started by
// launchGroups<Warp> or launchGroups<Block>.

#ifndef NTK_RT_CUDA_REDUCE_H
#define NTK_RT_CUDA_REDUCE_H

#include "ntk-rt/cuda/Launch.h"

namespace ntk {
namespace rt {

/// A warp an element.
struct Warp {
  static constexpr int size = 32;

  /// The number of the element, among all of a launch.
  __device__ static int64_t index() { return threadIndex() / size; }
  /// The number of the thread in the group.
  __device__ static int lane() { return static_cast<int>(threadIdx.x) % size; }
  /// combine(…) of the values of all threads, for all of them. All must call.
  /// The order of the operands of `combine` must not matter.
  template <typename T, typename Combine>
  __device__ static T reduce(T value, Combine combine) {
    for (int distance = size / 2; distance > 0; distance /= 2)
      value = combine(
          value, __shfl_xor_sync(0xffffffffu, value, distance)); // of the pair
    return value;
  }
};

/// A block an element, with the same functions.
struct Block {
  static constexpr int size = blockThreads;

  __device__ static int64_t index() { return blockIdx.x; }
  __device__ static int lane() { return static_cast<int>(threadIdx.x); }
  template <typename T, typename Combine>
  __device__ static T reduce(T value, Combine combine) {
    constexpr int warps = size / Warp::size;
    __shared__ T parts[warps];
    value = Warp::reduce(value, combine);
    if (Warp::lane() == 0)
      parts[lane() / Warp::size] = value;
    __syncthreads();
    value = parts[0];
    for (int i = 1; i < warps; ++i)
      value = combine(value, parts[i]);
    __syncthreads(); // before the parts of a next one
    return value;
  }
};

/// Starts kernel(count, arguments...) on a group of threads for each of `count`
/// indices, fewer than 2³¹.
template <typename Group, typename... Parameters, typename... Arguments>
void launchGroups(Device &device, void (*kernel)(int64_t, Parameters...),
                  int64_t count, Arguments... arguments) {
  detail::launchThreads(device, kernel, count * Group::size, count,
                        static_cast<Parameters>(arguments)...);
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_CUDA_REDUCE_H
