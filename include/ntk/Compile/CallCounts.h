// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The calls that the tile loop of ntk-rt/Tiles.h makes of a kernel's functions,
// counted without making them: what a run is priced by.

#ifndef NTK_COMPILE_CALLCOUNTS_H
#define NTK_COMPILE_CALLCOUNTS_H

#include "ntk-rt/Tiles.h"

#include <vector>

namespace mlir::ntk {

/// The functions of a kernel, by number.
enum KernelFunction { Factors1, Factors2, TileFunction };
inline constexpr int kernelFunctions = 3;

/// Calls of one function on blocks of n (and m) examples.
struct CallCount {
  KernelFunction function;
  int64_t n, m;
  double count;
};

/// All calls that the blocks of `problem` lead to. Factors that are not kept
/// are computed each time, and tiles on the diagonal are computed whole.
std::vector<CallCount> countCalls(const ::ntk::rt::TileProblem &problem);

} // namespace mlir::ntk

#endif // NTK_COMPILE_CALLCOUNTS_H
