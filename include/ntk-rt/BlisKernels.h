// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which of its kernels BLIS runs. BLIS chooses once, at its first call, by a
// list of processors, and a processor younger than the list gets kernels for an
// older one or portable C, of a half or a seventh of the speed, without a word.
// What makes kernels right is the instructions that the processor has, so where
// the list can be wrong the choice is made here, by those, and told to BLIS
// through the variable that it reads (BLIS_ARCH_TYPE). A user's own is obeyed.

#ifndef NTK_RT_BLISKERNELS_H
#define NTK_RT_BLISKERNELS_H

#include <blis.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#define NTK_RT_KNOWS_PROCESSOR 1
#endif

namespace ntk {
namespace rt {

/// What of a processor decides about kernels.
struct Processor {
  bool isAmd = false, isIntel = false;
  unsigned family = 0;
  bool sse41 = false, avx = false;
  bool fma = false;     ///< AVX2 and FMA
  bool avx512 = false;  ///< F, DQ, BW and VL
  bool fullFma = false; ///< multiply-adds of 512 bits as often as of 256
};

/// The kernels for a processor, a number of BLIS's; -1: those that BLIS takes
/// for it, because its list is known to be right there.
inline int chooseBlisKernels(const Processor &processor) {
#ifdef BLIS_CONFIG_SKX
  if (processor.avx512 && processor.fullFma)
    return BLIS_ARCH_SKX;
#endif
  // The families from Bulldozer to Zen 4; and Intel's without AVX-512, for
  // which BLIS asks for instructions.
  if (processor.isAmd && (processor.family == 0x15 ||
                          processor.family == 0x17 || processor.family == 0x19))
    return -1;
  if (processor.isIntel)
    return -1;
#ifdef BLIS_CONFIG_ZEN3
  if (processor.isAmd && processor.fma)
    return BLIS_ARCH_ZEN3;
#endif
#ifdef BLIS_CONFIG_HASWELL
  if (processor.fma)
    return BLIS_ARCH_HASWELL;
#endif
#ifdef BLIS_CONFIG_SANDYBRIDGE
  if (processor.avx)
    return BLIS_ARCH_SANDYBRIDGE;
#endif
#ifdef BLIS_CONFIG_PENRYN
  if (processor.sse41)
    return BLIS_ARCH_PENRYN;
#endif
  return -1;
}

namespace detail {

#ifdef NTK_RT_KNOWS_PROCESSOR
/// Twelve multiply-adds that do not wait for each other, on registers `r` of
/// 256 or 512 bits, `rounds` times, all of zeros.
#define NTK_RT_FMA(r, i) "vfmadd231pd %%" r "0, %%" r "0, %%" r i "\n\t"
#define NTK_RT_CLEAR(i) "vxorps %%xmm" i ", %%xmm" i ", %%xmm" i "\n\t"
#define NTK_RT_TWELVE(f)                                                       \
  f("1") f("2") f("3") f("4") f("5") f("6") f("7") f("8") f("9") f("10")       \
      f("11") f("12")
#define NTK_RT_WIDE(i) NTK_RT_FMA("zmm", i)
#define NTK_RT_NARROW(i) NTK_RT_FMA("ymm", i)
#define NTK_RT_RUN_FMAS(rounds, f)                                             \
  asm volatile(                                                                \
      NTK_RT_CLEAR("0") NTK_RT_TWELVE(NTK_RT_CLEAR) "1:\n\t" NTK_RT_TWELVE(    \
          f) "dec %0\n\tjnz 1b\n\tvzeroupper"                                  \
      : "+r"(rounds)::"cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",    \
        "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12")

/// Seconds that some thousand multiply-adds of 512 or of 256 bits take.
inline double timeFmas(bool isWide) {
  int64_t rounds = 500;
  const auto start = std::chrono::steady_clock::now();
  if (isWide)
    NTK_RT_RUN_FMAS(rounds, NTK_RT_WIDE);
  else
    NTK_RT_RUN_FMAS(rounds, NTK_RT_NARROW);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
      .count();
}

#undef NTK_RT_RUN_FMAS
#undef NTK_RT_NARROW
#undef NTK_RT_WIDE
#undef NTK_RT_TWELVE
#undef NTK_RT_CLEAR
#undef NTK_RT_FMA

/// Does the processor, which has AVX-512, take as long for a multiply-add of
/// 512 bits as for one of 256? Many take twice as long, and no bit of theirs
/// says so. The times are in turn and the least of many, for other work may run
/// beside this; a ratio between 1 and 2 is measured again.
inline bool measureFullFma() {
  double wide = 1, narrow = 1;
  for (int trial = 0; trial < 8; ++trial) {
    for (int i = 0; i < 24; ++i) {
      wide = std::min(wide, timeFmas(true));
      narrow = std::min(narrow, timeFmas(false));
    }
    if (wide < 1.2 * narrow || wide > 1.7 * narrow)
      break;
  }
  return wide < 1.45 * narrow;
}
#endif // NTK_RT_KNOWS_PROCESSOR

inline Processor readProcessor() {
  Processor processor;
#ifdef NTK_RT_KNOWS_PROCESSOR
  __builtin_cpu_init();
  unsigned a = 0, b = 0, c = 0, d = 0;
  __get_cpuid(0, &a, &b, &c, &d);
  processor.isAmd = b == signature_AMD_ebx && c == signature_AMD_ecx;
  processor.isIntel = b == signature_INTEL_ebx && c == signature_INTEL_ecx;
  __get_cpuid(1, &a, &b, &c, &d);
  processor.family = (a >> 8) & 15;
  if (processor.family == 15)
    processor.family += (a >> 20) & 255;
  processor.sse41 = __builtin_cpu_supports("sse4.1");
  processor.avx = __builtin_cpu_supports("avx");
  processor.fma =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  processor.avx512 = processor.fma && __builtin_cpu_supports("avx512f") &&
                     __builtin_cpu_supports("avx512dq") &&
                     __builtin_cpu_supports("avx512bw") &&
                     __builtin_cpu_supports("avx512vl");
  processor.fullFma = processor.avx512 && measureFullFma();
#endif
  return processor;
}

} // namespace detail

/// What BLIS took.
struct BlisKernels {
  const char *name;
  /// Portable C, for no processor in particular: slow.
  bool isReference;
};

/// Has BLIS choose its kernels, at the first call, and says which it has. The
/// environment is as before afterwards.
inline const BlisKernels &blisKernels() {
  static const BlisKernels taken = [] {
    constexpr const char *variable = "BLIS_ARCH_TYPE";
    const int wanted =
        std::getenv(variable) ? -1 : chooseBlisKernels(detail::readProcessor());
    if (wanted >= 0)
      setenv(variable, std::to_string(wanted).c_str(), 0);
    bli_init();
    const arch_t id = bli_arch_query_id();
    if (wanted >= 0)
      unsetenv(variable);
    return BlisKernels{
        bli_arch_string(id),
        bli_gks_l3_ukr_impl_type(BLIS_GEMM_UKR, BLIS_NAT, BLIS_DOUBLE) ==
            BLIS_REFERENCE_UKERNEL};
  }();
  return taken;
}

} // namespace rt
} // namespace ntk

#endif // NTK_RT_BLISKERNELS_H
