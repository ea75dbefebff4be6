// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the functions of a kernel need to run, read from the attributes that
// the lowering left on their arguments: where parameters lie in their block,
// bytes of factors and of scratch as polynomials of n and m.

#ifndef NTK_COMPILE_KERNELSIZES_H
#define NTK_COMPILE_KERNELSIZES_H

#include "dialects/NTK/Interfaces/Polynomial.h"
#include "ntk/Compile/Blocks.h"
#include "ntk/Data/ParameterStore.h"
#include "ntk/Kernel/Expand.h"

namespace mlir::ntk {

struct KernelSizes {
  int64_t parameterBytes = 0;
  std::vector<std::pair<std::string, int64_t>> parameterOffsets;
  Polynomial factorBytes[2];            ///< of sides 1 and 2, in n
  Polynomial factorArena[2], tileArena; ///< in n; in n and m
  bool sharedFactors = false; ///< one function computes both sides' factors

  /// Scratch for blocks of n and m examples: that of the largest function.
  int64_t getArenaBytes(int64_t n, int64_t m) const;
};

/// Reads them from Level 3 functions. Fails for functions that are not lowered.
llvm::Expected<KernelSizes> readKernelSizes(KernelFunctions functions);

/// A run's memory by what holds it, in bytes.
struct MemoryUse {
  int64_t parameters = 0, inputs = 0, kernel = 0;
  int64_t workspace = 0; ///< factors and tile
  int64_t arena = 0;

  int64_t getTotal() const {
    return parameters + inputs + kernel + workspace + arena;
  }
};

/// What a run of `problem` uses; `inputs` are the bytes of all examples.
MemoryUse getMemoryUse(const KernelSizes &sizes,
                       const ::ntk::rt::TileProblem &problem,
                       int64_t elementBytes, int64_t inputs);

/// Memory aligned for the kernel's functions, freed with the object.
struct AlignedBytes {
  AlignedBytes() = default;
  explicit AlignedBytes(int64_t bytes);
  AlignedBytes(AlignedBytes &&other) noexcept { *this = std::move(other); }
  AlignedBytes &operator=(AlignedBytes &&other) noexcept {
    std::swap(data, other.data);
    std::swap(size, other.size);
    return *this;
  }
  ~AlignedBytes();

  /// Makes room for so many bytes, of any contents: what is there, if it is
  /// large enough, else anew. False if they cannot be had.
  bool reserve(int64_t bytes);

  char *data = nullptr; ///< null if the memory could not be had
  int64_t size = 0;
};

/// The parameter block: every tensor at its offset, as f32 or f64 (integers
/// as the network's arguments have them).
llvm::Expected<AlignedBytes> packParameters(const KernelSizes &sizes,
                                            const ParameterStore &store,
                                            NetworkOp network);

} // namespace mlir::ntk

#endif // NTK_COMPILE_KERNELSIZES_H
