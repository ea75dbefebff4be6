// Part of the ntk project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a machine is asked to price: one step of a kernel program, with the
// sizes that it has in a call. The shapes are the runtime's own, in its normal
// form, so that what is priced is what runs.

#ifndef NTK_MACHINE_STEP_H
#define NTK_MACHINE_STEP_H

#include "ntk-rt/ConvolutionShape.h"
#include "ntk-rt/GemmLoops.h"

#include <cstdint>
#include <variant>
#include <vector>

namespace mlir::ntk {

/// A matrix product with loops around it, normalised.
struct ProductWork {
  ::ntk::rt::GemmLoops loops;
};

/// A convolution, or its transpose in the input.
struct ConvolutionWork {
  ::ntk::rt::ConvolutionShape shape;
  bool isBackward = false;
};

/// The patches that a convolution reads.
struct PatchesWork {
  ::ntk::rt::ConvolutionShape shape;
};

/// A loop nest over elements: how often its body runs, and what all runs of the
/// body do together.
struct LoopWork {
  double iterations = 0;
  double arithmetic = 0; ///< sums, products, comparisons, choices
  double divisions = 0;  ///< quotients and roots
  double functions = 0;  ///< exp and its kin
  double strided = 0;    ///< reads and writes at steps larger than one
  double gathered = 0;   ///< reads at places that are computed
  double lines = 0;      ///< runs of the innermost loop
  bool isSum = false;    ///< the innermost loop adds up
  bool isShared = false; ///< among all threads
};

/// Memory that a step reads or writes.
struct Traffic {
  double bytes = 0;
  /// Bytes that the program went through since it was here last: where it lies
  /// now, in a cache or in memory.
  double distance = 0;
};

using Work = std::variant<ProductWork, ConvolutionWork, PatchesWork, LoopWork>;

struct Step {
  Work work;
  bool isDouble = false;
  std::vector<Traffic> traffic;

  double getBytes() const {
    double bytes = 0;
    for (const Traffic &part : traffic)
      bytes += part.bytes;
    return bytes;
  }
};

} // namespace mlir::ntk

#endif // NTK_MACHINE_STEP_H
