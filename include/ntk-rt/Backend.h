// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which libraries the runtime kernels stand on, and how their inner loops are
// compiled. One macro chooses, on the compiler's command line:
//
//   -DNTK_RT_BACKEND=onednn   oneDNN (f32 GEMM, f32 convolutions) and BLIS
//   -DNTK_RT_BACKEND=cblas    any CBLAS (GEMM); convolutions are our own
//   -DNTK_RT_BACKEND=none     no library at all (the default)
//
// Every kernel exists for every choice; the choice is about speed only.

#ifndef NTK_RT_BACKEND_H
#define NTK_RT_BACKEND_H

#include <cstdint>

#ifndef NTK_RT_BACKEND
#define NTK_RT_BACKEND none
#endif

#define NTK_RT_BACKEND_IS_none 1
#define NTK_RT_BACKEND_IS_cblas 2
#define NTK_RT_BACKEND_IS_onednn 3
#define NTK_RT_PASTE_(a, b) a##b
#define NTK_RT_PASTE(a, b) NTK_RT_PASTE_(a, b)
#define NTK_RT_BACKEND_ID NTK_RT_PASTE(NTK_RT_BACKEND_IS_, NTK_RT_BACKEND)

#if NTK_RT_BACKEND_ID == 0
#error "NTK_RT_BACKEND must be onednn, cblas or none"
#endif

#define NTK_RT_USE_CBLAS (NTK_RT_BACKEND_ID == 2)
#define NTK_RT_USE_ONEDNN (NTK_RT_BACKEND_ID == 3)

/// Marks a loop whose body is worth compiling once per instruction set: the
/// loader picks the widest one that the machine has. Nothing is done where the
/// whole translation unit is already compiled for a newer machine, or where
/// the sanitizers run (they start after the loader).
#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) &&          \
    !defined(__AVX2__) && !defined(__SANITIZE_ADDRESS__) &&                    \
    !defined(NTK_RT_NO_CLONES)
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NTK_RT_NO_CLONES 1
#endif
#endif
#ifndef NTK_RT_NO_CLONES
#define NTK_RT_CLONES                                                          \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
#endif
#ifndef NTK_RT_CLONES
#define NTK_RT_CLONES
#endif

/// A loop body that the clones of NTK_RT_CLONES inline.
#define NTK_RT_INLINE __attribute__((always_inline)) inline

#endif // NTK_RT_BACKEND_H
