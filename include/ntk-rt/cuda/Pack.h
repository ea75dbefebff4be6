// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A few neighbouring elements that a thread reads or writes by one access of 16
// bytes.

#ifndef NTK_RT_CUDA_PACK_H
#define NTK_RT_CUDA_PACK_H

#include "ntk-rt/cuda/Launch.h"

#include <type_traits>

namespace ntk {
namespace rt {

template <typename T, int Count> struct alignas(Count * sizeof(T)) Pack {
  T elements[Count];

  __device__ T &operator[](int i) { return elements[i]; }
};

/// The elements from `first` on, which lies at a multiple of the pack's size.
template <int Count, typename T>
__device__ Pack<std::remove_const_t<T>, Count> loadPack(T &first) {
  return reinterpret_cast<const Pack<std::remove_const_t<T>, Count> &>(first);
}

/// Writes there.
template <typename T, int Count>
__device__ void storePack(T &first, const Pack<T, Count> &pack) {
  reinterpret_cast<Pack<T, Count> &>(first) = pack;
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_CUDA_PACK_H
