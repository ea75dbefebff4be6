// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The languages that source is written in, and what each spells differently in
// functions that are otherwise the same: where loop nests go, and what calls of
// the runtime are told.

#ifndef NTK_LIB_TARGET_LANGUAGESPELLING_H
#define NTK_LIB_TARGET_LANGUAGESPELLING_H

#include "SourceKernel.h"

namespace mlir::ntk {

struct LanguageSpelling {
  /// Loop nests are functions of their own, kernels, that are started on a
  /// device; else they stand where they run.
  bool hasKernels;
  StringRef parameter; ///< of functions that start work: "rt::Device &device"
  StringRef argument;  ///< what calls of the runtime begin with: "device, "
  StringRef constant;  ///< what the definition of a constant begins with
  StringRef headers;   ///< lines: what is included beside the scalars and tiles

  static const LanguageSpelling &get(const SourceKernel &kernel) {
    static constexpr LanguageSpelling cpp = {
        false, "", "", "static const ",
        "#include \"ntk-rt/Contract.h\"\n#include \"ntk-rt/Layers.h\"\n"
        "#include \"ntk-rt/Loops.h\"\n"};
    static constexpr LanguageSpelling cuda = {
        true, "rt::Device &device", "device, ", "static __device__ const ",
        "#include \"ntk-rt/cuda/Contract.h\"\n"
        "#include \"ntk-rt/cuda/Layers.h\"\n"
        "#include \"ntk-rt/cuda/Pack.h\"\n"
        "#include \"ntk-rt/cuda/Reduce.h\"\n"
        "#include \"ntk-rt/cuda/TileOutput.h\"\n"};
    static constexpr LanguageSpelling cudnn = {
        true, "rt::CudnnDevice &device", "device, ", cuda.constant,
        "#include \"ntk-rt/cuda/Contract.h\"\n"
        "#include \"ntk-rt/cuda/Cudnn.h\"\n"
        "#include \"ntk-rt/cuda/Layers.h\"\n"
        "#include \"ntk-rt/cuda/Pack.h\"\n"
        "#include \"ntk-rt/cuda/Reduce.h\"\n"
        "#include \"ntk-rt/cuda/TileOutput.h\"\n"};
    if (kernel.request.language == Language::Cpp)
      return cpp;
    return kernel.usesCudnn ? cudnn : cuda;
  }
};

} // namespace mlir::ntk

#endif // NTK_LIB_TARGET_LANGUAGESPELLING_H
