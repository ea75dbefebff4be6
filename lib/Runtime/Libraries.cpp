// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the libraries behind the kernels say of themselves: a library that falls
// back to slow code of its own does so without a word.

#include "ntk-rt/Abi.h"
#include "ntk-rt/GemmLibrary.h"

#if NTK_RT_USE_ONEDNN

/// The instruction sets that oneDNN uses, as its settings spell them.
static const char *getOneDnnKernels() {
  switch (dnnl_get_effective_cpu_isa()) {
  case dnnl_cpu_isa_sse41:
    return "sse41";
  case dnnl_cpu_isa_avx:
    return "avx";
  case dnnl_cpu_isa_avx2:
    return "avx2";
  case dnnl_cpu_isa_avx2_vnni:
    return "avx2_vnni";
  case dnnl_cpu_isa_avx512_core:
    return "avx512_core";
  case dnnl_cpu_isa_avx512_core_vnni:
    return "avx512_core_vnni";
  case dnnl_cpu_isa_avx512_core_bf16:
    return "avx512_core_bf16";
  case dnnl_cpu_isa_avx512_core_amx:
    return "avx512_core_amx";
  default:
    return "all instruction sets";
  }
}

ntk_rt_library ntk_rt_get_library(int64_t i) {
  static const std::string version = [] {
    const dnnl_version_t *numbers = dnnl_version();
    return std::to_string(numbers->major) + "." +
           std::to_string(numbers->minor) + "." +
           std::to_string(numbers->patch);
  }();
  if (i == 0)
    return {"oneDNN", version.c_str(), getOneDnnKernels(), 0};
  const ntk::rt::BlisKernels &blis = ntk::rt::blisKernels();
  if (i == 1)
    return {"BLIS", bli_info_get_version_str(), blis.name, blis.isReference};
  return {nullptr, nullptr, nullptr, 0};
}

#else

ntk_rt_library ntk_rt_get_library(int64_t) {
  return {nullptr, nullptr, nullptr, 0};
}

#endif // NTK_RT_USE_ONEDNN
