// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions that code for a GPU calls too: nvcc compiles them for both sides,
// every other compiler for its own.

#ifndef NTK_RT_DEVICE_H
#define NTK_RT_DEVICE_H

#if defined(__CUDACC__)
#define NTK_RT_DEVICE __host__ __device__
#else
#define NTK_RT_DEVICE
#endif

#endif // NTK_RT_DEVICE_H
